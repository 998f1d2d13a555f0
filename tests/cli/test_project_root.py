"""The project is where one stands, wherever its inventory lies."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from orchestrator.errors import ExitCode
from orchestrator.transport.login.known_hosts import HostKey, keys_of, remember
from tests.cli.conftest import Project
from tests.cli.quick import quick_payload

SENT = "'csrc/attention/api.cu'"


@pytest.fixture
def elsewhere(project: Project, tmp_path: Path) -> tuple[str, ...]:
    """The project's inventory, moved to a folder that has nothing to do with it."""
    folder = tmp_path / "configuration"
    folder.mkdir()
    shutil.move(project.root / "inventory.yaml", folder / "gpus.yaml")
    return ("--inventory", str(folder / "gpus.yaml"))


@pytest.mark.parametrize("inside", [".", "csrc/attention/hopper", "notes"])
def test_with_an_inventory_elsewhere_the_project_is_the_one_around_us(
    project: Project, elsewhere: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, inside: str
) -> None:
    quick_payload(project.root)
    (project.root / inside).mkdir(exist_ok=True)
    monkeypatch.chdir(project.root / inside)
    shown = project.orchestrator(*elsewhere, "deploy", "--dry-run")
    assert shown.code == ExitCode.OK, shown.err
    assert SENT in shown.out
    assert project.orchestrator(*elsewhere, "check").code == ExitCode.OK
    (run,) = (project.root / "runs").glob("[!.]*")
    (listed,) = project.orchestrator(*elsewhere, "runs", "--json").json
    assert listed["run"] == run.name
    assert project.orchestrator("runs", "show").code == ExitCode.OK, "it needs no inventory"


@pytest.mark.parametrize("where", ["above", "below", "linked"])
def test_the_nearest_inventory_may_lie_above_or_below_the_project_or_be_a_link(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    quick_payload(project.root)
    mine, here = project.root / "inventory.yaml", project.root / "experiments"
    here.mkdir()
    monkeypatch.chdir(here)
    shutil.move(mine, (here if where == "below" else tmp_path) / "inventory.yaml")
    if where == "linked":
        mine.symlink_to(tmp_path / "inventory.yaml")
    done = project.orchestrator("check")
    assert done.code == ExitCode.OK, done.err
    assert Path(done.out.splitlines()[-1]).parents[1] == project.root / "runs"
    assert not (tmp_path / "runs").exists()


def test_what_belongs_to_an_inventory_lies_beside_it(
    project: Project, elsewhere: tuple[str, ...]
) -> None:
    """Two inventories may give one name to two machines."""
    file = Path(elsewhere[1])
    (file.parent / "keys").mkdir()
    (file.parent / "keys" / "pod").write_text("a key")
    file.write_text(
        "hosts:\n  pod:\n    transport: ssh\n    address: 192.0.2.1\n    identity_file: keys/pod\n"
    )
    shown = project.orchestrator(*elsewhere, "hosts", "show", "pod", "--json").json
    assert shown["identity_file"] == str(file.parent / "keys" / "pod")
    store = file.parent / ".orchestrator" / "known_hosts"
    remember(store, "pod", HostKey("ssh-ed25519", b"wire"))
    assert "forgot the host key" in project.orchestrator(*elsewhere, "hosts", "trust", "pod").out
    assert keys_of(store, "pod") == ()


def test_a_first_inventory_is_begun_in_the_project_also_from_a_folder_in_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.root / "inventory.yaml").unlink()
    monkeypatch.chdir(project.root / "csrc")
    assert project.orchestrator("hosts", "add", "here", "--local").code == ExitCode.OK
    assert "here" in (project.root / "inventory.yaml").read_text()
    assert not (project.root / "csrc" / "inventory.yaml").exists(), "it would travel"


def test_outside_of_any_project_the_inventorys_own_is_taken_as_ever(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick_payload(project.root)
    other = tmp_path / "another project"
    (other / "csrc").mkdir(parents=True)  # of the usual name, and not one of ours
    monkeypatch.chdir(other)
    inventory = ("--inventory", str(project.root / "inventory.yaml"))
    assert SENT in project.orchestrator(*inventory, "deploy", "--dry-run").out
    assert project.orchestrator(*inventory, "check").code == ExitCode.OK
    assert (project.root / "runs").is_dir()
    assert {entry.name for entry in other.iterdir()} == {"csrc"}


def test_with_no_project_at_all_what_was_installed_is_sent(
    project: Project, elsewhere: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A csrc/ alone is no sign: half of all projects with kernels have one."""
    stranger = tmp_path / "stranger" / "csrc"
    stranger.mkdir(parents=True)
    (stranger / "theirs.cu").touch()
    monkeypatch.chdir(stranger)
    done = project.orchestrator(*elsewhere, "deploy", "--dry-run")
    assert done.code == ExitCode.OK, done.err
    assert SENT in done.out
    assert "theirs.cu" not in done.out


def test_a_project_that_lacks_a_part_hears_which(
    project: Project, elsewhere: tuple[str, ...]
) -> None:
    shutil.rmtree(project.root / "remote_payload")
    done = project.orchestrator(*elsewhere, "deploy")
    assert done.code == ExitCode.USAGE
    assert f"there is no remote_payload/ in {project.root}" in done.err


@pytest.mark.parametrize(
    "words", [("deploy",), ("deploy", "--dry-run"), ("profile", "--dry-run"), ("check",)]
)
def test_sources_that_a_parents_rules_keep_back_stop_every_verb_that_sends_them(
    project: Project, words: tuple[str, ...]
) -> None:
    parent = project.root.parent
    subprocess.run(["git", "-C", str(parent), "init", "-q"], check=True)
    (parent / ".gitignore").write_text("hopper/\n")
    outcome = project.orchestrator(*words, "--host", "local")
    assert outcome.code == ExitCode.USAGE
    assert "the build needs what would not travel: csrc/attention/hopper/" in outcome.err
    assert ".gitignore, `hopper/`" in outcome.err
    assert not (parent / "work" / "snapshots").exists()
    assert not (project.root / "runs").exists()
