"""The stage build."""
