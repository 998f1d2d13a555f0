"""FIFOs, devices and folders where a file is read: told as what they are, never waited for."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.cli.app import run
from orchestrator.errors import AuthenticationError, OrchestratorError, RunError, UsageError
from orchestrator.here import regular_file
from orchestrator.store.runs.run_store import RunStore
from orchestrator.sync import packing, sources
from orchestrator.transport.connect import Trust, connect
from tests.cli.comparing import AGAIN, MADE, store
from tests.faults.conftest import Outcome
from tests.report import synthetic
from tests.ssh.server import SshServer

REPOSITORY = Path(__file__).parents[2]


def fifo(path: Path) -> Path:
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    return path


def endless(path: Path) -> Path:
    """A device without end, under a name of ours."""
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")
    return path


def folder(path: Path) -> Path:
    path.unlink(missing_ok=True)
    path.mkdir()
    return path


Swap = Callable[[Path], Path]
SWAPS = pytest.mark.parametrize("swap", [fifo, endless, folder])


def orchestrator(root: Path, *arguments: str, limit_s: float = 20.0) -> Outcome:
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator", *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=limit_s,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


@SWAPS
@pytest.mark.parametrize("read", [regular_file.read_bytes, regular_file.read_text])
def test_only_a_regular_file_is_read(
    swap: Swap, read: Callable[[Path], object], tmp_path: Path
) -> None:
    with pytest.raises(regular_file.NotRegular, match="it is a"):
        read(swap(tmp_path / "file"))


def test_the_null_device_is_an_empty_file(tmp_path: Path) -> None:
    """As which many have ~/.ssh/known_hosts."""
    (tmp_path / "link").symlink_to(os.devnull)
    assert regular_file.read_text(tmp_path / "link") == ""


def test_a_pipe_that_a_person_names_is_read_as_long_as_something_comes(tmp_path: Path) -> None:
    path = fifo(tmp_path / "pipe")
    threading.Thread(target=lambda: path.write_text("hosts:\n" * 100_000), daemon=True).start()
    assert regular_file.read_named(path, 1 << 20) == b"hosts:\n" * 100_000
    with pytest.raises(TimeoutError, match="nothing came through it for"):
        regular_file.read_named(path, 1 << 20, 0.2)
    threading.Thread(target=lambda: path.write_text("hosts:\n" * 200), daemon=True).start()
    with pytest.raises(OSError, match="more than 0 MB are not read"):
        regular_file.read_named(path, 1000)


@SWAPS
@pytest.mark.parametrize("name", ["run.json", "request.json", "result.json", "end.json"])
def test_a_run_file_that_is_none_is_named(swap: Swap, name: str, tmp_path: Path) -> None:
    store(tmp_path, MADE, synthetic.cpu_result())
    swap(tmp_path / "runs" / MADE / name)
    runs = RunStore(tmp_path / "runs")
    read = runs.request if name == "request.json" else runs.load
    with pytest.raises(RunError, match=name):
        read(runs.folder(MADE))


def test_one_run_whose_card_is_a_fifo_does_not_hide_the_others(tmp_path: Path) -> None:
    for name in (MADE, AGAIN):
        store(tmp_path, name, synthetic.cpu_result())
    fifo(tmp_path / "runs" / MADE / "run.json")
    outcome = orchestrator(tmp_path, "runs")
    assert outcome.code == 0, outcome.err
    assert MADE in outcome.out
    assert f"{AGAIN}  " in outcome.out


@SWAPS
def test_a_log_that_is_none_is_named(swap: Swap, tmp_path: Path) -> None:
    store(tmp_path, MADE, synthetic.cpu_result())
    swap(tmp_path / "runs" / MADE / "log.txt")
    outcome = orchestrator(tmp_path, "logs", MADE)
    assert outcome.code == 2
    assert "log.txt: it is a" in outcome.err


@SWAPS
@pytest.mark.parametrize(
    "words", [("--inventory", "given", "hosts"), ("import-ncu", "given")], ids=["inventory", "ncu"]
)
def test_a_file_given_by_name_is_read_if_it_is_one(
    swap: Swap,
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    swap(tmp_path / "given")
    monkeypatch.chdir(tmp_path)
    # A pipe is heard for so long that a person could still type.
    assert regular_file.read_named.__defaults__ == (10.0,)
    monkeypatch.setattr(regular_file.read_named, "__defaults__", (0.5,))
    assert run(words) == 2
    assert "given" in capsys.readouterr().err


def test_a_pipe_of_the_shell_is_an_inventory(tmp_path: Path) -> None:
    text = "hosts:\n  here:\n    transport: local\n    workspace: ~/w\n"
    line = f"{sys.executable} -m orchestrator --inventory <(printf '{text}') hosts"
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "here" in done.stdout


@SWAPS
def test_a_key_that_is_no_file_is_named(swap: Swap, sshd: SshServer, tmp_path: Path) -> None:
    host = replace(sshd.host(), identity_file=swap(tmp_path / "key"))
    with (
        connect(host, Trust(tmp_path / "known_hosts")) as transport,
        pytest.raises(AuthenticationError, match="cannot be used: it is a"),
    ):
        transport.open()


@pytest.mark.parametrize("name", ["known_hosts", "id_ed25519.pub", "id_ed25519-cert.pub"])
def test_what_lies_in_the_ssh_folder_is_never_waited_for(
    name: str, sshd: SshServer, home: Path, tmp_path: Path
) -> None:
    place = home / ".ssh"
    place.mkdir(mode=0o700)
    (place / "id_ed25519").write_bytes(sshd.keys.client.read_bytes())
    (place / "id_ed25519").chmod(0o600)
    fifo(place / name)
    outcome: list[object] = []

    def login() -> None:
        host = replace(sshd.unpinned(), identity_file=None)
        try:
            with connect(host, Trust(tmp_path / "known_hosts")) as transport:
                transport.open()
        except (OrchestratorError, OSError) as error:
            outcome.append(error)
        outcome.append("through")

    worker = threading.Thread(target=login, daemon=True)
    worker.start()
    worker.join(10)
    assert outcome


@pytest.mark.parametrize("held_open", [False, True])
def test_a_fifo_swapped_in_while_sending_is_a_source_that_changed(
    held_open: bool, tmp_path: Path
) -> None:
    (tmp_path / "csrc").mkdir()
    source = tmp_path / "csrc" / "kernel.cu"
    source.write_text("// kernel\n")
    scan = sources.scan(tmp_path, parts=("csrc",))
    fifo(source)
    # Somebody who has it open and writes nothing.
    writer = os.open(source, os.O_RDWR) if held_open else None
    began = time.monotonic()
    with pytest.raises(packing.SourcesChanged, match="changed while it was being sent"):
        list(packing.contents(scan, scan.snapshot.entries[0]))
    assert time.monotonic() - began < 1
    if writer is not None:
        os.close(writer)


def test_a_gitignore_that_is_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "csrc").mkdir()
    (tmp_path / "csrc" / "kernel.cu").write_text("// kernel\n")
    fifo(tmp_path / "csrc" / ".gitignore")
    with pytest.raises(UsageError, match=r"the ignore rules in csrc/\.gitignore: it is a FIFO"):
        sources.scan(tmp_path, parts=("csrc",))
