"""A run's folder says nothing of where it was made: no home, no user, no folder of either machine."""

from __future__ import annotations

import html
import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.values.privacy import kept_words
from tests.cli.conftest import Project
from tests.cli.quick import quick_payload
from tests.security.screen import ORCHESTRATOR, REPOSITORY

# The words that give it away: a user, his folders, the client that he works for.
TELLING = ("ada-of-home", "acme", "client", "pytest-of", "project/")
PROVIDER = "def attention(q, k, v, **more):\n    return q\n"
# A job that uses the real draft and the real log, and speaks of every place that it knows.
SPEAKS = """
import os
from remote_payload.processes import announce, places
from remote_payload.stages.draft import Draft

draft = Draft(request, Path(sys.argv[2]))
known = f"in {Path.cwd()}/csrc/x.cu, {Path.home()}/conda/bin/nvcc, '{Path.cwd().parents[1]}'."
announce.say(known)
announce.note(known)
try:
    raise RuntimeError(known)
except RuntimeError:
    places.trace()
draft.close(Status.FAILED, known)
"""


@pytest.fixture(autouse=True)
def nothing_known_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_words, "private", set())
    monkeypatch.setattr(kept_words, "folders", {})


@pytest.fixture
def away(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose inventory, runs, provider and workspace lie in folders that tell a lot."""
    home = tmp_path / "ada-of-home"
    (home / "acme").mkdir(parents=True)
    (home / "acme" / "mine.py").write_text(PROVIDER)
    (project.root / "ours.py").write_text(PROVIDER)
    monkeypatch.setenv("HOME", str(home))
    (home / "acme" / "hosts.yaml").write_text(
        "default: local\nhosts:\n  local:\n    transport: local\n"
        f"    workspace: {json.dumps(str(tmp_path / 'client' / 'work'))}\n"
    )
    (project.root / "inventory.yaml").unlink()
    return project


def typed(
    project: Project, *words: str, where: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, as a person types it."""
    home = project.root.parent / "ada-of-home"
    files = ("--inventory", f"{home}/acme/hosts.yaml", "--runs", f"{home}/acme/runs of a client")
    return subprocess.run(
        [*ORCHESTRATOR, *files, *words],
        cwd=where or project.root,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
    )


def kept(project: Project) -> dict[str, str]:
    """Every file of every run, as text."""
    runs = project.root.parent / "ada-of-home" / "acme" / "runs of a client"
    return {str(p.relative_to(runs)): p.read_text() for p in runs.rglob("*") if p.is_file()}


def telling(text: str) -> list[str]:
    return [word for word in TELLING if word in text]


def test_no_file_of_a_run_names_a_folder_a_home_or_a_user(away: Project) -> None:
    quick_payload(away.root, SPEAKS)
    mine = f"mine={away.root.parent}/ada-of-home/acme/mine.py:attention"
    done = typed(away, "check", "--provider", mine, "--provider", "ours=ours.py:attention")
    assert done.returncode == 1, done.stderr
    files = kept(away)
    assert {path.rpartition("/")[2] for path in files} >= {
        "run.json", "request.json", "result.json", "end.json", "log.txt", "report.md"
    }  # fmt: skip
    assert {path: telling(text) for path, text in files.items() if telling(text)} == {}
    (card,) = [json.loads(text) for path, text in files.items() if path.endswith("run.json")]
    assert card["workspace"] == "<workspace>"
    assert card["reproduce"] == (
        "orchestrator --inventory '<your>/hosts.yaml' --runs '<your runs>' check "
        "--provider 'mine=<your>/mine.py:attention' --provider ours=ours.py:attention"
    )
    (result,) = [json.loads(text) for path, text in files.items() if path.endswith("result.json")]
    assert "in <workspace>/snapshots/" in result["reason"]
    assert "~/conda/bin/nvcc, '<workspace>'." in result["reason"]


@pytest.mark.parametrize(
    "words",
    [
        ("runs", "show"),
        ("runs", "show", "--json"),
        ("runs", "--json"),
        ("logs",),
        ("report", "--json"),
    ],
    ids=" ".join,
)
def test_nothing_that_is_printed_of_a_run_to_be_passed_on_names_one(
    away: Project, words: tuple[str, ...]
) -> None:
    # As a payload of older code, and as a provider that prints for itself.
    quick_payload(
        away.root, "print(f'in {Path.cwd()}')\nanswer(Status.FAILED, f'in {Path.cwd()}')\n"
    )
    assert typed(away, "check").returncode == 1
    done = typed(away, *words)
    assert done.returncode == 0, done.stderr
    ours = ("folder ", '"report":')  # where it lies, for whoever asks here
    lines = [line for line in done.stdout.splitlines() if not line.lstrip().startswith(ours)]
    assert telling("\n".join(lines)) == []


def test_the_command_that_is_kept_makes_the_run_again_from_the_projects_root(
    project: Project,
) -> None:
    quick_payload(project.root)
    (project.root / "kernels").mkdir()
    (project.root / "kernels" / "mine.py").write_text(PROVIDER)
    words = ("--inventory", "../inventory.yaml", "check", "--provider", "m=mine.py:attention")
    environment = {"PYTHONPATH": str(REPOSITORY), "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}

    def run(words: tuple[str, ...], where: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*ORCHESTRATOR, *words], cwd=where, env=environment, capture_output=True, text=True
        )

    assert run(words, project.root / "kernels").returncode == 0
    again = shlex.split(newest_card(project)["reproduce"])[1:]
    assert again == [
        "--inventory", "inventory.yaml", "check", "--provider", "m=kernels/mine.py:attention"
    ]  # fmt: skip
    done = run(tuple(again), project.root)
    assert done.returncode == 0, done.stderr
    shell = f"{sys.executable} -m {newest_card(project)['reproduce']}"
    assert subprocess.run(["sh", "-c", shell], cwd=project.root, env=environment).returncode == 0


def test_a_placeholder_that_was_not_replaced_is_named_by_the_error(away: Project) -> None:
    done = typed(away, "check", "--provider", "mine=<your>/mine.py:attention")
    assert done.returncode == 2
    assert "there is no file <your>/mine.py" in done.stderr


def newest_card(project: Project) -> dict[str, str]:
    *_, folder = sorted((project.root / "runs").glob("[!.]*"))
    card: dict[str, str] = json.loads((folder / "run.json").read_text())
    return card


def test_a_run_folder_of_older_code_is_shown_without_the_folders_that_it_names(
    project: Project,
) -> None:
    quick_payload(project.root, "answer(Status.FAILED, 'x')\n")
    project.orchestrator("check")
    (folder,) = (project.root / "runs").glob("[!.]*")
    card = json.loads((folder / "run.json").read_text())
    card["workspace"] = "/data/acme/work"
    card["reproduce"] = (
        "orchestrator --inventory /srv/ada-of-home/hosts.yaml --runs '/srv/A client/runs' check "
        "--provider 'mine=~/A client/acme/mine.py:attention' --provider b=../acme/b.py:f"
    )
    (folder / "run.json").write_text(json.dumps(card))
    for words in (("report", "latest"), ("runs", "show"), ("runs", "show", "--json")):
        shown = project.orchestrator(*words)
        assert shown.code == 0, shown.err
        assert telling(shown.out.replace(str(project.root), "").replace("/project", "")) == []
    report = (folder / "report.md").read_text()
    assert telling(report) == []
    assert "--provider 'mine=<your>/mine.py:attention'" in html.unescape(report)
    assert "<your>" not in report
    assert "acme" in (folder / "run.json").read_text()  # it is read, not rewritten
