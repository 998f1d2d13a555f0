"""One NaN in a corner."""

import math

from task import input_t, output_t


def custom_kernel(data: input_t) -> output_t:
    a, b, scale = data
    c = (scale * (a.float() @ b.float())).to(a.dtype)
    c[-1, -1] = math.nan
    return c
