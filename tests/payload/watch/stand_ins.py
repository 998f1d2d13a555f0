"""Programs and modules in the place of NVIDIA's, which print what a test wants of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

# As --query-gpu prints it: clocks, power and its limit, temperature, degrees left, reasons.
CALM = "1980, 2619, 512.30, 700.00, 57, 30, 0x0000000000000000"
THERMAL = "1200, 2619, 400.10, 700.00, 87, 0, 0x0000000000000020"
LOCKED = "1410, 2619, 300.00, 700.00, 50, 37, 0x0000000000000002"
CAPPED = "1700, 2619, 699.00, 700.00, 60, 27, 0x0000000000000004"
IDLE = "345, 2619, 70.00, 700.00, 33, 54, 0x0000000000000001"
UNTOLD = "[N/A], [N/A], [Not Supported], [N/A], [N/A], [N/A], [Unknown Error]"

_PROGRAM = """\
#!{python} -IS
import sys, time
asked = dict(word.partition("=")[::2] for word in sys.argv[1:])
every_s = float(asked["--loop-ms"]) / 1e3
if asked["--format"] != "csv,noheader,nounits" or asked["--id"] != "GPU-1":
    sys.exit(6)
def say(row):
    now = time.time()
    stamp = time.strftime("%Y/%m/%d %H:%M:%S", time.localtime(now)) + ".%03d" % (now % 1 * 1e3)
    print(stamp + ", " + row, flush=True)
if "--query-compute-apps" in asked:
    while True:
        for pid in {pids!r}:
            say(str(pid))
        time.sleep(every_s)
fields = asked["--query-gpu"].split(",")
for field in {unknown!r}:
    if field in fields:
        print('Field "' + field + '" is not a valid field to query.')
        sys.exit(2)
lacking = [n for n, f in enumerate(
    ["clocks.sm", "clocks.mem", "power.draw", "power.limit", "temperature.gpu",
     "temperature.gpu.tlimit", ""]) if f not in fields and (f or "reasons" not in fields[-1])]
for row in {rows!r}:
    say(", ".join(c for n, c in enumerate(row.split(", ")) if n not in lacking))
    time.sleep(every_s)
while {then!r} != "dies":
    if {then!r} == "repeats":
        say(", ".join(c for n, c in enumerate(row.split(", ")) if n not in lacking))
    time.sleep(every_s)
"""

# Clocks, temperature and reasons of NVML, by the names of nvidia-ml-py.
_MODULE = """\
import os
class NVMLError(Exception): pass
class Process:
    def __init__(self, pid): self.pid = pid
def nvmlInit():
    if {broken!r} == "init": raise NVMLError("Driver Not Loaded")
    if {broken!r} == "crash": os.abort()
def nvmlDeviceGetHandleByUUID(uuid):
    if uuid != "GPU-1": raise NVMLError("Not Found")
    return uuid
def nvmlDeviceGetHandleByIndex(index): return "GPU-1"
def nvmlDeviceIsMigDeviceHandle(device): return 0
def nvmlDeviceGetTemperatureThreshold(device, kind): return 90
def nvmlDeviceGetTemperature(device, sensor): return 61
def nvmlDeviceGetClockInfo(device, kind): return {{1: 1980, 2: 2619}}[kind]
def nvmlDeviceGetPowerUsage(device): return 512300
def nvmlDeviceGetEnforcedPowerLimit(device): raise NVMLError("Not Supported")
def nvmlDeviceGetCurrentClocksThrottleReasons(device): return 0x44
def nvmlDeviceGetComputeRunningProcesses(device): return [Process(p) for p in {pids!r}]
"""


def put_nvidia_smi(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    rows: Sequence[str],
    then: str = "repeats",
    pids: Sequence[object] = (),
    unknown: Sequence[str] = (),
) -> None:
    """then: what it does after the rows: it "repeats" the last one, "stalls" or "dies".

    unknown: fields that this driver does not know.
    """
    program = folder / "nvidia-smi"
    program.write_text(
        _PROGRAM.format(
            python=sys.executable,
            rows=list(rows),
            then=then,
            pids=list(pids),
            unknown=list(unknown),
        )
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def put_pynvml(
    folder: Path, monkeypatch: pytest.MonkeyPatch, broken: str = "", pids: Sequence[int] = ()
) -> None:
    """broken: "init", its initialisation fails; "crash", it takes its process with it."""
    (folder / "pynvml.py").write_text(_MODULE.format(broken=broken, pids=list(pids)))
    monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
