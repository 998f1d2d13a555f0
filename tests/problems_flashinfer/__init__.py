"""Definitions, workloads and solutions of FlashInfer Trace, from their files to a verdict."""
