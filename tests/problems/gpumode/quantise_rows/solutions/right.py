import torch
from task import input_t, output_t


def custom_kernel(data: input_t) -> output_t:
    most = torch.maximum(data.amax(1), -data.amin(1)).float().clamp_(min=1e-12)
    return (data.float() * (448 / most)[:, None]).to(torch.float8_e4m3fn), most / 448
