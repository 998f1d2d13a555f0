"""No room, no right to write, and bytes that do not arrive as they were sent."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import HostUnreachable, OrchestratorError
from orchestrator.launch.detached import DetachedLauncher
from orchestrator.store.runs.run_store import RunStore
from orchestrator.sync.deploy import deploy_from
from orchestrator.transport.base import Channel
from orchestrator.transport.local import LocalTransport
from orchestrator.values.command import Command
from orchestrator.values.progress import Silence
from orchestrator.workflows.jobs.errand import Errand
from orchestrator.workflows.jobs.run_job import bring_home
from tests.conftest import SshdVariant
from tests.faults.conftest import (
    COUNTS,
    FINISH,
    Laptop,
    ended,
    held,
    processes_of,
    wait_until,
)
from tests.faults.doubles import Said
from tests.workflows.syncing import local_host


def on_small_disk(laptop: Laptop, small_disk: Path) -> Laptop:
    laptop.workspace = small_disk
    laptop.describe(workspace=str(small_disk))
    return laptop


def test_a_disk_that_is_full_before_the_job_starts_is_an_unfit_host(
    laptop: Laptop, small_disk: Path
) -> None:
    on_small_disk(laptop, small_disk)
    assert laptop.run("deploy", "--no-build").code == 0
    free = os.statvfs(small_disk)
    (small_disk / "full").write_bytes(bytes(free.f_bavail * free.f_frsize - 200_000))
    outcome = laptop.run("profile")
    assert outcome.code == 4, outcome.err
    assert "no space left" in outcome.err.lower()
    assert "hint: Free some space" in outcome.err
    assert not list((small_disk / "jobs").glob("*/status.json"))


def test_a_disk_that_fills_during_the_upload_publishes_nothing(
    laptop: Laptop, small_disk: Path
) -> None:
    on_small_disk(laptop, small_disk)
    weights = laptop.root / "csrc" / "weights.bin"
    weights.write_bytes(os.urandom(8_000_000))
    outcome = laptop.run("profile")
    assert outcome.code == 4, outcome.err
    assert "no space left on pod" in outcome.err
    assert "hint: Free some space" in outcome.err
    assert not (laptop.root / "runs").exists()
    assert not [p for p in (small_disk / "snapshots").iterdir() if len(p.name) == 64]
    weights.write_bytes(os.urandom(800_000))
    assert laptop.run("profile").code == 0
    laptop.assert_whole()


def test_a_disk_that_fills_with_the_log_ends_the_job_and_says_why(
    laptop: Laptop, small_disk: Path
) -> None:
    on_small_disk(laptop, small_disk)
    laptop.payload("while True: print('line ' + 'x' * 1000)\n")
    outcome = laptop.run("profile")
    assert outcome.code == 1, outcome.err
    assert "no space left under" in outcome.err
    assert (laptop.job() / "end.json").exists()
    assert (laptop.folder() / "log.txt").stat().st_size > 100_000
    assert processes_of(laptop.job()) == []


def test_a_disk_that_fills_before_the_result_keeps_log_and_ending(
    laptop: Laptop, small_disk: Path
) -> None:
    on_small_disk(laptop, small_disk)
    laptop.payload(
        "print('line 1', flush=True)\n"
        "try: artifact('big.bin', bytes(8_000_000))\n"
        "except OSError: pass\n" + FINISH
    )
    outcome = laptop.run("profile")
    assert outcome.code == 1, outcome.err
    assert "no space left under" in outcome.err
    assert "line 1" in outcome.err
    assert not (laptop.folder() / "result.json").exists()


def test_a_home_that_cannot_be_written_does_not_matter(
    laptop: Laptop, sshd_variant: SshdVariant, small_disk: Path
) -> None:
    server = sshd_variant(f"SetEnv HOME={small_disk}")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    laptop.describe(port=server.port, host_key=server.fingerprint)
    laptop.payload("print(os.environ['HOME'])\n" + FINISH)
    outcome = laptop.run("profile")
    assert outcome.code == 0, outcome.err
    assert (laptop.folder() / "log.txt").read_text().strip() == str(small_disk)


def test_a_workspace_that_cannot_be_written_is_an_unfit_host(
    laptop: Laptop, small_disk: Path
) -> None:
    on_small_disk(laptop, small_disk)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    outcome = laptop.run("profile")
    assert outcome.code == 4
    assert "is read-only" in outcome.err
    assert "hint: set `workspace:` for pod in the inventory" in outcome.err
    deployed = laptop.run("deploy", "--no-build")
    assert deployed.code == 4
    assert "Read-only file system" in deployed.err


def test_a_result_that_is_cut_short_is_an_error_that_names_the_file(laptop: Laptop) -> None:
    laptop.payload(COUNTS + FINISH + "p = Path(sys.argv[2]); p.write_bytes(p.read_bytes()[:300])\n")
    outcome = laptop.run("profile")
    assert outcome.code == 2
    assert "result.json: not valid JSON" in outcome.err
    assert (laptop.folder() / "result.json").stat().st_size == 300
    assert "Traceback" not in outcome.err


class _Flipping:
    """A channel that flips one bit of what it receives, and of what it sends."""

    def __init__(self, channel: Channel, spoil: Callable[[bytes], bytes]) -> None:
        self._channel, self._spoil = channel, spoil

    def send(self, data: bytes) -> None:
        self._channel.send(self._spoil(data))

    def receive(self, limit: int, timeout_s: float) -> bytes:
        return self._spoil(self._channel.receive(limit, timeout_s))

    def __getattr__(self, name: str) -> object:
        return getattr(self._channel, name)


class FlippingTransport(LocalTransport):
    """This machine behind a line without checksums. times: how many bits flip in all."""

    def __init__(self, workspace: Path, times: int) -> None:
        super().__init__(local_host(workspace))
        self.left = times

    @contextlib.contextmanager
    def stream(self, command: Command) -> Iterator[Any]:
        with super().stream(command) as channel:
            yield _Flipping(channel, self._spoil)

    def _spoil(self, data: bytes) -> bytes:
        middle = len(data) // 2
        if self.left and len(data) > 20_000:
            self.left -= 1
            return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        return data


@pytest.mark.parametrize(
    "content", ["os.urandom(3_000_000)", "b''.join(b'%d ' % n for n in range(1_000_000))"]
)
def test_a_bit_that_flips_on_the_way_is_noticed_and_the_file_comes_again(
    laptop: Laptop, content: str
) -> None:
    laptop.payload(f"artifact('a.bin', {content})\n" + COUNTS + FINISH)
    process = laptop.start("profile")
    laptop.wait_for_log()
    process.kill()
    said = Said()
    transport = FlippingTransport(laptop.workspace, 1)
    with transport:
        runs = RunStore(laptop.root / "runs")
        bring_home(Errand(transport, runs, said, pauses_s=(0.1, 0.1)), laptop.folder())
    assert transport.left == 0
    assert any("damaged" in line or "cannot be unpacked" in line for line in said.lines), said.lines
    laptop.assert_whole()


@pytest.mark.parametrize(
    "content", [bytes(range(256)) * 2000, b"some text, " * 200_000], ids=["bytes", "text"]
)
def test_an_upload_whose_bits_flip_is_refused_and_the_next_one_is_whole(
    laptop: Laptop, content: bytes
) -> None:
    """As a corrupt archive: packed bytes that no longer unpack to what was announced."""
    (laptop.root / "csrc" / "weights.bin").write_bytes(content)
    (laptop.root / "csrc" / "filling.bin").write_bytes(os.urandom(100_000))
    snapshots = laptop.workspace / "snapshots"
    transport = FlippingTransport(laptop.workspace, 1)
    with transport:
        with pytest.raises(OrchestratorError):
            deploy_from(laptop.root, transport)
        assert transport.left == 0
        assert not [p for p in snapshots.iterdir() if len(p.name) == 64]
        deployed = deploy_from(laptop.root, transport)
    assert (Path(deployed.remote_path) / "csrc" / "weights.bin").read_bytes() == content


def test_bits_that_flip_every_time_end_in_an_error_and_no_damaged_file(laptop: Laptop) -> None:
    laptop.payload("artifact('a.bin', os.urandom(3_000_000))\n" + COUNTS + FINISH)
    process = laptop.start("profile")
    laptop.wait_for_log()
    process.kill()
    with FlippingTransport(laptop.workspace, 10**9) as transport:
        errand = Errand(transport, RunStore(laptop.root / "runs"), Said(), pauses_s=(0.1, 0.1))
        with pytest.raises(HostUnreachable, match=r"a\.bin from .* arrived damaged"):
            bring_home(errand, laptop.folder())
    assert "artifacts/a.bin" not in held(laptop.folder())
    assert laptop.run("attach").code == 0
    laptop.assert_whole()


def test_a_file_that_shrinks_while_it_is_pulled_is_told(laptop: Laptop, tmp_path: Path) -> None:
    laptop.payload("artifact('a.bin', os.urandom(3_000_000))\n" + FINISH)
    assert laptop.run("profile").code == 0
    here = tmp_path / "here"
    (here / "artifacts").mkdir(parents=True)
    (here / "artifacts" / "a.bin.partial").write_bytes(bytes(1_000_000))
    with LocalTransport(local_host(laptop.workspace)) as transport:
        launcher = DetachedLauncher(transport)
        with pytest.raises(HostUnreachable, match="arrived damaged"):
            launcher.pull(laptop.job().name, here, Silence())
        launcher.pull(laptop.job().name, here, Silence())
    there = laptop.job() / "artifacts" / "a.bin"
    assert (here / "artifacts" / "a.bin").read_bytes() == there.read_bytes()


def test_an_upload_that_was_cut_off_is_not_taken_for_a_snapshot(laptop: Laptop) -> None:
    """As a host leaves it whose disk lost the end of a file after the sync."""
    assert laptop.run("deploy", "--no-build").code == 0
    (snapshot,) = (p for p in (laptop.workspace / "snapshots").iterdir() if p.is_dir())
    os.truncate(snapshot / "remote_payload" / "__main__.py", 10)
    outcome = laptop.run("profile")
    assert outcome.code == 0, outcome.err
    laptop.assert_whole()


def test_what_was_added_to_or_changed_in_a_snapshot_does_not_run(laptop: Laptop) -> None:
    laptop.payload("print('line', 'original')\n" + FINISH)
    assert laptop.run("deploy", "--no-build").code == 0
    (snapshot,) = (p for p in (laptop.workspace / "snapshots").iterdir() if p.is_dir())
    program = snapshot / "remote_payload/__main__.py"
    for folder in (snapshot, program.parent):
        folder.chmod(0o755)
    (snapshot / "sitecustomize.py").write_text("print('added')\n")
    was, text = program.stat(), program.read_text()
    program.chmod(0o644)
    program.write_text(text.replace("original", "tampered"))
    os.utime(program, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert laptop.run("profile").code == 0
    assert (laptop.folder() / "log.txt").read_text() == "line original\n"
    laptop.assert_whole()


def test_an_agent_without_its_folder_of_jobs_says_so_in_one_line(laptop: Laptop) -> None:
    process = laptop.start("profile")
    laptop.wait_for_log()
    process.kill()
    ended(process)
    wait_until((laptop.job() / "end.json").exists)
    laptop.workspace.rename(laptop.workspace.with_name("moved away"))
    outcome = laptop.run("attach")
    laptop.workspace.with_name("moved away").rename(laptop.workspace)
    assert outcome.code == 2
    assert "knows no run" in outcome.err
    laptop.run("attach")
    laptop.assert_whole()
