"""Run folders as the tools leave them, for a fuzzer to damage. SYNTHETIC figures throughout."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from orchestrator.store.runs.run_store import CARD, END, LENT, LOG, REQUEST, RESULT
from orchestrator.values.job import Ending, JobEnd
from orchestrator.values.price import Charge, Price
from remote_payload.contract import codec
from remote_payload.contract.records import Cut, NcuRecord
from remote_payload.contract.result import Result, StageReport
from remote_payload.contract.words import Stage, Status
from tests.ceilings.test_report import FP8, FP16, MEASURED, with_cutlass
from tests.model.test_sass import LISTING
from tests.ncu.places import FIXTURES
from tests.ncu_stage.stand_in import DENIED
from tests.ncu_stage.test_insight import ONE_KERNEL
from tests.ncu_stage.test_report import profiled
from tests.prove.test_report import RECORDS
from tests.report import gone_wrong, host_bound, synthetic, traces
from tests.store.schema_one import as_written_then

_STAMP = "20261122-101530"
HONEST = "20261121-101530-honest-profile"
_LOG = (
    "building\n@@progress "
    '{"stage": "bench", "done": 3, "total": 20, "label": "B=16"}\n'
    "@@note left out\n\x1b[2Jhello from \xfc 10.0.0.1\n"
)


def write_seeds(root: Path) -> tuple[Path, ...]:
    """One store below `root` for each kind of run, beside an honest one; the runs' folders."""
    kinds = {
        "cpu": synthetic.cpu_result(),
        "failed-check": gone_wrong.failed_check_result(),
        "failed-build": gone_wrong.failed_build_result(),
        "above-roof": gone_wrong.above_roof_result(),
        "interrupted": gone_wrong.interrupted_result(),
        "lost": None,
        "host-bound": host_bound.host_bound_result(),
        "wide": _narrow(synthetic.gpu_result(), 8, 32, 96),
    }
    folders = []
    for kind, result in kinds.items():
        folders.append(root / kind / f"{_STAMP}-{kind}-profile")
        _kept(folders[-1], result)
    for kind, write in (("whole", _whole), ("borrowing", _borrowing)):
        folders.append(root / kind / f"{_STAMP}-{kind}-profile")
        write(folders[-1])
    for kind in ("failed-check", "wide", "whole"):
        folders.append(root / f"old-{kind}" / f"{_STAMP}-{kind}-profile")
        _of_schema_1(folders[-1], root / kind / f"{_STAMP}-{kind}-profile")
    for folder in folders:
        beside_an_honest_one(folder.parent)
    return tuple(folders)


def _of_schema_1(folder: Path, like: Path) -> None:
    """The run in `like` as a version of before would have kept it."""
    shutil.copytree(like, folder)
    as_written_then(folder)


def beside_an_honest_one(store: Path) -> None:
    """Put a run into `store` that nobody damages."""
    _kept(store / HONEST, _narrow(synthetic.gpu_result()))


def _narrow(result: Result, *heads: int) -> Result:
    """Two cases instead of six, or those with `heads`, for speed."""
    few = tuple(record for record in result.bench if record.case.size("H") in (heads or (8, 96)))
    return replace(result, bench=few)


def _whole(folder: Path) -> None:
    """A run of every stage."""
    pages = {
        "sparsek": (ONE_KERNEL, Status.OK, 0),
        "sdpa": ((FIXTURES / "raw_two_kernels.csv").read_text("utf-8"), Status.OK, 0),
        "sdpa-flash": ((FIXTURES / "details_own_rule.csv").read_text("utf-8"), Status.OK, 0),
        "sdpa-cudnn": ((FIXTURES / "metrics_thousands.csv").read_text("utf-8"), Status.OK, 0),
        "mine": ("", Status.FAILED, 1),
    }
    records = [_page(folder, name, *page) for name, page in pages.items()]
    base = profiled(*records)
    also = traces.result()
    result = replace(
        base,
        request=replace(
            base.request,
            stages=(*base.request.stages, Stage.PROVE, Stage.CEILINGS, Stage.TRACE),
        ),
        stages=(*base.stages, StageReport(Stage.CEILINGS, Status.OK, seconds=21.0)),
        proofs=RECORDS,
        ceilings=MEASURED,
        traces=also.traces,
        cuts=(Cut(Stage.BENCH, "B=16", "12 of 20 rounds", "the budget was spent", "--budget"),),
    )
    listing = folder / "artifacts/trace/sparsek.sass"
    listing.parent.mkdir(parents=True)
    listing.write_text(LISTING)
    _kept(folder, with_cutlass(folder, _narrow(result), FP16, FP8))
    (folder / "price.json").write_text(
        codec.dumps(Price((Charge(3.29, 340.0, "NVIDIA H100 80GB HBM3", 1),), 1))
    )


def _page(folder: Path, provider: str, page: str, status: Status, exit_code: int) -> NcuRecord:
    """A call of `provider` with the page and the log that ncu left of it."""
    name, log = (f"artifacts/ncu/{provider}.{suffix}" for suffix in ("csv", "txt"))
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(page)
    (folder / log).write_text(f"==PROF== Connected\n{DENIED if exit_code else ''}\n")
    return NcuRecord(
        provider,
        synthetic.case(),
        status,
        command=("ncu", "--metrics", "all"),
        exit_code=exit_code,
        said=("==WARNING== clocks",),
        artifacts=(log, name),
    )


def _borrowing(folder: Path) -> None:
    """A run whose counters were taken on another host."""
    lent = _page(folder / LENT, "sparsek", ONE_KERNEL, Status.OK, 0)
    _kept(folder / LENT, _narrow(profiled(lent)))
    _kept(folder, _narrow(synthetic.gpu_result()))


def _kept(folder: Path, result: Result | None) -> None:
    """The files of a run that came home."""
    folder.mkdir(parents=True, exist_ok=True)
    request = replace(result.request if result else synthetic.request(), run_id=folder.name)
    end = JobEnd(Ending.EXIT, 0) if result else JobEnd(Ending.RUNNER_KILLED, None, "signal 9")
    card = replace(synthetic.run(None).card, run_id=folder.name)
    (folder / CARD).write_text(codec.dumps(card))
    (folder / REQUEST).write_text(codec.dumps(request))
    (folder / END).write_text(codec.dumps(end))
    (folder / LOG).write_text(_LOG, "latin-1")
    if result is not None:
        (folder / RESULT).write_text(codec.dumps(replace(result, request=request)))
