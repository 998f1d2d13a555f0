"""Leaves the last byte out: one count of thousands is off by one."""

import torch
from task import input_t, output_t


def custom_kernel(data: input_t) -> output_t:
    values, bins = data
    return torch.bincount(values[:-1].long(), minlength=bins)
