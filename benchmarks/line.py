"""The line between laptop and host: this machine's loopback, or one with a fixed round trip."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_NEAR, _FAR = "bsk-bench-near", "bsk-bench-far"
_NEAR_ADDRESS, _FAR_ADDRESS = "10.213.7.1", "10.213.7.2"
_DEVICE = "bskbench0"


class NoLine(Exception):
    """Why there is no delayed line on this machine."""


@dataclass(frozen=True)
class Line:
    """near, far: words to put before a command that runs at that end. address: of the far end."""

    how: str
    address: str
    near: tuple[str, ...] = ()
    far: tuple[str, ...] = ()


@contextlib.contextmanager
def loopback() -> Iterator[Line]:
    """No delay and no privileges."""
    yield Line("loopback", "127.0.0.1")


@contextlib.contextmanager
def delayed(round_trip_ms: int) -> Iterator[Line]:
    """Two network namespaces and a line between them; both are gone afterwards. NoLine: why not."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        raise NoLine("a delayed line needs root and iproute2: run as root, or add --rtt-ms 0")
    with contextlib.ExitStack() as stack:
        # Ctrl-C unwinds the stack by itself; so must an ordinary kill.
        before = signal.signal(signal.SIGTERM, lambda *_: exit_now())
        stack.callback(signal.signal, signal.SIGTERM, before)
        for name in (_NEAR, _FAR):
            _try("ip", "netns", "del", name)
            _run("ip", "netns", "add", name)
            stack.callback(_try, "ip", "netns", "del", name)
        how = _netem(round_trip_ms) or stack.enter_context(_delaylink(round_trip_ms))
        for name, address, peer in (
            (_NEAR, _NEAR_ADDRESS, _FAR_ADDRESS),
            (_FAR, _FAR_ADDRESS, _NEAR_ADDRESS),
        ):
            _in(name, "ip", "link", "set", "lo", "up")
            _in(name, "ip", "address", "add", address, "peer", peer, "dev", _DEVICE)
            _in(name, "ip", "link", "set", _DEVICE, "up")
        yield Line(how, _FAR_ADDRESS, _enter(_NEAR), _enter(_FAR))


def exit_now() -> None:
    """Leave by way of every cleanup."""
    raise SystemExit(143)


def _netem(round_trip_ms: int) -> str | None:
    """A veth pair with the kernel's own delay, where the kernel has it."""
    pair = ("ip", "link", "add", _DEVICE, "netns", _NEAR, "type", "veth")
    if not _try(*pair, "peer", "name", _DEVICE, "netns", _FAR):
        return None
    delay = ("root", "netem", "delay", f"{round_trip_ms * 500}us", "limit", "100000")
    for name in (_NEAR, _FAR):
        if not _try(*_enter(name), "tc", "qdisc", "add", "dev", _DEVICE, *delay):
            _try(*_enter(_NEAR), "ip", "link", "del", _DEVICE)
            return None
    return "veth pair with netem"


@contextlib.contextmanager
def _delaylink(round_trip_ms: int) -> Iterator[str]:
    source = Path(__file__).with_name("delaylink.c")
    with tempfile.TemporaryDirectory() as place:
        program = Path(place, "delaylink")
        if not _try("cc", "-O2", "-o", str(program), str(source)):
            raise NoLine("this kernel has no netem, and cc cannot compile delaylink.c")
        words = [str(program), _NEAR, _FAR, _DEVICE, str(round_trip_ms * 500)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as link:
            try:
                assert link.stdout
                if link.stdout.readline() != "ready\n":
                    raise NoLine("delaylink cannot join the namespaces; is /dev/net/tun there?")
                yield "TUN delay line (benchmarks/delaylink.c)"
            finally:
                link.terminate()


def _enter(name: str) -> tuple[str, ...]:
    return ("ip", "netns", "exec", name)


def _in(name: str, *words: str) -> None:
    _run(*_enter(name), *words)


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoLine(f"`{' '.join(words)}` failed: {done.stderr.strip()}")


def _try(*words: str) -> bool:
    with contextlib.suppress(OSError):
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    return False
