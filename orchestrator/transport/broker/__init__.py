"""Connections that outlive a command: a process of one's own that keeps one of them open."""
