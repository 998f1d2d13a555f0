"""A run's folder is bound together: what is not as it came home is told, and left as it is."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import RunError
from orchestrator.report.figures import figures
from orchestrator.report.first.headline import headline
from orchestrator.report.folder import objections
from orchestrator.report.render import Report
from orchestrator.report.sections.ground.method import method
from orchestrator.store.runs.run_store import RunStore
from orchestrator.values.job import Ending
from orchestrator.values.price import Charge
from orchestrator.values.run import Run
from orchestrator.workflows.publishing.compare import compare
from orchestrator.workflows.publishing.insight import LISTING, insight
from orchestrator.workflows.publishing.publish import publish
from tests.model.test_sass import LISTING as SASS
from tests.report import gone_wrong, synthetic
from tests.store.bound import ARTIFACTS, home, looked_at, told

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs")


def edited(path: Path, change: Change) -> bytes:
    """The file after `change` of its document, as a careful hand would write it."""
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    return path.read_bytes()


def report(store: RunStore, folder: Path) -> Report:
    return publish(store.load(folder), folder).report


def said(run: Run) -> tuple[str, str]:
    """The first line of a report, and the notes under Method, without drawing its charts."""
    assert run.result is not None
    found = figures(run.result, objections(run))
    return headline(run, found), "\n".join(method(run.result, found).notes)


def ours(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in document["bench"] if one["provider"] == "sparsek"]


def a_digit(document: dict[str, Any]) -> None:
    samples = ours(document)[0]["samples_us"]
    samples[0] = round(samples[0] + 0.0001, 4)


def half(document: dict[str, Any]) -> None:
    for record in ours(document):
        record["samples_us"] = [us / 2 for us in record["samples_us"]]


def the_best(document: dict[str, Any]) -> None:
    for record in ours(document):
        record["samples_us"] = sorted(record["samples_us"])[:10]


def a_row_twice(document: dict[str, Any]) -> None:
    document["bench"].append(document["bench"][0])


def no_mismatches(document: dict[str, Any]) -> None:
    document["checks"][0]["error"]["mismatches"] = 7


def another_machine(document: dict[str, Any]) -> None:
    document["machine"]["gpu"] = "NVIDIA H200"


EDITS = (a_digit, half, the_best, a_row_twice, no_mismatches, another_machine)


@pytest.mark.parametrize("change", EDITS, ids=lambda change: change.__name__)
def test_that_a_result_edited_by_hand_is_evidence_of_nothing(
    store: RunStore, change: Change
) -> None:
    folder, other = home(store), home(store)
    left = edited(folder / "result.json", change)
    run = store.load(folder)
    assert run.result is not None
    found = figures(run.result, objections(run))
    assert headline(run, found).startswith(
        "MEASUREMENT ERROR: the run's folder: result.json is not what came home ("
    )
    assert [row.trusted for row in found.rows] == [None] * len(found.rows)
    assert [row.against for row in found.rows] == [None] * len(found.rows)
    for pair in ((folder.name, other.name), (other.name, folder.name)):
        with pytest.raises(RunError, match=r"result\.json is not what came home") as error:
            compare(store, *pair)
        assert f"orchestrator attach {folder.name}" in error.value.hint
    assert (folder / "result.json").read_bytes() == left, "nothing is written over it"


def test_that_a_report_of_an_edited_result_judges_nothing_of_it(store: RunStore) -> None:
    folder = home(store)
    edited(folder / "result.json", half)
    found = report(store, folder)
    assert "orchestrator attach 20261122-101530-synthetic-profile" in found.verdict
    assert not found.ok
    for judged in ("FASTER", "SLOWER", "SAME", "PASS", "INCONCLUSIVE"):
        assert f"| {judged}" not in found.markdown
    assert '"PASS"' not in json.dumps(found.targets)


def test_that_a_run_as_it_came_home_is_told_of_nothing(store: RunStore) -> None:
    for result in (synthetic.gpu_result(), synthetic.cpu_result(), gone_wrong.interrupted_result()):
        run = looked_at(store, home(store, result))
        assert (run.changed, run.is_bound) == ((), True)
        assert "the run's folder" not in "".join(said(run))
    folder = store.folder(run.card.run_id)
    assert "| Files bound by their digests | 6 |" in report(store, folder).markdown
    assert looked_at(store, folder) == run, "its own report changes nothing"


def test_that_two_runs_as_they_came_home_are_compared(store: RunStore) -> None:
    assert compare(store, home(store).name, home(store).name).ruling.slower == ()


def test_that_the_result_of_another_run_is_told_also_where_it_was_made_to_name_this_one(
    store: RunStore,
) -> None:
    mine, other = home(store), home(store)
    (mine / "result.json").write_bytes((other / "result.json").read_bytes())
    with pytest.raises(RunError, match="this is the result of another run"):
        store.load(mine)
    edited(mine / "result.json", lambda document: document["request"].update(run_id=mine.name))
    assert store.load(mine).changed == (), "the two runs measured the same: it is the same result"
    half_of = edited(other / "result.json", half)
    (mine / "result.json").write_bytes(half_of)
    edited(mine / "result.json", lambda document: document["request"].update(run_id=mine.name))
    assert [one.path for one in store.load(mine).altered] == ["result.json"]


def test_that_request_and_result_of_another_snapshot_are_told_though_they_fit_each_other(
    store: RunStore,
) -> None:
    folder = home(store)
    edited(folder / "request.json", lambda document: document.update(snapshot="beef"))
    edited(folder / "result.json", lambda document: document["request"].update(snapshot="beef"))
    with pytest.raises(
        RunError, match=r"request\.json: snapshot is 'beef', and run\.json says"
    ) as e:
        store.load(folder)
    assert f"orchestrator runs fetch {folder.name} --host synthetic" in e.value.hint


@pytest.mark.parametrize("left", [None, '{"why": "exit", "exit_status": 0, "message": ""}'])
def test_that_an_end_edited_or_removed_makes_no_whole_run_of_one_that_was_cut_short(
    store: RunStore, left: str | None
) -> None:
    folder = home(store, ending=Ending.TIMEOUT)
    assert said(store.load(folder))[0].startswith("TIMEOUT")
    (folder / "end.json").unlink()
    if left:
        (folder / "end.json").write_text(left)
    first = said(store.load(folder))[0]
    assert first.startswith("MEASUREMENT ERROR: the run's folder: end.json")


def test_that_a_result_that_was_removed_is_told_as_one_that_had_come(store: RunStore) -> None:
    folder = home(store)
    (folder / "result.json").unlink()
    assert headline(store.load(folder), None) == "NO RESULT: result.json came home and is gone."


def test_that_what_stands_beside_the_result_costs_a_doubt_and_not_the_figures(
    store: RunStore,
) -> None:
    folder = home(store)
    (folder / "log.txt").write_text("spake\n")
    (folder / "artifacts" / "ncu" / "sdpa.csv").write_text("a,b\n1,2\n")
    (folder / "artifacts" / "ncu" / "added.csv").write_text("a,b\n")
    assert told(looked_at(store, folder)) == [
        "artifacts/ncu/sdpa.csv is not what came home (8 bytes, not 4)",
        "log.txt is not what came home (as many bytes, but others)",
        "artifacts/ncu/added.csv is not of the run's own",
    ]
    first, notes = said(looked_at(store, folder))
    assert "FASTER" in first
    assert "1 doubt under Method" in first
    assert "Doubt: the run's folder: log.txt is not what came home" in notes


def test_that_an_artifact_that_was_removed_is_only_noted(store: RunStore) -> None:
    folder = home(store)
    for path in ARTIFACTS:
        (folder / path).unlink()
    first, notes = said(looked_at(store, folder))
    assert "doubt" not in first
    assert (
        "Note: the run's folder: artifacts/ncu/sdpa.csv, artifacts/trace/sparsek.sass came home or "
        "was written, and is gone." in notes
    )


def test_that_machine_code_that_did_not_come_home_so_says_nothing_in_the_report(
    store: RunStore,
) -> None:
    folder = home(store)
    (folder / LISTING).write_text(SASS)
    run = store.load(folder)
    assert insight(run, folder).machine_code != (), "there is something to say"
    assert insight(looked_at(store, folder), folder).machine_code == ()


def test_that_a_price_of_ours_is_bound_anew_and_one_of_somebody_elses_stays_told(
    store: RunStore,
) -> None:
    folder = home(store)
    charge = Charge(3.29, 340.0, "H100", 1)
    store.add_charge(folder, charge)
    store.add_charge(folder, charge)
    assert looked_at(store, folder).changed == ()
    edited(folder / "price.json", lambda document: document["charges"][0].update(duration_s=1.0))
    assert store.add_charge(folder, charge).commands == 3
    assert [one.path for one in looked_at(store, folder).changed] == ["price.json"]
    assert (
        "Doubt: the run's folder: price.json is not what was written"
        in (said(looked_at(store, folder))[1])
    )


def test_that_a_run_of_before_is_read_as_ever_and_said_to_be_bound_by_nothing(
    store: RunStore,
) -> None:
    folder = home(store)
    edited(folder / "run.json", lambda card: [card.pop(key) for key in ("files", "revisions")])
    edited(folder / "result.json", a_digit)
    run = looked_at(store, folder)
    assert (run.changed, run.is_bound) == ((), False)
    first, notes = said(run)
    assert "FASTER" in first
    assert "doubt" not in first
    assert "Note: the run's folder: nothing binds its files" in notes
    assert compare(store, folder.name, home(store).name).ruling.slower == ()


def test_that_a_card_that_names_other_places_than_its_own_does_no_harm(store: RunStore) -> None:
    folder = home(store)
    os.mkfifo(folder / "artifacts" / "waits")
    strange = ["artifacts/waits", "../../../etc/passwd", "/dev/zero", "a\0b", "artifacts"]
    marks = [{"path": path, "size_bytes": 0, "sha256": "0"} for path in strange]
    edited(folder / "run.json", lambda card: card["files"].extend(marks))
    assert [one.path for one in looked_at(store, folder).changed] == strange


def test_that_a_run_on_its_way_is_bound_only_by_what_was_asked(store: RunStore) -> None:
    made = store.create(synthetic.run(None).card, synthetic.gpu_result().request)
    folder = store.folder(made.run_id)
    assert [one.path for one in made.files] == ["request.json"]
    assert looked_at(store, folder).changed == ()
    edited(folder / "request.json", lambda request: request.update(seed=request["seed"] + 1))
    assert told(store.load(folder)) == [
        "request.json is not what was written (as many bytes, but others)"
    ]


def test_that_a_result_that_no_job_left_is_of_no_run(store: RunStore) -> None:
    folder = home(store)
    whole = (folder / "result.json").read_bytes()
    edited(
        folder / "run.json",
        lambda card: card.update(
            files=[one for one in card["files"] if "result" not in one["path"]]
        ),
    )
    (folder / "result.json").unlink()
    assert store.load(folder).changed == ()
    (folder / "result.json").write_bytes(whole)
    assert told(store.load(folder)) == ["result.json is not of the run's own: its job left none"]


def test_that_a_result_is_what_its_job_had_left_also_where_no_card_says_so(store: RunStore) -> None:
    folder = home(store)
    edited(folder / "run.json", lambda card: card.update(files=[]))
    left = hashlib.sha256((folder / "result.json").read_bytes()).hexdigest()
    edited(folder / "end.json", lambda end: end.update(result_sha256=left))
    assert store.load(folder).changed == ()
    edited(folder / "result.json", a_digit)
    assert told(store.load(folder)) == ["result.json is not what its job had left when it ended"]
