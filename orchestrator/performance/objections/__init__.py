"""Reasons to distrust a result, a module for each family; `every` gathers them."""
