"""A problem of KernelBench as an operator: Model, get_inputs and get_init_inputs of one file."""
