def ref_kernel(data:
