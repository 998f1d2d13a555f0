"""The measuring program: runs on the GPU host, needs only the standard library and torch."""
