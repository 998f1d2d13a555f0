"""Two runs of one name: whose job it is decides, never the name alone."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.two_laptops import race
from orchestrator.store.runs.run_store import RunStore
from orchestrator.transport.connect import Trust, connect
from orchestrator.values.run import RunCard
from remote_payload.contract import codec
from remote_payload.contract.dtypes import DType
from remote_payload.contract.request import Request
from remote_payload.operators.attention.definition import attention_case
from tests.faults.conftest import COUNTS, FINISH, Laptop, ended, held, processes_of
from tests.ssh.server import SshServer

OTHER_CASES = (attention_case(3, 5, 77, 64, DType.FP32),)
LONG = COUNTS * 20 + FINISH


def as_killed_before_its_submit(other: Laptop, first: Laptop, **changes: Any) -> Path:
    """What `other` keeps of a run that it named in the same second as `first`; nothing more of it
    was ever done."""
    folder = first.folder()
    card = codec.loads(RunCard, (folder / "run.json").read_text())
    request = codec.loads(Request, (folder / "request.json").read_text())
    store = RunStore(other.root / "runs")
    made = store.create(card, replace(request, **(changes or {"cases": OTHER_CASES})))
    assert made.run_id == folder.name
    return store.folder(made.run_id)


def without_a_mark(folder: Path) -> None:
    """As it was kept before there were marks."""
    card = json.loads((folder / "run.json").read_text())
    card.pop("owner", None)
    (folder / "run.json").write_text(json.dumps(card))


def nothing_came(folder: Path) -> bool:
    return sorted(held(folder)) == ["request.json", "run.json"]


def test_a_run_that_was_never_submitted_does_not_get_the_job_of_another_laptop(
    laptop: Laptop, second_laptop: Laptop
) -> None:
    assert laptop.run("profile").code == 0
    mine = as_killed_before_its_submit(second_laptop, laptop)
    outcome = second_laptop.run("attach")
    assert outcome.code == 2, outcome.out
    assert f"already has another run '{mine.name}'" in outcome.err
    assert f" runs rm {mine.name}" in outcome.err
    read = second_laptop.run("logs", "-f")
    assert (read.code, read.out) == (2, ""), "nor is its log shown as that of ours"
    assert nothing_came(mine)
    mark = json.loads((laptop.folder() / "run.json").read_text())["owner"]
    assert (laptop.job() / "owner").read_text() == mark
    assert mark not in (laptop.folder() / "report.md").read_text()
    assert second_laptop.run("runs", "rm", mine.name, "--yes").code == 0
    fetched = second_laptop.run("runs", "fetch", mine.name, "--host", "pod")
    assert fetched.code == 0, fetched.err
    assert second_laptop.run("attach").code == 0, (
        "what was fetched by hand is attached to as before"
    )


def test_the_log_of_another_laptops_job_is_not_shown_as_that_of_a_run_kept_here(
    laptop: Laptop, second_laptop: Laptop
) -> None:
    assert laptop.run("profile").code == 0
    mine = as_killed_before_its_submit(second_laptop, laptop)
    for name in (mine.name, mine.name[:15], "latest"):
        outcome = second_laptop.run("logs", name, "--host", "pod")
        assert (outcome.code, outcome.out) == (2, ""), name
        assert f"already has another run '{mine.name}'" in outcome.err
    assert nothing_came(mine)
    mine.rename(mine.with_name("mine"))
    assert second_laptop.run("logs", "mine", "--host", "pod").code == 2
    read = second_laptop.run("logs", mine.name, "--host", "pod")
    assert (read.code, "line" in read.out) == (0, True), "that of a run which is not kept here"


def test_the_log_of_a_run_in_a_renamed_folder_is_read_from_its_host(laptop: Laptop) -> None:
    assert laptop.run("profile").code == 0
    laptop.folder().rename(laptop.root / "runs" / "mine")
    outcome = laptop.run("logs", "mine", "--host", "pod")
    assert (outcome.code, "line" in outcome.out) == (0, True), outcome.err
    assert outcome.err.endswith(" report mine\n")


def test_nobody_cancels_or_fetches_the_job_of_another_by_its_name(
    laptop: Laptop, second_laptop: Laptop
) -> None:
    laptop.payload(LONG)
    process = laptop.start("profile")
    laptop.wait_for_log()
    mine = as_killed_before_its_submit(second_laptop, laptop)
    outcome = second_laptop.run("cancel")
    assert outcome.code == 2, outcome.out
    assert "already has another run" in outcome.err
    (row,) = json.loads(second_laptop.run("runs", "--host", "pod", "--json").out)
    assert row["here"] == "only there; here is another run of this name"
    assert process.poll() is None
    assert processes_of(laptop.job())
    assert laptop.run("cancel").code == 0
    assert "was cancelled" in ended(process).err
    fetched = second_laptop.run("runs", "fetch", mine.name, "--host", "pod")
    assert fetched.code == 2
    assert "is another run than the host's" in fetched.err
    assert nothing_came(mine)


def test_a_job_that_bears_no_mark_is_not_the_one_that_a_run_with_a_mark_asked_for(
    laptop: Laptop, second_laptop: Laptop
) -> None:
    """Even where it was asked for the very same."""
    assert laptop.run("profile").code == 0
    mine = as_killed_before_its_submit(second_laptop, laptop, verb="profile")
    (laptop.job() / "owner").unlink()
    assert second_laptop.run("attach").code == 2
    assert nothing_came(mine)
    listed = second_laptop.run("runs", "--host", "pod")
    assert "here is another run of this name" in listed.out
    assert "runs fetch" not in listed.err, "it would be refused"
    fetched = second_laptop.run("runs", "fetch", mine.name, "--host", "pod")
    assert f"--runs FOLDER runs fetch {mine.name} --host pod" in fetched.err


def test_a_folder_of_before_there_were_marks_takes_only_what_it_asked_for(
    laptop: Laptop, second_laptop: Laptop
) -> None:
    assert laptop.run("profile", "--providers", "sdpa").code == 0
    without_a_mark(laptop.folder())
    for name in ("result.json", "end.json", "log.txt"):
        (laptop.folder() / name).unlink()
    assert laptop.run("attach").code == 0
    laptop.assert_whole()
    others: list[tuple[str, dict[str, Any], str]] = [
        ("attach", {"cases": OTHER_CASES}, "its cases are others"),
        ("attach", {"snapshot": "b" * 64}, "snapshot is "),
        ("cancel", {"providers": ()}, "its providers are others"),
    ]
    for verb, changes, words in others:
        mine = as_killed_before_its_submit(second_laptop, laptop, **changes)
        without_a_mark(mine)
        outcome = second_laptop.run(verb)
        assert outcome.code == 2, outcome.out
        assert f"already has another run '{mine.name}': {words}" in outcome.err
        assert nothing_came(mine)
        shutil.rmtree(mine)


def test_a_result_that_answers_another_request_is_refused_until_attach_has_brought_ours(
    laptop: Laptop,
) -> None:
    assert laptop.run("profile").code == 0
    folder = laptop.folder()
    whole = (folder / "result.json").read_bytes()
    document = json.loads(whole)
    document["request"]["cases"] = codec.encode(OTHER_CASES)
    (folder / "result.json").write_text(json.dumps(document))
    outcome = laptop.run("report")
    assert outcome.code == 2, outcome.out
    assert "its cases are others: this is the result of another run" in outcome.err
    assert json.loads(laptop.run("runs", "--json").out)[0]["status"] == "damaged"
    assert laptop.run("attach").code == 0, "its host has the right one"
    assert (folder / "result.json").read_bytes() == whole


def test_a_job_that_answers_another_request_than_ours_is_no_success(laptop: Laptop) -> None:
    laptop.payload(
        "from dataclasses import replace\nrequest = replace(request, run_id='x')\n" + FINISH
    )
    outcome = laptop.run("profile")
    assert outcome.code == 2, outcome.out
    assert "request: run_id is 'x', not " in outcome.err
    assert not (laptop.folder() / "report.md").exists()


def test_a_copy_of_a_runs_folder_is_still_that_run(laptop: Laptop) -> None:
    assert laptop.run("profile").code == 0
    folder = laptop.folder()
    copy = folder.with_name("kept-for-later")
    shutil.copytree(folder, copy)
    for name in ("result.json", "end.json", "log.txt"):
        (copy / name).unlink()
    cancelled = laptop.run("cancel", copy.name)
    assert f"nothing cancelled: run {folder.name} ended by itself" in cancelled.out, cancelled.err
    outcome = laptop.run("attach", copy.name)
    assert outcome.code == 0, outcome.err
    for name in ("result.json", "log.txt"):
        assert (copy / name).read_bytes() == (folder / name).read_bytes()


def test_a_second_machine_of_the_same_person_attaches_by_id_and_host(
    laptop: Laptop, second_laptop: Laptop
) -> None:
    laptop.payload(COUNTS * 2 + FINISH)
    first = laptop.start("profile")
    laptop.wait_for_log()
    run = laptop.folder().name
    second = second_laptop.run("attach", run, "--host", "pod")
    assert second.code == 0, second.err
    assert ended(first).code == 0
    assert (second_laptop.folder() / "result.json").read_bytes() == (
        laptop.folder() / "result.json"
    ).read_bytes()
    (row,) = json.loads(second_laptop.run("runs", "--json").out)
    assert (row["run"], row["status"]) == (run, "ok")
    again = second_laptop.run("attach", run)
    assert again.code == 0, "and by its id alone from now on"


@pytest.mark.parametrize("seed", [1])
def test_of_two_laptops_that_start_at_once_and_are_killed_each_gets_its_own_results_once(
    sshd: SshServer, tmp_path: Path, seed: int
) -> None:
    """A sample; all of it is `python -m benchmarks.two_laptops`."""
    host = replace(sshd.host(), workspace=str(tmp_path / "workspace"))
    tally = race(tmp_path, lambda: connect(host, Trust(tmp_path / "known_hosts")), 3, seed)
    assert tally.faults == []
    assert tally.killed
    assert tally.jobs == tally.home > 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_fifty_starts_on_each_of_two_laptops(sshd: SshServer, tmp_path: Path) -> None:
    host = replace(sshd.host(), workspace=str(tmp_path / "workspace"))
    tally = race(tmp_path, lambda: connect(host, Trust(tmp_path / "known_hosts")), 50, 20261128)
    assert tally.faults == [], tally.words
