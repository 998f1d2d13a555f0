"""What a process that lives on keeps of the machine, and what it asks again."""

from __future__ import annotations

from pathlib import Path

import pytest

from remote_payload.machine import nvidia_smi, torch_facts
from remote_payload.machine.torch_facts import TorchFacts
from remote_payload.run.known import Known

SMI = "#!/bin/sh\necho 'NVIDIA H100 80GB HBM3, GPU-aaaa1111-0, 580.95.05, 9.0'\n"
SEES = TorchFacts("2.9.0", "13.0", 1, 1, "NVIDIA H100 80GB HBM3", capability=(9, 0))
BLIND = TorchFacts("2.9.0", "13.0", 1, 0, no_gpu="CUDA unknown error")


@pytest.mark.parametrize(
    ("lists", "told", "heard"),
    [
        (True, [BLIND, SEES, BLIND], [BLIND, SEES, SEES]),
        (False, [BLIND, SEES], [BLIND, BLIND, BLIND]),
    ],
    ids=["a GPU is listed", "none is"],
)
def test_that_no_gpu_is_believed_for_good_only_where_none_is_listed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lists: bool,
    told: list[TorchFacts],
    heard: list[TorchFacts],
) -> None:
    (tmp_path / "nvidia-smi").write_text(SMI if lists else "#!/bin/sh\nexit 9\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(torch_facts, "ask", iter(told).__next__)
    known = Known()
    assert [known.facts() for _ in heard] == heard


def test_that_a_driver_that_lists_no_gpu_at_first_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = tmp_path / "asks"
    busy = f"#!/bin/sh\necho >> {asks}\n[ $(wc -l < {asks}) -gt 1 ] || exit 9\n"
    (tmp_path / "nvidia-smi").write_text(busy + SMI.partition("\n")[2])
    (tmp_path / "nvidia-smi").chmod(0o755)
    (tmp_path / "nvidiactl").touch()
    monkeypatch.setattr(nvidia_smi, "DRIVER", str(tmp_path / "nvidiactl"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(torch_facts, "ask", iter([BLIND, SEES]).__next__)
    known = Known()
    assert (known.machine().gpu_count, known.facts()) == (0, BLIND)
    assert (known.machine().gpu_count, known.facts(), known.facts()) == (1, SEES, SEES)
    (tmp_path / "nvidia-smi").unlink()
    assert known.machine().gpu_count == 1  # which is known for good
