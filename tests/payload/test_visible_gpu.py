"""Which GPU a job's builds are for, on machines whose GPUs are not alike."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from remote_payload.machine import machine, visible_gpu

A100, H100, B200 = ("GPU-aaaa1111-0", "GPU-bbbb2222-0", "GPU-bbbb3333-0")
SMI = f"""#!/bin/sh
case "$*" in
  *name,uuid*)
    echo 'NVIDIA A100-SXM4-80GB, {A100}, 580.95.05, 8.0'
    echo 'NVIDIA H100 80GB HBM3, {H100}, 580.95.05, 9.0'
    echo 'NVIDIA B200, {B200}, 580.95.05, 10.0' ;;
  -L)
    echo 'GPU 0: NVIDIA A100-SXM4-80GB (UUID: {A100})'
    echo '  MIG 1g.10gb     Device  0: (UUID: MIG-11111111-0)'
    echo 'GPU 1: NVIDIA H100 80GB HBM3 (UUID: {H100})'
    echo '  MIG 1g.10gb     Device  0: (UUID: MIG-22222222-0)'
    echo 'GPU 2: NVIDIA B200 (UUID: {B200})' ;;
esac
"""


@pytest.fixture
def smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "nvidia-smi"
    path.write_text(SMI)
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    for name in (visible_gpu.VISIBLE, visible_gpu.ORDER):
        monkeypatch.delenv(name, raising=False)
    return path


@pytest.mark.parametrize(
    ("visible", "capability", "count"),
    [
        (None, "8.0", 3),
        ("0", "8.0", 1),
        ("1", "9.0", 1),
        ("2,0", "10.0", 2),
        (" 1 , 2 ", "9.0", 2),
        (H100, "9.0", 1),
        ("GPU-bbbb3", "10.0", 1),
        ("gpu-aaaa", "8.0", 1),
        ("MIG-22222222-0", "9.0", 1),
        (f"MIG-{H100}/3/0", "9.0", 1),
        # CUDA shows none from the first word on that names none.
        ("1,7,0", "9.0", 1),
        ("7", None, 0),
        ("-1", None, 0),
        ("²", None, 0),
        ("", None, 0),
        ("NoDevFiles", None, 0),
        ("GPU-bbbb", None, 0),
        ("MIG-33333333-0", None, 0),
        ("1,1", "9.0", 1),
    ],
)
def test_the_machines_gpu_is_the_one_that_cuda_would_use(
    smi: Path,
    monkeypatch: pytest.MonkeyPatch,
    visible: str | None,
    capability: str | None,
    count: int,
) -> None:
    monkeypatch.setenv(visible_gpu.ORDER, "PCI_BUS_ID")
    if visible is not None:
        monkeypatch.setenv(visible_gpu.VISIBLE, visible)
    seen = machine.look()
    assert (seen.compute_capability, seen.gpu_count) == (capability, count)
    assert (seen.gpu is None) == (capability is None)
    assert seen.driver == "580.95.05"


def test_an_index_means_what_nvidia_smi_shows_unless_somebody_wants_cudas_own_order(
    smi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(visible_gpu.VISIBLE, "1")
    visible_gpu.settle_order()
    assert os.environ[visible_gpu.ORDER] == "PCI_BUS_ID"
    assert machine.look().compute_capability == "9.0"
    monkeypatch.setenv(visible_gpu.ORDER, "FASTEST_FIRST")
    visible_gpu.settle_order()
    assert os.environ[visible_gpu.ORDER] == "FASTEST_FIRST"
    # Which of the three is the second fastest, nobody but CUDA knows.
    assert machine.look().compute_capability is None
    same = SMI.replace("8.0", "9.0").replace("10.0", "9.0")
    smi.write_text(same)
    assert machine.look().compute_capability is None, "of one capability, and not of one speed"
    smi.write_text(same.replace("A100-SXM4-80GB", "B200").replace("H100 80GB HBM3", "B200"))
    assert machine.look().compute_capability == "9.0"
