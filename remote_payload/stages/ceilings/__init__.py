"""The stage ceilings."""
