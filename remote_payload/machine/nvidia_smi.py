"""Ask nvidia-smi, and read its answers as they are, with all the ways it has of not telling."""

from __future__ import annotations

import csv
import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple

from remote_payload.contract.machine import GpuState
from remote_payload.contract.tools.told import told

QUERY_LIMIT_S = 20.0
DRIVER = "/dev/nvidiactl"  # there wherever the driver is, whatever it says

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
# Drivers before 510 do not know the last one.
_CARD_FIELDS = ("name", "uuid", "driver_version", "compute_cap")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class Card:
    """What the driver says of one GPU; None where it does not tell."""

    name: Optional[str]
    uuid: Optional[str]
    driver: Optional[str]
    compute_capability: Optional[str]


def cards(limit_s: float = QUERY_LIMIT_S) -> Tuple[Card, ...]:
    """All GPUs the driver shows here; empty without a driver, or where it is silent for limit_s."""
    deadline = time.monotonic() + limit_s
    for fields in (_CARD_FIELDS, _CARD_FIELDS[:-1]):
        left_s = deadline - time.monotonic()
        rows = _ask(f"--query-gpu={','.join(fields)}", limit_s=left_s) if left_s > 0 else None
        if rows and all(len(row) == len(fields) for row in rows):
            cells = [[told(cell) for cell in row] + [None] for row in rows]
            return tuple(Card(*row[: len(_CARD_FIELDS)]) for row in cells)
    return ()


def state(gpu: str, ours: Sequence[int] = ()) -> Optional[GpuState]:
    """The state of one GPU now, None without an answer. gpu: its UUID or index.

    ours: pids of our own that hold the GPU, not to be counted among the other processes.
    """
    with ThreadPoolExecutor(1) as beside:  # each question takes a program of tens of milliseconds
        others = beside.submit(_others, gpu, ours)
        for reason_field in (*_REASON_FIELDS, None):
            fields = [*_STATE_FIELDS, *([reason_field] if reason_field else [])]
            rows = _ask(f"--query-gpu={','.join(fields)}", gpu)
            if rows is not None and len(rows) == 1 and len(rows[0]) == len(fields):
                values = dict(zip([*_STATE_FIELDS, "reasons"], rows[0]))
                return parse_state(values, others.result())
    return None


def parse_state(values: Dict[str, str], other_processes: Optional[int] = None) -> GpuState:
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


def reasons(cell: str) -> Optional[Tuple[str, ...]]:
    """The names of the bits in a mask like 0x0000000000000004; unknown bits keep their number.

    None for a mask that the driver does not tell, which is not the same as none.
    """
    try:
        mask = int(cell.strip(), 16)
    except ValueError:
        return None
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


def _others(gpu: str, ours: Sequence[int]) -> Optional[int]:
    """How many other processes the GPU has; None if the driver does not tell."""
    rows = _ask("--query-compute-apps=pid", gpu)
    if rows is None:
        return None
    pids = [number(row[0]) for row in rows]
    if rows and all(pid is None for pid in pids):
        return None
    return count_others([-1 if pid is None else int(pid) for pid in pids], ours)


def _ask(
    query: str, gpu: Optional[str] = None, limit_s: float = QUERY_LIMIT_S
) -> Optional[List[List[str]]]:
    """The rows of one query; None if there is no nvidia-smi, or it refuses."""
    argv = ["nvidia-smi", query, "--format=csv,noheader,nounits"]
    argv += [f"--id={gpu}"] if gpu is not None else []
    try:
        answer = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit_s,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return parse_rows(answer.stdout)


def parse_rows(output: str) -> List[List[str]]:
    """The cells of nvidia-smi's CSV, which puts a space after each comma."""
    return [row for row in csv.reader(output.splitlines(), skipinitialspace=True) if row]
