"""A run whose folder or host is called otherwise by now: every hint finds it when it is pasted."""

from __future__ import annotations

import re
import shlex
import signal
from pathlib import Path

import pytest

from remote_payload.contract import codec
from remote_payload.contract.request import Request
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status
from tests.faults.conftest import COUNTS, FINISH, Laptop, ended, wait_until
from tests.faults.conftest import laptop as laptop

GOES_ON = COUNTS.replace("100", "3000") + FINISH


def pasted(text: str) -> list[list[str]]:
    """Every command of ours in what was said, as the words behind the inventory's."""
    found = re.findall(r"orchestrator --inventory \S+ ([^()\n]*)", text)
    return [shlex.split(words) for words in found]


def unfit(run: Path) -> str:
    """The result of a run whose host lacked something."""
    request = codec.loads(Request, (run / "request.json").read_text())
    when = "2026-11-22T10:15:30Z"
    return codec.dumps(Result(request, Status.FAILED, "no GPU", when, when, unfit=True))


@pytest.fixture
def left(laptop: Laptop) -> Laptop:
    """A run goes on; its host has a new name in the inventory."""
    laptop.payload(GOES_ON)
    process = laptop.start("profile")
    laptop.wait_for_log()
    process.kill()
    ended(process)
    inventory = laptop.root / "inventory.yaml"
    inventory.write_text(
        inventory.read_text().replace("pod:", "pod2:").replace(" pod\n", " pod2\n")
    )
    return laptop


def detached(laptop: Laptop, run: str) -> str:
    log = laptop.folder() / "log.txt"
    before = log.stat().st_size
    process = laptop.start("attach", run, "--host", "pod2")
    wait_until(lambda: log.stat().st_size > before)
    process.send_signal(signal.SIGINT)
    outcome = ended(process)
    assert outcome.code == 130, outcome.err
    return outcome.err


def test_after_a_ctrl_c_both_commands_in_the_hint_find_a_renamed_run_at_a_renamed_host(
    left: Laptop,
) -> None:
    left.folder().rename(left.folder().with_name("my run"))
    attach, cancel = pasted(detached(left, "my run"))
    assert attach == ["attach", "my run", "--host", "pod2"]
    assert cancel == ["cancel", "my run", "--host", "pod2"]
    cancelled = left.run(*cancel)
    assert cancelled.code == 0, cancelled.err
    assert pasted(cancelled.err)[-1] == attach
    brought = left.run(*attach)
    assert brought.code == 1, "it was cancelled"
    assert (left.folder() / "end.json").exists()


def test_the_next_step_about_a_run_at_a_renamed_host_names_that(left: Laptop) -> None:
    run = left.folder().name
    step = ["attach", run, "--host", "pod2"]
    for words in (("runs", "--host", "pod2"), ("logs", run, "--host", "pod2")):
        assert pasted(left.run(*words).err)[-1] == step
    assert left.run("cancel", run, "--host", "pod2").code == 0
    assert left.run(*step).code == 1, "it was cancelled, and is home"


def test_a_run_whose_host_lacked_something_leads_to_that_host_by_its_new_name(
    left: Laptop,
) -> None:
    run = left.folder().name
    assert left.run("cancel", run, "--host", "pod2").code == 0
    (left.job() / "result.json").write_text(unfit(left.folder()))
    brought = left.run("attach", run, "--host", "pod2")
    assert brought.code == 4, brought.err
    assert pasted(brought.err)[-1] == ["doctor", "pod2"]
