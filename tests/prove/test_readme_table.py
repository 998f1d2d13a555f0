"""The README's figures come from committed runs and from nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.readme_table import BEGIN, END, NOT_MEASURED, main, table
from remote_payload.contract import codec
from remote_payload.contract.words import Status
from tests.report.synthetic import bench, case, check, cpu_result, gpu_result, samples


def write(folder: Path, **files: object) -> Path:
    folder.mkdir()
    for name, result in files.items():
        (folder / f"{name}.json").write_text(codec.dumps(result))
    return folder


def readme(folder: Path) -> Path:
    page = folder / "README.md"
    page.write_text(f"# Title\n{BEGIN}\n999 µs, typed by hand\n{END}\nThe rest.\n")
    return page


def test_without_a_committed_run_nothing_was_measured(tmp_path: Path) -> None:
    page = readme(tmp_path)
    assert main([], page, tmp_path / "results") == 0
    assert page.read_text() == f"# Title\n{BEGIN}\n{NOT_MEASURED}\n{END}\nThe rest.\n"


def test_each_head_count_stands_beside_the_fastest_other(tmp_path: Path) -> None:
    faster = bench("sdpa-cudnn", case(96), samples(350.0))
    result = gpu_result()
    checks = (*result.checks, check("sdpa-cudnn", case(96)))
    timed = (*result.bench, faster)
    results = write(tmp_path / "results", h100=replace(result, checks=checks, bench=timed))
    page = readme(tmp_path)
    main([], page, results)
    text = page.read_text()
    assert "999" not in text
    assert "NVIDIA H100 80GB HBM3, driver 580.65.06, torch 2.11.0+cu130, 2026-11-22" in text
    rows = [line for line in text.splitlines() if line.startswith("| B=16")]
    assert len(rows) == 12  # six head counts by two methods
    (row,) = [line for line in rows if "H=96 " in line and "back_to_back" in line]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[3] == "sdpa-cudnn"
    assert cells[2].startswith("2.9")
    assert cells[4].startswith("3.64")
    assert cells[5].startswith("1.23")


def test_check_tells_a_table_that_the_results_do_not_give(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, results = readme(tmp_path), write(tmp_path / "results", h100=gpu_result())
    assert main(["--check"], page, results) == 1
    assert "differs from its results" in capsys.readouterr().out
    main([], page, results)
    assert main(["--check"], page, results) == 0


def test_a_failed_run_says_so_above_its_figures() -> None:
    failed = replace(gpu_result(), status=Status.FAILED, reason="prove: racecheck: 1 hazard")
    text = table([("h100.json", failed)])
    assert "This run ended as failed: prove: racecheck: 1 hazard" in text


def test_a_run_on_a_cpu_does_not_get_into_the_readme() -> None:
    with pytest.raises(ValueError, match=r"laptop\.json: was not taken on a GPU"):
        table([("laptop.json", cpu_result())])


def test_a_page_without_markers_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text("# Title\n")
    with pytest.raises(ValueError, match="lacks the lines"):
        main([], page, tmp_path)


def test_the_readme_is_what_the_committed_results_give() -> None:
    assert main(["--check"]) == 0
