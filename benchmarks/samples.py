"""What was measured, sample by sample, and the machine it was measured on."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path
from statistics import median

from benchmarks.ways import Method


class Case(str, Enum):
    """What there is to do in a sync."""

    FIRST = "first"
    NOTHING = "nothing changed"
    ONE = "one file changed"


@dataclass(frozen=True)
class Sample:
    """One timed sync. size: the tree's name; rtt_ms: 0 on loopback."""

    rtt_ms: int
    size: str
    case: Case
    method: Method
    round: int
    seconds: float


@dataclass(frozen=True)
class Samples:
    """All samples of one session, in the order taken."""

    taken: tuple[Sample, ...]

    def of(self, rtt_ms: int, size: str, case: Case, method: Method) -> list[float]:
        return [
            sample.seconds
            for sample in self.taken
            if (sample.rtt_ms, sample.size, sample.case, sample.method)
            == (rtt_ms, size, case, method)
        ]

    def median_s(self, rtt_ms: int, size: str, case: Case, method: Method) -> float | None:
        """None where nothing was measured."""
        found = self.of(rtt_ms, size, case, method)
        return median(found) if found else None

    @property
    def rtts_ms(self) -> list[int]:
        return sorted({sample.rtt_ms for sample in self.taken})

    @property
    def sizes(self) -> list[str]:
        return list(dict.fromkeys(sample.size for sample in self.taken))

    def save(self, file: Path, facts: dict[str, str]) -> None:
        lines = ",\n".join(json.dumps(asdict(sample)) for sample in self.taken)
        file.write_text(f'{{"facts": {json.dumps(facts, indent=1)},\n"samples": [\n{lines}\n]}}\n')


def read_lines(lines: Iterable[str]) -> tuple[Sample, ...]:
    """Samples as `benchmarks.measure` prints them, one JSON object a line."""
    found = (json.loads(line) for line in lines)
    return tuple(
        Sample(**{**one, "case": Case(one["case"]), "method": Method(one["method"])})
        for one in found
    )


def machine() -> dict[str, str]:
    """Facts that a number needs beside it: no names, no addresses."""
    return {
        "date": f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC",
        "machine": f"{os.cpu_count()} CPUs, {_cpu()}, both ends on this one machine",
        "kernel": f"{platform.system()} {platform.release().partition('-')[0]}",
        "TCP": _read("/proc/sys/net/ipv4/tcp_congestion_control"),
        "load before": _read("/proc/loadavg").rpartition(" ")[0].rpartition(" ")[0],
        "Python": platform.python_version(),
        "fabric": importlib.metadata.version("fabric"),
        "paramiko": importlib.metadata.version("paramiko"),
        "OpenSSH": _first_line("ssh", "-V"),
        "rsync": _first_line("rsync", "--version"),
        "git": _first_line("git", "--version"),
    }


def _cpu() -> str:
    names = [x for x in _read("/proc/cpuinfo").splitlines() if x.startswith("model name")]
    return names[0].partition(": ")[2] if names else platform.machine()


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return "unknown"


def _first_line(*words: str) -> str:
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError:
        return "not installed"
    return (done.stdout or done.stderr).partition("\n")[0].strip()
