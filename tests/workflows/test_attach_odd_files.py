"""What lies here in the place of a run's files while its job comes home: named, and no bug of ours."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import ExitCode, LocalFault
from orchestrator.store.runs.run_store import RunStore
from orchestrator.transport.local import LocalTransport
from orchestrator.values.host import Host, TransportKind
from orchestrator.values.progress import Silence
from orchestrator.workflows.jobs.errand import Errand
from orchestrator.workflows.jobs.fetch_runs import adopt
from orchestrator.workflows.jobs.run_job import bring_home
from tests.workflows.test_remote_runs import ENDED, RUN, job


def _socket(place: Path) -> None:
    # The path of a socket has 107 bytes, so it gets its place by a rename.
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(short := f"/tmp/bsk-{os.getpid()}.socket")
    Path(short).rename(place)


KINDS = pytest.mark.parametrize(
    ("make", "kind"),
    [(os.mkfifo, "it is a FIFO"), (_socket, "it is a socket"), (os.mkdir, "Is a directory")],
    ids=["a FIFO", "a socket", "a folder"],
)


@KINDS
@pytest.mark.parametrize("name", ["log.txt", "result.json.partial"])
def test_what_is_no_file_in_a_files_place_is_named_and_the_job_is_safe(
    tmp_path: Path, make: Callable[[Path], None], kind: str, name: str
) -> None:
    workspace, runs = tmp_path / "workspace", RunStore(tmp_path / "runs")
    job(workspace, RUN, end=ENDED, result="{}")
    host = Host("h100", TransportKind.LOCAL, str(workspace), sys.executable)
    with LocalTransport(host) as transport:
        make(adopt(transport, runs, RUN, Silence()) / name)
        with pytest.raises(LocalFault) as caught:
            bring_home(Errand(transport, runs, Silence()), runs.folder(RUN))
    assert f"{name}: {kind}" in caught.value.message
    assert f"orchestrator attach {RUN}" in caught.value.hint
    assert caught.value.exit_code is ExitCode.USAGE
