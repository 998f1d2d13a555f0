"""The stage ncu."""
