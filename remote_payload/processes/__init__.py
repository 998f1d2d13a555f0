"""Programs and workers that can always be ended."""
