"""kernels.yaml: operators and providers that a project calls by name."""
