"""Right as well: returns a tensor of its own and leaves the given one alone."""

from task import input_t, output_t


def custom_kernel(data: input_t) -> output_t:
    x, y, alpha, beta, _ = data
    return x * alpha + y * beta
