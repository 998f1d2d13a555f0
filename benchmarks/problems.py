"""`python3 -m benchmarks.problems FOLDER …`: what this machine makes of other people's problems.

Every problem in the folders is read as the command line reads it, and then checks itself: its
reference is run, as the candidate, against its reference, on one draw of inputs, by the very code
that runs on hosts, in a process of its own, within --seconds and --gigabytes. Prints a table in
Markdown, and each reason why one did not pass. --json FILE keeps each as soon as it is known, and
what is in it is not run again; --document FILE gets the table between its marks.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from orchestrator.errors import OrchestratorError
from orchestrator.workflows.own import Beside, Own
from orchestrator.workflows.problems import problems
from orchestrator.workflows.sweep import found, outcome
from orchestrator.workflows.sweep.found import Found
from orchestrator.workflows.sweep.outcome import Kind
from remote_payload.contract.request import Provider, Sweep
from remote_payload.contract.words import Status
from remote_payload.operators.adapted.formats import TITLES
from remote_payload.operators.setting import Setting
from remote_payload.operators.user.described import Asked, Described
from remote_payload.operators.user.stated import BadOperator

# Every process begins as a copy of one that has imported torch.
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["torch", "remote_payload.stages.check.check_case"])
_SEED = 42
_RUNS = 3  # of the reference, after the first: two as the candidate, one as the truth
_LONGEST = 160  # of a reason, in the table
_TOO_LARGE = (Kind.TOO_LONG, Kind.NO_MEMORY)
_PARTS = 16
# Told by their names alone: the word for their kind says all.
_BY_NAME = (*_TOO_LARGE, Kind.NO_INPUTS)
# What says something of this machine, or of what nobody gave it; not of the problem, nor of us.
_NOT_ABLE = (*_BY_NAME, Kind.NEEDS_GPU, Kind.UNFIT, Kind.REFUSED)
_BEGIN, _END = "<!-- problems: begin -->", "<!-- problems: end -->"


@dataclass(frozen=True)
class Row:
    """What one problem came to. cases: how many checked themselves. smaller: what became of it with
    a sixteenth of its batch, or of its largest size; empty if that was not tried."""

    problem: str
    format: str
    kind: Kind
    reason: str
    seconds: float
    cases: int
    smaller: str = ""


@dataclass(frozen=True)
class Limits:
    """Of one problem."""

    seconds: float
    gigabytes: float


def main(argv: Sequence[str]) -> int:
    """Print the table; 0 whatever it says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0, help="for one problem")
    parser.add_argument("--gigabytes", type=float, default=20.0, help="of address space")
    parser.add_argument("--only", nargs="*", default=(), help="patterns of names")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--document", type=Path)
    given = parser.parse_args(argv)
    only = found.Filter(only=tuple(given.only))
    every = [one for folder in given.folders for one in found.problems(folder, only)]
    limits = Limits(given.seconds, given.gigabytes)
    known = _known(given.json) if given.json else {}
    rows = []
    for one in every:
        key = (one.format, _name(one))
        row = known.get(key) or _row(one, limits)
        if row.kind in _TOO_LARGE and one.format == "kernelbench" and not row.smaller:
            row = replace(row, smaller=_smaller_one(one, limits))
        rows.append(row)
        if given.json and known.get(key) != row:
            known[key] = row
            given.json.write_text(_lines(known.values()), "utf-8")
    text = "\n".join(table(rows, limits))
    print(text)
    if given.document:
        before, _, rest = given.document.read_text("utf-8").partition(_BEGIN)
        _, end, after = rest.partition(_END)
        given.document.write_text(f"{before}{_BEGIN}\n{text}\n{end}{after}", "utf-8")
    return 0


def _known(path: Path) -> dict[tuple[str, str], Row]:
    """What a file of before holds."""
    plain = json.loads(path.read_text("utf-8")) if path.is_file() else []
    rows = [Row(**{**one, "kind": Kind(one["kind"])}) for one in plain]
    return {(row.format, row.problem): row for row in rows}


def _lines(rows: Iterable[Row]) -> str:
    """As JSON, a line for each."""
    plain = ({**asdict(row), "kind": row.kind.value} for row in rows)
    return "[\n" + ",\n".join(map(json.dumps, plain)) + "\n]\n"


def _name(one: Found) -> str:
    """With the folder, which for KernelBench is the level, whatever folder was named."""
    return f"{one.path.parent.name}/{one.name}" if one.format == "kernelbench" else one.label


def _row(one: Found, limits: Limits) -> Row:
    began = time.monotonic()
    try:
        kind, reason, cases = _checked(one, limits)
    except OrchestratorError as exc:
        return Row(_name(one), one.format, Kind.REFUSED, exc.message, 0.0, 0)
    took = time.monotonic() - began
    print(f"{one.label}: {kind.value} {reason} ({took:.1f} s)", file=sys.stderr, flush=True)
    return Row(_name(one), one.format, kind, reason, round(took, 1), cases)


def _smaller_one(one: Found, limits: Limits) -> str:
    """In words what becomes of a problem of which there is less."""
    kind, reason, _ = _checked(one, limits, smaller=True)
    print(f"{one.label}, smaller: {kind.value} {reason}", file=sys.stderr, flush=True)
    return kind.value if kind is Kind.PASSED else reason


def _checked(one: Found, limits: Limits, smaller: bool = False) -> tuple[Kind, str, int]:
    """What a problem comes to, and how many cases passed; OrchestratorError if it is not read."""
    own = problems.own(one.format, one.path, Beside())
    with tempfile.TemporaryDirectory() as folder:
        _place(own, Path(folder))
        return _apart(own, folder, limits, smaller)


def _place(own: Own, folder: Path) -> None:
    """As a snapshot holds it."""
    for path, content in own.extra:
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.read_bytes())


def _apart(own: Own, folder: str, limits: Limits, smaller: bool) -> tuple[Kind, str, int]:
    """The self-check in a process that may be ended."""
    ours, theirs = _CONTEXT.Pipe()
    arguments = (theirs, own.name, own.target, folder, limits, smaller)
    process = _CONTEXT.Process(target=_self_check, args=arguments, daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(limits.seconds):
            return Kind.TOO_LONG, f"no end within {limits.seconds:g} s", 0
        ok, reason, cases = ours.recv()
    except EOFError:
        process.join()
        code = process.exitcode or 0
        killed = code in (-signal.SIGKILL, -signal.SIGABRT)  # by the kernel, or by an allocator
        return Kind.NO_MEMORY if killed else Kind.FAILED, f"its process ended by {code}", 0
    finally:
        process.kill()
        process.join()
    if ok:
        return Kind.PASSED, "", cases
    kind = outcome.kind_of_reason(reason)
    return kind, reason, cases


def _self_check(
    pipe: Any, name: str, target: str, root: str, limits: Limits, smaller: bool
) -> None:
    limit = int(limits.gigabytes * 2**30)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    try:
        reason, cases = _cases(name, target, root, limits.seconds, smaller)
        pipe.send((not reason, reason, cases))
    except BadOperator as exc:
        pipe.send((False, str(exc).removeprefix(f"{name}: "), 0))
    except (Exception, SystemExit) as exc:
        pipe.send((False, f"{type(exc).__name__}: {exc}", 0))


def _cases(name: str, target: str, root: str, most_s: float, smaller: bool) -> tuple[str, int]:
    """Why a case does not pass, else empty; and how many did."""
    from remote_payload.operators.adapted import describe, tensors
    from remote_payload.stages.check import check_case

    listed = describe.found(target, root, "cpu", Asked())
    if smaller:
        listed = describe.found(target, root, "cpu", Asked((_sixteenth(listed.described),)))
    tensors.half(target, root, "cpu").draws = 1
    own, passed = listed.described, 0
    for case in listed.cpu:
        began = time.monotonic()
        own = own.with_case(describe.case_of(target, root, "cpu", case, _SEED))
        took = time.monotonic() - began
        if took * _RUNS > most_s:
            return f"no result within the limit: its inputs and one call take {took:.0f} s", passed
        setting = Setting("cpu", root, _SEED, operator=name, operator_target=target, own=own)
        record = check_case.check(Provider("reference"), case, setting)
        if record.status is not Status.OK:
            return record.reason or record.status.value, passed
        passed += 1
    return "" if passed else "no case can be run here", passed


def _sixteenth(of: Described) -> Sweep:
    """Of its batch, or else of the largest size that it has; BadOperator if it has none."""
    sizes = {name: value for name, value in of.usual if type(value) is int and value > 1}
    batch = [name for name in sizes if "batch" in name.lower()]
    if not sizes:
        raise BadOperator(of.facts.name, "no size of it can be made smaller")
    name = batch[0] if batch else max(sizes, key=lambda one: sizes[one])
    return ((name, (max(1, sizes[name] // _PARTS),)),)


def table(rows: Sequence[Row], limits: Limits) -> list[str]:
    """Markdown: a line for each format, then what did not pass, and why."""
    kinds = [kind for kind in Kind if any(row.kind is kind for row in rows)]
    told = [kind for kind in kinds if kind is not Kind.REFUSED]
    head = ["format", "problems", "read", *(kind.value for kind in told)]
    today = f"{datetime.now(timezone.utc):%Y-%m-%d}"
    lines = [
        f"{today}, {limits.seconds:g} s and {limits.gigabytes:g} GB each:",
        "",
        f"| {' | '.join(head)} |",
        f"| {' | '.join(['---'] * len(head))} |",
    ]
    for name in dict.fromkeys(row.format for row in rows):
        mine = [row for row in rows if row.format == name]
        counts = Counter(row.kind for row in mine)
        read = len(mine) - counts[Kind.REFUSED]
        cells = [counts[kind] for kind in told]
        lines.append(f"| {' | '.join(map(str, [TITLES[name], len(mine), read, *cells]))} |")
    able = [row for row in rows if row.kind not in _NOT_ABLE]
    passed = sum(row.kind is Kind.PASSED for row in able)
    lines += ["", f"Of {len(able)} that can run here so, {passed} pass. Of the others:", ""]
    return lines + _others(rows)


def _others(rows: Sequence[Row]) -> list[str]:
    """Those that did not pass, of each format: their names where their kind says all, else
    each with its reason."""
    lines = []
    for (format_, kind), mine in _grouped(rows).items():
        head = f"- {TITLES[format_]}, {kind.value}"
        if kind in _BY_NAME:
            lines.append(f"{head} ({len(mine)}): {', '.join(row.problem for row in mine)}")
            lines += _smaller(mine)
            continue
        lines += [f"{head}: {row.problem}: {_shortened(row.reason)}" for row in mine]
    return lines


def _smaller(rows: Sequence[Row]) -> list[str]:
    """What became of those that were tried with less."""
    tried = [row for row in rows if row.smaller]
    if not tried:
        return []
    short = [row for row in tried if row.smaller != Kind.PASSED.value]
    told = "".join(f"; {row.problem}: {_shortened(row.smaller)}" for row in short)
    count = f"{len(tried) - len(short)} of these {len(tried)}"
    return [f"  With a sixteenth of the batch, or of the largest size, {count} pass{told}"]


def _shortened(reason: str) -> str:
    words = " ".join(reason.split())
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"


def _grouped(rows: Sequence[Row]) -> dict[tuple[str, Kind], list[Row]]:
    found: dict[tuple[str, Kind], list[Row]] = {}
    for row in rows:
        if row.kind is not Kind.PASSED:
            found.setdefault((row.format, row.kind), []).append(row)
    return found


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
