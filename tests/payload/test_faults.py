"""A provider that goes wrong is found out, named, and harms nobody else."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from remote_payload.contract.case import Case
from remote_payload.contract.plans import CheckPlan
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Stage, Status
from tests.payload.running import (
    FIXTURES,
    ROOT,
    TINY,
    TINY_CAUSAL,
    Finished,
    a_request,
    gone_within,
    misbehaving,
    run_payload,
)

pytest.importorskip("torch")

LIMIT_S = 6.0
BROKEN = Provider("broken-rescale", target=f"{FIXTURES}/broken_rescale.py:attention")
FUNCTIONS = (
    "raises",
    "returns_nan",
    "wrong_shape",
    "wrong_dtype",
    "returns_nothing",
    "exits",
    "leaves_politely",
    "segfaults",
    "writes_its_input",
    "refuses",
    "differs_each_time",
    "adds_to_what_it_had",
    "answers_again",
    "writes_nothing_later",
    "is_right_but_the_third_time",
    "refuses_the_second_time",
    "changes_its_input_later",
    "leaves_a_child_behind",
    "hangs",
)
STRANGE = (
    Provider("absent-module", target="no_such_module_here:attention"),
    Provider("absent-file", target="csrc/none.py:attention"),
    Provider("absent-function", target=f"{FIXTURES}/misbehaving.py:none"),
)


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    providers = (BROKEN, *map(misbehaving, FUNCTIONS), *STRANGE, Provider("sdpa"))
    request = a_request(
        *providers, cases=(TINY, TINY_CAUSAL), check=CheckPlan(case_limit_s=LIMIT_S)
    )
    folder = tmp_path_factory.mktemp("ward")
    finished = run_payload(request, folder)
    assert gone_within(5, folder)
    return finished


def test_a_broken_provider_fails_the_run_at_its_end_and_all_that_passed_is_timed(
    ward: Finished,
) -> None:
    assert (ward.exit_status, ward.result.status, ward.result.unfit) == (1, Status.FAILED, False)
    assert ward.result.reason == f"check: {ward.stage(Stage.CHECK).reason}"
    assert ward.stage(Stage.BENCH).status is Status.OK
    passed = {(c.provider, c.case) for c in ward.result.checks if c.status is Status.OK}
    assert ("sdpa", TINY) in passed
    assert {(row.provider, row.case) for row in ward.result.bench} == passed
    assert all(row.samples_us and row.status is Status.OK for row in ward.result.bench)


def test_a_rival_that_cannot_run_loses_its_own_place_only(tmp_path: Path) -> None:
    request = a_request(Provider("sdpa-cudnn"), Provider("sdpa"), Provider("sdpa-flash"))
    done = run_payload(request, tmp_path)
    assert (done.exit_status, done.result.status) == (0, Status.OK), done.log
    assert done.check("sdpa-cudnn").status is Status.SKIPPED
    assert {row.provider for row in done.result.bench} == {"sdpa", "sdpa-flash"}


def test_one_asked_for_by_name_that_cannot_run_is_told_at_the_end_of_the_run(
    tmp_path: Path,
) -> None:
    done = run_payload(a_request(Provider("sdpa-cudnn", required=True), Provider("sdpa")), tmp_path)
    assert (done.exit_status, done.result.unfit) == (4, True)
    assert done.result.reason.startswith("check: sdpa-cudnn on ")
    assert {row.provider for row in done.result.bench} == {"sdpa"}


def test_a_wrong_baseline_fails_the_run(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "remote_payload", tmp_path / "snapshot" / "remote_payload")
    module = tmp_path / "snapshot/remote_payload/operators/attention/sdpa.py"
    module.write_text(
        module.read_text() + "\n\ndef _attention(q, k, v, causal, scale):\n    return v\n"
    )
    done = run_payload(a_request(Provider("sdpa")), tmp_path / "job", root=tmp_path / "snapshot")
    assert "elements are outside the tolerance" in done.check("sdpa").reason
    assert (done.exit_status, done.result.status) == (1, Status.FAILED)
    assert done.stage(Stage.BENCH).status is Status.SKIPPED


@pytest.mark.parametrize("case", [TINY, TINY_CAUSAL], ids=["dense", "causal"])
def test_the_others_pass_beside_it(ward: Finished, case: Case) -> None:
    assert ward.check("sdpa", case).status is Status.OK


@pytest.mark.parametrize("case", [TINY, TINY_CAUSAL], ids=["dense", "causal"])
def test_a_softmax_without_rescale_fails_with_its_worst_position(
    ward: Finished, case: Case
) -> None:
    record = ward.check("broken-rescale", case)
    assert record.status is Status.FAILED
    assert record.error is not None
    assert record.error.mismatches > record.error.elements // 10
    assert record.error.worst is not None
    assert str(list(record.error.worst)) in record.reason
    # The first tile of columns is right by itself; only rows beyond it go wrong under the mask.
    assert not case.flag("causal") or record.error.worst[2] >= 32


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        ("raises", "raised ValueError: launch failed: too many resources requested"),
        ("returns_nan", "1 of 3072 elements are outside the tolerance (1 NaN, 0 infinite)"),
        ("wrong_shape", "returned shape [1, 96, 2, 16], expected [1, 2, 96, 16]"),
        ("wrong_dtype", "returned dtype torch.float32, expected torch.float16"),
        ("returns_nothing", "returned NoneType, not a tensor"),
        ("exits", "crashed: the process ended with exit status 9"),
        ("leaves_politely", "crashed: the process ended with exit status 0"),
        ("segfaults", "crashed: the process was killed by SIGSEGV"),
        ("writes_its_input", "changed its input k"),
        ("absent-module", "could not be loaded: ModuleNotFoundError"),
    ],
)
def test_every_way_to_go_wrong_is_put_into_words(
    ward: Finished, function: str, reason: str
) -> None:
    for case in (TINY, TINY_CAUSAL):
        record = ward.check(function, case)
        assert record.status is Status.FAILED
        assert record.reason.startswith(reason)


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        ("adds_to_what_it_had", "its second call, on other inputs, scale=0.125: "),
        ("answers_again", "its second call, on other inputs, scale=0.125: "),
        ("writes_nothing_later", "its second call, on other inputs, scale=0.125: "),
        ("is_right_but_the_third_time", "its third call, on the first inputs again: "),
        (
            "refuses_the_second_time",
            "its second call, on other inputs, scale=0.125: raised NotImplementedError: the workspace is in use",
        ),
        (
            "changes_its_input_later",
            "its second call, on other inputs, scale=0.125: changed its input v",
        ),
    ],
)
def test_who_is_right_the_first_time_only_fails_and_the_call_is_named(
    ward: Finished, function: str, reason: str
) -> None:
    for case in (TINY, TINY_CAUSAL):
        record = ward.check(function, case)
        assert (record.status, record.reason[: len(reason)]) == (Status.FAILED, reason)
        assert not ward.bench(function, case)


def test_a_provider_that_hangs_is_killed_at_its_limit_and_not_tried_again(
    ward: Finished,
) -> None:
    first, second = ward.check("hangs"), ward.check("hangs", TINY_CAUSAL)
    assert (first.status, second.status) == (Status.TIMEOUT, Status.TIMEOUT)
    assert first.reason == f"no result within {LIMIT_S:g} s; its process was killed"
    assert second.reason == f"not tried again after the timeout on {TINY.label}"


def test_a_shape_that_a_provider_refuses_is_skipped_in_its_own_words(ward: Finished) -> None:
    record = ward.check("refuses")
    assert record.status is Status.SKIPPED
    assert record.reason == "NotImplementedError: head dimension 16 is not supported"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("absent-file", "there is no file csrc/none.py"),
        ("absent-function", f"{FIXTURES}/misbehaving.py has no function 'none'"),
    ],
)
def test_a_target_that_is_not_there_fails_by_name(ward: Finished, name: str, reason: str) -> None:
    record = ward.check(name)
    assert (record.status, record.reason) == (Status.FAILED, reason)


def test_an_output_that_changes_from_call_to_call_is_recorded_as_such(ward: Finished) -> None:
    record = ward.check("differs_each_time")
    assert (record.status, record.deterministic) == (Status.OK, False)
    assert "not deterministic" in ward.log


def test_a_child_that_keeps_the_pipes_open_harms_nothing(ward: Finished) -> None:
    assert ward.check("leaves_a_child_behind").status is Status.OK


def test_the_implementation_of_a_users_function_names_its_file_and_digest(
    ward: Finished,
) -> None:
    name = ward.check("broken-rescale").implementation
    assert name.startswith(f"{FIXTURES}/broken_rescale.py:attention, file sha256 ")


def test_a_run_past_its_time_limit_ends_itself_and_keeps_what_it_has(tmp_path: Path) -> None:
    slow = misbehaving("takes_half_a_second")
    began = time.monotonic()
    cases = tuple(TINY.at("H", heads) for heads in range(1, 40))
    done = run_payload(a_request(slow, Provider("sdpa"), cases=cases, time_limit_s=10.0), tmp_path)
    assert time.monotonic() - began < 25
    assert (done.exit_status, done.result.status) == (1, Status.TIMEOUT)
    assert done.result.reason == "check: the run's time limit of 10 s has passed"
    assert done.result.checks
    assert {record.status for record in done.result.checks[:-1]} == {Status.OK}
    assert all(record.provider != "sdpa" for record in done.result.checks)


def test_running_out_of_time_does_not_hide_what_was_wrong_before(tmp_path: Path) -> None:
    wrong, hangs = misbehaving("returns_nan"), misbehaving("hangs")
    began = time.monotonic()
    done = run_payload(a_request(wrong, hangs, Provider("sdpa"), time_limit_s=10.0), tmp_path)
    assert time.monotonic() - began < 25
    assert (done.exit_status, done.result.status) == (1, Status.FAILED)
    assert done.result.reason.startswith("check: returns_nan on ")
    assert done.result.reason.endswith("; then the run's time limit of 10 s has passed")
    assert {record.provider for record in done.result.checks} == {"returns_nan"}


def test_a_wrong_kernel_is_graver_than_what_the_host_lacks(tmp_path: Path) -> None:
    """The one is found while timing, after the other was."""
    request = a_request(
        Provider("sdpa-cudnn", required=True), Provider("sdpa"), misbehaving("cheats_when_timed")
    )
    done = run_payload(request, tmp_path)
    assert (done.exit_status, done.result.unfit) == (1, False)
    assert done.result.reason.startswith("bench: cheats_when_timed on ")
