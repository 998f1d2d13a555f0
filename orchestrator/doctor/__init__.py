"""From what was seen on a host to findings; pure."""
