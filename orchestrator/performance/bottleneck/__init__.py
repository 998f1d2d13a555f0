"""What holds a kernel back: rules over named evidence."""
