"""Every file a command writes by a name that a person gave: through links, devices and FIFOs."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.cli.app import run
from orchestrator.transport.login.known_hosts import HostKey, forget, remember
from remote_payload.contract import writing
from tests.cli.comparing import MADE, store
from tests.cli.conftest import Outcome
from tests.contract.test_writing import needs_root, node
from tests.ncu.places import FIXTURES
from tests.report import synthetic

REPOSITORY = Path(__file__).parents[2]
CSV = FIXTURES / "raw_two_kernels.csv"
Say = Callable[..., Outcome]


@dataclass(frozen=True)
class Writer:
    """A command that writes what `-o` names, and how its text begins."""

    words: tuple[str, ...]
    begins: str


REPORT = Writer(("report", "latest"), "# sparsek is FASTER than sdpa on H100 SXM: ")
COUNTERS = Writer(("import-ncu", str(CSV)), "# Nsight Compute counters")
DOCUMENT = Writer(("import-ncu", str(CSV), "--json"), "{")
WRITERS = pytest.mark.parametrize("writer", [REPORT, COUNTERS, DOCUMENT], ids=lambda w: w.words[-1])


@pytest.fixture
def say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Say]:
    """The command line, in this process, in a folder with one finished run."""
    store(tmp_path, MADE, synthetic.gpu_result())
    monkeypatch.chdir(tmp_path)

    def said(*arguments: str) -> Outcome:
        capsys.readouterr()
        code = run(["--runs", "runs", *arguments])
        seen = capsys.readouterr()
        return Outcome(int(code), seen.out, seen.err)

    yield said
    assert not list(tmp_path.rglob("*.partial"))


@WRITERS
def test_an_output_follows_links_and_keeps_mode_and_names(
    say: Say, tmp_path: Path, writer: Writer
) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old")
    real.chmod(0o600)
    (tmp_path / "other name").hardlink_to(real)
    link.symlink_to("real")
    assert say(*writer.words, "-o", "link").code == 0
    assert link.is_symlink()
    assert real.read_text().startswith(writer.begins)
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert real.samefile(tmp_path / "other name")


@WRITERS
def test_a_read_only_output_is_refused_and_keeps_what_it_holds(
    say: Say, tmp_path: Path, writer: Writer
) -> None:
    (tmp_path / "kept").write_text("old")
    (tmp_path / "kept").chmod(0o444)
    outcome = say(*writer.words, "-o", "kept")
    assert outcome.code == 2
    assert "kept: it is read-only" in outcome.err
    assert "hint: Choose another -o FILE." in outcome.err
    assert (tmp_path / "kept").read_text() == "old"
    assert not list(tmp_path.glob("*charts*"))


@needs_root
@WRITERS
def test_a_device_is_written_to_and_nothing_is_put_beside_it(
    say: Say, tmp_path: Path, writer: Writer
) -> None:
    place = tmp_path / "devices"
    place.mkdir()
    assert say(*writer.words, "-o", str(node(place / "null", 3))).code == 0
    full = say(*writer.words, "-o", str(node(place / "full", 7)))
    assert full.code == 2
    assert "devices/full: No space left on device" in full.err
    assert sorted(item.name for item in place.iterdir()) == ["full", "null"]
    assert all(stat.S_ISCHR(item.stat().st_mode) for item in place.iterdir())


@WRITERS
def test_a_fifo_gets_the_text_and_without_a_reader_an_end(
    say: Say, tmp_path: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "READER_S", 0.5)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    came: list[str] = []
    reader = threading.Thread(target=lambda: came.append(fifo.read_text()))
    reader.start()
    assert say(*writer.words, "-o", "fifo").code == 0
    reader.join()
    assert came[0].startswith(writer.begins)
    outcome = say(*writer.words, "-o", "fifo")
    assert outcome.code == 2
    assert "fifo: nobody reads it" in outcome.err
    assert fifo.is_fifo()


@WRITERS
def test_a_link_to_our_stdout_is_our_stdout_and_holds_nothing_but_the_text(
    say: Say, tmp_path: Path, writer: Writer
) -> None:
    words = [sys.executable, "-m", "orchestrator", "--runs", str(tmp_path / "runs"), *writer.words]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    say(*writer.words, "-o", "expected")
    # As /dev/stdout, which no test names: it is the machine's, and a fault would replace it.
    (tmp_path / "stdout").symlink_to("/proc/self/fd/1")
    for name in (str(tmp_path / "stdout"), "/proc/self/fd/1"):
        with (tmp_path / "out").open("wb") as out:
            subprocess.run([*words, "-o", name], stdout=out, env=environment, check=True)
        expected = (tmp_path / "expected").read_bytes()
        # Only the charts lie elsewhere: beside stdout nothing is put.
        expected = expected.replace(b"(expected-charts/", b"(charts/")
        assert (tmp_path / "out").read_bytes() == expected
        if writer is REPORT:
            break  # the other name differs in nothing that a report does


def test_a_report_and_a_document_do_not_share_stdout(say: Say, tmp_path: Path) -> None:
    (tmp_path / "stdout").symlink_to("/proc/self/fd/1")
    words = ("--runs", "runs", "report", "latest", "--json", "-o", "stdout")
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator", *words],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "--json prints on stdout" in done.stderr


def test_charts_lie_beside_a_file_and_in_the_runs_folder_for_anything_else(
    say: Say, tmp_path: Path
) -> None:
    (tmp_path / "pages").mkdir()
    assert say("report", "latest", "-o", "pages/r.md").code == 0
    drawn = {item.name for item in (tmp_path / "pages" / "r.md-charts").iterdir()}
    assert drawn
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = threading.Thread(target=fifo.read_text)
    reader.start()
    outcome = say("report", "latest", "-o", "fifo")
    reader.join()
    assert f"its charts are in runs/{MADE}/charts" in outcome.err
    assert {item.name for item in (tmp_path / "runs" / MADE / "charts").iterdir()} == drawn
    assert not list(tmp_path.glob("*charts*"))


def test_the_report_in_a_runs_folder_and_its_charts_are_written_with_the_same_care(
    say: Say, tmp_path: Path
) -> None:
    folder = tmp_path / "runs" / MADE
    (folder / "report.md").symlink_to(tmp_path / "published.md")
    assert say("report", "latest").code == 0
    assert (folder / "report.md").is_symlink()
    assert (tmp_path / "published.md").read_text().startswith(REPORT.begins)
    chart = next(iter((folder / "charts").iterdir()))
    chart.write_text("kept")
    chart.chmod(0o444)
    outcome = say("report", "latest")
    assert outcome.code == 2
    assert f"{chart.name}: it is read-only" in outcome.err
    assert chart.read_text() == "kept"


def test_an_inventory_that_is_a_link_stays_one_and_a_read_only_one_is_refused(
    say: Say, tmp_path: Path
) -> None:
    real, link = tmp_path / "shared.yaml", tmp_path / "inventory.yaml"
    real.write_text("hosts: {}\n")
    real.chmod(0o600)
    (tmp_path / "other.yaml").hardlink_to(real)
    link.symlink_to("shared.yaml")
    assert say("hosts", "add", "here", "--local").code == 0
    assert link.is_symlink()
    assert real.samefile(tmp_path / "other.yaml")
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    real.chmod(0o444)
    before = real.read_text()
    outcome = say("hosts", "add", "there", "--local")
    assert outcome.code == 2
    assert "read-only" in outcome.err
    assert real.read_text() == before


def test_nothing_is_added_to_an_inventory_that_is_no_file(say: Say, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    outcome = say("--inventory", "pipe.yaml", "hosts", "add", "here", "--local")
    assert outcome.code == 2
    assert "pipe.yaml: nothing can be added to it: it is a FIFO" in outcome.err
    assert (tmp_path / "pipe.yaml").is_fifo()


def test_a_store_of_host_keys_that_is_a_link_stays_one(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles", tmp_path / "known_hosts"
    link.symlink_to("dotfiles")
    remember(link, "pod", HostKey("ssh-ed25519", b"key"))
    assert link.is_symlink()
    assert real.read_text().startswith("pod ssh-ed25519 ")
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert forget(link, "pod")
    assert link.is_symlink()
    assert real.read_text() == ""
