"""Artifacts whose names could do harm, and folders that are no runs: each costs itself alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.errors import HostUnfit, HostUnreachable, UsageError
from orchestrator.launch.detached import DetachedLauncher
from orchestrator.store.runs.run_store import RunStore
from orchestrator.transport.connect import Trust, connect
from orchestrator.transport.local import LocalTransport
from orchestrator.values.host import Host, TransportKind
from orchestrator.workflows.jobs.fetch_runs import fetch_each
from orchestrator.workflows.jobs.remote_runs import missing, remote_runs
from tests.faults.conftest import kill_sessions
from tests.security.hostile import hostile_host
from tests.ssh.server import Keys, serve
from tests.workflows.syncing import Listener, held
from tests.workflows.test_remote_runs import ENDED, RUN, job

TAKEN = (
    "résumé.txt",
    ".hidden",
    "sp ace.txt",
    "日本/é.bin",
    "a:b",
    "$x`y`;'q\"",
    "[link](x)",
    "~",
    "..x",
)
STAYS = {
    "new\nline": "cannot be shown",
    "esc\x1b[2J": "cannot be shown",
    "bidi\u202e": "cannot be shown",
    "-rf": "looks like an option",
    "sub/--checkpoint-action=exec=sh x": "looks like an option",
    "not utf-8 \udcff": "is not UTF-8",
    "a\\b": "backslash",
    "x.partial": "unfinished",
    "l" * 250: "too long",
    "/".join(["d" * 200] * 6): "too long",
    ".git/config": "repository",
    ".GIT": "repository",
    "con": "device",
    "NUL.txt": "device",
    "deep/com1": "device",
}  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def transport(workspace: Path) -> Iterator[LocalTransport]:
    opened = LocalTransport(Host("h100", TransportKind.LOCAL, str(workspace), sys.executable))
    yield opened
    opened.close()


def artifact(folder: Path, name: str, data: str = "x") -> Path:
    path = folder / "artifacts" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(data)
    return path


def pulled(transport: LocalTransport, tmp_path: Path, run_id: str = RUN) -> tuple[Path, list[str]]:
    """The run's folder here, and what was said."""
    listener = Listener()
    DetachedLauncher(transport).pull(run_id, tmp_path / "here", listener)
    return tmp_path / "here", listener.lines


def test_artifacts_with_odd_but_harmless_names_come_home(
    workspace: Path, transport: LocalTransport, tmp_path: Path
) -> None:
    folder = job(workspace, RUN, end=ENDED, result="{}")
    for name in TAKEN:
        artifact(folder, name)
    here, said = pulled(transport, tmp_path)
    artifacts = {f"artifacts/{name}": "x" for name in TAKEN}
    assert held(here) == {"log.txt": "spoke\n", "result.json": "{}", **artifacts}
    assert said == []


@pytest.mark.parametrize(("name", "why"), STAYS.items())
def test_an_artifact_with_a_harmful_name_stays_and_is_named_and_all_else_comes_home(
    workspace: Path, transport: LocalTransport, tmp_path: Path, name: str, why: str
) -> None:
    folder = job(workspace, RUN, end=ENDED, result="{}")
    there = [artifact(folder, name), artifact(folder, "good")]
    here, said = pulled(transport, tmp_path)
    assert held(here) == {"log.txt": "spoke\n", "result.json": "{}", "artifacts/good": "x"}
    (line,) = said
    assert line.startswith("1 file stays in the job's folder at h100 ")
    assert repr(f"artifacts/{name}"[:80])[:-1] in line, "a name of any length is cut there"
    assert why in line
    assert line.isprintable()
    assert all(path.exists() for path in there), "nothing on the host is deleted"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("A.txt", "a.txt"),
        ("Sub/x", "sub/x"),
        ("e\u0301", "é"),
        ("STRASSE", "straße"),
    ],
)
def test_of_two_names_that_some_disks_take_for_one_the_first_comes_and_the_other_is_named(
    workspace: Path, transport: LocalTransport, tmp_path: Path, first: str, second: str
) -> None:
    folder = job(workspace, RUN, end=ENDED)
    for name in (first, second):
        artifact(folder, name, name)
    here, (line,) = pulled(transport, tmp_path)
    assert held(here) == {
        "log.txt": "spoke\n",
        f"artifacts/{first}": first.encode().decode("latin-1"),
    }
    assert repr(f"artifacts/{second}") in line
    assert "by capitals or accents alone" in line


def _link(place: Path) -> None:
    place.symlink_to("/etc/hostname")


def _link_to_folder(place: Path) -> None:
    place.symlink_to("/etc")


def _device(place: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("cannot make a device: not root")
    os.mknod(place, 0o600 | 0o020000, os.makedev(1, 3))


@pytest.mark.parametrize("make", [_link, _link_to_folder, os.mkfifo, _device])
@pytest.mark.parametrize("name", ["artifacts/odd", "result.json"])
def test_what_is_no_regular_file_is_named_and_keeps_nothing_else_there(
    workspace: Path,
    transport: LocalTransport,
    tmp_path: Path,
    make: Callable[[Path], None],
    name: str,
) -> None:
    folder = job(workspace, RUN, end=ENDED)
    artifact(folder, "good")
    make(folder / name)
    here, (line,) = pulled(transport, tmp_path)
    assert held(here) == {"log.txt": "spoke\n", "artifacts/good": "x"}
    assert f"'{name}' is no regular file" in line


def _file(place: Path) -> None:
    place.write_text("x")


@pytest.mark.parametrize("make", [_file, _link, _link_to_folder, os.mkfifo, _device])
def test_what_stands_where_the_artifacts_should_be_is_named(
    workspace: Path, transport: LocalTransport, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(job(workspace, RUN, end=ENDED, result="{}") / "artifacts")
    here, (line,) = pulled(transport, tmp_path)
    assert held(here) == {"log.txt": "spoke\n", "result.json": "{}"}
    assert "'artifacts' is no folder of its own" in line


@pytest.mark.parametrize("name", ["result.json", "log.txt"])
def test_a_folder_in_the_place_of_result_or_log_is_named_and_all_else_comes_home(
    workspace: Path, transport: LocalTransport, tmp_path: Path, name: str
) -> None:
    folder = job(workspace, RUN, end=ENDED, result="{}")
    artifact(folder, "good")
    (folder / name).unlink()
    (folder / name / "deep").mkdir(parents=True)
    here, (line,) = pulled(transport, tmp_path)
    assert set(held(here)) == {"log.txt", "result.json", "artifacts/good"} - {name}
    assert f"'{name}' is no regular file" in line


def test_what_the_host_may_not_read_is_named(tmp_path: Path) -> None:
    lies = (
        "OFFERED = {'result.json': (2, b'{}')}\n"
        "honest = inventory\n"
        "def inventory(ask): return dict(honest(ask), left=[['artifacts/\\x1bsecret', 'unreadable']])\n"
    )
    with hostile_host(tmp_path / "host", lies) as way:
        here, (line,) = pulled(way, tmp_path)
    assert (here / "result.json").read_text() == "{}"
    assert "'artifacts/\\x1bsecret' cannot be read there" in line


@pytest.mark.parametrize(
    "left", ["7", "[7]", "[['x']]", "[[7, 'kind']]", "[['x', []]]", "[['x', 'y']]"]
)
def test_nonsense_about_what_is_left_is_the_hosts_fault(tmp_path: Path, left: str) -> None:
    lies = f"def inventory(ask): return {{'ok': True, 'files': [], 'left': {left}}}\n"
    with hostile_host(tmp_path / "host", lies) as way, pytest.raises(HostUnfit):
        pulled(way, tmp_path)


def test_a_name_that_no_disk_here_takes_and_a_file_below_a_file_cost_nothing_else(
    tmp_path: Path,
) -> None:
    names = ["a" * 300, "x", "x/y", "ok"]
    offered = {f"artifacts/{name}": (1, b"x") for name in names}
    lies = f"OFFERED = {{'log.txt': (1, b'x'), **{offered!r}}}\n"
    with hostile_host(tmp_path / "host", lies) as way:
        here, (line,) = pulled(way, tmp_path)
    assert set(held(here)) == {"log.txt", "artifacts/x", "artifacts/ok"}
    assert "too long" in line
    assert "'artifacts/x/y' shares its name with 'artifacts/x'" in line


def test_an_artifact_beyond_the_limit_of_a_run_stays_and_the_rest_comes_home(
    tmp_path: Path,
) -> None:
    lies = "OFFERED = {'artifacts/a': (9 << 30, b''), 'artifacts/b': (1, b'x'), 'result.json': (2, b'{}')}\n"
    with hostile_host(tmp_path / "host", lies) as way:
        here, (line,) = pulled(way, tmp_path)
    assert held(here) == {"result.json": "{}", "artifacts/b": "x"}
    assert "'artifacts/a' has 9.7 GB, which goes beyond the 8.6 GB that are taken of a run" in line


def test_many_odd_names_are_counted_and_some_shown(
    workspace: Path, transport: LocalTransport, tmp_path: Path
) -> None:
    folder = job(workspace, RUN, end=ENDED)
    for number in range(30):
        artifact(folder, f"-{number:02}")
    _, (line,) = pulled(transport, tmp_path)
    assert line.startswith("30 files stay ")
    assert line.endswith("; and 25 more")


def test_orphan_folders_among_the_jobs_are_no_runs_and_are_named(
    workspace: Path, transport: LocalTransport, tmp_path: Path
) -> None:
    job(workspace, RUN, end=ENDED)
    for name in ("lost+found", "my notes", "empty", "-x", "\u202eodd"):
        (workspace / "jobs" / name).mkdir()
    (workspace / "jobs" / "a file").write_text("")
    job(workspace, "copy of a job", end=ENDED)
    listener = Listener()
    known = remote_runs(transport, RunStore(tmp_path / "runs"), listener)
    assert [run.run_id for run in known] == [RUN]
    (line,) = listener.lines
    assert line.startswith("no run of ours, and passed over in jobs/ of h100")
    assert "'copy of a job'" in line
    assert "'a file'" in line
    assert line.endswith(" and 2 more")


def test_one_bad_run_keeps_no_other_away_and_the_sum_names_it(
    workspace: Path, transport: LocalTransport, tmp_path: Path
) -> None:
    names = [f"20261122-10153{number}-h100-bench" for number in range(4)]
    for name in names:
        artifact(job(workspace, name, end=ENDED), "ok")
    runs, listener = RunStore(tmp_path / "runs"), Listener()
    runs.root.mkdir()
    (runs.root / f".arriving-{names[1]}").write_text("a file where a folder has to be")
    (workspace / "jobs" / names[2] / "result.json").write_text("{}")
    known = remote_runs(transport, runs)
    came: list[str] = []
    with pytest.raises(UsageError) as caught:
        fetch_each(
            transport,
            runs,
            [*missing(known)],
            listener,
            lambda folder, run: came.append(folder.name),
        )
    assert came == [names[0], names[3]]
    assert str(caught.value).startswith(f"2 of 4 runs are not fetched: {names[1]}, {names[2]}; ")
    assert [line.partition(" ")[0] for line in listener.lines] == names[1:3]


def test_a_host_that_is_gone_is_not_asked_for_run_after_run(keys: Keys, tmp_path: Path) -> None:
    with serve(tmp_path / "sshd", keys) as server:
        for number in range(9):
            job(Path(server.workspace), f"r{number}", end=ENDED)
        runs, listener = RunStore(tmp_path / "runs"), Listener()
        transport = connect(server.host(), Trust(tmp_path / "known_hosts"))
        known = remote_runs(transport, runs)
        kill_sessions(server)
    with transport, pytest.raises(HostUnreachable, match=r"9 of 9 runs .*: r0, r1, .* and 4 more"):
        fetch_each(transport, runs, known, listener, lambda folder, run: None)
    assert len(listener.lines) <= 2
