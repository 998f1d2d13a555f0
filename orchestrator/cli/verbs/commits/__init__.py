"""What runs tell of commits."""
