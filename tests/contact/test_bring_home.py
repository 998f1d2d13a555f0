"""From an archive to run folders, committed figures and the README's table, in one command."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.contact.archive import Archive
from benchmarks.contact.bring_home import main
from benchmarks.readme_table import BEGIN, END
from remote_payload.contract import codec
from remote_payload.contract.result import Result
from tests.report.synthetic import cpu_result, gpu_result


def archive_of(folder: Path, **results: Result | str) -> Path:
    archive = Archive(folder / "gpu.tgz", "gpu-rest")
    archive.text("log.txt", "said")
    for name, result in results.items():
        job = folder / "jobs" / name
        job.mkdir(parents=True)
        text = result if isinstance(result, str) else codec.dumps(result)
        (job / "result.json").write_text(text)
        archive.folder(f"runs/{name}", job)
    archive.write()
    return archive.path


def brought_home(folder: Path, *archives: Path) -> tuple[int, Path, str]:
    """Exit status, the folder of results, and the README."""
    page = folder / "README.md"
    page.write_text(f"# Title\n{BEGIN}\n{END}\n")
    results = folder / "benchmarks" / "results"
    status = main([str(path) for path in archives], folder / "runs", page, results)
    return status, results, page.read_text()


def test_a_run_on_a_gpu_becomes_a_file_with_its_samples_and_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    proofs_only = replace(gpu_result(), bench=())
    path = archive_of(tmp_path, r1=gpu_result(), r2=proofs_only, r3=cpu_result(), r4="{")
    status, results, page = brought_home(tmp_path, path)
    assert status == 0
    (kept,) = results.iterdir()
    assert kept.name == "nvidia-h100-80gb-hbm3-r1.json"
    assert codec.loads(Result, kept.read_text()) == gpu_result()
    assert "| B=16 H=96 S=512 D=64 fp16 | back_to_back |" in page
    assert sorted(run.name for run in (tmp_path / "runs").iterdir()) == ["r1", "r2", "r3", "r4"]
    said = capsys.readouterr().out
    assert "r1: benchmarks/results/nvidia-h100-80gb-hbm3-r1.json" in said
    assert "r2: no times" in said
    assert "r3: not taken on a GPU" in said
    assert "r4: its result cannot be read" in said
    *_, last = said.splitlines()
    assert last.startswith("next: orchestrator report r1; orchestrator report r2; ")
    assert last.endswith("; git add benchmarks/results README.md")


def test_where_no_result_is_kept_there_is_nothing_to_commit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, results, _ = brought_home(tmp_path, archive_of(tmp_path, r1=cpu_result()))
    assert status == 0
    assert not results.exists()
    assert capsys.readouterr().out.splitlines()[-1] == "next: orchestrator report r1"


def test_an_archive_that_holds_nothing_is_told_and_the_others_come_home(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = archive_of(tmp_path, r1=gpu_result())
    status, results, _ = brought_home(tmp_path, tmp_path / "absent.tgz", good)
    assert status == 1
    assert "absent.tgz is no archive of a contact" in capsys.readouterr().err
    assert len(list(results.iterdir())) == 1


def test_without_an_archive_the_usage_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "FROM=" in capsys.readouterr().err
