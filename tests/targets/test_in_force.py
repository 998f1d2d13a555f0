"""Which targets are in force, what lists them, and how they travel with a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.performance.targets.needs import needs
from orchestrator.values.claim import difference
from orchestrator.workflows import targets as workflow
from remote_payload.contract import codec
from remote_payload.contract.facts import Tier
from remote_payload.contract.request import Request
from remote_payload.operators.attention.targets import TARGETS
from tests.cli.conftest import Project
from tests.report import synthetic
from tests.targets.conftest import Stored
from tests.targets.starting import AIMS
from tests.targets.test_required import FILE


def test_bound_to_the_same_a_file_takes_the_operators_place_and_else_stands_beside_it() -> None:
    assert workflow.of_operator("attention", ()) is None
    assert workflow.of_operator("attention", (AIMS,)) == (AIMS,)
    other = replace(AIMS, gpu="H200 SXM")
    assert workflow.of_operator("attention", (other,)) == (TARGETS, other)
    assert workflow.of_operator("gemm", (AIMS,)) is None


@pytest.mark.parametrize("text", ["Tier 1", "tier 1", "Tier 1: match the H100 baseline"])
def test_a_tier_may_be_named_by_what_stands_before_its_colon(text: str) -> None:
    assert workflow.tier_of(text, (TARGETS,), "attention") == "Tier 1: match the H100 baseline"


def test_an_operator_is_called_as_kernels_yaml_calls_it(tmp_path: Path) -> None:
    (tmp_path / "op.py").write_text("")
    (tmp_path / "kernels.yaml").write_text("operators: {mine: {file: op.py, name: Row}}\n")
    text = FILE.replace("attention", "mine").replace("B=16,H=96,S=512,D=64", "M=4,N=8")
    (tmp_path / "targets.yaml").write_text(text)
    said = workflow.written(tmp_path / "targets.yaml")
    assert workflow.of_operator("op.py:Row", said) == said
    # One that is wrong is told to who asks for an entry of it; it is in nobody's way here.
    (tmp_path / "kernels.yaml").write_text("nonsense\n")
    assert workflow.of_operator("mine", workflow.written(tmp_path / "targets.yaml"))


def test_a_tier_that_could_be_two_is_neither() -> None:
    two = replace(AIMS, tiers=(Tier("fast: cold", 3.0, True), Tier("fast: warm", 2.0, True)))
    with pytest.raises(UsageError, match="'fast' could be 'fast: cold' or 'fast: warm'"):
        workflow.tier_of("fast", (two,), "attention")


def test_what_a_tier_asks_of_the_gpu_is_told_in_rates_and_shares_of_its_roofs() -> None:
    first, *_, goal = needs(TARGETS, workflow.facts_of(TARGETS))
    assert first.call_us == pytest.approx(366.72)
    assert first.tflops == pytest.approx(281.08, 1e-4)
    assert first.gbs == pytest.approx(1098.0, 1e-4)
    assert dict(goal.shares)["HBM"] == pytest.approx(100 * 4 * 16 * 512 * 64 * 2 / 3352e3 / 1.75)
    assert (first.beyond, goal.beyond) == ("", "")


def test_of_a_gpu_that_we_know_no_roofs_of_the_rates_are_told_alone() -> None:
    there = replace(AIMS, gpu="NVIDIA GB300", tiers=(Tier("fast", 0.001, True),))
    (need,) = needs(there, workflow.facts_of(there))
    assert need.tflops is not None
    assert (need.shares, need.beyond) == ((), "")


@pytest.mark.parametrize(
    ("limit_us", "beyond"),
    [
        (1.26, ""),
        (1.24, "beyond the HBM roof of H100 SXM: 1.25 µs at its documented peak"),
        (0.9, "1.25 µs at its documented peak, and at its highest clock no less than 1.09 µs"),
    ],
)
def test_a_tier_lies_beyond_a_roof_from_the_documented_peak_on(
    limit_us: float, beyond: str
) -> None:
    one = replace(AIMS, tiers=(Tier("fast", limit_us, inclusive=True),))
    (need,) = needs(one, workflow.facts_of(one))
    assert need.beyond.endswith(beyond) if beyond else not need.beyond


def test_targets_travel_with_the_request_and_come_back_the_same() -> None:
    asked = replace(synthetic.request(), targets=(AIMS, TARGETS))
    assert codec.loads(Request, codec.dumps(asked)) == asked
    assert codec.loads(Request, codec.dumps(synthetic.request())).targets is None


def test_a_host_cannot_choose_what_a_run_is_judged_by() -> None:
    asked = replace(synthetic.request(), targets=(AIMS,))
    easier = replace(AIMS, tiers=(Tier("met", 100.0, inclusive=True),))
    assert difference(asked, asked) == ""
    assert difference(asked, replace(asked, targets=(easier,))) == "its targets are others"


def test_the_verb_lists_ours_and_those_of_the_file_with_what_each_asks(
    offline: Stored, tmp_path: Path
) -> None:
    alone = offline(None, "targets")
    assert "Built in: attention, B=16 H=96 S=512 D=64 fp16, back_to_back, on H100 SXM" in alone.out
    assert "at most 1.750 µs/head    614 TFLOPS, 2400 GB/s, tensor 62 %" in alone.out
    assert "next: orchestrator" in alone.err
    (tmp_path / "targets.yaml").write_text(FILE.replace("H100 SXM", "H200 SXM"))
    both = offline(None, "targets")
    assert both.out.startswith(alone.out)
    assert "later of targets.yaml: attention, B=16 H=96 S=512 D=64 fp16" in both.out
    assert "; lies beyond the tensor roof of H200 SXM: 104 µs at its documented peak" in both.out


def test_the_verb_tells_programs_the_same(offline: Stored, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.yaml").write_text(FILE)
    told = offline(None, "targets", "--targets", "elsewhere.yaml", "--json").json
    (later,) = told
    assert (later["source"], later["unit"], later["gpu"]) == (
        "elsewhere.yaml",
        "µs/call",
        "H100 SXM",
    )
    assert [one["tier"] for one in later["needs"]] == ["quick", "slow", "unreal"]
    assert [bool(one["beyond"]) for one in later["needs"]] == [False, False, True]
    assert offline(None, "targets", "--operator", "gemm", "--json").json == []


def test_the_page_about_targets_shows_what_is_so(offline: Stored, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "targets.md").read_text()
    (tmp_path / "targets.yaml").write_text(page.partition("```yaml\n")[2].partition("```")[0])
    names = [one.name for one in workflow.written(tmp_path / "targets.yaml")]
    assert names == ["headline", "my layer"]
    (tmp_path / "targets.yaml").unlink()
    assert f"$ orchestrator targets\n{offline(None, 'targets').out}next: " in page


def test_a_missing_file_that_was_named_is_refused(offline: Stored) -> None:
    outcome = offline(None, "targets", "--targets", "lost.yaml")
    assert (outcome.code, "lost.yaml: cannot be read" in outcome.err) == (2, True)


def test_the_file_beside_the_inventory_counts_where_none_is_nearer(
    offline: Stored, tmp_path: Path
) -> None:
    (tmp_path / "place").mkdir()
    (tmp_path / "place" / "inventory.yaml").write_text("hosts: {local: {transport: local}}\n")
    (tmp_path / "place" / "targets.yaml").write_text(FILE)
    named = ("--inventory", "place/inventory.yaml", "targets")
    assert "later of targets.yaml" in offline(None, *named).out
    (tmp_path / "targets.yaml").write_text(FILE.replace("later", "nearer"))
    found = offline(None, *named).out
    assert "nearer of targets.yaml" in found
    assert "later" not in found


def test_a_bad_tier_stops_a_bench_before_it_starts_and_a_good_one_does_not(
    project: Project,
) -> None:
    (project.root / "targets.yaml").write_text(FILE)
    bench = ("bench", "--heads", "8", "--dry-run", "--require")
    refused = project.orchestrator(*bench, "quickly")
    assert refused.code == 2
    assert "'quickly' is no tier; the targets for attention have 'quick', 'slow'" in refused.err
    accepted = project.orchestrator(*bench, "quick")
    assert accepted.code == 0, accepted.err
    assert "--require quick: this run will not time B=16 H=96 S=512 D=64 fp16" in accepted.err
    assert "unreal (at most 100.000 µs/call) lies beyond the HBM roof" in accepted.err


def test_a_folder_of_problems_takes_no_tier(project: Project) -> None:
    folder = project.root / "problems"
    folder.mkdir()
    (folder / "1_relu.py").write_text("class Model: pass\ndef get_inputs(): return []\n")
    outcome = project.orchestrator("bench", "--operator", "problems", "--require", "quick")
    assert outcome.code == 2
    assert "--require is about the targets of one operator" in outcome.err


def test_a_broken_file_is_in_nobodys_way_who_times_nothing(project: Project) -> None:
    (project.root / "targets.yaml").write_text("nonsense\n")
    assert project.orchestrator("check", "--heads", "8", "--dry-run").code == 0
    outcome = project.orchestrator("bench", "--heads", "8", "--dry-run")
    assert (outcome.code, "targets.yaml:1: " in outcome.err) == (2, True)


def test_a_run_on_a_cpu_leaves_a_tier_open_and_keeps_its_targets(project: Project) -> None:
    pytest.importorskip("torch")
    text = FILE.replace("attention", "softmax").replace("B=16,H=96,S=512,D=64", "M=64,N=64")
    (project.root / "targets.yaml").write_text(text.replace("fp16", "fp32"))
    bench = ("bench", "--operator", "softmax", "--case", "M=64,N=64", "--dtype", "fp32")
    outcome = project.orchestrator(
        *bench, "--providers", "torch", "--device", "cpu", "--rounds", "6", "--require", "quick"
    )
    assert outcome.code == 6, outcome.err
    assert "quick: not judged: the targets are for H100 SXM, this is a CPU" in outcome.err
    (project.root / "targets.yaml").unlink()
    again = project.orchestrator("report", "latest", "--require", "quick", "--json")
    assert again.code == 6
    (told,) = again.json["targets"]
    assert (told["name"], told["source"]) == ("later", "targets.yaml")
