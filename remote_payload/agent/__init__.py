"""Small programs that travel inside a command line, each behind `first` and `wire` as one text."""
