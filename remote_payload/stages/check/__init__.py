"""The stage check."""
