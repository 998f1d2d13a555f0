"""What a run with counters, or without the right to them, looks like in the end."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.cli.outcome import exit_code
from orchestrator.cli.session import Session
from orchestrator.errors import ExitCode
from orchestrator.ncu import flags
from orchestrator.values.progress import Silence
from orchestrator.values.run import Run
from orchestrator.workflows import profile as workflow
from orchestrator.workflows.plan import Plan, Wish, plan
from orchestrator.workflows.publishing.publish import Published, publish
from remote_payload.contract.records import NcuRecord, NcuReport
from remote_payload.contract.result import Result, StageReport
from remote_payload.contract.tools.ncu_command import range_name
from remote_payload.contract.words import Depth, Device, Stage, Status
from tests.cli.conftest import Project
from tests.golden import assert_golden
from tests.ncu_stage.stand_in import DENIED, RAW, VERSION, Mood, install
from tests.report import synthetic
from tests.report.reading import part
from tests.ssh.server import SshServer

SMALL = Wish(
    stages=(Stage.CHECK, Stage.NCU),
    sweeps=({"B": (1,), "H": (1, 2), "S": (96,)},),
    providers=("sdpa",),
    device=Device.CPU,
)
ADVICE = "a host of your own does with the capability SYS_ADMIN"


def section(published: Published, title: str = "Hardware counters") -> str:
    """The sentence that a section of a report stands under, and the section."""
    return part(published.path.read_text("utf-8"), title)


def on_any_device(planned: Plan) -> Plan:
    """The plan for a host whose ncu is a stand-in and needs no GPU."""
    loose = replace(planned.request.ncu, any_device=True)
    return replace(planned, request=replace(planned.request, ncu=loose))


def test_a_host_that_denies_counters_gives_a_report_that_says_so_and_keeps_all_else(
    project: Project, sshd: SshServer
) -> None:
    pytest.importorskip("torch")
    install(project.root.parent / "bin", Mood.DENIED)
    path = f"{project.root.parent / 'bin'}{os.pathsep}{os.environ['PATH']}"
    project.add_ssh_host(sshd, env={"PATH": path})
    session = Session(project.root / "inventory.yaml", None, False)
    order = workflow.Order(
        project.root, "profile", "orchestrator profile", on_any_device(plan(SMALL, project.root))
    )
    with session.transport(session.host("pod"), accept_new_host_key=False) as transport:
        run = workflow.profile(order, transport, session.runs, Silence())
    published = publish(run, session.runs.folder(run.card.run_id))
    assert exit_code(run, published.report.ok) is ExitCode.OK
    assert published.report.verdict == "OK: 2 checks passed; nothing was timed."
    told = section(published)
    assert told.splitlines()[0] == "Hardware counters: Not measured: counters denied."
    assert ADVICE in told
    assert "==ERROR== ERR_NVGPUCTRPERM - The user does not have permission" in told
    refused = "sdpa on B=1 H=1 S=96 D=64 fp16"
    assert f"- Not tried, as the host had refused {refused}: sdpa on B=1 H=2 " in told
    assert run.result is not None
    assert run.result.ncu is not None
    assert [record.status for record in run.result.ncu.records] == [Status.FAILED, Status.SKIPPED]
    assert "profiled call of torch" in run.result.ncu.records[0].output_end
    folder = published.path.parent
    log = folder / run.result.ncu.records[0].artifacts[0]
    assert DENIED in log.read_text()
    # The network is gone; the same bytes come out again.
    before = published.path.read_bytes()
    again = publish(session.runs.load(folder), folder)
    assert again.path.read_bytes() == before


def test_counters_asked_for_by_name_on_a_host_without_a_gpu_are_an_unfit_host(
    project: Project,
) -> None:
    pytest.importorskip("torch")
    if os.environ.get("CUDA_VISIBLE_DEVICES"):
        pytest.skip("a GPU may be here")
    small = ("--batch", "1", "--seq", "96", "--heads", "1", "--providers", "sdpa")
    outcome = project.orchestrator("ncu", *small, "--arch", "sm_90a", "--device", "cpu")
    assert outcome.code == ExitCode.UNFIT
    assert "gpu: none: only checks and CPU timings run here" in outcome.err
    assert (
        "hint: for GPU figures add a machine that has one, here: `orchestrator hosts add"
        in outcome.err
    )
    assert not (project.root / "runs").exists()


def profiled(*records: NcuRecord, required: bool = False) -> Result:
    """A synthetic run with an ncu stage that brought `records`."""
    result = synthetic.gpu_result()
    case = synthetic.case()
    request = replace(
        result.request,
        stages=(*result.request.stages, Stage.NCU),
        ncu=replace(flags.plan(Depth.CHEAP), cases=(case,), required=required),
    )
    bad = [record for record in records if record.status is not Status.OK]
    stage = StageReport(
        Stage.NCU, Status.FAILED if bad else Status.OK, bad[0].reason if bad else "", 30.0
    )
    return replace(
        result,
        request=request,
        stages=(*result.stages, stage),
        ncu=NcuReport(VERSION, records),
    )


def a_good_call(folder: Path, provider: str = "sparsek") -> NcuRecord:
    """A call whose raw page, made by hand, lies in the run's folder."""
    name = f"artifacts/ncu/{range_name(provider, synthetic.case())}.csv"
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(RAW.read_bytes())
    return NcuRecord(
        provider,
        synthetic.case(),
        Status.OK,
        command=("ncu",),
        exit_code=0,
        artifacts=(name,),
    )


def published_from(folder: Path, result: Result) -> Published:
    return publish(synthetic.run(result), folder)


def a_hanging_call(provider: str = "sdpa") -> NcuRecord:
    why = "no end within 300 s; it and all it had started were killed"
    return NcuRecord(provider, synthetic.case(), Status.TIMEOUT, why, ("ncu",))


def test_the_section_reads_as_agreed(tmp_path: Path) -> None:
    published = published_from(tmp_path, profiled(a_good_call(tmp_path), a_hanging_call()))
    assert_golden("report/synthetic_counters.md", section(published))
    assert published.report.ok


def test_several_kernels_of_one_call_are_summed_and_ratios_of_their_own_are_left_out(
    tmp_path: Path,
) -> None:
    told = section(published_from(tmp_path, profiled(a_good_call(tmp_path))))
    (row,) = [line for line in told.splitlines() if line.startswith("| sparsek")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    # XU: (5 * 1000 + 85 * 3000) / 4000; DRAM: (10 * 10 + 30 * 30) / 40; bytes add up.
    assert cells[2:] == ["2", "—", "65 %", "25 %", "6 MB", "2 MB", "—", "25 %", "—", "1.65 GHz"]


def test_a_run_that_must_have_counters_is_not_ok_with_a_part_of_them(tmp_path: Path) -> None:
    whole = published_from(tmp_path, profiled(a_good_call(tmp_path), required=True))
    assert whole.report.ok
    assert whole.report.verdict.endswith("Counters of 1 profiled call.")
    part = profiled(a_good_call(tmp_path), a_hanging_call(), required=True)
    assert not published_from(tmp_path, part).report.ok


def test_a_raw_page_without_numbers_is_no_success(tmp_path: Path) -> None:
    record = a_good_call(tmp_path)
    page = tmp_path / record.artifacts[0]
    header, units, row = page.read_text().splitlines()[1:4]
    empty = row.split(',"1000000"')[0] + ',"n/a"' * 10
    page.write_text("\n".join((header, units, empty)) + "\n")
    published = published_from(tmp_path, profiled(record, required=True))
    assert not published.report.ok
    assert published.report.verdict == "COUNTERS INCOMPLETE. Not measured: no values."
    assert "Kernels were seen but no counter has a number" in section(published)


@pytest.mark.parametrize("damage", ["cut", "gone", "foreign"])
def test_an_artifact_that_is_damaged_gone_or_outside_the_run_gives_no_counters(
    tmp_path: Path, damage: str
) -> None:
    folder = tmp_path / "run"
    record = a_good_call(folder)
    page = folder / record.artifacts[0]
    if damage == "cut":
        page.write_bytes(page.read_bytes()[:-200])
    elif damage == "gone":
        page.unlink()
    else:
        page.rename(tmp_path / "elsewhere.csv")
        record = replace(record, artifacts=("../elsewhere.csv",))
    told = section(published_from(folder, profiled(record)))
    assert told.startswith("Hardware counters: Not measured: ")
    assert "| sparsek" not in told


def test_a_skipped_stage_says_why_and_a_run_without_a_result_claims_nothing(
    tmp_path: Path,
) -> None:
    result = profiled()
    reason = "hardware counters need a CUDA GPU; this run is on the CPU"
    skipped = replace(
        result,
        ncu=None,
        stages=(*result.stages[:-1], StageReport(Stage.NCU, Status.SKIPPED, reason)),
    )
    published = published_from(tmp_path, skipped)
    assert section(published) == "", "a section that has nothing to show"
    assert f"- Hardware counters: {reason}.\n" in section(published, "Not measured: ")
    lost = publish(Run(synthetic.run(None).card, None), tmp_path / "lost")
    assert section(lost) == ""
    assert "- Everything: no result came back.\n" in section(lost, "Not measured: ")


def test_beside_timings_only_the_targets_case_is_profiled_and_alone_every_case(
    tmp_path: Path,
) -> None:
    timed = Wish(stages=(Stage.CHECK, Stage.BENCH, Stage.NCU), full=True)
    planned = plan(timed, tmp_path).request.ncu
    assert [case.size("H") for case in planned.cases] == [96]
    assert (planned.depth, planned.required) == (Depth.FULL, False)
    other = plan(replace(timed, sweeps=({"H": (8, 16), "S": (64,)},)), tmp_path).request.ncu
    assert [case.size("H") for case in other.cases] == [16]
    alone = Wish(stages=(Stage.CHECK, Stage.NCU), ncu_required=True, ncu_limit_s=5.0)
    assert plan(alone, tmp_path).request.ncu == replace(
        flags.plan(Depth.CHEAP), required=True, case_limit_s=5.0
    )
