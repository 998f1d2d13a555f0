"""nvidia-smi's answers: real ones where we have them, quirks one by one, and no driver at all."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from remote_payload.contract.machine import GpuState
from remote_payload.contract.tools.told import told
from remote_payload.machine import machine, nvidia_smi
from remote_payload.machine.nvidia_smi import Card
from remote_payload.machine.torch_facts import TorchFacts

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples" / "nvidia-smi"
FACTS = TorchFacts("2.9.1", "12.8", 8, 1, "NVIDIA H100 80GB HBM3", "GPU-1", (9, 0), 132)

SMI = """#!/bin/sh
case "$*" in
  *query-compute-apps*) printf '4711\\n4712\\n' ;;
  *name,uuid*) echo 'NVIDIA H100 80GB HBM3, GPU-1, 570.133.20, 9.0' ;;
  *{refused}*) echo 'Field "{refused}" is not a valid field to query.'; exit 2 ;;
  *clocks.sm*) echo '1980, 2619, [N/A], 700.00, 54, 0x0000000000000044' ;;
esac
"""


def put_nvidia_smi(folder: Path, monkeypatch: pytest.MonkeyPatch, refused: str) -> None:
    script = folder / "nvidia-smi"
    script.write_text(SMI.replace("{refused}", refused))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.parametrize("refused", ["clocks_event_reasons.active", "no_such_field"])
def test_drivers_old_and_new_are_asked_by_the_name_they_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    put_nvidia_smi(tmp_path, monkeypatch, refused)
    assert machine.gpu_state(FACTS) == GpuState(
        sm_clock_mhz=1980,
        memory_clock_mhz=2619,
        power_w=None,
        power_limit_w=700,
        temperature_c=54,
        throttle_reasons=("sw_power_cap", "hw_thermal_slowdown"),
        other_processes=2,
    )


def test_the_machine_shows_the_driver_and_hides_the_uuid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_nvidia_smi(tmp_path, monkeypatch, "no_such_field")
    seen = machine.with_torch(machine.look(), FACTS)
    assert (seen.gpu, seen.driver, seen.compute_capability, seen.sm_count) == (
        "NVIDIA H100 80GB HBM3",
        "570.133.20",
        "9.0",
        132,
    )
    assert seen.gpu_uuid_digest == machine.digest("GPU-1")
    assert "GPU-1" not in repr(seen)


def test_without_a_driver_there_are_no_cards_and_no_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert nvidia_smi.cards() == ()
    assert nvidia_smi.state("0") is None
    assert machine.look().gpu is None


def test_a_driver_that_hangs_up_or_babbles_is_no_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "nvidia-smi"
    script.write_text("#!/bin/sh\necho 'NVIDIA-SMI has failed because it could not talk'\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert nvidia_smi.cards() == ()
    assert nvidia_smi.state("0") is None


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("631.95 W", 631.95),
        ("1980", 1980.0),
        ("[N/A]", None),
        ("[Not Supported]", None),
        ("[Requested functionality has been deprecated]", None),
        ("N/A", None),
        ("", None),
    ],
)
def test_a_number_is_read_with_or_without_its_unit(cell: str, value: float | None) -> None:
    assert nvidia_smi.number(cell) == value


@pytest.mark.parametrize(
    ("mask", "names"),
    [
        ("0x0000000000000000", ()),
        ("0x0000000000000001", ("gpu_idle",)),
        ("0x00000000000000a4", ("sw_power_cap", "sw_thermal_slowdown", "hw_power_brake_slowdown")),
        ("0x0000000000000204", ("sw_power_cap", "0x200")),
        ("[N/A]", None),
        ("[Not Supported]", None),
        ("", None),
    ],
)
def test_a_mask_of_throttle_reasons_becomes_names_and_one_not_told_none(
    mask: str, names: tuple[str, ...] | None
) -> None:
    assert nvidia_smi.reasons(mask) == names


@pytest.mark.parametrize(
    "said",
    ["[N/A]", "N/A", "[Not Supported]", "Not Supported", "[Unknown Error]", "Unknown Error", "ERR!",
     "Insufficient Permissions", "Requires root", "GPU access blocked by the operating system", " "],
)  # fmt: skip
def test_what_the_driver_does_not_tell_is_no_text(said: str) -> None:
    assert told(said) is None


def test_what_it_tells_stays_as_it_is() -> None:
    for said in ("NVIDIA H100 80GB HBM3", "Disabled", "No", "0", "Not Active"):
        assert told(f" {said} ") == said


def test_a_driver_that_does_not_know_the_capability_shows_its_cards_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "nvidia-smi"
    script.write_text(
        '#!/bin/sh\ncase "$*" in\n'
        "  *compute_cap*) echo 'Field \"compute_cap\" is not a valid field to query.'; exit 2 ;;\n"
        "  *name,uuid,driver_version*) echo 'Tesla V100-SXM2-32GB, [N/A], 450.80.02' ;;\n"
        "esac\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert nvidia_smi.cards() == (Card("Tesla V100-SXM2-32GB", None, "450.80.02", None),)


@pytest.mark.parametrize(
    ("answer", "others"),
    [
        ("exit 0", 0),
        ("echo '[N/A]'", None),
        ("echo 'Insufficient Permissions'", None),
        ("exit 4", None),
    ],
    ids=["none", "not told", "not permitted", "refused"],
)
def test_processes_that_are_not_told_are_not_counted_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, others: int | None
) -> None:
    put_nvidia_smi(tmp_path, monkeypatch, "no_such_field")
    script = tmp_path / "nvidia-smi"
    script.write_text(script.read_text().replace("printf '4711\\n4712\\n'", answer))
    state = machine.gpu_state(FACTS)
    assert state is not None
    assert state.other_processes == others


def test_throttle_reasons_that_are_not_told_are_none_and_not_an_empty_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_nvidia_smi(tmp_path, monkeypatch, "no_such_field")
    script = tmp_path / "nvidia-smi"
    script.write_text(script.read_text().replace("0x0000000000000044", "[N/A]"))
    state = machine.gpu_state(FACTS)
    assert state is not None
    assert state.throttle_reasons is None


@pytest.mark.parametrize(
    ("pids", "ours", "others"),
    [
        ([], [], 0),
        ([10, 11], [], 2),
        ([10, 11], [11], 1),
        ([90010, 90011], [7], 1),
        ([], [7], 0),
    ],
    ids=["idle", "all foreign", "ours known", "ours under a pid of the host", "hidden"],
)
def test_our_own_process_is_not_counted_among_the_others(
    pids: list[int], ours: list[int], others: int
) -> None:
    assert nvidia_smi.count_others(pids, ours) == others


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="no samples of real output beside this checkout")
@pytest.mark.parametrize("name", ["h100_query_gpu_all_load", "h200_query_gpu_all_load"])
def test_what_real_cards_said_under_load_is_understood(name: str) -> None:
    with (SAMPLES / f"{name}.csv").open(newline="") as handle:
        header, row = list(csv.reader(handle, skipinitialspace=True))[:2]
    cells = {title.split(" [")[0]: cell for title, cell in zip(header, row, strict=True)}
    renamed = {"clocks.sm": "clocks.current.sm", "clocks.mem": "clocks.current.memory"}
    wanted = ("clocks.sm", "clocks.mem", "power.draw", "power.limit", "temperature.gpu")
    values = {field: cells[renamed.get(field, field)] for field in wanted}
    values["reasons"] = cells["clocks_event_reasons.active"]
    state = nvidia_smi.parse_state(values)
    assert (state.sm_clock_mhz or 0) > 1000
    assert 300 < (state.power_w or 0) <= 700.5
    assert state.power_limit_w == 700
    assert 20 < (state.temperature_c or 0) < 90
