"""A matrix product with what follows it in a layer: bias and activation."""
