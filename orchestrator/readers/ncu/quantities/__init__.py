"""What we want to know of a kernel, and the units it is told in."""
