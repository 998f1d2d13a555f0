"""What a gate answers, by one rule for all of them."""
