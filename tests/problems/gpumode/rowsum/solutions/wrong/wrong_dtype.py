"""The right sums, as float64."""

from task import input_t, output_t


def custom_kernel(data: input_t) -> output_t:
    return data.double().sum(dim=1)
