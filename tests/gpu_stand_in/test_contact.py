"""First light on a machine that looks like an H100, in all the ways in which it may go wrong.

`pytest -m slow tests/gpu_stand_in`, where the stand-in machine is installed (README.md).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.gpu_stand_in import homecoming
from tests.gpu_stand_in.machine import Machine, NoMachine, travel
from tests.gpu_stand_in.rehearsal import COMMAND, ROOT, Ended, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@dataclass(frozen=True)
class Home:
    """How a contact ended, what it printed, and the results in its archive, the bench first."""

    ended: Ended
    said: str
    results: list[dict[str, Any]]

    def ours(self) -> list[str]:
        """How the checks of our kernel ended, by case."""
        checks = self.results[0]["checks"]
        return [check["status"] for check in checks if check["provider"] == "sparsek"]

    def timed(self) -> set[tuple[str, int]]:
        """Who was timed back to back, at how many heads."""
        rows = [row for row in self.results[0]["bench"] if row["method"] == "back_to_back"]
        return {(r["provider"], dict(r["case"]["axes"])["H"]) for r in rows if r["status"] == "ok"}


def contact(case: str, folder: Path, monkeypatch: pytest.MonkeyPatch, limit_s: int = 300) -> Home:
    home = Path(os.environ.get("STAND_IN_HOME", Path.home() / ".cache" / "gpu_stand_in"))
    monkeypatch.setenv("LIMIT_S", str(limit_s))
    monkeypatch.setenv("STAND_IN_QUICK_BUILD", "1")
    machine = Machine(home.resolve(), folder, case)
    try:
        machine.set_up()
    except NoMachine as exc:
        pytest.skip(str(exc))
    tree, out = folder / "tree", folder / "out"
    out.mkdir()
    travel(ROOT, tree, wheelhouse=True)
    ended = run(machine, tree, out, COMMAND, homecoming.Watch(tree, out))
    said = (machine.room / "log.txt").read_text("utf-8", "replace")
    results = [result for _, result in homecoming.results_in(out / "gpu-first.tgz")]
    return Home(ended, said, sorted(results, key=lambda result: -len(result["checks"])))


SDPA = {(name, heads) for name in ("sdpa", "sdpa-flash") for heads in (4, 2)}
OURS = {("sparsek", 4), ("sparsek", 2)}


@pytest.mark.parametrize(
    ("case", "status", "ours", "timed", "then"),
    [
        ("right", 0, ["ok", "ok"], SDPA | OURS, ".ci/gpu rest --variants "),
        ("no-ensurepip", 0, ["ok", "ok"], SDPA | OURS, ".ci/gpu rest --variants "),
        ("wrong-element", 1, ["failed", "ok"], SDPA | {("sparsek", 2)}, "--without sparsek"),
        ("hangs", 1, ["timeout", "timeout"], SDPA, "--without sparsek"),
        ("faults", 1, ["failed", "failed"], SDPA, "--without sparsek"),
        ("segfault", 1, ["failed", "failed"], SDPA, "--without sparsek"),
        (
            "cudnn-refuses",
            4,
            ["ok", "ok"],
            OURS | {("sdpa-flash", 4), ("sdpa-flash", 2)},
            ".ci/gpu rest --variants ",
        ),
    ],
)
def test_all_that_passed_its_check_is_timed_and_home(
    case: str,
    status: int,
    ours: list[str],
    timed: set[tuple[str, int]],
    then: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = contact(case, tmp_path, monkeypatch)
    assert home.ended.status == status, home.said
    assert home.ours() == ours
    assert home.timed() == timed
    assert [proof["status"] for proof in home.results[1]["proofs"]] == ["ok"]
    (next_step,) = [line for line in home.said.splitlines() if "] next: " in line][-1:]
    assert then in next_step


def test_a_machine_that_is_taken_away_has_left_what_it_knew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = contact("hangs-late", tmp_path, monkeypatch, limit_s=25)
    assert home.ended.status is None
    (result,) = home.results
    assert (result["build"]["status"], result["reason"]) == ("ok", "interrupted")
    assert home.ours() == ["ok"]  # the second case hangs
