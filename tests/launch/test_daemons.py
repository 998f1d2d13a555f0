"""What a job leaves behind it is ended with it, however it tried to be nobody's."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.values.job import Ending
from tests.launch.conftest import Bench

# Programs that a payload starts; TOKEN among their words tells them from all others.
DAEMONS = {
    "env -i setsid": "subprocess.Popen(['env', '-i', 'setsid', sys.executable, '-c', "
    "'import time; time.sleep(300)', TOKEN])",
    "a shell's background": 'os.system(f"env -i setsid -f {sys.executable} -c '
    "'import time; time.sleep(300)' {TOKEN} </dev/null >/dev/null 2>&1 &\")",
    "forked twice, another name": "if not os.fork():\n"
    "    os.setsid()\n"
    "    if os.fork(): os._exit(0)\n"
    "    os.closerange(0, 100); os.chdir('/')\n"
    "    os.execve(sys.executable, ['[kworker/0:1]', '-c', "
    "'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(300)', "
    "TOKEN], {})\n"
    "os.wait()",
    "a tree of its own": "subprocess.Popen(['env', '-i', 'setsid', sys.executable, '-c', "
    "'import os, time; os.fork(); os.setpgid(0, 0) if os.fork() else None; time.sleep(300)', "
    "TOKEN])",
    "forks faster than one can look": "subprocess.Popen(['env', '-i', 'setsid', sys.executable, "
    "'-IS', '-c', 'import os, sys\\nwhile True:\\n  open(sys.argv[1], \"w\").close()\\n"
    "  if os.fork(): os._exit(0)', TOKEN])",
}


def alive(token: str) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if token.encode() in words and int(entry.name) != os.getpid():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.fixture
def token(tmp_path: Path) -> Iterator[str]:
    """A word of the daemon's, and the file that the one which forks writes before each time."""
    name = str(tmp_path / f"daemon-{uuid.uuid4().hex}")
    yield name
    while goes_on(name):
        for pid in alive(name):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(os.getpgid(pid), signal.SIGKILL)


def goes_on(token: str) -> bool:
    """Whether the daemon lives; one that changes its number all the time shows in its file only."""
    sign = Path(token)
    before = sign.stat().st_mtime_ns if sign.exists() else 0
    time.sleep(0.2)
    return bool(alive(token)) or (sign.exists() and sign.stat().st_mtime_ns != before)


def payload(daemon: str, token: str, rest: str) -> str:
    return (
        f"import signal, subprocess\nTOKEN = {token!r}\n{DAEMONS[daemon]}\n"
        f"time.sleep(0.5)\nprint('line', flush=True)\n{rest}\n"
    )


pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux hands orphans to a supervisor"
)


@pytest.mark.parametrize("daemon", DAEMONS)
def test_a_daemon_of_a_job_that_ends_is_ended(bench: Bench, token: str, daemon: str) -> None:
    _, end = bench.run("r1", payload(daemon, token, ""))
    assert (end.why, end.exit_status) == (Ending.EXIT, 0)
    assert not goes_on(token)


@pytest.mark.parametrize("daemon", ["env -i setsid", "forked twice, another name"])
def test_a_daemon_of_a_job_that_is_cancelled_is_ended(
    bench: Bench, token: str, daemon: str
) -> None:
    bench.payload(payload(daemon, token, "time.sleep(300)"))
    bench.launcher.submit(bench.spec("r1"), "{}")
    log = bench.job("r1") / "log.txt"
    deadline = time.monotonic() + 10
    while not (log.exists() and log.read_bytes()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert alive(token)
    assert bench.launcher.cancel("r1").why is Ending.CANCELLED
    assert alive(token) == []


def test_a_daemon_of_a_job_past_its_time_limit_is_ended(bench: Bench, token: str) -> None:
    text = payload("env -i setsid", token, "time.sleep(300)")
    _, end = bench.run("r1", text, time_limit_s=1.5)
    assert end.why is Ending.TIMEOUT
    assert alive(token) == []


def test_orphans_that_end_are_not_kept_as_zombies_while_the_job_goes_on(bench: Bench) -> None:
    text = (
        "for _ in range(20): os.system('(true &)')\n"
        "time.sleep(0.5)\n"
        "dead = 0\n"
        "for pid in filter(str.isdigit, os.listdir('/proc')):\n"
        "    try: state = open(f'/proc/{pid}/stat').read().rpartition(') ')[2].split()\n"
        "    except OSError: continue\n"
        "    dead += state[:2] == ['Z', str(os.getppid())]\n"
        "print(dead)\n"
    )
    log, _ = bench.run("r1", text)
    assert log == b"0\n"


def test_a_daemon_that_only_keeps_the_device_is_ended_with_what_a_killed_runner_left(
    bench: Bench, token: str
) -> None:
    bench.payload(
        f"TOKEN = {token!r}\nif not os.fork():\n"
        "    os.setsid()\n"
        "    if os.fork(): os._exit(0)\n"
        "    os.execve(sys.executable, [sys.executable, '-c', "
        "'import time; time.sleep(300)', TOKEN], {})\n"
        "os.wait(); time.sleep(300)\n"
    )
    bench.launcher.submit(bench.spec("r1"), "{}")
    deadline = time.monotonic() + 10
    while not alive(token) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert alive(token)
    bench.payload("print('next')")
    bench.launcher.submit(bench.spec("r2"), "{}")
    facts = json.loads((bench.job("r1") / "status.json").read_text())
    os.kill(facts["runner_pid"], signal.SIGKILL)
    assert bench.follow("r1")[1].why is Ending.RUNNER_KILLED
    assert alive(token) == []
    log, end, _ = bench.follow("r2")
    assert (log, end.exit_status) == (b"next\n", 0), "who waits for the device is not its holder"
