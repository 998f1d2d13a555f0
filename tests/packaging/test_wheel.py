"""The wheel is whole: what it holds, and what works with it alone, from an empty folder."""

from __future__ import annotations

import json
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from orchestrator.sync import sources
from tests.once import once
from tests.packaging.conftest import REPOSITORY, Installed, wheel_of

# Where the repository has it, and where the wheel; the longest that fits decides.
PLACES = {
    "orchestrator/": "orchestrator/",
    "remote_payload/": "remote_payload/",
    "remote_payload/blackwell_sparsek/": "blackwell_sparsek/",
    "templates/": "orchestrator/data/templates/",
    "csrc/": "orchestrator/data/csrc/",
    "benchmarks/baselines/": "orchestrator/data/baselines/",
}
SMALL = ("--heads", "1", "--seq", "16", "--rounds", "2", "--starts", "2", "--bench-budget", "1")
SCAN = """
from pathlib import Path
from orchestrator.sync import project, sources
from orchestrator.sync.inputs import require_inputs
print(require_inputs(sources.scan(project.root(Path.cwd(), Path.cwd()))).snapshot.manifest)
"""


def tree() -> dict[str, bytes]:
    """Every file of the repository that belongs into the wheel, by its place there."""
    listed = subprocess.run(
        ["git", "ls-files", "-coz", "--exclude-standard", *PLACES],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    ).stdout.decode()
    found = {}
    for name in filter(None, listed.split("\0")):
        if (REPOSITORY / name).is_file():
            part = max((part for part in PLACES if name.startswith(part)), key=len)
            found[PLACES[part] + name[len(part) :]] = (REPOSITORY / name).read_bytes()
    return found


def files_of(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {
            name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name
        }


def test_the_wheel_holds_every_file_of_the_tree_and_no_other(wheel: Path) -> None:
    """Nothing has to be listed, so that nothing new can be forgotten."""
    assert files_of(wheel) == tree()


def test_the_source_archive_builds_the_same_wheel(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        assert all(member.isfile() for member in archive)
        archive.extractall(tmp_path)
    (source,) = tmp_path.iterdir()
    (tmp_path / "again").mkdir()
    assert files_of(wheel_of(source, tmp_path / "again")) == files_of(wheel)


def test_what_is_sent_from_the_wheel_is_what_is_sent_from_the_repository(
    installed: Installed, tmp_path: Path
) -> None:
    """Also where rules of a repository around it would keep half of it back."""
    said = installed.python(tmp_path, SCAN)
    assert said.code == 0, said.err
    assert said.out.strip() == sources.scan(REPOSITORY).snapshot.manifest.strip()


def test_a_project_with_sources_of_its_own_sends_those(
    installed: Installed, tmp_path: Path
) -> None:
    for name in ("csrc/mine.cu", "remote_payload/__main__.py"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("mine")
    said = installed.python(tmp_path, SCAN)
    assert [row[0] for row in json.loads(said.out)] == [
        "csrc/mine.cu",
        "remote_payload/__main__.py",
    ]


def test_from_an_empty_folder_attention_is_profiled_and_reported(
    installed: Installed, tmp_path: Path, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Without an inventory, csrc/ and remote_payload/; nothing is written beside the code."""
    workspace = home / ".cache" / "blackwell-sparsek"
    workspace.mkdir(parents=True)
    (workspace / "builds").symlink_to(once(tmp_path_factory, "builds"))
    before = {path for path in installed.packages.rglob("*") if "__pycache__" not in path.parts}
    made = installed.orchestrator(tmp_path, "profile", "--host", "local", *SMALL)
    assert made.code == 0, made.err
    report = Path(made.out.splitlines()[-1])
    assert report.parents[1] == tmp_path / "runs"
    text = report.read_text()
    report.unlink()
    again = installed.orchestrator(tmp_path, "report", "latest")
    assert again.code == 0, again.err
    assert report.read_text() == text
    assert "PyTorch 2.4.1" in text, "the baseline that ships as data"
    assert {path.name for path in tmp_path.iterdir()} == {"runs"}
    after = {path for path in installed.packages.rglob("*") if "__pycache__" not in path.parts}
    assert after == before


@pytest.mark.parametrize("words", [("doctor",), ("doctor", "local"), ("hosts",), ("runs",)])
def test_what_looks_around_works_in_an_empty_folder_too(
    installed: Installed, tmp_path: Path, words: tuple[str, ...]
) -> None:
    said = installed.orchestrator(tmp_path, *words)
    assert said.code == 0, said.err
    assert not list(tmp_path.iterdir())


def test_an_installation_that_lacks_its_data_says_so(installed: Installed, tmp_path: Path) -> None:
    words = "from orchestrator.here import shipped; shipped._DATA = 'gone'; shipped.folder('csrc')"
    said = installed.python(tmp_path, words)
    assert "this installation is not whole: it has no csrc/" in said.err
