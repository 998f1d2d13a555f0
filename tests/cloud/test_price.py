"""What a run cost: kept beside it by every command on the pod, and told by its report."""

from __future__ import annotations

import html
import json
import re
import signal
from pathlib import Path

import pytest

from orchestrator.errors import ExitCode
from orchestrator.values.price import Charge, Price
from tests.cli.quick import quick_payload
from tests.cloud.conftest import Project
from tests.cloud.renting import STAYS, STOP, laptop, the_run, until
from tests.cloud.server import FakeRunPod, pod_json, problem

H100 = Charge(3.29, 340.0, "NVIDIA H100 80GB HBM3", 1)


def cost(project: Project) -> str:
    """The report's line about it."""
    text = html.unescape((the_run(project) / "report.md").read_text())
    (line,) = re.findall(r"^Cost: (.+)$", text, re.M)
    return str(line)


@pytest.mark.parametrize(
    ("price", "words"),
    [
        (
            Price((H100,)),
            "0.31 $ (3.29 $/h × 5 min 40 s, 1 × NVIDIA H100 80GB HBM3), of this command; "
            "not an invoice",
        ),
        (
            Price((H100, Charge(3.29, 3725.0, "NVIDIA H100 80GB HBM3", 1))),
            "3.71 $ (3.29 $/h × 1 h 7 min 45 s, 1 × NVIDIA H100 80GB HBM3), of 2 commands; "
            "not an invoice",
        ),
        (
            Price((Charge(3.0, 90.0, "H100", 1), Charge(2.0, 60.0, "A100", 2))),
            "0.11 $ (3.00 $/h × 1 min 30 s + 2.00 $/h × 1 min, 1 × H100, 2 × A100), of 2 commands; "
            "not an invoice",
        ),
        (
            Price((Charge(0.2, 3600.0),), unpriced=1),
            "0.20 $ (0.20 $/h × 1 h, no GPU), of 1 of 2 commands, as nobody told the rest; "
            "not an invoice",
        ),
        (Price((Charge(2.69, 3.0),)), "under 0.01 $ (2.69 $/h × 3 s, no GPU), of this command; "
         "not an invoice"),
        (Price(unpriced=2), "not known; nobody told the price"),
    ],
)  # fmt: skip
def test_a_price_says_what_it_is_made_of(price: Price, words: str) -> None:
    assert price.words == words


def test_the_report_tells_what_the_command_cost(rented: Project, fake: FakeRunPod) -> None:
    quick_payload(rented.root, "time.sleep(1)\nanswer()\n")
    done = rented.orchestrator("check", "--host", "pod")
    assert done.code == ExitCode.OK, done.err
    assert re.fullmatch(
        r"under 0\.01 \$ \(2\.69 \$/h × \d+ s, 1 × NVIDIA H100 80GB HBM3\), of this command; "
        r"not an invoice\.",
        cost(rented),
    )
    told = re.search(r"cost: (.+)", done.err)
    assert told
    assert cost(rented) == told[1] + "."
    shown = rented.orchestrator("runs", "show")
    assert f"cost      {told[1]}\n" in shown.out


def test_attaching_adds_what_it_cost_and_the_report_says_of_how_many_commands(
    rented: Project,
) -> None:
    assert rented.orchestrator("check", "--host", "pod").code == ExitCode.OK
    assert rented.orchestrator("attach").code == ExitCode.OK
    assert ", of 2 commands; not an invoice." in cost(rented)
    price = rented.orchestrator("runs", "show", "--json").json["price"]
    assert price["commands"] == 2
    seconds = [charge["duration_s"] for charge in price["charges"]]
    assert price["usd"] == pytest.approx(sum(seconds) * 2.69 / 3600)


def test_a_command_that_is_left_keeps_what_it_cost_until_then(rented: Project) -> None:
    quick_payload(rented.root, STAYS)
    process = laptop(rented, "check", "--host", "pod")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == ExitCode.INTERRUPTED, said
    (charge,) = json.loads((the_run(rented) / "price.json").read_text())["charges"]
    assert charge["duration_s"] > 0
    rented.orchestrator("cancel", the_run(rented).name)
    rented.orchestrator("attach")
    assert ", of 2 commands; not an invoice." in cost(rented)


def test_a_command_without_a_price_is_counted_and_no_figure_invented(
    rented: Project, fake: FakeRunPod
) -> None:
    assert rented.orchestrator("check", "--host", "pod").code == ExitCode.OK
    fake.faults = [problem(404, "Not Found", "for a moment")]
    assert rented.orchestrator("attach").code == ExitCode.OK
    assert ", of 1 of 2 commands, as nobody told the rest; not an invoice." in cost(rented)


def test_a_run_that_was_not_on_a_pod_has_no_price(rented: Project) -> None:
    rented.add("local", transport="local", workspace=str(rented.root.parent / "here"))
    done = rented.orchestrator("check", "--host", "local")
    assert done.code == ExitCode.OK, done.err
    assert "Cost:" not in (the_run(rented) / "report.md").read_text()
    assert rented.orchestrator("runs", "show", "--json").json["price"] is None
    assert "cost      not known\n" in rented.orchestrator("runs", "show").out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "price.json: not valid JSON"),
        ("[" * 100_000, "price.json: "),
        ("[]", "price.json: not valid JSON of ours (a list, no object)"),
        ('{"charges": [{"usd_per_hour": "3", "duration_s": 1}]}', "expected float, got str"),
        ('{"charges": [{"usd_per_hour": -3, "duration_s": 1}]}', "usd_per_hour: -3, expected at"),
        ('{"charges": [{"usd_per_hour": 1e999, "duration_s": 1}]}', "expected a finite number"),
        ('{"unpriced": -1}', "unpriced: -1 commands, expected at least 0"),
        ('{"usd_per_hour": 2.69, "duration_s": 3.0}', "unknown key"),
    ],
)
def test_a_damaged_price_is_left_out_with_a_note_and_left_as_it_is(
    rented: Project, text: str, said: str
) -> None:
    assert rented.orchestrator("check", "--host", "pod").code == ExitCode.OK
    file = the_run(rented) / "price.json"
    file.write_text(text)
    done = rented.orchestrator("report")
    assert done.code == ExitCode.OK, done.err
    assert cost(rented).startswith("not known, as its file is damaged: price.json: ")
    assert str(rented.root) not in cost(rented)
    shown = rented.orchestrator("runs", "show", "--json")
    assert shown.json["price"] is None
    assert said in shown.err
    again = rented.orchestrator("attach")
    assert again.code == ExitCode.OK, again.err
    assert "the cost is not kept beside the run" in again.err
    assert file.read_text() == text


def test_rendering_again_asks_nobody_and_gives_the_same_bytes(
    rented: Project, fake: FakeRunPod, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rented.orchestrator("check", "--host", "pod").code == ExitCode.OK
    path = the_run(rented) / "report.md"
    before, asked = path.read_bytes(), len(fake.seen)
    monkeypatch.delenv("RUNPOD_API_KEY")
    assert rented.orchestrator("report").code == ExitCode.OK
    assert path.read_bytes() == before
    assert len(fake.seen) == asked


def test_attach_stops_the_pod_once_the_result_is_here(rented: Project, fake: FakeRunPod) -> None:
    quick_payload(rented.root, "print('began', flush=True)\ntime.sleep(3)\nanswer()\n")
    process = laptop(rented, "check", "--host", "pod")
    process.kill()
    process.communicate()
    assert not (the_run(rented) / "result.json").exists()
    done = rented.orchestrator("attach", "--stop-after")
    assert done.code == ExitCode.OK, done.err
    assert (the_run(rented) / "result.json").exists()
    assert fake.seen[-1] == STOP
    assert "is stopped (EXITED)" in done.err
    assert ", of this command; " in cost(rented)


def test_attach_does_not_stop_a_pod_that_still_has_what_the_run_left(
    rented: Project, fake: FakeRunPod
) -> None:
    quick_payload(rented.root, "print('began', flush=True)\ntime.sleep(2)\nanswer()\n")
    process = laptop(rented, "check", "--host", "pod")
    process.kill()
    process.communicate()
    (the_run(rented) / "result.json.partial").mkdir()  # nothing can be written there
    done = rented.orchestrator("attach", "--stop-after")
    assert done.code != ExitCode.OK
    assert STOP not in fake.seen
    assert "left is not here yet; the pod stops itself in 45 min at the latest" in done.err


def test_attach_with_a_limit_stops_the_pod_though_the_job_goes_on(
    rented: Project, notes: Path
) -> None:
    quick_payload(rented.root, STAYS)
    process = laptop(rented, "check", "--host", "pod")
    process.kill()
    process.communicate()
    attached = laptop(rented, "attach", "--max-minutes", "0.05")
    until(notes.exists, 20)
    attached.kill()
    attached.communicate()
    rented.orchestrator("cancel", the_run(rented).name)


def test_attach_has_no_budget_for_a_host_that_is_no_pod(rented: Project) -> None:
    assert rented.orchestrator("check", "--host", "pod").code == ExitCode.OK
    rented.add("local", transport="local")
    refused = rented.orchestrator("attach", "--host", "local", "--stop-after")
    assert refused.code == ExitCode.USAGE
    assert "are for pods, and local (this machine) is none" in refused.err


def test_a_second_pod_is_no_part_of_a_budget(rented: Project, fake: FakeRunPod) -> None:
    rented.add("other", transport="ssh", runpod={"pod": "second1"})
    fake.add(pod_json("second1"))
    for option in (("--stop-after",), ("--max-minutes", "5")):
        refused = rented.orchestrator("profile", "--host", "pod", "--ncu-host", "other", *option)
        assert refused.code == ExitCode.USAGE
        assert "other (pod second1) is a second one" in refused.err
        assert "orchestrator ncu --host other --stop-after" in refused.err
    assert fake.seen == []
