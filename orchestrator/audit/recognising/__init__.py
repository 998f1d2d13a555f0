"""From keys and cells as people write them to figures with a meaning."""
