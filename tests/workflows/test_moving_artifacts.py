"""Artifacts that change while a job's files are sent: each costs itself alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.launch.detached import DetachedLauncher
from orchestrator.transport.local import LocalTransport
from orchestrator.values.host import Host, TransportKind
from tests.workflows.syncing import Listener, held
from tests.workflows.test_remote_runs import ENDED, RUN, job

# Far more than lies between both ends: at the first step of a pull most of it waits to be sent,
# and all else after it.
LOG_BYTES = 24 << 20


@pytest.fixture
def transport(tmp_path: Path) -> Iterator[LocalTransport]:
    workspace = str(tmp_path / "workspace")
    opened = LocalTransport(Host("h100", TransportKind.LOCAL, workspace, sys.executable))
    yield opened
    opened.close()


@pytest.fixture
def moving(tmp_path: Path) -> Path:
    """One artifact of 3 kB of a job that has others before and after it."""
    folder = job(tmp_path / "workspace", RUN, end=ENDED)
    (folder / "log.txt").write_bytes(os.urandom(LOG_BYTES))
    (folder / "artifacts").mkdir()
    for name in ("a", "moving", "z"):
        (folder / "artifacts" / name).write_text(name[0] * 3000)
    return folder / "artifacts" / "moving"


def artifacts(tmp_path: Path) -> dict[str, str]:
    return held(tmp_path / "here" / "artifacts")


def _shorter(file: Path) -> None:
    file.write_text("m" * 1000)


def _gone(file: Path) -> None:
    file.unlink()


def _link(file: Path) -> None:
    file.unlink()
    file.symlink_to("/etc/hostname")


def _fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("begun_bytes", [0, 2000], ids=["new", "resumed"])
@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_shorter, "cannot be read there"),
        (_gone, "cannot be read there"),
        (_link, "is no regular file"),
        (_fifo, "is no regular file"),
        (_folder, "is no regular file"),
    ],
)
def test_one_that_cannot_be_read_any_more_is_named_and_all_else_comes_home(
    transport: LocalTransport,
    tmp_path: Path,
    moving: Path,
    change: Callable[[Path], None],
    why: str,
    begun_bytes: int,
) -> None:
    if begun_bytes:
        (tmp_path / "here/artifacts").mkdir(parents=True)
        (tmp_path / "here/artifacts/moving.partial").write_text("m" * begun_bytes)
    listener = Listener(lambda: change(moving))
    DetachedLauncher(transport).pull(RUN, tmp_path / "here", listener)
    assert artifacts(tmp_path) == {"a": "a" * 3000, "z": "z" * 3000}, "nothing half-done either"
    assert (tmp_path / "here/log.txt").stat().st_size == LOG_BYTES
    (line,) = listener.lines
    assert line.startswith("1 file stays in the job's folder at h100 ")
    assert line.endswith(f"'artifacts/moving' {why}")


def test_one_that_grows_comes_home_as_it_was_announced(
    transport: LocalTransport, tmp_path: Path, moving: Path
) -> None:
    listener = Listener(lambda: moving.write_text("m" * 5000))
    DetachedLauncher(transport).pull(RUN, tmp_path / "here", listener)
    assert artifacts(tmp_path) == {name: name[0] * 3000 for name in ("a", "moving", "z")}
    assert listener.lines == []
    DetachedLauncher(transport).pull(RUN, tmp_path / "here", listener)
    assert len(artifacts(tmp_path)["moving"]) == 5000, "the next pull brings what came since"


def test_one_that_is_here_already_stays_here_when_it_can_no_longer_be_read_there(
    transport: LocalTransport, tmp_path: Path, moving: Path
) -> None:
    (tmp_path / "here/artifacts").mkdir(parents=True)
    (tmp_path / "here/artifacts/moving").write_text("m" * 3000)
    listener = Listener(lambda: _gone(moving))
    DetachedLauncher(transport).pull(RUN, tmp_path / "here", listener)
    assert artifacts(tmp_path) == {name: name[0] * 3000 for name in ("a", "moving", "z")}
    assert listener.lines[0].endswith("'artifacts/moving' cannot be read there")
