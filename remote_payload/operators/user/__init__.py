"""A user's own operator: one Python file in, an `Operator` out (docs/operators.md)."""
