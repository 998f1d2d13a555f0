"""`-o` never takes the place of what is read, nor of what a run keeps of itself."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.cli.app import run
from tests.cli.comparing import AGAIN, MADE, store
from tests.ncu.places import FIXTURES
from tests.report import synthetic

CSV = FIXTURES / "raw_two_kernels.csv"
RUN = f"runs/{MADE}"
PENDING = f"runs/{AGAIN}"


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
        assert Path(file).read_text().startswith("# OK on SYNTHETIC CPU: sdpa takes ")


@pytest.mark.parametrize(
    "file",
    [
        f"{PENDING}/artifacts",
        f"{PENDING}/artifacts.partial/x.md",
        f"{PENDING}/result.json/x.md",
        f"{PENDING}/result.json.partial/x.md",
        f"{PENDING}/end.json/deep/er/x.md",
        f"{PENDING}/lent/x.md",
        f"{RUN}/lent",
        f"{RUN}/charts",
        f"{RUN}/charts/x.md",
        f"{RUN}/report.md/x.md",
        "runs/.arriving-a-run/log.txt",
        "runs/.arriving-a-run/0123/x.md",
    ],
)
def test_nothing_is_put_where_a_run_that_comes_home_has_its_files(
    file: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store(place, AGAIN, None)
    before = everything(place)
    for words in (("report", MADE), ("import-ncu", "raw.txt")):
        assert run(["--runs", "runs", *words, "-o", file]) == 2
        assert f"{file}: " in (said := capsys.readouterr().err)
        assert "choose another" in said
    assert everything(place) == before
    assert not (place / PENDING / Path(file).name).exists()


@pytest.mark.parametrize("name", ["result.json", "log.txt", "run.json", "artifacts/page.txt"])
@pytest.mark.parametrize("words", [("report", AGAIN), ("import-ncu", "raw.txt")])
def test_another_runs_record_is_not_written_over_by_another_of_its_names(
    name: str, words: tuple[str, ...], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store(place, AGAIN, synthetic.cpu_result())
    Path("out").hardlink_to(f"{RUN}/{name}")
    before = everything(place)
    assert run(["--runs", "runs", *words, "-o", "out"]) == 2
    assert f"by another name it is runs/{MADE}/{name}" in capsys.readouterr().err
    assert everything(place) == before


@pytest.mark.parametrize("file", ["report.md", "more.md", "sub/more.md"])
def test_a_report_does_not_go_into_the_folder_of_another_run(
    file: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store(place, AGAIN, synthetic.cpu_result())
    Path("elsewhere").symlink_to(RUN)
    shutil.copytree(RUN, "copy")
    before = everything(place)
    for folder in (RUN, "elsewhere", "copy"):
        assert run(["--runs", "runs", "report", AGAIN, "-o", f"{folder}/{file}"]) == 2
        assert "it is in the folder of another run, " in capsys.readouterr().err
    assert everything(place) == before
    assert run(["--runs", "runs", "report", "copy/", "-o", f"copy/{file}"]) == 0


def test_a_page_of_counters_does_not_take_the_place_of_a_runs_report(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in (f"{RUN}/report.md", f"{RUN}/charts/x.md"):
        assert run(["--runs", "runs", "import-ncu", "raw.txt", "-o", file]) == 2
        assert "a run keeps its report under this name" in capsys.readouterr().err
    assert run(["--runs", "runs", "import-ncu", "raw.txt", "-o", f"{RUN}/counters.md"]) == 0


def test_a_file_of_several_names_and_a_run_json_that_is_no_runs_are_nobodys_concern(
    place: Path,
) -> None:
    (place / "run.json").write_text('{"another": "program"}')
    Path("out.md").write_text("old")
    Path("other name").hardlink_to("out.md")
    for file in ("out.md", "pages/more.md", "charts.md"):
        assert run(["--runs", "runs", "report", MADE, "-o", file]) == 0
    assert Path("other name").read_text().startswith("# OK on SYNTHETIC CPU: sdpa takes ")


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
