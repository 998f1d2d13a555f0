"""Small programs that travel inside a command line; each is sent after `wire` as one text."""
