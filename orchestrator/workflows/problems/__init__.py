"""Problems that people have in formats of others: read here, run on a host."""
