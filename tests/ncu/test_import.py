"""import-ncu: a file in, a page or a JSON document out."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.cli.verbs.import_ncu import import_ncu
from orchestrator.errors import UsageError
from orchestrator.readers.ncu.read import read_file
from orchestrator.report.printing.form import Form
from orchestrator.workflows.publishing import import_ncu as workflow
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


def raw_page(*launches: tuple[str, str]) -> str:
    """A raw page of launches (kernel, grid) with two counters that we read and one that we do not."""
    header = (
        '"ID","Kernel Name","Block Size","Grid Size","gpu__time_duration.sum","own__x.sum","y__z"\n'
    )
    rows = (
        f'"{number}","{kernel}","(32, 1, 1)","({grid}, 1, 1)","{number + 1}0","7{number}","{number}.5"\n'
        for number, (kernel, grid) in enumerate(launches)
    )
    return header + '"","","","","us","widget","warp"\n' + "".join(rows)


def page_of(text: str, tmp_path: Path, name: str = "a.csv") -> str:
    path = tmp_path / name
    path.write_text(text)
    return workflow.markdown(workflow.import_file(path))


def test_the_headline_counts_kernels_launch_shapes_and_launches_apart(tmp_path: Path) -> None:
    page = page_of(raw_page(("k", "1"), ("k", "2"), ("k", "2"), ("j", "1")), tmp_path)
    assert "**2 kernels, 3 launch shapes, 4 launches on a GPU it does not name**" in page
    page = page_of(raw_page(("k", "1")), tmp_path)
    assert "**1 kernel, 1 launch shape, 1 launch on" in page


def test_counters_that_we_do_not_know_are_shown_as_they_stand(tmp_path: Path) -> None:
    page = page_of(raw_page(("k", "2"), ("k", "2")), tmp_path)
    assert "| own__x.sum | 70.5 widget | 70 widget – 71 widget |" in page
    assert "| y__z | 1 warp | 0.5 warp – 1.5 warp |" in page


def test_a_counter_of_ours_in_a_unit_that_we_do_not_know_is_shown_and_not_called_missing(
    tmp_path: Path,
) -> None:
    page = page_of(raw_page(("k", "2")).replace('"us"', '"fortnight"'), tmp_path)
    assert "| gpu__time_duration.sum | 10 fortnight | — |" in page
    assert "SpeedOfLight: Duration" not in page


def test_what_is_not_listed_is_counted(tmp_path: Path) -> None:
    names = [f"own__{number}.sum" for number in range(50)]
    header = ",".join(f'"{name}"' for name in ("ID", "Kernel Name", "device__attribute_x", *names))
    units = ",".join(['""'] * 53)
    values = ",".join(['"0"', '"k"', *['"1"'] * 51])
    page = page_of(f"{header}\n{units}\n{values}\n", tmp_path)
    assert "| own__39.sum | 1 | — |" in page
    assert "own__40.sum" not in page
    assert "Not listed: 10 more counters and 1 attribute of the device: --json" in page


def test_full_names_are_on_the_page_and_kernels_that_look_alike_are_told_apart(
    tmp_path: Path,
) -> None:
    wide = [f"void f<{', '.join(['Type'] * 40)}, {last}>(int)" for last in (64, 128)]
    page = page_of(raw_page((wide[0], "1"), (wide[1], "1"), ("k", "1")), tmp_path)
    named = page[page.index("## Full kernel names") :].replace("&#60;", "<").replace("&#62;", ">")
    assert f"- f<…> [1]: {wide[0]}\n- f<…> [2]: {wide[1]}\n" in named.replace("&#91;", "[").replace(
        "&#93;", "]"
    )
    assert "## Full kernel names" not in page_of(raw_page(("k", "1")), tmp_path)


def test_a_summary_shows_the_bounds_of_its_averages(tmp_path: Path) -> None:
    page = workflow.markdown(workflow.import_file(FIXTURES / "summary.csv"))
    assert "| Duration | 2 µs | 1 µs – 3 µs | gpu__time_duration.sum |" in page
    got = json.loads(workflow.document(workflow.import_file(FIXTURES / "summary.csv")))
    metrics = got["launches"][0]["metrics"]
    assert metrics["gpu__time_duration.sum"] == {
        "value": 2000,
        "unit": "ns",
        "minimum": 1000,
        "maximum": 3000,
    }


def test_hostile_names_stay_text() -> None:
    from orchestrator.ncu.page import page
    from orchestrator.readers.ncu.read import Source, read_text
    from orchestrator.report.printing.form import Form
    from orchestrator.report.printing.templates import fill

    text = RAW.read_text().replace('"attention"', '"<script>|[x](http://y)`\u202e"')
    source = Source("<b>|.csv", len(text), "0" * 64, read_text(text))
    rendered = fill(workflow.TEMPLATE, Form.MARKDOWN, page=page(source))
    assert "<script" not in rendered
    assert "<b>" not in rendered
    assert "\u202e" not in rendered


def test_the_command_prints_or_writes_and_says_where(tmp_path: Path) -> None:
    printed = CliRunner().invoke(import_ncu, [str(RAW)])
    assert printed.stdout == workflow.markdown(workflow.import_file(RAW), Form.TEXT)
    target = tmp_path / "new" / "page.md"
    wrote = CliRunner().invoke(import_ncu, [str(RAW), "-o", str(target)])
    assert (wrote.exit_code, wrote.stdout) == (0, f"{target}\n")
    in_words = tmp_path / "new" / "page.txt"
    assert CliRunner().invoke(import_ncu, [str(RAW), "-o", str(in_words)]).exit_code == 0
    assert in_words.read_text(encoding="utf-8") == printed.stdout
    assert "| " not in printed.stdout
    assert "**2 kernels, " in target.read_text(encoding="utf-8")
    assert "\n2 kernels, " in printed.stdout


def test_json_holds_every_metric_and_null_for_what_was_not_measured() -> None:
    got = json.loads(CliRunner().invoke(import_ncu, [str(RAW), "--json"]).stdout)
    metrics = got["launches"][0]["metrics"]
    assert metrics["smsp__inst_executed.sum"] == {"value": None, "unit": "inst", "said": "n/a"}
    assert metrics["gpu__time_duration.sum"] == {"value": 10000, "unit": "ns"}


def test_a_small_file_is_read_in_silence_and_a_large_one_with_progress(tmp_path: Path) -> None:
    class Watcher:
        steps: list[tuple[str, int, int | None]]
        said: list[str]

        def __init__(self) -> None:
            self.steps, self.said = [], []

        def step(self, task: str, done: int, total: int | None, detail: str = "") -> None:
            self.steps.append((task, done, total))

        def say(self, line: str) -> None:
            self.said.append(line)

    small, large = Watcher(), Watcher()
    workflow.import_file(RAW, small)
    assert (small.steps, small.said) == ([], [])
    path = tmp_path / "large.csv"
    path.write_text(raw_page(*[("k" * 200, str(number)) for number in range(1, 4_000)]))
    source = workflow.import_file(path, large)
    workflow.document(source, large)
    assert large.said == [f"reading large.csv: {path.stat().st_size / 1e6:.1f} MB"]
    by_task: dict[str, list[int]] = {}
    for task, done, total in large.steps:
        assert total is not None
        assert 0 <= done <= total
        by_task.setdefault(task, []).append(done)
    assert by_task.keys() == {"lines", "counters", "writing"}
    assert all(done == sorted(done) and len(done) > 1 for done in by_task.values())


def test_a_file_that_names_a_gpu_ncu_cannot_profile_does_not_blame_the_filter(
    tmp_path: Path,
) -> None:
    log = tmp_path / "ncu.log"
    log.write_text(
        "==PROF== Connected to process 4613 (/home/user/add1.exe)\n"
        "==ERROR== Profiling is not supported on device 0.\n"
        "Elapsed 4.18365 ms.\n==WARNING== No kernels were profiled.\n"
    )
    with pytest.raises(UsageError, match=r"ncu does not profile this GPU.*on device 0") as caught:
        workflow.import_file(log)
    assert "filter" not in caught.value.hint


def test_a_launch_is_one_line_of_json(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(raw_page(*[("k", str(number)) for number in range(1, 50)]))
    text = workflow.document(workflow.import_file(path))
    assert sum('"kernel"' in line for line in text.splitlines()) == 49
    assert len(text.splitlines()) < 49 + 20


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


FAILING = SAMPLES / "failing"


@pytest.mark.skipif(not FAILING.is_dir(), reason="no samples beside this checkout")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("details-as-text.txt", "| Duration | 778 µs | — | gpu__time_duration.sum |"),
        ("headline-counts-geometries.details.csv", "**1 kernel, 3 launch shapes, 3 launches on"),
        ("n2c_unquoted.csv", "| DRAM bytes read | 5 MB | — | dram__bytes_read.sum |"),
        ("n2_empty_units.csv", "| dram__bytes_read.sum | 5,000,000 | — |"),
    ],
)
def test_collected_files_that_once_failed_give_the_right_words(name: str, words: str) -> None:
    assert words in workflow.markdown(workflow.import_file(FAILING / name))


@pytest.mark.skipif(not FAILING.is_dir(), reason="no samples beside this checkout")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("conv2d-called-no-table.csv", "this is a table of cutlass_profiler"),
        ("error-then-no-kernels.txt", "ncu does not profile this GPU"),
    ],
)
def test_collected_files_without_counters_are_refused_in_the_right_words(
    name: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        workflow.import_file(FAILING / name)


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
