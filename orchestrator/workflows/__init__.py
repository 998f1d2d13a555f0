"""What each verb does, free of command line and screen."""
