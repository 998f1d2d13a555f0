"""Ways to reach a host: run a command, exchange bytes."""
