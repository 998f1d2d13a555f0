"""`-o` never takes the place of what is read, nor of what a run keeps of itself."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.cli.app import run
from tests.cli.comparing import MADE, store
from tests.ncu.places import FIXTURES
from tests.report import synthetic

CSV = FIXTURES / "raw_two_kernels.csv"
RUN = f"runs/{MADE}"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One finished run with a log and an artifact, and a file that ncu left."""
    store(tmp_path, MADE, synthetic.cpu_result())
    (tmp_path / RUN / "log.txt").write_text("what the job said\n")
    (tmp_path / RUN / "artifacts").mkdir()
    shutil.copy(CSV, tmp_path / RUN / "artifacts" / "page.txt")
    shutil.copy(CSV, tmp_path / "raw.txt")
    shutil.copy(CSV, tmp_path / "raw.json")
    (tmp_path / "hosts.txt").write_text("hosts: {}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def everything(place: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in place.rglob("*") if path.is_file()}


def link(new: str, old: str) -> None:
    Path(new).symlink_to(Path(old).absolute())


def name(new: str, old: str) -> None:
    Path(new).hardlink_to(old)


@pytest.mark.parametrize(
    "words",
    [
        ("import-ncu", "raw.txt", "-o", "raw.txt"),
        ("import-ncu", "raw.txt", "-o", "runs/../raw.txt"),
        ("import-ncu", "raw.json", "--json", "-o", "raw.json"),
        ("import-ncu", "raw.txt", "-o", "link"),
        ("import-ncu", "raw.txt", "-o", "name"),
        ("import-ncu", "link", "-o", "name"),
        ("report", "latest", "-o", "log name.md"),
        ("--inventory", "hosts.txt", "report", "latest", "-o", "hosts.txt"),
    ],
)
def test_a_file_that_is_read_is_not_written_over_by_any_name(
    words: tuple[str, ...], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link("link", "raw.txt")
    name("name", "raw.txt")
    name("log name.md", f"{RUN}/log.txt")
    before = everything(place)
    assert run(["--runs", "runs", *words]) == 2
    said = capsys.readouterr().err
    assert f"{words[-1]}: it is a file that this command reads; choose another" in said
    assert everything(place) == before


@pytest.mark.parametrize(
    "words",
    [
        ("report", "latest", "-o", f"{RUN}/log.txt"),
        ("report", "latest", "-o", f"{RUN}/artifacts/page.txt"),
        ("report", "latest", "-o", "link.md"),
        *(
            ("import-ncu", "raw.txt", "--json", "-o", f"{RUN}/{record}.json")
            for record in ("run", "request", "result", "end", "price")
        ),
        ("import-ncu", "raw.txt", "-o", f"{RUN}/artifacts/trace/new.md"),
        ("import-ncu", "raw.txt", "-o", "folder/log.txt"),
    ],
)
def test_a_runs_own_records_are_not_written_over_also_where_they_are_not_there_yet(
    words: tuple[str, ...], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link("link.md", f"{RUN}/log.txt")
    link("folder", RUN)
    before = everything(place)
    assert run(["--runs", "runs", *words]) == 2
    said = capsys.readouterr().err
    assert words[-1] in said
    assert "choose another" in said
    assert everything(place) == before


def test_a_report_in_its_runs_folder_and_a_log_elsewhere_are_written_as_ever(place: Path) -> None:
    for file in (f"{RUN}/report.md", f"{RUN}/more.md", "log.txt", "artifacts/page.md"):
        assert run(["--runs", "runs", "report", "latest", "-o", file]) == 0
        assert Path(file).read_text().startswith("# Profile on synthetic")


def test_what_stdin_reads_from_is_not_written_over(place: Path) -> None:
    (place / "stdin").symlink_to("/proc/self/fd/0")
    with (place / "raw.txt").open() as source:
        done = subprocess.run(
            [sys.executable, "-m", "orchestrator", "import-ncu", "stdin", "-o", "raw.txt"],
            env={"PYTHONPATH": str(Path(__file__).parents[2])},
            stdin=source,
            capture_output=True,
            check=False,
        )
    assert done.returncode == 2, done.stderr
    assert (place / "raw.txt").read_bytes() == CSV.read_bytes()
