"""What CONTRIBUTING says of adding things, done to a copy of the tree."""
