"""Every known way to fail has a name and a way on; unknown words are shown."""

from __future__ import annotations

import re

import pytest

from orchestrator.readers.ncu.capture import KernelCapture, Measurement
from orchestrator.readers.ncu.outcome import Cause, classify
from tests.ncu.places import SAMPLES, needs_samples

DENIED = "==ERROR== ERR_NVGPUCTRPERM - The user does not have permission to access counters."
NOTHING = "==WARNING== No kernels were profiled."
APP = "==ERROR== The application returned an error code (1)."
TRACEBACK = (
    "Traceback (most recent call last):\n"
    '  File "a.py", line 3, in <module>\n'
    "torch.OutOfMemoryError: CUDA out of memory"
)
GOOD = KernelCapture(0, "k", {"gpu__time_duration.sum": Measurement(5, "ns")})
EMPTY = KernelCapture(0, "k", {"gpu__time_duration.sum": Measurement(None, "ns", "(!) nan")})
LAUNCH_ONLY = KernelCapture(0, "k", {"launch__grid_size": Measurement(5, "")})


@pytest.mark.parametrize(
    ("text", "exit_code", "cause"),
    [
        (DENIED, 1, Cause.COUNTERS_DENIED),
        (f"{DENIED}\n{NOTHING}\n{APP}", 1, Cause.COUNTERS_DENIED),
        ("==ERROR== Profiling failed because a driver resource was unavailable.", 1, Cause.COUNTERS_BUSY),
        (f"==ERROR== Cuda driver is not compatible with Nsight Compute.\n{APP}", 1, Cause.DRIVER_MISMATCH),
        ("Failed to open/create lock file /tmp/nsight-compute-lock", 1, Cause.LOCK_FILE),
        ("==ERROR== Option '--section A,B' did not match any section.", 1, Cause.BAD_REQUEST),
        ("==ERROR== Failed to find metric regex:^x", 1, Cause.BAD_REQUEST),
        ("==WARNING== No metrics to collect found in sections.", 0, Cause.EMPTY_REQUEST),
        (NOTHING, 0, Cause.NO_KERNEL_MATCHED),
        (f'==ERROR== Failed to profile "k" in process 5\n{NOTHING}', 1, Cause.PROFILE_FAILED),
        (f"{APP}\n{NOTHING}", 1, Cause.APPLICATION_FAILED),
        (f"==ERROR== Profiling is not supported on device 0.\n{NOTHING}", 0, Cause.GPU_NOT_SUPPORTED),
        (f"==ERROR== Something new: 42\n{NOTHING}", 0, Cause.UNKNOWN_ERROR),
        (f"{NOTHING}\n==ERROR== Something new: 42", 0, Cause.UNKNOWN_ERROR),
        ("==ERROR== New.\n==WARNING== No metrics to collect found in sections.", 0, Cause.UNKNOWN_ERROR),
        (f"Segmentation fault (core dumped)\n{NOTHING}", 0, Cause.APPLICATION_FAILED),
        (NOTHING, 139, Cause.APPLICATION_FAILED),
        (f"terminate called after throwing an instance of 'E'\n{NOTHING}", 0, Cause.APPLICATION_FAILED),
        (f"{TRACEBACK}\n{NOTHING}", 0, Cause.APPLICATION_FAILED),
        (f"Error: 0.02\nmax error 1e-3\n{NOTHING}", 0, Cause.NO_KERNEL_MATCHED),
        ("==PROF== Report: /data/k.ncu-rep", 0, Cause.WRITTEN_ELSEWHERE),
        ("bash: line 1: ncu: command not found", 127, Cause.NOT_FOUND),
        ("env: 'ncu': No such file or directory", 127, Cause.NOT_FOUND),
        ("==ERROR== LibraryNotLoaded", 1, Cause.UNKNOWN_ERROR),
        ("", 9, Cause.UNKNOWN_ERROR),
        ("==PROF== Connected to process 1 (/usr/bin/nvidia-smi)", 0, Cause.NO_ROWS),
        ("", 0, Cause.NO_ROWS),
    ],
)  # fmt: skip
def test_a_failure_without_rows_is_named(text: str, exit_code: int, cause: Cause) -> None:
    for out, err in ((text, ""), ("", text.replace("\n", "\r\n"))):
        outcome = classify(exit_code, out, err, ())
        assert (outcome.cause, outcome.ok) == (cause, False)
        assert outcome.advice


def test_zero_rows_are_never_a_success_and_values_are_needed() -> None:
    assert classify(0, "", "", (GOOD,)).ok
    assert classify(0, "", "", ()).cause is Cause.NO_ROWS
    assert classify(0, "", "", (EMPTY,)).cause is Cause.NO_VALUES
    assert classify(0, "", "", (GOOD, EMPTY)).cause is Cause.NO_VALUES
    assert classify(0, "", "", (LAUNCH_ONLY,)).cause is Cause.NO_VALUES


def test_a_metric_that_was_requested_and_has_no_number_is_listed() -> None:
    outcome = classify(0, "", "", (GOOD,), requested=("gpu__time_duration.sum", "a__b.sum"))
    assert (outcome.ok, outcome.missing) == (True, ("a__b.sum",))
    assert classify(0, "", "", (GOOD,), requested=("a__b.sum",)).cause is Cause.NO_VALUES


def test_an_error_beside_rows_spoils_the_attempt_and_a_warning_does_not() -> None:
    spoilt = classify(1, APP, "", (GOOD,))
    assert (spoilt.cause, spoilt.launches) == (Cause.APPLICATION_FAILED, 1)
    assert classify(0, "==WARNING== Launching the workload is taking more time", "", (GOOD,)).ok


def test_the_error_stands_before_the_warning_that_follows_from_it() -> None:
    outcome = classify(0, f"{NOTHING}\n==ERROR== Something new: 42", "", ())
    assert outcome.lines == ("==ERROR== Something new: 42", NOTHING)


def test_a_program_that_died_is_quoted_with_its_last_word() -> None:
    outcome = classify(1, f"{TRACEBACK}\n==PROF== Disconnected\n{NOTHING}", "", ())
    assert outcome.crash == "torch.OutOfMemoryError: CUDA out of memory"
    assert classify(0, TRACEBACK, "", (GOOD,)).ok  # it died after what was asked of ncu


def test_a_timeout_is_named_unless_the_log_knows_why() -> None:
    assert classify(None, APP, "", (), timed_out=True).cause is Cause.TIMEOUT
    assert classify(None, "", "", (GOOD,), timed_out=True).cause is Cause.TIMEOUT
    assert classify(None, DENIED, "", (), timed_out=True).cause is Cause.COUNTERS_DENIED


def test_the_programs_own_words_are_not_taken_for_ncus() -> None:
    assert classify(0, "my test: ERR_NVGPUCTRPERM\nNo kernels were profiled.", "", (GOOD,)).ok


def test_unknown_errors_are_kept_word_for_word() -> None:
    outcome = classify(1, "==ERROR== Something new: 42", "", ())
    assert outcome.lines == ("==ERROR== Something new: 42",)


QUOTED = {
    "S1": Cause.COUNTERS_DENIED,
    "S2": Cause.COUNTERS_DENIED,
    "S3": Cause.PROFILE_FAILED,
    "S4": Cause.COUNTERS_DENIED,
    "S5": Cause.NO_KERNEL_MATCHED,
    "S6": Cause.COUNTERS_BUSY,
    "S7": Cause.BAD_REQUEST,
    "S8": Cause.BAD_REQUEST,
    "S9": Cause.DRIVER_MISMATCH,
    "S10": Cause.BAD_REQUEST,
    "S11": Cause.EMPTY_REQUEST,
    "S12": Cause.BAD_REQUEST,
    "S13": Cause.LOCK_FILE,
    "S14": Cause.NO_ROWS,
}


@needs_samples
def test_all_real_failure_messages_are_classified() -> None:
    text = (SAMPLES / "ncu-fail/quoted_failure_messages.txt").read_text()
    blocks = dict(re.findall(r"^## (S\d+)(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    assert blocks.keys() == QUOTED.keys()
    found = {name: classify(None, block, "", ()).cause for name, block in blocks.items()}
    assert found == QUOTED


@needs_samples
@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("app_error_exit1_no_csv.csv", Cause.APPLICATION_FAILED),
        ("no_kernels_profiled_child_hint.txt", Cause.NO_KERNEL_MATCHED),
        ("prof_lines_only_nvidia_smi_children.csv", Cause.NO_ROWS),
    ],
)
def test_real_logs_without_rows_are_classified(name: str, cause: Cause) -> None:
    text = (SAMPLES / "ncu-fail" / name).read_text()
    assert classify(None, text, "", ()).cause is cause
