"""The one compiler, and what it made, kept."""
