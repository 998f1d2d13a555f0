"""What it is held against."""
