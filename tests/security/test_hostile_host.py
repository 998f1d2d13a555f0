"""Whatever a host answers, nothing is written outside the run's directory or over our own files."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from orchestrator.errors import HostUnfit, HostUnreachable, OrchestratorError
from orchestrator.launch.detached import DetachedLauncher
from orchestrator.store.runs.run_store import RunStore
from orchestrator.values.progress import Silence
from orchestrator.workflows.jobs.read_log import remote_log
from orchestrator.workflows.jobs.remote_runs import remote_runs
from tests.security.hostile import hostile_host
from tests.workflows.syncing import held


def pull(tmp_path: Path, lies: str) -> Path:
    """What a pull from a lying host leaves: the folder of the run. Its errors are ours."""
    into = tmp_path / "runs" / "r1"
    into.mkdir(parents=True, exist_ok=True)
    (into / "run.json").write_text("ours")
    (into / "request.json").write_text("ours")
    with hostile_host(tmp_path / "host", lies) as transport:
        DetachedLauncher(transport).pull("r1", into, Silence())
    return into


def around(tmp_path: Path) -> dict[str, str]:
    """Everything outside the run's folder and the host's program."""
    found = held(tmp_path)
    return {p: text for p, text in found.items() if not p.startswith(("runs/r1/", "host/"))}


def test_an_honest_answer_is_taken(tmp_path: Path) -> None:
    into = pull(tmp_path, "OFFERED = {'result.json': (2, b'{}'), 'artifacts/a/b': (1, b'x')}\n")
    assert (into / "result.json").read_text() == "{}"
    assert (into / "artifacts/a/b").read_text() == "x"


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "../../x",
        "artifacts/../../x",
        "/tmp/x-of-a-hostile-host",
        "~/x",
        "",
        ".",
        "artifacts",
        "artifacts/",
        "run.json",
        "request.json",
        "end.json",
        "report.md",
        "charts/x.svg",
        ".hidden",
        "artifacts\\..\\x",
        "artifacts/\x1b[2Jx",
        "artifacts/a\nb",
        "artifacts/x.partial",
        "log.txt/x",
        "artifacts/" + "a" * 300,
        "artifacts/\ud800",
    ],
)
def test_a_path_that_is_no_file_of_a_run_is_refused(tmp_path: Path, path: str) -> None:
    before = around(tmp_path)
    with pytest.raises(HostUnfit, match="is not a file of a run"):
        pull(tmp_path, f"OFFERED = {{{path!r}: (1, b'x')}}\n")
    assert around(tmp_path) == before
    assert held(tmp_path / "runs/r1") == {"run.json": "ours", "request.json": "ours"}
    assert not Path("/tmp/x-of-a-hostile-host").exists()


@pytest.mark.parametrize(
    "answer",
    [
        "[]",
        "{'ok': True}",
        "{'ok': True, 'files': [{}]}",
        "{'ok': True, 'files': [{'path': 7, 'size': 1}]}",
        "{'ok': True, 'files': [{'path': 'log.txt', 'size': -1}]}",
        "{'ok': True, 'files': [{'path': 'log.txt', 'size': 'many'}]}",
        "{'ok': True, 'files': [{'path': 'log.txt', 'size': 1}] * 2}",
        "{'error': 'busy'}",
    ],
)
def test_an_answer_of_another_form_is_the_hosts_fault_not_a_bug_of_ours(
    tmp_path: Path, answer: str
) -> None:
    with pytest.raises(OrchestratorError):
        pull(tmp_path, f"def inventory(ask): return {answer}\n")


@pytest.mark.parametrize(
    "lies",
    [
        "ENDED = {'why': 'melted', 'exit_status': 0}",
        "ENDED = {'why': 'exit', 'exit_status': 'a lot'}",
        "ENDED = 7",
        "def follow(ask): return {'ok': True}",
        "def follow(ask): send(b'H', b'no JSON')",
        "def follow(ask): send(b'H', b'[]')",
        "def follow(ask): send(b'J', b'not packed')",
    ],
)
def test_nonsense_about_a_jobs_end_is_the_hosts_fault_not_a_bug_of_ours(
    tmp_path: Path, lies: str
) -> None:
    with (
        hostile_host(tmp_path / "host", lies + "\n") as transport,
        pytest.raises((HostUnfit, HostUnreachable)),
    ):
        remote_log(transport, "r1", True, lambda line: None)


@pytest.mark.parametrize("size", [10 << 30, 1 << 62])
def test_a_size_beyond_all_measure_is_refused_before_a_byte_is_written(
    tmp_path: Path, size: int
) -> None:
    with pytest.raises(OrchestratorError, match=r"GB|too large|larger"):
        pull(tmp_path, f"OFFERED = {{'result.json': ({size}, b'x')}}\n")
    assert not list((tmp_path / "runs/r1").glob("result.json*"))


def test_a_file_that_grows_while_it_is_sent_is_cut_off(tmp_path: Path) -> None:
    endless = (
        "OFFERED = {'artifacts/a': (1000, b'x' * 1000)}\n"
        "def content(path, offset):\n"
        "    while True:\n"
        "        yield b'x' * 65536\n"
    )
    with pytest.raises(HostUnreachable, match="more of a file than it had announced"):
        pull(tmp_path, endless)
    assert sum(p.stat().st_size for p in (tmp_path / "runs").rglob("*") if p.is_file()) < 10_000


@pytest.mark.parametrize("size", [0, 1, 5], ids=["nothing", "a byte", "a few bytes"])
def test_a_file_in_pieces_without_end_is_not_waited_for(tmp_path: Path, size: int) -> None:
    """Each comes in time, and the file could hold them all: silence alone would never end it."""
    drip = (
        "OFFERED = {'artifacts/a': (1 << 20, b'')}\n"
        "def content(path, offset):\n"
        "    while True:\n"
        f"        yield b'x' * {size}\n"
        "        time.sleep(0.01)\n"
    )
    began = time.monotonic()
    with pytest.raises(HostUnfit, match="sends artifacts/a in pieces without end"):
        pull(tmp_path, drip)
    assert time.monotonic() - began < 5


def test_signs_of_life_while_the_host_reads_what_is_here_already_are_no_such_pieces(
    tmp_path: Path,
) -> None:
    size = 40 << 20
    into = tmp_path / "runs/r1/artifacts"
    into.mkdir(parents=True)
    (into / "a.partial").write_bytes(bytes(size - 1))
    honest = (
        f"OFFERED = {{'artifacts/a': ({size}, bytes({size}))}}\n"
        "def content(path, offset):\n"
        "    for _ in range(-(-offset // (1 << 20))):\n"
        "        yield b''\n"
        "    yield bytes(1)\n"
    )
    assert (pull(tmp_path, honest) / "artifacts/a").stat().st_size == size


def test_a_frame_that_unpacks_to_gigabytes_is_not_unpacked(tmp_path: Path) -> None:
    bomb = (
        "OFFERED = {'artifacts/a': (1000, b'x' * 1000)}\n"
        "def content(path, offset):\n"
        "    packer = zlib.compressobj(9)\n"
        "    bomb = b''.join(packer.compress(bytes(1 << 20)) for _ in range(512)) + packer.flush()\n"
        "    send(b'Z', bomb)\n"
        "    return iter(())\n"
    )
    with pytest.raises(HostUnreachable, match="more of a file than it had announced"):
        pull(tmp_path, bomb)


def test_an_answer_that_unpacks_to_gigabytes_is_not_unpacked(tmp_path: Path) -> None:
    bomb = (
        "def inventory(ask):\n"
        "    packer = zlib.compressobj(9)\n"
        "    bomb = b''.join(packer.compress(b' ' * (1 << 20)) for _ in range(512))\n"
        "    send(b'J', bomb + packer.compress(b'{}') + packer.flush())\n"
        "    return {}\n"
    )
    with pytest.raises(HostUnreachable, match="more than"):
        pull(tmp_path, bomb)


def test_a_frame_that_announces_gigabytes_is_refused(tmp_path: Path) -> None:
    flood = (
        "def inventory(ask):\n"
        "    _sink.write(b'J' + struct.pack('>I', 0xffffffff))\n"
        "    _sink.flush()\n"
        "    return {}\n"
    )
    with pytest.raises(HostUnreachable, match="prints into our program's answer"):
        pull(tmp_path, flood)


@pytest.mark.parametrize(
    "run", ["../x", "/etc", "", ".", "..", "a/b", "\x1b[2J", ".hidden", "a" * 300]
)
def test_a_run_whose_name_is_a_path_is_refused(tmp_path: Path, run: str) -> None:
    with (
        hostile_host(tmp_path / "host", f"RESULTS = [{run!r}]\n") as transport,
        pytest.raises(HostUnfit, match="names a run that is not ours"),
    ):
        remote_runs(transport, RunStore(tmp_path / "runs"))
    assert not (tmp_path / "runs").exists()


def test_a_log_cannot_play_with_the_terminal_when_it_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from orchestrator.cli.screen import console

    with hostile_host(
        tmp_path / "host", "LOG = b'\\x1b]52;c;b3duZWQ=\\x07\\x9b2J\\rover\\n'\n"
    ) as way:
        remote_log(way, "r1", True, console.out)
    assert capsys.readouterr().out == "\\x1b]52;c;b3duZWQ=\\x07\N{REPLACEMENT CHARACTER}2J\\rover\n"


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    pieces: list[str] = []
    with hostile_host(tmp_path / "host", "LOG = b'x' * (1 << 22)\n") as transport:
        remote_log(transport, "r1", True, pieces.append)
    assert sum(map(len, pieces)) == 1 << 22


def test_what_an_agent_says_on_stderr_is_shown_harmless(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from orchestrator.cli.screen import console

    lies = "os.write(2, b'\\x1b[2Jgone\\n'); os._exit(3)\n"
    with hostile_host(tmp_path / "host", lies) as transport:
        with pytest.raises(OrchestratorError) as caught:
            remote_runs(transport, RunStore(tmp_path / "runs"))
        console.error(caught.value.message, caught.value.hint)
    said = capsys.readouterr().err
    assert "gone" in said
    assert "\x1b[2J" not in said


def test_devices_and_links_among_a_jobs_files_stay_there(tmp_path: Path) -> None:
    """With the real agent: what a hostile payload may leave beside its results."""
    import sys

    from orchestrator.transport.local import LocalTransport
    from orchestrator.values.host import Host, TransportKind

    job = tmp_path / "w/jobs/r1"
    (job / "artifacts").mkdir(parents=True)
    os.mkfifo(job / "artifacts/pipe")
    (job / "artifacts/passwd").symlink_to("/etc/passwd")
    (job / "artifacts/etc").symlink_to("/etc")
    (job / "artifacts/zero").symlink_to("/dev/zero")
    (job / "result.json").symlink_to("/etc/hostname")
    (job / "artifacts/kept").write_text("kept")
    host = Host("here", TransportKind.LOCAL, str(tmp_path / "w"), sys.executable)
    with LocalTransport(host) as transport:
        DetachedLauncher(transport).pull("r1", tmp_path / "into", Silence())
    assert held(tmp_path / "into") == {"artifacts/kept": "kept"}
