"""Providers that win by anything but speed: caught, or of no use; and nobody else is blamed.

All of them in one run, so that each has every chance to spoil what the others are measured by.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from orchestrator.performance.objection import Objection, Severity
from orchestrator.performance.objections.every import objections
from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.plans import BenchPlan, CheckPlan
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Fault, Method, Stage, Status
from remote_payload.operators.attention.definition import attention_case
from tests.payload.running import FIXTURES, ROOT, Finished, a_request, run_payload

pytest.importorskip("torch")

SAMPLES = ROOT.parent / "shared" / "samples" / "cheats"
# A millisecond a call: what is hidden of that is more than what a turn takes beside its calls.
CASE = attention_case(batch=1, heads=2, seq=384, dim=64, dtype=DType.FP32, causal=True)
PLAN = BenchPlan((Method.BACK_TO_BACK,), warmup=1, calls=12, rounds=2, budget_s=60, starts=(2,))
LIMIT_S = 300.0

OTHERS = "its second call, on other inputs"
# By their check, before anybody took their time: what its reason says, and its kind.
REFUSED = {
    "right_for_one_seed": (OTHERS, Fault.VALUES),
    "right_once_for_each_place": (OTHERS, Fault.VALUES),
    "adds_to_its_workspace": (OTHERS, Fault.VALUES),
    "without_the_scale": (OTHERS, Fault.VALUES),
    "lazy": ("returned _Later, not a plain torch.Tensor", Fault.FORM),
    "computes_when_cloned": ("NaN", Fault.VALUES),
    "computes_when_anything_is_cloned": ("put a mode around every function", Fault.HARNESS),
    "on_a_thread": ("outside the tolerance", Fault.VALUES),
    "is_its_input": ("changed its input q", Fault.INPUTS),
    "sets_the_clock": ("changed time.perf_counter, by which", Fault.HARNESS),
    "sets_our_clock": ("clock.perf_counter, by which", Fault.HARNESS),
    "changes_what_takes_times": ("clock.CpuClock.burst, by which", Fault.HARNESS),
    "edits_the_code_that_takes_times": ("clock.CpuClock.burst, by which", Fault.HARNESS),
    "edits_its_samples": ("race.Taken.__init__, by which", Fault.HARNESS),
    "edits_what_is_sent": ("Connection.send, by which", Fault.HARNESS),
    "tells_the_judge": ("measure_error.measure, by which", Fault.HARNESS),
    "changes_the_reference": ("outside the tolerance", Fault.VALUES),
    "leaves": ("crashed: the process ended with exit status 0", None),
    "in_half_precision": ("outside the tolerance", Fault.VALUES),
    "in_bfloat16": ("outside the tolerance", Fault.VALUES),
    "off_by_a_percent": ("outside the tolerance", Fault.VALUES),
    "without_the_mask": ("outside the tolerance", Fault.VALUES),
    "with_a_mask_that_is_off_by_one": ("outside the tolerance", Fault.VALUES),
    "mean_of_the_values": ("outside the tolerance", Fault.VALUES),
}
# Right when checked: out of the race, for that reason.
OUT = {
    "by_place": " is wrong: ",  # of a timed call, where the inputs came to lie in a place of before
    "on_a_thread_once_timed": " is wrong: ",
    "writes_nothing_once_timed": " is wrong: ",
    "writes_half_once_timed": " is wrong: ",
    "spoils_once_timed": "changed its input v while being timed",
    "spoils_with_nan_once_timed": "changed its input k while being timed",
    "leaves_once_timed": "crashed while being timed: the process ended with exit status 0",
    "sends_code_once_timed": "crashed while being timed: the process sent pathlib.Path.touch",
    "sends_nonsense_once_timed": "said something else than it was asked: dict",
}
# Timed like anybody else, and refuted at home.
MEMORY, CLOCK = "it answers from memory", "the clock of its process claims"
REFUTED = {
    "by_some_values": MEMORY,
    "by_all_values": MEMORY,
    "from_disk": MEMORY,
    "finds_the_clock": CLOCK,
    "blinds_who_looks_and_sets_the_clock": CLOCK,
}
# Of no use to them, and of no harm to others: what they would spoil is elsewhere.
HARMLESS = ("foreseen", "slows_the_baseline", "hogs_the_cpus", "hogs_from_a_group_of_its_own")
HONEST = (
    "plain",
    "by_hand",
    "into_its_place",
    "keeps_its_workspaces",
    "slow_at_first",
    "sleeps_in_its_check",
    "on_many_threads",
    "with_a_helper_process",
)


def from_file(file: Path | str, function: str, name: str = "") -> Provider:
    into = function.startswith("into_")
    return Provider(name or function, target=f"{file}:{function}", destination_passing=into)


@pytest.fixture(scope="module")
def one_thread() -> object:
    """Of torch, as on a loaded machine threads wait for each other longer than they compute."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cheats")


def raced(cheats: Iterable[str], honest: Iterable[str], folder: Path) -> Finished:
    providers = (
        Provider("sdpa"),
        *(from_file(f"{FIXTURES}/cheats.py", name) for name in cheats),
        *(from_file(f"{FIXTURES}/honest.py", name) for name in honest),
    )
    request = a_request(*providers, cases=(CASE,), check=CheckPlan(case_limit_s=30.0), bench=PLAN)
    return run_payload(request, folder, limit_s=LIMIT_S)


@pytest.fixture(scope="module")
def race(one_thread: object, folder: Path) -> Finished:
    return raced((*REFUSED, *OUT, *REFUTED, *HARMLESS, "shouts"), HONEST, folder)


def errors_in(race: Finished) -> list[Objection]:
    return [one for one in objections(race.result) if one.severity is Severity.ERROR]


@pytest.fixture(scope="module")
def errors(race: Finished) -> list[Objection]:
    return errors_in(race)


def of(name: str, found: list[Objection]) -> list[str]:
    return [one.text for one in found if one.about.startswith(f"{name}, ")]


def timed(race: Finished, name: str, case: Case = CASE) -> BenchRecord:
    return next(one for one in race.bench(name, case) if not one.control)


def least_of_the_baseline(race: Finished) -> float:
    """Of its processes, all of which whoever slows it would slow."""
    return min(min(one.samples_us) for one in race.bench("sdpa", CASE))


@pytest.mark.parametrize("name", REFUSED)
def test_who_is_wrong_when_it_counts_is_refused_by_its_check(race: Finished, name: str) -> None:
    record, (reason, fault) = race.check(name, CASE), REFUSED[name]
    assert record.status is Status.FAILED, record
    assert reason in record.reason
    assert record.fault is fault
    assert not race.bench(name, CASE), "and never timed"


@pytest.mark.parametrize("name", OUT)
def test_who_changes_when_it_is_timed_is_out_for_that_reason(race: Finished, name: str) -> None:
    assert race.check(name, CASE).status is Status.OK, race.check(name, CASE)
    record = timed(race, name)
    assert record.status is Status.FAILED
    assert OUT[name] in record.reason


@pytest.mark.parametrize("name", REFUTED)
def test_who_answers_from_memory_or_sets_its_clock_is_refuted_by_who_waited(
    race: Finished, errors: list[Objection], name: str, tmp_path: Path
) -> None:
    """On a machine so busy that nobody can be refuted, in another race."""
    for again in range(3):
        assert timed(race, name).status is Status.OK, timed(race, name).reason
        if told := of(name, errors):
            break
        race = raced([name], ["plain"], tmp_path / str(again))
        errors = errors_in(race)
    assert any(REFUTED[name] in text for text in told), told


@pytest.mark.parametrize("name", [*HARMLESS, *HONEST, "sdpa", "shouts"])
def test_who_computes_what_it_is_asked_is_never_blamed(
    race: Finished, errors: list[Objection], name: str
) -> None:
    check = race.check(name, CASE)
    assert (check.status, check.reason) == (Status.OK, "")
    for record in race.bench(name, CASE):
        assert (record.status, record.reason) == (Status.OK, "")
        assert len(record.samples_us) == 4
    # Who keeps all CPUs busy may find its own turns longer than its calls, and is no innocent.
    told = [one for one in of(name, errors) if not (name.startswith("hogs") and CLOCK in one)]
    assert told == []


def test_whoever_slows_the_others_slows_nobody_but_itself(race: Finished) -> None:
    """The fastest sample of each, as the machine itself may be busy."""
    same_code = min(timed(race, "shouts").samples_us)
    assert least_of_the_baseline(race) < 2 * same_code
    assert least_of_the_baseline(race) < 2 * min(timed(race, "slows_the_baseline").samples_us)


def test_what_it_remembers_from_the_check_is_of_no_use_in_the_race(race: Finished) -> None:
    assert min(timed(race, "foreseen").samples_us) > 0.5 * least_of_the_baseline(race)


def test_lines_of_a_provider_are_in_the_log_and_pass_for_none_of_the_runs_own(
    race: Finished,
) -> None:
    assert '@progress {"stage": "bench", "done": 100' in race.log
    assert "@note shouted" in race.log
    assert "@@note shouted" not in race.log
    assert {one.label for one in race.progress if "shouted" in one.label} == set()
    assert race.progress[-1].stage is Stage.BENCH


def test_nothing_that_a_provider_sends_is_run_by_the_payload(race: Finished, folder: Path) -> None:
    assert race.exit_status == 1, race.log
    assert not (folder / "touched").exists()


# Two of the innocent know no mask.
DENSE = attention_case(batch=1, heads=2, seq=384, dim=64, dtype=DType.FP32)
# Of the file that has it: the function, and how often that is right.
_SAMPLED = {
    "attention": "",
    "shape": "c09",
    "zeros": "c09",
    "mean_of_v": "c09",
    "half": "c16",
    "fp16_for_fp32": "c17",
    "off_by_percent": "c17",
    "one_too_many": "c25",
    "ignores_scale": "c25",
}
_INNOCENT = ("c08", "c15", "c21", "c28", "c14")


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="no shared samples here")
def test_every_sampled_cheat_is_caught_or_of_no_use_and_no_innocent_is_blamed(
    one_thread: object, tmp_path: Path
) -> None:
    providers = []
    for file in sorted(SAMPLES.glob("*.py")):
        text, short = file.read_text(), file.name[:3]
        for function, only in _SAMPLED.items():
            if f"def {function}(" in text and only in ("", short):
                providers.append(from_file(file, function, f"{short}-{function}"))
    request = a_request(
        Provider("sdpa"), *providers, cases=(DENSE,), check=CheckPlan(30.0), bench=PLAN
    )
    done = run_payload(request, tmp_path, limit_s=LIMIT_S)
    found = [one for one in objections(done.result) if one.severity is Severity.ERROR]
    sdpa = min(timed(done, "sdpa", DENSE).samples_us)
    for one in providers:
        records = done.bench(one.name, DENSE)
        caught = not records or records[0].status is not Status.OK or of(one.name, found)
        if one.name.startswith(_INNOCENT):
            assert not caught, (one.name, done.check(one.name, DENSE), records, found)
        else:
            # Whoever is not caught has computed it, and takes as long.
            assert caught or min(records[0].samples_us) > 0.5 * sdpa, one.name
    assert [one.status for one in done.bench("sdpa", DENSE)] == [Status.OK] * 2
    assert of("sdpa", found) == []
