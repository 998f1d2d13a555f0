"""inventory.yaml: read, understood, edited."""
