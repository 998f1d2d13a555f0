"""A request file, read and found sensible before anything is done about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Sequence

from remote_payload.contract import codec
from remote_payload.contract.case import Shape
from remote_payload.contract.codec import CodecError
from remote_payload.contract.plans import CeilingsPlan, ProvePlan
from remote_payload.contract.request import Request
from remote_payload.contract.words import SCHEMA, Stage
from remote_payload.operators.attention.catalog import BY_NAME, PROOFS

_WITHOUT_SHAPES = {Stage.BUILD, Stage.CEILINGS, Stage.PROVE}


def read(path: Path) -> Request:
    """The request in `path`; CodecError names the key and what was expected, OSError the file."""
    text = path.read_text(encoding="utf-8", errors="replace")
    _require_schema(text)
    request = codec.loads(Request, text)
    _require_sense(request)
    return request


def _require_schema(text: str) -> None:
    """A newer schema is refused as such, not by the first key that is not known yet."""
    try:
        document: Any = json.loads(text)
    except ValueError:
        return
    found = document.get("schema") if isinstance(document, dict) else None
    if isinstance(found, int) and found > SCHEMA:
        problem = f"{found} is newer than the {SCHEMA} this payload knows; deploy again"
        raise CodecError("schema", problem)


def _require_sense(request: Request) -> None:
    if not request.stages:
        raise CodecError("stages", "expected at least one stage")
    if not request.time_limit_s > 0:
        raise CodecError("time_limit_s", f"expected more than 0, got {request.time_limit_s:g}")
    if Stage.CEILINGS in request.stages:
        _require_ceilings(request.ceilings)
    _require_proofs(request.prove)
    if set(request.stages) <= _WITHOUT_SHAPES:
        return
    if not request.shapes:
        raise CodecError("shapes", "expected at least one shape")
    _require_shapes("shapes", request.shapes)
    _require_shapes("cpu_shapes", request.cpu_shapes)
    _require_providers(request)
    if not request.check.case_limit_s > 0:
        problem = f"expected more than 0, got {request.check.case_limit_s:g}"
        raise CodecError("check.case_limit_s", problem)
    if not request.ncu.case_limit_s > 0:
        problem = f"expected more than 0, got {request.ncu.case_limit_s:g}"
        raise CodecError("ncu.case_limit_s", problem)
    if Stage.BENCH in request.stages and not request.bench.methods:
        raise CodecError("bench.methods", "expected at least one method")


def _require_ceilings(plan: CeilingsPlan) -> None:
    for name in ("budget_s", "gemm_size", "cutlass_limit_s"):
        if not getattr(plan, name) > 0:
            problem = f"expected more than 0, got {getattr(plan, name):g}"
            raise CodecError(f"ceilings.{name}", problem)


def _require_proofs(plan: ProvePlan) -> None:
    for name in plan.proofs:
        if name not in PROOFS:
            raise CodecError("prove.proofs", f"expected some of {', '.join(PROOFS)}, got {name!r}")
    if not plan.case_limit_s > 0:
        problem = f"expected more than 0, got {plan.case_limit_s:g}"
        raise CodecError("prove.case_limit_s", problem)


def _require_shapes(where: str, shapes: Sequence[Shape]) -> None:
    for number, shape in enumerate(shapes):
        for name in ("batch", "heads", "seq", "dim"):
            if getattr(shape, name) < 1:
                key = f"{where}[{number}].{name}"
                raise CodecError(key, f"expected 1 or more, got {getattr(shape, name)}")
    if len(set(shapes)) != len(shapes):
        raise CodecError(where, "expected each shape once")


def _require_providers(request: Request) -> None:
    if not request.providers:
        raise CodecError("providers", "expected at least one provider")
    names = [provider.name for provider in request.providers]
    for number, provider in enumerate(request.providers):
        key = f"providers[{number}].name"
        if names.count(provider.name) > 1:
            raise CodecError(key, f"{provider.name!r} is there twice")
        if provider.target is None and provider.name not in BY_NAME:
            known = ", ".join(BY_NAME)
            problem = f"expected one of {known}, or a target beside it, got {provider.name!r}"
            raise CodecError(key, problem)
        if provider.target is not None and provider.name in BY_NAME:
            raise CodecError(key, f"{provider.name!r} has its own meaning; name the target anew")
