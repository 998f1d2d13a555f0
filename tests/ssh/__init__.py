"""A real OpenSSH server and a bad network, both on the loopback."""
