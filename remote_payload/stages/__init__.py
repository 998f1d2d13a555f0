"""What is done with operators and their providers: one folder for each stage."""
