import os
import pathlib
import shutil

import torch
import torch.nn as nn


class Model(nn.Module):
    def __init__(self, scale):
        super(Model, self).__init__()
        self.scale = scale

    def forward(self, x):
        return x * self.scale


n = 8


def get_inputs():
    return [torch.rand(n)]


def get_init_inputs():
    return [2.0]


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
