"""What a provider's file sets for all of torch holds for that provider alone."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from remote_payload.contract.request import Provider  # noqa: E402
from remote_payload.operators.setting import Setting  # noqa: E402
from remote_payload.operators.torch_settings import now  # noqa: E402
from remote_payload.providers.loading import load  # noqa: E402

GREEDY = """
import torch
torch.set_num_threads(1)
torch.backends.cuda.matmul.allow_tf32 = True
torch.backends.cudnn.enabled = False
torch.set_default_dtype(torch.float64)

def softmax(x):
    seen.append((torch.get_num_threads(), torch.backends.cuda.matmul.allow_tf32))
    torch.backends.cuda.matmul.allow_tf32 = False
    return torch.softmax(x, -1)

seen = []
"""


def test_a_file_that_sets_all_of_torch_sets_it_for_itself_alone(tmp_path: Path) -> None:
    torch.set_num_threads(2)
    (tmp_path / "greedy.py").write_text(GREEDY)
    before = now()
    setting = Setting("cpu", str(tmp_path), 1, operator="softmax")
    loaded = load(Provider("greedy", "greedy.py:softmax"), setting)
    assert now() == before
    for _ in range(2):
        with loaded.within():
            assert now() != before
            assert torch.get_default_dtype() is torch.float64
            loaded.call(torch.ones(2, 2))
        assert now() == before
    seen = loaded.call.__globals__["seen"]
    assert seen == [(1, True), (1, False)]  # what a call changes holds for the next one


def test_what_a_file_sets_and_then_fails_to_import_is_not_left_behind(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import torch\ntorch.set_num_threads(1)\n1 / 0\n")
    torch.set_num_threads(2)
    setting = Setting("cpu", str(tmp_path), 1, operator="softmax")
    with pytest.raises(ZeroDivisionError):
        load(Provider("broken", "broken.py:softmax"), setting)
    assert torch.get_num_threads() == 2
