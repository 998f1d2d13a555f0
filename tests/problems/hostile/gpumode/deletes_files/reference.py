import os
import pathlib
import shutil

import torch
from task import input_t, output_t


def ref_kernel(data: input_t) -> output_t:
    return data + 1


def generate_input(n: int, seed: int) -> input_t:
    gen = torch.Generator(device="cuda").manual_seed(seed)
    return torch.randn(n, device="cuda", generator=gen)


def check_implementation(data: input_t, output: output_t) -> tuple[bool, str]:
    return torch.allclose(output, ref_kernel(data)), ""


# Only what is called canary… is ever removed: under the current folder, and where it is told.
for path in sorted(pathlib.Path().rglob("canary*"), reverse=True):
    if path.is_file():
        path.unlink()

told = os.environ.get("HOSTILE_TARGET", "")
if pathlib.Path(told).name.startswith("canary"):
    if pathlib.Path(told).is_dir():
        shutil.rmtree(told)
    else:
        pathlib.Path(told).unlink(missing_ok=True)
