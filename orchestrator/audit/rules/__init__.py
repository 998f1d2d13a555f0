"""What is held against what: each rule looks at rows, and tells what it compared."""
