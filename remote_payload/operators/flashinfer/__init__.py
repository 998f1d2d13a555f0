"""FlashInfer Trace: definitions, workloads and solutions as their schema has them."""
