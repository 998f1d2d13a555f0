"""A file that holds nothing of ncu's is called what it is, with the next step."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.readers.ncu.read import read_file, read_text
from orchestrator.workflows.publishing.import_ncu import document
from tests.ncu.places import fixture

RAW = fixture("raw_two_kernels.csv")
ZSTD = b"\x28\xb5\x2f\xfd\0\0"
FOREIGN = {
    "profile.nsys-rep": (b"\x0aQD\x00binary", "report of Nsight Systems", "counters come from ncu"),
    "profile.sqlite": (b"SQLite format 3\0\1", "SQLite", "when kernels ran"),
    "raw.csv.gz": (b"\x1f\x8b\x08\0", "gzip", "gunzip"),
    "all.zip": (b"PK\3\4\0\0", "zip archive", "Unpack"),
    "raw.csv.zst": (ZSTD, "Zstandard", "unzstd"),
    "picture.png": (b"\x89PNG\r\n\x1a\n", "PNG", ".ncu-rep"),
    "a.out": (b"\x7fELF\2\1", "program", "ncu"),
    "noise.bin": (bytes(range(128, 256)) * 9, "binary data", ".ncu-rep"),
    "result.json": (b'{"kernels": [1, 2]}', "JSON", ".ncu-rep"),
    "lines": (b'{"a": 1}\n{"a": 2}\n', "JSON", ".ncu-rep"),
    "trace.json": (b'{"traceEvents": []}', "trace of kernels", "counters come from ncu"),
    "smi.xml": (b"<?xml version='1.0'?>\n<nvidia_smi_log>", "nvidia-smi", ".ncu-rep"),
    "a.xml": (b"<?xml version='1.0'?>\n<a/>", "XML", ".ncu-rep"),
    "page.html": (b"<!DOCTYPE html>\n<html>", "HTML", ".ncu-rep"),
    "README.md": (b"# Kernels\n\nimport ncu\n", "document", ".ncu-rep"),
    "notes.md": (b"# Log\n\n==PROF== Connected to process 7\n", "document", ".ncu-rep"),
    "help.md": (b"It says:\n\n==ERROR== ERR_NVGPUCTRPERM - no\n", "document", ".ncu-rep"),
    "bench.py": (b"import torch\n", "source code (Python)", "ncu runs the program"),
    "kernel": (b"#include <cuda.h>\n", "source code", "ncu runs the program"),
    "gemm.csv": (
        b"Problem,Provider,OperationKind,Operation\n1,2,conv2d,4\n",
        "cutlass_",
        "ceilings",
    ),
    "stats.csv": (b'"Time (%)","Total Time (ns)","Instances"\n', "nsys stats", "from ncu"),
    "nvprof.txt": (b"==77== NVPROF is profiling process 77\n", "nvprof", "again with ncu"),
    "build.log": (b"ptxas info    : 0 bytes gmem\n", "CUDA compiler", ".ncu-rep"),
    "times.csv": (b"name,B,H,S\nours,1,2,3\n", "columns (name, B, H, S", ".ncu-rep"),
    "notes.txt": (b"hello there\n", "text without a table of ncu's", ".ncu-rep"),
    "v.txt": (b"NVIDIA (R) Nsight Compute Command Line Profiler\n", "version", ".ncu-rep"),
    "a.ncu-rep": (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS", "git lfs pull"),
    "b.ncu-rep": (b"PK\3\4", "named like one: this is a zip", "Unpack"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_of_another_kind_is_called_what_it_is_with_the_way_on(
    name: str, tmp_path: Path
) -> None:
    data, words, advice = FOREIGN[name]
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(UsageError) as caught:
        read_file(path)
    assert words in caught.value.message
    assert advice in caught.value.hint
    assert "does the application launch any" not in caught.value.hint


def test_what_import_ncu_wrote_leads_back_to_the_file_it_was_made_of(tmp_path: Path) -> None:
    source = tmp_path / "raw.csv"
    source.write_text(RAW)
    made = tmp_path / "made.json"
    made.write_text(document(read_file(source)))
    with pytest.raises(UsageError, match="what import-ncu --json wrote"):
        read_file(made)


def test_a_folder_is_named_with_the_reports_in_it(tmp_path: Path) -> None:
    (tmp_path / "one.ncu-rep").touch()
    with pytest.raises(UsageError, match="this is a folder") as caught:
        read_file(tmp_path)
    assert "one.ncu-rep" in caught.value.hint


def test_ncus_log_of_a_run_with_a_report_leads_to_the_report() -> None:
    log = (
        '==PROF== Profiling "k" - 0: 0%....50%....100% - 9 passes\n'
        "==PROF== Disconnected from process 7\n==PROF== Report: /data/k.ncu-rep\n"
    )
    with pytest.raises(UsageError, match="the counters went to a report file") as caught:
        read_text(log)
    assert "/data/k.ncu-rep" in caught.value.hint
