"""What is written for programs that people count with."""
