"""Wrong Hopper kernels, made from the right one by textual rules, and a trial of each."""
