"""What the index of all runs says, and when it looks at one again."""

from __future__ import annotations

import json
import stat
from dataclasses import fields, replace

import pytest

from orchestrator.store.index import crediting, quick
from orchestrator.store.index.values import Asked, Wanted
from orchestrator.store.runs import labels
from orchestrator.values.job import Ending, JobEnd
from orchestrator.values.kept.summary import Summary
from orchestrator.values.run import Run, RunCard
from orchestrator.workflows import user_providers
from remote_payload.contract.words import Status
from tests.index.kept import COMMITS, RESULTS, Runs, at, edited, same_size_and_time, settle
from tests.report import synthetic


def test_that_a_run_at_home_is_told_by_its_card_alone(runs: Runs) -> None:
    folder = runs.home(revisions=at(COMMITS[0], False), tags=("paper",), note="mine")
    (entry,) = runs.entries().values()
    assert (entry.name, entry.status, entry.host, entry.verb) == (
        folder.name,
        "ok",
        "h100",
        "bench",
    )
    assert (entry.commit, entry.is_clean, entry.branch) == (COMMITS[0], False, "main")
    assert (entry.tags, entry.note, entry.operator) == (("paper",), "mine", "attention")
    assert entry.cases == ("B=16 H=4 S=64 D=64 fp32", "B=16 H=8 S=64 D=64 fp32")
    assert entry.machine == "SYNTHETIC CPU, 8 CPUs, torch 2.4.1"
    assert "sdpa takes" in entry.verdict
    assert runs.read == []


def test_that_a_figure_is_of_the_checkout_of_its_provider_and_clean_where_all_are(
    runs: Runs,
) -> None:
    (own,) = at(COMMITS[0])
    of = f"{crediting.OF_PROVIDERS}sdpa/f.py"
    theirs = replace(own, commit=COMMITS[1], of=of, committed_at="2026-11-21T10:00:00+00:00")
    typed = f"{synthetic.run(None).card.reproduce} --provider sdpa=f.py:f"
    edits = replace(theirs, is_clean=False)
    several = replace(theirs, commit=COMMITS[2], of="operator/op.py")
    for day, (revisions, reproduce, commit, is_clean) in enumerate(
        [
            ((own, theirs), typed, COMMITS[1], True),
            ((own, edits), typed, COMMITS[1], False),
            ((own, replace(theirs, is_clean=None)), typed, COMMITS[1], None),
            ((own, replace(theirs, of="operator/op.py")), typed, COMMITS[1], True),
            ((own, replace(theirs, of="operator/op.py")), "", COMMITS[0], True),
            ((own, several, replace(several, of=f"{of}/../x")), typed, COMMITS[2], True),
            ((own, several, replace(several, of="providers/x/f.py")), typed, "", True),
            ((own,), typed, COMMITS[0], True),
        ],
        10,
    ):
        runs.home(f"202611{day}-101530-h100-bench", revisions=revisions, reproduce=reproduce)
        figure = [*runs.index.figures()][-1]
        assert (figure.row.provider, figure.commit, figure.is_clean) == ("sdpa", commit, is_clean)
        entry = [*runs.index.entries()][-1]
        assert (entry.commit, entry.is_clean) == (COMMITS[0], is_clean), "a run goes by its project"
    assert crediting.OF_PROVIDERS.rstrip("/") == user_providers.PROVIDERS_FOLDER


def test_that_a_run_of_before_is_read_once_and_kept(runs: Runs) -> None:
    runs.home()
    without = runs.home("20261123-101530-h100-bench", summarised=False)
    settle()
    first, second = runs.entries(), runs.entries()
    assert first == second
    assert runs.read == [without.name]
    told = [replace(one, name="", run_id="", created_at="") for one in first.values()]
    assert told[0] == told[1], "the index says of both the same"


@pytest.mark.parametrize("name", ["result.json", "end.json"])
def test_that_a_file_that_was_edited_is_told_and_the_figures_of_it_are_gone(
    runs: Runs, name: str
) -> None:
    folder = runs.home()
    settle()
    assert len([*runs.index.figures()]) == 2
    old, new = (b"ok", b"no") if name == "result.json" else (b'"exit"', b'"lost"')
    same_size_and_time(folder / name, old, new)
    (entry,) = runs.entries().values()
    assert entry.status in ("changed", "damaged")
    assert name in entry.reason
    assert [*runs.index.figures()] == []
    same_size_and_time(folder / name, new, old)
    assert runs.entries()[folder.name].status == "ok"
    assert len([*runs.index.figures()]) == 2


def test_that_a_summary_of_another_result_is_not_believed(runs: Runs) -> None:
    folder = runs.home()
    card = json.loads((folder / "run.json").read_text())
    edited(
        folder / "run.json", summary={**card["summary"], "status": "failed", "result_sha256": "0"}
    )
    assert runs.entries()[folder.name].status == "ok"
    assert runs.read == [folder.name]


@pytest.mark.parametrize(
    "summary", [7, {}, {"rows": []}, {"status": "ok", "rows": [{"provider": 1}]}, None], ids=str
)
def test_that_a_card_whose_summary_is_none_of_ours_is_read_as_any_other(
    runs: Runs, summary: object
) -> None:
    folder = runs.home()
    edited(folder / "run.json", summary=summary)
    assert runs.entries()[folder.name].status == ("ok" if summary is None else "damaged")


def test_that_each_state_of_a_run_has_its_word(runs: Runs) -> None:
    failed = replace(RESULTS["cpu"], status=Status.FAILED, reason="it is private\nand long")
    runs.home("20261120-101530-h100-bench", result=failed)
    lost = runs.made("20261121-101530-h100-bench")
    runs.store.record_end(runs.store.folder(lost.run_id), JobEnd(Ending.RUNNER_KILLED, None))
    runs.made("20261122-101530-h100-bench")
    (runs.root / "20261123-101530-h100-bench").mkdir()
    (runs.root / "20261123-101530-h100-bench" / "run.json").write_text("{")
    (runs.root / "no run").mkdir()
    found = [*runs.entries().values()]
    assert [one.status for one in found] == ["failed", "lost", "pending", "damaged"]
    assert found[0].reason == "it is (hidden)", "what strangers must not read is not kept"
    assert found[1].reason
    assert "run.json" in found[3].reason
    assert str(runs.root) not in found[3].reason


def test_that_runs_that_come_go_and_change_are_seen(runs: Runs) -> None:
    first = runs.home("20261120-101530-h100-bench")
    assert [*runs.entries()] == [first.name]
    second = runs.home("20261121-101530-h100-bench")
    before = runs.home("20261119-101530-b200-check", after="")
    assert {*runs.entries()} == {before.name, first.name, second.name}
    labels.tag(second, ["best"])
    assert [one.name for one in runs.index.entries(Wanted(tag="best"))] == [second.name]
    runs.store.remove(first)
    assert first.name not in runs.entries()
    assert {one.run for one in runs.index.figures()} == {before.name, second.name}
    second.rename(runs.root / "mine")
    assert "mine" in runs.entries()
    assert runs.read == []


def test_that_an_edit_of_tags_changes_nothing_else_that_is_told(runs: Runs) -> None:
    folder = runs.home()
    before = runs.entries()[folder.name]
    labels.tag(folder, ["a", "b"])
    labels.tag(folder, ["a"], remove=True)
    labels.note(folder, "two\nlines")
    assert runs.entries()[folder.name] == replace(before, tags=("b",), note="two\\nlines")
    assert runs.store.load(folder).changed == ()


def test_that_figures_are_asked_for_by_what_they_are_of(runs: Runs) -> None:
    gpu = synthetic.gpu_result()
    early = runs.home("20261120-101530-h100-bench", result=gpu, revisions=at(COMMITS[0]))
    late = runs.home("20261122-101530-b200-bench", result=gpu, revisions=at(COMMITS[1], True, "x"))
    every = [*runs.index.figures()]
    assert len(every) == 48
    assert [one.run for one in every] == [early.name] * 24 + [late.name] * 24
    asked = Asked(provider="sparsek", case="H=96 fp16", method="cold", operator="attention")
    found = [*runs.index.figures(asked)]
    assert [one.commit for one in found] == [*COMMITS[:2]]
    row = found[0].row
    assert (row.provider, row.method, row.dtype, row.baseline) == (
        "sparsek",
        "cold",
        "fp16",
        "sdpa",
    )
    assert row.verdict == "FASTER"
    assert 1 < (row.ratio_low or 0) < (row.ratio or 0) < (row.ratio_high or 0)
    assert 0 < (row.low_us or 0) < row.median_us < (row.high_us or 0)
    assert found[0].machine.startswith("NVIDIA H100 80GB HBM3, 132 SMs, driver 580.65.06, torch")
    for more, names in (
        (Asked(host="b200"), {late.name}),
        (Asked(branch="main"), {early.name}),
        (Asked(commits=COMMITS[1:]), {late.name}),
        (Asked(since="2026-11-21"), {late.name}),
        (Asked(until="2026-11-20"), {early.name}),
        (Asked(until="2026-11-20T10:15:30Z"), set()),
        (Asked(machine=found[0].machine), {early.name, late.name}),
        (Asked(case="H=9"), set()),
        (Asked(provider="nobody"), set()),
    ):
        assert {one.run for one in runs.index.figures(more)} == names, more


def test_that_runs_are_asked_for_by_what_they_are(runs: Runs) -> None:
    first = runs.home("20261120-101530-h100-bench", revisions=at(COMMITS[0]), tags=("a",))
    second = runs.home("20261122-101530-b200-check", result=synthetic.gpu_result())
    for wanted, names in (
        (Wanted(verb="check"), [second.name]),
        (Wanted(host="h100"), [first.name]),
        (Wanted(gpu="h100"), [second.name]),
        (Wanted(provider="sparsek"), [second.name]),
        (Wanted(provider="spars"), []),
        (Wanted(tag="a"), [first.name]),
        (Wanted(status="ok", last=1), [second.name]),
        (Wanted(last=5), [first.name, second.name]),
        (Wanted(commits=(COMMITS[0][:7],)), [first.name]),
    ):
        found = [one.name for one in runs.index.entries(wanted)]
        assert found == names, wanted


def test_that_it_is_for_its_owner_alone_and_is_not_made_of_nothing(runs: Runs) -> None:
    assert runs.entries() == {}
    assert not runs.root.exists()
    runs.root.mkdir()
    assert runs.entries() == {}
    assert [*runs.root.iterdir()] == []
    runs.home()
    runs.entries()
    assert stat.S_IMODE(runs.file.stat().st_mode) == 0o600
    assert {path.name for path in runs.root.iterdir() if path.is_file()} == {".index.sqlite"}


def test_that_a_card_is_known_by_the_keys_that_it_has() -> None:
    assert {one.name for one in fields(RunCard)} == quick.CARD_KEYS


@pytest.mark.parametrize(
    "changes",
    [{"more": 1}, {"tags": "a"}, {"run_id": "../x"}, {"verb": 7}, {"cases": [1]}],
    ids=str,
)
def test_that_a_card_with_something_odd_in_it_is_read_and_told_as_damaged(
    runs: Runs, changes: dict[str, object]
) -> None:
    folder = runs.home()
    edited(folder / "run.json", **changes)
    (entry,) = runs.entries().values()
    assert entry.status == "damaged"
    assert next(iter(changes)) in entry.reason


@pytest.mark.parametrize(
    ("figures", "status"),
    [
        ({"median_us": -1.0}, "damaged"),
        ({"ratio_low": -1.0}, "damaged"),
        ({"median_us": 10**30}, "damaged"),
        ({"starts": 10**400}, "damaged"),
        ({"per": 2**63}, "ok"),
        ({"provider": "\ud800", "verdict": "\udfff"}, "ok"),
    ],
    ids=str,
)
def test_that_a_card_whose_figures_no_table_holds_is_read_as_any_other(
    runs: Runs, figures: dict[str, object], status: str
) -> None:
    folder, other = runs.home(), runs.home("20261123-101530-h100-bench")
    card = json.loads((folder / "run.json").read_text())
    card["summary"]["rows"][0].update(figures)
    edited(folder / "run.json", **card)
    for _ in range(2):
        told = runs.entries()
        assert (told[folder.name].status, told[other.name].status) == (status, "ok")
        assert [one for one in runs.index.figures() if one.run == other.name]


def test_that_a_machine_without_the_memory_for_verdicts_tells_the_rest(runs: Runs) -> None:
    folder = runs.home(summarised=False)

    def refused(run: Run) -> Summary:
        raise MemoryError

    poor = replace(runs.index, summarised=refused)
    assert [(one.status, one.verdict) for one in poor.entries()] == [("ok", "")]
    assert "sdpa takes" in runs.entries()[folder.name].verdict, "it is looked at again"


def test_that_a_result_whose_times_cannot_be_is_listed_without_figures(runs: Runs) -> None:
    bench = tuple(replace(one, samples_us=(1e200,) * 40) for one in RESULTS["cpu"].bench)
    runs.home(result=replace(RESULTS["cpu"], bench=bench))
    (entry,) = runs.entries().values()
    assert entry.status == "ok"
    assert [*runs.index.figures()] == []
