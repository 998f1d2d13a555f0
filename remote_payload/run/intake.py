"""A request file, read and found sensible before anything is done about it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Sequence

from remote_payload.contract import codec
from remote_payload.contract.case import Case
from remote_payload.contract.codec import CodecError
from remote_payload.contract.request import Provider, Request
from remote_payload.contract.tools import toolchain
from remote_payload.contract.tools.toolchain import Toolchain
from remote_payload.contract.words import SCHEMA
from remote_payload.operators import registry
from remote_payload.operators.base import BadCase, Operator
from remote_payload.stages import declaration

_OWN = re.compile(r"(?!/)(?:[^:]+\.py(?::[A-Za-z_]\w*)?|[^:]+/problem\.json)\Z")


def read(path: Path) -> Request:
    """The request in `path`; CodecError names the key and what was expected, OSError the file."""
    return understood(path.read_text(encoding="utf-8", errors="replace"))


def understood(text: str) -> Request:
    """As `read`, of a request's text."""
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
    declared = declaration.asked(request)
    for one in declared:
        one.sense(request)
    _require_toolchain("build", request.build.toolchain)
    if request.operator_target:
        _require_own(request)
        return
    operator = _operator(request)
    if not any(one.cases for one in declared):
        return
    if not request.cases:
        raise CodecError("cases", "expected at least one case")
    _require_cases("cases", request.cases, operator)
    _require_cases("cpu_cases", request.cpu_cases, operator)
    _require_providers(request, operator)


def _require_own(request: Request) -> None:
    """Of a user's own operator only its file can tell which cases and providers there are."""
    if not _OWN.match(request.operator_target):
        form = "path/to/file.py, file.py:Class or path/to/problem.json"
        problem = f"expected {form}, got {request.operator_target!r}"
        raise CodecError("operator_target", problem)
    if request.operator in registry.names():
        raise CodecError("operator", f"{request.operator!r} is one of ours")
    if request.cases or request.cpu_cases:
        raise CodecError("cases", "expected none beside operator_target; sweeps asks for them")
    _require_revisions(request.providers)
    names = [provider.name for provider in request.providers]
    for number, name in enumerate(names):
        if names.count(name) > 1:
            raise CodecError(f"providers[{number}].name", f"{name!r} is there twice")


def _require_revisions(providers: Sequence[Provider]) -> None:
    """Who is compared with a provider of the run, and what lies inside its snapshot."""
    names = [provider.name for provider in providers]
    for number, provider in enumerate(providers):
        if provider.against and provider.against not in names:
            problem = f"{provider.against!r} is no provider of the request"
            raise CodecError(f"providers[{number}].against", problem)
        if provider.sources.startswith("/") or ".." in provider.sources.split("/"):
            problem = f"expected a folder of the snapshot, got {provider.sources!r}"
            raise CodecError(f"providers[{number}].sources", problem)


def _require_toolchain(where: str, said: Toolchain) -> None:
    try:
        toolchain.require(said)
    except toolchain.BadFlag as exc:
        raise CodecError(f"{where}.toolchain", str(exc)) from exc


def _require_cases(where: str, cases: Sequence[Case], operator: Operator) -> None:
    for number, case in enumerate(cases):
        key = f"{where}[{number}]"
        try:
            checked = operator.checked(case)
        except BadCase as exc:
            raise CodecError(f"{key}.{exc.axis}", exc.problem) from exc
        if checked != case:
            raise CodecError(key, f"expected {checked.label}, as {operator.name} writes it")
    if len(set(cases)) != len(cases):
        raise CodecError(where, "expected each case once")


def _operator(request: Request) -> Operator:
    try:
        return registry.find(request.operator)
    except registry.UnknownOperator as exc:
        raise CodecError("operator", str(exc)) from exc


def _require_providers(request: Request, operator: Operator) -> None:
    known = operator.by_name
    if not request.providers:
        raise CodecError("providers", "expected at least one provider")
    _require_revisions(request.providers)
    names = [provider.name for provider in request.providers]
    if request.baseline and request.baseline not in names:
        raise CodecError("baseline", f"{request.baseline!r} is no provider of the request")
    for number, provider in enumerate(request.providers):
        key = f"providers[{number}].name"
        _require_toolchain(f"providers[{number}]", provider.toolchain)
        if names.count(provider.name) > 1:
            raise CodecError(key, f"{provider.name!r} is there twice")
        if provider.target is None and provider.known_as not in known:
            all_known = ", ".join(known)
            problem = f"expected one of {all_known}, or a target beside it, got {provider.name!r}"
            raise CodecError(key, problem)
        if provider.target is not None and provider.name in known:
            raise CodecError(key, f"{provider.name!r} has its own meaning; name the target anew")
