"""Ask nvidia-smi, and read its answers as they are, with all the ways it has of not telling."""

from __future__ import annotations

import csv
import re
import subprocess
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple

from remote_payload.contract import GpuState

QUERY_LIMIT_S = 20.0

# nvmlClocksEventReasons of nvml.h, by the names that nvidia-smi uses for the bits
REASONS = (
    (0x001, "gpu_idle"),
    (0x002, "applications_clocks_setting"),
    (0x004, "sw_power_cap"),
    (0x008, "hw_slowdown"),
    (0x010, "sync_boost"),
    (0x020, "sw_thermal_slowdown"),
    (0x040, "hw_thermal_slowdown"),
    (0x080, "hw_power_brake_slowdown"),
    (0x100, "display_clock_setting"),
)
# Drivers before 535 know only the second name.
_REASON_FIELDS = ("clocks_event_reasons.active", "clocks_throttle_reasons.active")
_STATE_FIELDS = ("clocks.sm", "clocks.mem", "power.draw", "power.limit", "temperature.gpu")
_CARD_FIELDS = ("name", "uuid", "driver_version", "compute_cap")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class Card:
    """What the driver says of one GPU; None where it does not tell."""

    name: Optional[str]
    uuid: Optional[str]
    driver: Optional[str]
    compute_capability: Optional[str]


def cards() -> Tuple[Card, ...]:
    """All GPUs the driver shows here; empty without a driver."""
    rows = _ask(f"--query-gpu={','.join(_CARD_FIELDS)}")
    return tuple(Card(*(text(cell) for cell in row)) for row in rows if len(row) == 4)


def state(gpu: str, ours: Sequence[int] = ()) -> Optional[GpuState]:
    """The state of one GPU now, None without an answer. gpu: its UUID or index.

    ours: pids of our own that hold the GPU, not to be counted among the other processes.
    """
    for reason_field in (*_REASON_FIELDS, None):
        fields = [*_STATE_FIELDS, *([reason_field] if reason_field else [])]
        rows = _ask(f"--query-gpu={','.join(fields)}", gpu)
        if len(rows) == 1 and len(rows[0]) == len(fields):
            values = dict(zip([*_STATE_FIELDS, "reasons"], rows[0]))
            return parse_state(values, _others(gpu, ours))
    return None


def parse_state(values: Dict[str, str], other_processes: int = 0) -> GpuState:
    """A GpuState from nvidia-smi's cells by field name; "reasons" is the bit mask."""
    return GpuState(
        sm_clock_mhz=number(values.get("clocks.sm", "")),
        memory_clock_mhz=number(values.get("clocks.mem", "")),
        power_w=number(values.get("power.draw", "")),
        power_limit_w=number(values.get("power.limit", "")),
        temperature_c=number(values.get("temperature.gpu", "")),
        throttle_reasons=reasons(values.get("reasons", "")),
        other_processes=other_processes,
    )


def number(cell: str) -> Optional[float]:
    """The number in a cell, with or without its unit; None for "[N/A]" and its relatives."""
    match = _NUMBER.match(cell.strip())
    return float(match.group()) if match else None


def text(cell: str) -> Optional[str]:
    """A cell's text; None if the driver says in brackets, or by N/A, that it will not tell."""
    cell = cell.strip()
    return None if not cell or cell == "N/A" or cell.startswith("[") else cell


def reasons(cell: str) -> Tuple[str, ...]:
    """The names of the bits in a mask like 0x0000000000000004; unknown bits keep their number."""
    try:
        mask = int(cell.strip(), 16)
    except ValueError:
        return ()
    known = [name for bit, name in REASONS if mask & bit]
    rest = mask & ~sum(bit for bit, _ in REASONS)
    return tuple(known + ([hex(rest)] if rest else []))


def count_others(pids: Sequence[int], ours: Sequence[int]) -> int:
    """How many of the GPU's processes are not ours.

    Inside a container nvidia-smi lists pids of the host's namespace, where ours cannot be
    recognised: then as many as we know to hold the GPU are taken off.
    """
    if any(pid in ours for pid in pids):
        return sum(pid not in ours for pid in pids)
    return max(0, len(pids) - len(ours))


def _others(gpu: str, ours: Sequence[int]) -> int:
    rows = _ask("--query-compute-apps=pid", gpu)
    pids = [number(row[0]) for row in rows if row]
    return count_others([int(pid) for pid in pids if pid is not None], ours)


def _ask(query: str, gpu: Optional[str] = None) -> List[List[str]]:
    """The rows of one query; empty if there is no nvidia-smi or it does not know a field."""
    argv = ["nvidia-smi", query, "--format=csv,noheader,nounits"]
    argv += [f"--id={gpu}"] if gpu is not None else []
    try:
        answer = subprocess.run(
            argv, capture_output=True, text=True, timeout=QUERY_LIMIT_S, check=True
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return []
    return parse_rows(answer.stdout)


def parse_rows(output: str) -> List[List[str]]:
    """The cells of nvidia-smi's CSV, which puts a space after each comma."""
    return [row for row in csv.reader(output.splitlines(), skipinitialspace=True) if row]
