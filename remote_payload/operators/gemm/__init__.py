"""C = A B, what most time on a GPU is spent on."""
