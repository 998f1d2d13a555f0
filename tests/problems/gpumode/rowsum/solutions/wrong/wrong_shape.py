"""The right sums, rows × 1 instead of rows."""

from task import input_t, output_t


def custom_kernel(data: input_t) -> output_t:
    return data.sum(dim=1, keepdim=True)
