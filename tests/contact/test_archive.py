"""The one file that comes home: whole at any moment, small enough, the best first."""

from __future__ import annotations

import os
import tarfile
import threading
from pathlib import Path

import pytest

from benchmarks.contact.archive import LEFT_OUT, TEXT_LIMIT_CHARACTERS, Archive, unpack_runs


def names(path: Path) -> list[str]:
    with tarfile.open(path) as tar:
        return sorted(tar.getnames())


def text(path: Path, name: str) -> str:
    with tarfile.open(path) as tar:
        file = tar.extractfile(name)
        assert file is not None
        return file.read().decode()


@pytest.fixture
def job(tmp_path: Path) -> Path:
    folder = tmp_path / "job"
    (folder / "artifacts" / "ncu").mkdir(parents=True)
    (folder / "inputs").mkdir()
    (folder / "result.json").write_text('{"status": "old"}')
    (folder / "log.txt").write_text("a line\n")
    (folder / "artifacts" / "ncu" / "ours.ncu-rep").write_bytes(os.urandom(40_000))
    (folder / "inputs" / "q").write_bytes(b"\0" * 1000)
    (folder / "result.partial").write_text("half")
    (tmp_path / "elsewhere").write_text("private")
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    return folder


def test_it_holds_the_texts_and_all_files_of_a_run_but_what_is_half_or_can_be_drawn_again(
    tmp_path: Path, job: Path
) -> None:
    archive = Archive(tmp_path / "out" / "gpu.tgz", "gpu-first")
    archive.text("log.txt", "said\n")
    archive.folder("runs/r1", job)
    archive.write()
    assert names(archive.path) == [
        "gpu-first/log.txt",
        "gpu-first/runs/r1/artifacts/ncu/ours.ncu-rep",
        "gpu-first/runs/r1/log.txt",
        "gpu-first/runs/r1/result.json",
    ]
    assert [path.name for path in archive.path.parent.iterdir()] == ["gpu.tgz"]


def test_what_was_pulled_lies_over_what_grew_on_the_host(tmp_path: Path, job: Path) -> None:
    pulled = tmp_path / "runs" / "r1"
    pulled.mkdir(parents=True)
    (pulled / "result.json").write_text('{"status": "new"}')
    archive = Archive(tmp_path / "gpu.tgz", "x")
    archive.folder("runs/r1", pulled, job, tmp_path / "not there yet")
    archive.write()
    assert text(archive.path, "x/runs/r1/result.json") == '{"status": "new"}'
    assert text(archive.path, "x/runs/r1/log.txt") == "a line\n"


def test_what_would_make_it_too_large_is_left_out_by_name_and_never_a_result(
    tmp_path: Path, job: Path
) -> None:
    (job / "artifacts" / "z.csv").write_bytes(os.urandom(30_000))
    archive = Archive(tmp_path / "gpu.tgz", "x", limit_bytes=60_000)
    archive.folder("runs/r1", job)
    archive.write()
    assert archive.path.stat().st_size <= 60_000
    assert "x/runs/r1/result.json" in names(archive.path)
    assert "x/runs/r1/artifacts/z.csv" in names(archive.path)
    assert text(archive.path, f"x/{LEFT_OUT}") == "runs/r1/artifacts/ncu/ours.ncu-rep"


def test_whoever_reads_it_while_it_is_written_finds_it_whole(tmp_path: Path, job: Path) -> None:
    archive = Archive(tmp_path / "gpu.tgz", "x")
    archive.folder("runs/r1", job)
    archive.write()
    over = threading.Event()

    def write() -> None:
        while not over.is_set():
            archive.write()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(30):
            assert "x/runs/r1/result.json" in names(archive.path)
    finally:
        over.set()
        writer.join()


def test_its_runs_can_be_put_back_where_reports_find_them(tmp_path: Path, job: Path) -> None:
    archive = Archive(tmp_path / "gpu.tgz", "gpu-rest")
    archive.text("log.txt", "said")
    archive.folder("runs/r1", job)
    archive.write()
    (run,) = unpack_runs(archive.path, tmp_path / "home")
    assert run == tmp_path / "home" / "r1"
    assert (run / "artifacts/ncu/ours.ncu-rep").read_bytes() == (
        job / "artifacts/ncu/ours.ncu-rep"
    ).read_bytes()


def test_an_archive_without_a_run_and_a_file_that_is_none_are_told_apart(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "gpu.tgz", "gpu-first")
    archive.text("log.txt", "unfit")
    archive.write()
    with pytest.raises(ValueError, match="holds no run; its log"):
        unpack_runs(archive.path, tmp_path)
    (tmp_path / "text").write_text("hello")
    with pytest.raises(ValueError, match="is no archive of a contact"):
        unpack_runs(tmp_path / "text", tmp_path)
    (tmp_path / "half.tgz").write_bytes(archive.path.read_bytes()[:40])
    for name in ("half.tgz", "absent"):
        with pytest.raises(ValueError, match="is no archive of a contact"):
            unpack_runs(tmp_path / name, tmp_path)


def test_a_log_without_end_does_not_fill_it(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "gpu.tgz", "x")
    archive.text("log.txt", "first\n" + os.urandom(3 << 20).hex() + "\nlast")
    archive.write()
    kept = text(archive.path, "x/log.txt")
    assert len(kept) <= TEXT_LIMIT_CHARACTERS + 10
    assert kept.startswith("first\n")
    assert kept.endswith("\nlast")


def test_an_archive_cannot_write_outside_of_the_runs(tmp_path: Path) -> None:
    evil = tmp_path / "evil.tgz"
    (tmp_path / "payload").write_text("x")
    with tarfile.open(evil, "w:gz") as tar:
        tar.add(tmp_path / "payload", "x/runs/r1/../../../escaped")
    (tmp_path / "home" / "runs" / "r1").mkdir(parents=True)  # or it stumbles before it could
    with pytest.raises(ValueError, match="is no archive of a contact"):
        unpack_runs(evil, tmp_path / "home" / "runs")
    assert not (tmp_path / "escaped").exists()
