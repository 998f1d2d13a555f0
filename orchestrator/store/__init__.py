"""What is kept on the local disk: inventory, sources, runs."""
