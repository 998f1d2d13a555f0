"""Which launcher a host's jobs are started by, as its inventory says."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import InventoryError
from orchestrator.store.inventory.edit import add_host
from orchestrator.values.host import LauncherKind
from tests.store.test_inventory_environment import HEAD, read

SSH = "  b:\n    transport: ssh\n    address: pod.example\n"


def test_a_host_that_does_not_say_how_starts_its_jobs_detached(tmp_path: Path) -> None:
    inventory = read(tmp_path, HEAD + SSH)
    assert {inventory.host(name).launcher for name in "ab"} == {LauncherKind.DETACHED}


def test_a_launcher_may_be_written_be_a_default_and_a_variable(tmp_path: Path) -> None:
    text = "defaults: {launcher: '${HOW}'}\n" + HEAD + SSH + "    launcher: detached\n"
    inventory = read(tmp_path, text, HOW="detached")
    assert {inventory.host(name).launcher for name in "ab"} == {LauncherKind.DETACHED}


@pytest.mark.parametrize(
    ("written", "got"),
    [
        ("slurm", "'slurm'"),
        ("Detached", "'Detached'"),
        ('""', "''"),
        ("[detached]", "a list"),
        ("{detached: yes}", "a mapping"),
    ],
)
@pytest.mark.parametrize(("head", "host"), [(HEAD, "a"), ("hosts:\n" + SSH, "b")])
def test_a_launcher_that_nobody_has_is_named_by_file_line_and_key_with_a_mend(
    tmp_path: Path, written: str, got: str, head: str, host: str
) -> None:
    with pytest.raises(InventoryError) as caught:
        read(tmp_path, f"{head}    launcher: {written}\n")
    line = head.count("\n") + 1
    said = f"inventory.yaml:{line}: hosts.{host}.launcher: expected detached, got {got}"
    assert said in caught.value.message
    assert "correct launcher" in f"{caught.value.message} {caught.value.hint}"


def test_a_host_can_be_added_with_its_launcher(tmp_path: Path) -> None:
    path = tmp_path / "inventory.yaml"
    added = add_host(path, "a", {"transport": "local", "launcher": "detached"}, {})
    assert added.host("a").launcher is LauncherKind.DETACHED
    assert "    launcher: detached\n" in path.read_text()
