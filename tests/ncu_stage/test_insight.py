"""From the files a run brought home to findings in its report."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.readers.ncu.read import Source, read_file
from orchestrator.values.run import Run
from orchestrator.workflows.publishing.insight import LISTING, insight
from orchestrator.workflows.publishing.publish import publish
from remote_payload.compiling import disassembly
from remote_payload.contract.records import NcuRecord
from remote_payload.contract.words import Status
from tests.model.test_sass import LISTING as SASS
from tests.ncu.places import FIXTURES
from tests.ncu_stage.test_report import profiled, section
from tests.report import synthetic

ONE_KERNEL = (
    '"ID","Kernel Name","Context","Stream","Block Size","Grid Size","Device","CC",'
    '"sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_active",'
    '"sm__inst_executed_pipe_xu.avg.pct_of_peak_sustained_active",'
    '"gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed",'
    '"dram__bytes_read.sum","dram__bytes_write.sum"\n'
    '"","","","","","","","","%","%","%","byte","byte"\n'
    '"0","attention","1","7","(512, 1, 1)","(132, 1, 1)","0","9.0","31","88","22",'
    '"600000000","205306368"\n'
)


def profiled_run(folder: Path, page: str) -> Run:
    (folder / "artifacts/ncu").mkdir(parents=True)
    name = "artifacts/ncu/sparsek.csv"
    (folder / name).write_text(page)
    record = NcuRecord(
        "sparsek", synthetic.case(), Status.OK, exit_code=0, command=("ncu",), artifacts=(name,)
    )
    return synthetic.run(profiled(record))


def test_counters_become_findings_with_the_traffic_that_the_case_needs(tmp_path: Path) -> None:
    run = profiled_run(tmp_path, ONE_KERNEL)
    (call,) = insight(run, tmp_path).calls
    assert (call.provider, call.case) == ("sparsek", synthetic.case())
    page = publish(run, tmp_path).path.read_text("utf-8")
    (told,) = [line for line in page.splitlines() if "back? |" in line]
    assert "limited by exponentials (XU pipe): exp pipe 88 % (sm__inst_executed" in told
    assert "DRAM traffic beyond what the case needs (2×, dram__bytes_read.sum + " in told
    assert "Without counters" not in page


def test_a_counter_in_a_unit_nobody_knows_is_shown_as_it_stands_in_the_report(
    tmp_path: Path,
) -> None:
    run = profiled_run(
        tmp_path, ONE_KERNEL.replace('"%","%","%","byte"', '"%","%","parsec","byte"')
    )
    (call,) = insight(run, tmp_path).calls
    (dram,) = [one for one in call.items if one.key == "dram"]
    assert dram.said == "“22” in “parsec”"
    publish(run, tmp_path)
    report = (tmp_path / "report.md").read_text()
    told = "there, but not understood: DRAM throughput (of peak)"
    assert told in report
    assert "for want of DRAM throughput (in the file, but not understood)" in report


def test_ncus_own_rule_comes_with_the_counters_of_the_call(tmp_path: Path) -> None:
    page = (FIXTURES / "details_own_rule.csv").read_text()
    (call,) = insight(profiled_run(tmp_path, page), tmp_path).calls
    low, full = call.own_rules
    assert low.startswith("This workload exhibits low compute throughput")
    assert "greater than 80.0%" in full


def test_a_report_reads_every_raw_page_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = profiled_run(tmp_path, ONE_KERNEL)
    read: list[Path] = []

    def counted(path: Path) -> Source:
        read.append(path)
        return read_file(path)

    monkeypatch.setattr("orchestrator.workflows.publishing.counters.read_file", counted)
    told = publish(run, tmp_path).path.read_text()
    assert "exp pipe 88 %" in told
    assert [path.name for path in read] == ["sparsek.csv"]


def test_a_page_without_numbers_proves_nothing(tmp_path: Path) -> None:
    broken = ONE_KERNEL.replace('"31","88","22","600000000","205306368"', '"","","","",""')
    run = profiled_run(tmp_path, broken)
    assert insight(run, tmp_path).calls == ()
    assert "undetermined" in section(publish(run, tmp_path), "What holds it back")


def test_the_listing_that_the_host_made_is_read_where_the_payload_left_it(tmp_path: Path) -> None:
    assert LISTING.as_posix() == disassembly.FILE
    run = synthetic.run(synthetic.gpu_result())
    assert insight(run, tmp_path).machine_code == ()
    (tmp_path / LISTING).parent.mkdir(parents=True)
    (tmp_path / LISTING).write_text(SASS)
    names = [code.name for code in insight(run, tmp_path).machine_code]
    assert names == ["forward<64, 0>", "copy"]
    told = section(publish(run, tmp_path), "Without counters")
    assert "5 issue slots in a trip round the HMMA loop: HMMA 2" in told
