"""import-ncu: a file in, a page or a JSON document out."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.cli.import_ncu import import_ncu
from orchestrator.errors import UsageError
from orchestrator.ncu.read import read_file
from orchestrator.workflows import import_ncu as workflow
from tests.golden import assert_golden
from tests.ncu.places import FIXTURES, SAMPLES, needs_samples, samples

RAW = FIXTURES / "raw_two_kernels.csv"
REPORT = SAMPLES / "ncu-rep/gh200_sm90_two_sections_2025.1.0.ncu-rep"


def test_the_page_of_a_raw_csv_is_this_page() -> None:
    page = workflow.markdown(workflow.import_file(RAW))
    assert_golden("ncu/page.md", page)


@pytest.mark.parametrize("path", samples("ncu-csv/*.[cl]*", "derived-csv/*"), ids=lambda p: p.name)
def test_every_real_csv_gives_a_page_and_strict_json(path: Path) -> None:
    source = workflow.import_file(path)
    page = workflow.markdown(source)
    assert source.digest in page
    assert "## Not in this file" in page
    assert len(json.loads(workflow.document(source))["launches"]) == len(source.captures.kernels)


def test_hostile_names_stay_text() -> None:
    from orchestrator.ncu.page import page
    from orchestrator.ncu.read import Source, read_text
    from orchestrator.report.render import fill

    text = RAW.read_text().replace('"attention"', '"<script>|[x](http://y)`\u202e"')
    source = Source("<b>|.csv", len(text), "0" * 64, read_text(text))
    rendered = fill(workflow.TEMPLATE, page=page(source))
    assert "<script" not in rendered
    assert "<b>" not in rendered
    assert "\u202e" not in rendered


def test_the_command_prints_or_writes_and_says_where(tmp_path: Path) -> None:
    printed = CliRunner().invoke(import_ncu, [str(RAW)])
    assert printed.stdout == workflow.markdown(workflow.import_file(RAW))
    target = tmp_path / "new" / "page.md"
    wrote = CliRunner().invoke(import_ncu, [str(RAW), "-o", str(target)])
    assert (wrote.exit_code, wrote.stdout) == (0, f"{target}\n")
    assert target.read_text(encoding="utf-8") == printed.stdout


def test_json_holds_every_metric_and_null_for_what_was_not_measured() -> None:
    got = json.loads(CliRunner().invoke(import_ncu, [str(RAW), "--json"]).stdout)
    metrics = got["launches"][0]["metrics"]
    assert metrics["smsp__inst_executed.sum"] == {"value": None, "unit": "inst", "said": "n/a"}
    assert metrics["gpu__time_duration.sum"] == {"value": 10000, "unit": "ns"}


def test_a_log_without_kernels_says_what_ncu_said_and_the_way_on(tmp_path: Path) -> None:
    log = tmp_path / "ncu.log"
    log.write_text("==ERROR== ERR_NVGPUCTRPERM - The user does not have permission\n")
    with pytest.raises(UsageError, match=r"counters denied.*ERR_NVGPUCTRPERM") as caught:
        workflow.import_file(log)
    assert "SYS_ADMIN" in caught.value.hint


def test_without_the_package_a_report_names_both_ways_to_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ncu_report", None)  # what Python does for "not importable"
    path = tmp_path / "a.ncu-rep"
    path.write_bytes(b"NVR\0\x02\0\0\0")
    with pytest.raises(UsageError, match="ncu-report") as caught:
        read_file(path)
    assert "blackwell-sparsek[ncu]" in caught.value.hint
    assert "--csv --page raw" in caught.value.hint


@pytest.mark.parametrize("content", [b"\x7fELF", b"PK\3\4", b"hello"])
def test_a_foreign_file_named_like_a_report_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.ncu-rep"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="not a report of Nsight Compute"):
        read_file(path)


@needs_samples
class TestRealReports:
    """Reports of a GH200 and an RTX 3050, read by NVIDIA's package."""

    @pytest.fixture(autouse=True)
    def package(self) -> None:
        pytest.importorskip("ncu_report")

    def test_a_report_is_read_with_full_precision_version_and_gpu(self) -> None:
        held = read_file(REPORT).captures
        first = held.kernels[0]
        assert (str(held.ncu), len(held.kernels)) == ("2025.1.0", 3)
        assert first.number("dram__bytes.sum.per_second") == 1703217568485.3975
        assert (first.grid, first.block) == ((1056, 1, 1), (256, 1, 1))
        assert (first.compute_capability, first.stream) == ("9.0", "7")
        assert held.kernels[1].rules[0].speedup == "83.17 % local"
        assert "@" not in held.kernels[1].rules[0].text

    def test_report_and_csv_of_the_same_launches_agree(self) -> None:
        derived = read_file(SAMPLES / "derived-csv/gh200_missing_duration_2025.1.0.csv").captures
        held = read_file(REPORT).captures
        for one, other in zip(held.kernels, derived.kernels, strict=True):
            for name in ("launch__registers_per_thread", "sm__maximum_warps_per_active_cycle_pct"):
                assert one.metrics[name] == other.metrics[name]

    @pytest.mark.parametrize("lost", [1, 100, 530, 5_000, 300_000, 680_000, 683_520])
    def test_a_truncated_report_is_refused_or_gives_the_same_numbers(
        self, lost: int, tmp_path: Path
    ) -> None:
        path = tmp_path / "a.ncu-rep"
        path.write_bytes(REPORT.read_bytes()[:-lost])
        whole = read_file(REPORT).captures.kernels
        try:
            part = read_file(path).captures.kernels
        except UsageError as refusal:
            assert re.search("cut off|damaged", refusal.message)  # noqa: PT017
            return
        assert [one.metrics for one in part] == [one.metrics for one in whole[: len(part)]]

    def test_its_page_names_the_file_the_gpu_and_what_is_missing(self) -> None:
        page = workflow.markdown(workflow.import_file(REPORT))
        assert "NVIDIA GH200 480GB" in page
        assert "| Nsight Compute | 2025.1.0 |" in page
        assert "--section SpeedOfLight: SM clock" in page
