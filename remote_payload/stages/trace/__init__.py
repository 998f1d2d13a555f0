"""The stage trace."""
