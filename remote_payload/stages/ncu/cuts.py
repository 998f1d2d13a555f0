"""Where ncu profiled less than passed its check."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterator, Sequence

from remote_payload.contract.records import Cut
from remote_payload.contract.request import Request
from remote_payload.contract.result import Result
from remote_payload.contract.words import Stage, Status
from remote_payload.stages.cuts import fewer, late

_KERNEL_ROW = re.compile(r'^"\d+",', re.MULTILINE)


def struck(result: Result) -> Sequence[str]:
    """Who ran into the limit."""
    records = result.ncu.records if result.ncu else ()
    return [record.provider for record in records if late(record.status)]


def after(request: Request, result: Result, folder: Path) -> Iterator[Cut]:
    """The cuts that can be seen once it has run. folder: where its artifacts lie."""
    if result.ncu is None or not result.ncu.records:
        return
    plan = request.ncu
    records = result.ncu.records
    cases, why = (
        plan.cases,
        "each call under ncu takes many passes, and the run takes times as well",
    )
    yield from fewer(Stage.NCU, cases, request.cases, why, "the verb ncu with --heads")
    profiled = {record.provider for record in records}
    passed = {one.provider for one in result.checks if _profilable(one.status, one.emulated)}
    if plan.rivals and profiled < passed:
        what = f"{len(profiled)} of {len(passed)} providers"
        why = f"beside proofs ours, the user's own and the {plan.rivals} fastest others are enough"
        yield Cut(Stage.NCU, "", what, why, "leaving out --prove")
    for record in records:
        pages = [folder / name for name in record.artifacts if name.endswith(".csv")]
        rows = sum(len(_KERNEL_ROW.findall(_text(page))) for page in pages)
        if rows >= plan.kernel_limit:
            case = f"{record.provider} on {record.case.label}"
            what = f"the first {plan.kernel_limit} kernels of the call; there may be more"
            yield Cut(Stage.NCU, case, what, "no more of one call are profiled")


def _profilable(status: Status, emulated: bool) -> bool:
    return status is Status.OK and not emulated


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").replace("\r", "")
    except OSError:
        return ""
