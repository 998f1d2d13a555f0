"""Every file that Nsight Compute leaves behind, read."""
