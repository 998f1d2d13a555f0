"""How a host is reached: ssh_config, jumps, sockets."""
