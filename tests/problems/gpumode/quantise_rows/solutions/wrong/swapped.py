"""Both outputs, in the wrong order."""

from reference import ref_kernel
from task import input_t, output_t


def custom_kernel(data: input_t) -> output_t:
    quantised, scales = ref_kernel(data)
    return scales, quantised
