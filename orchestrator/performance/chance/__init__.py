"""How probable what is seen would be by chance alone."""
