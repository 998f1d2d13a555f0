"""The right answer, but in x: the caller's x is lost."""

from task import input_t, output_t


def custom_kernel(data: input_t) -> output_t:
    x, y, alpha, beta, _ = data
    return x.mul_(alpha).add_(y, alpha=beta)
