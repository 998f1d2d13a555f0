"""Each kind of file that is read: what of it is recognised, and that a lie in it is found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.audit.audit import Verdict, audit
from orchestrator.audit.reading.read import read
from orchestrator.audit.values import Kind, Weight
from tests.audit.conftest import Audited, told
from tests.cli.comparing import MADE, store
from tests.report import synthetic

# 2.147 GFLOP in 40 µs are 53.69 TFLOPS.
ROW = "gemm,1024,1024,1024,fp16,40.01,53.67"
COLUMNS = "op,M,N,K,dtype,time_us,tflops"
LIE = "53.67", "107.3"

TABLES = {
    "commas": f"{COLUMNS}\n{ROW}\n",
    "a byte order mark and Windows lines": f"\ufeff{COLUMNS}\r\n{ROW}\r\n",
    "tabs": f"{COLUMNS}\n{ROW}\n".replace(",", "\t"),
    "decimal commas": f"{COLUMNS}\n{ROW}\n".replace(",", ";").replace(".", ","),
    "Markdown": f"|{COLUMNS}|\n|--|--|--|--|--|--|--|\n|{ROW}|\n".replace(",", " | "),
    "a remark and a preamble": f"# GPU: NVIDIA L4\nsome tool 1.0\n\n{COLUMNS}\n{ROW}\n",
    "units below": f"op,M,N,K,dtype,time,rate\n,,,,,us,TFLOP/s\n{ROW}\n",
    "units in cells": f"{COLUMNS}\n".replace("_us", "") + ROW.replace("40.01", "40.01 µs") + "\n",
    "units in heads": f"op,M,N,K,dtype,Time [us],TFLOP/s\n{ROW}\n",
    "a shape in a word": "op,shape,dtype,mean_us,TFLOPS\ngemm,1024x1024x1024,fp16,40.01,53.67\n",
}


@pytest.mark.parametrize("text", TABLES.values(), ids=TABLES)
def test_that_a_table_is_read_however_it_is_written(audited: Audited, text: str) -> None:
    assert audited(text).verdict is Verdict.HOLDS
    found = audited(text.replace(*LIE).replace(LIE[0].replace(".", ","), "107,3"))
    assert "FLOP counted twice" in told(found)[0]


CONFIG = {"op": "gemm", "M": 1024, "N": 1024, "K": 1024, "dtype": "fp16"}
OBJECT: dict[str, Any] = {**CONFIG, "time_us": 40.01, "tflops": 53.67}
DOCUMENTS: dict[str, Any] = {
    "rows": [OBJECT],
    "rows below a key": {"gpu": "NVIDIA L4", "results": [OBJECT]},
    "a config beside": {"config": CONFIG, "performance": {"time_us": 40.01, "tflops": 53.67}},
    "rows by a shape": {"M1024_N1024_K1024_fp16": {"time_us": 40.01, "tflops": 53.67}},
    "columns": {key: [value, value] for key, value in OBJECT.items()} | {"name": ["a", "b"]},
    "columns and data": {"columns": list(OBJECT), "data": [list(OBJECT.values())]},
    "columns by number": {key: {"0": value} for key, value in OBJECT.items()},
    "seconds": [{**CONFIG, "mean": 40.01e-6, "unit": "s", "tflops": 53.67}],
}


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_that_json_is_read_however_it_is_nested(audited: Audited, document: Any) -> None:
    text = json.dumps(document)
    assert audited(text, "results.json").verdict is Verdict.HOLDS
    found = audited(text.replace(*LIE), "results.json")
    assert "FLOP counted twice" in told(found)[0]


def test_that_json_lines_are_told_by_line(audited: Audited) -> None:
    lines = "\n".join(json.dumps({**OBJECT, "tflops": rate}) for rate in (53.67, 107.3))
    assert "line 2: tflops claims" in told(audited(lines, "results.jsonl"))[0]


def trace(**performance: float) -> dict[str, Any]:
    return {
        "definition": "gemm_n128_k2048",
        "workload": {"axes": {"M": 512}, "uuid": "0123456789"},
        "solution": "mine",
        "evaluation": {
            "status": "PASSED",
            "environment": {"hardware": "NVIDIA H100"},
            "correctness": {"max_absolute_error": 0.01},
            "performance": performance,
        },
    }


def test_that_traces_of_flashinfer_are_held_against_themselves(audited: Audited) -> None:
    times = {"latency_ms": 0.0201, "reference_latency_ms": 0.0101}
    honest = audited([trace(**times, speedup_factor=0.5025)])
    assert honest.sheet.form == "FlashInfer traces"
    assert honest.verdict is Verdict.HOLDS
    lie = audited([trace(**times, speedup_factor=1.99)])
    assert "upside down" in told(lie)[0]
    untimed = trace()
    untimed["evaluation"]["correctness"]["max_absolute_error"] = "NaN"
    text = "\n".join(told(audited([untimed])))
    assert "a passed solution without a time" in text
    assert "whose error is no number" in text


def nvbench(seconds: float, rate: float, share: float, size: float = 1e9) -> dict[str, Any]:
    figures = {
        "nv/cold/time/gpu/mean": seconds,
        "nv/cold/bw/global/bytes_per_second": rate,
        "nv/cold/bw/global/utilization": share,
        "nv/gmem/reads/in": size,
        "nv/gmem/writes/out": size,
    }
    summaries = [
        {"tag": tag, "data": [{"name": "value", "type": "float64", "value": str(value)}]}
        for tag, value in figures.items()
    ]
    state = {"device": 0, "axis_values": [], "summaries": summaries, "is_skipped": False}
    device = {"id": 0, "name": "NVIDIA H100 PCIe", "global_memory_bus_bandwidth": 2039e9}
    return {"devices": [device], "benchmarks": [{"name": "copy", "states": [state]}]}


def test_that_nvbench_is_read_by_its_tags(audited: Audited) -> None:
    honest = audited(nvbench(1e-3, 2e12, 0.9809))
    assert honest.sheet.form == "NVBench JSON"
    assert honest.verdict is Verdict.HOLDS
    assert told(honest, Weight.DOUBT)[0].startswith("no raw samples")
    text = "\n".join(told(audited(nvbench(0.5e-3, 4e12, 1.962))))
    assert "more than 100 % of a roof" in text
    assert "the memory of H100 PCIe gives 2039 GB/s" in text
    assert "bytes counted twice" in "\n".join(told(audited(nvbench(2e-3, 2e12, 0.9809))))


def test_that_what_was_measured_with_a_flushed_cache_keeps_its_memory_roof(
    audited: Audited,
) -> None:
    found = audited(nvbench(1e-5, 1.8e12, 0.8828, 9e6))
    assert Kind.ROOF not in {one.kind for one in found.objections}


def test_that_statistics_of_pytest_benchmark_follow_from_its_rounds(audited: Audited) -> None:
    data = [0.00101, 0.00103, 0.00102, 0.00104, 0.001]
    stats = {
        "min": 0.001,
        "max": 0.00104,
        "mean": 0.00102,
        "median": 0.00102,
        "stddev": 1.5811e-05,
        "ops": 980.39,
        "data": data,
    }
    whole = {"machine_info": {}, "benchmarks": [{"fullname": "t.py::test", "stats": stats}]}
    assert audited(whole).verdict is Verdict.HOLDS
    stats["mean"] = 0.00051
    text = "\n".join(told(audited(whole)))
    assert "mean_s is 510 µs; the 5 samples give 1.02 ms" in text
    assert "mean below minimum" in text


def test_that_aggregates_of_google_benchmark_follow_from_its_repetitions(
    audited: Audited,
) -> None:
    def run(time: float, **more: str) -> dict[str, Any]:
        return {"run_name": "BM_x", "real_time": time, "time_unit": "us", **more}

    runs = [run(10.1), run(10.3), run(10.2, aggregate_name="mean")]
    assert audited({"context": {}, "benchmarks": runs}).verdict is Verdict.HOLDS
    runs[-1]["real_time"] = 5.1
    found = audited({"context": {}, "benchmarks": runs})
    assert "mean_us is 5.1 µs; the 2 samples give 10.2 µs" in told(found)[0]


def test_that_a_run_of_ours_is_judged_with_its_samples(tmp_path: Path) -> None:
    result = synthetic.gpu_result()
    store(tmp_path, MADE, result)
    found = audit(read(tmp_path / "runs" / MADE))
    assert found.sheet.form == "a run of ours"
    assert len(found.sheet.rows) == len(result.bench)
    assert found.bounds[0].startswith("H100 SXM, as the file says")
    assert ("work per time below the peak of H100 SXM", len(result.bench)) in found.held
    assert Kind.NO_SAMPLES not in {one.kind for one in found.objections}


def test_that_a_run_of_ours_that_cannot_be_is_refused_in_its_reports_words(tmp_path: Path) -> None:
    from tests.cli.comparing import changed, times

    store(tmp_path, MADE, changed(synthetic.gpu_result(), "sparsek", times(1e-3)))
    folder = tmp_path / "runs" / MADE
    text = "\n".join(told(audit(read(folder))))
    assert "lies above the" in text
    assert "faster than H100 SXM can be at its highest clock" in text
    alone = audit(read(folder / "result.json"))
    assert alone.sheet.form == "a result of ours, without its run"
    assert alone.verdict is Verdict.CONTRADICTS
