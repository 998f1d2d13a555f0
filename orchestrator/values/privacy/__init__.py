"""The one gate for text that strangers may read."""
