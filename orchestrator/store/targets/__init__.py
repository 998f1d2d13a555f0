"""targets.yaml: what a project wants to reach."""
