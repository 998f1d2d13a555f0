"""A figure over many runs: levels, steps between them, and how sure one can be."""
