"""What both programs share: requests travel in, results travel out."""
