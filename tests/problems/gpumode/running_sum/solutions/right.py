import torch
from task import input_t, output_t


def custom_kernel(data: input_t) -> output_t:
    blocks = torch.nn.functional.pad(data, (0, -len(data) % 32)).view(-1, 32).cumsum(1)
    before = blocks[:, -1].cumsum(0) - blocks[:, -1]
    return (blocks + before[:, None]).flatten()[: len(data)]
