"""Results whose names were given by somebody who means no good. SYNTHETIC: nothing was measured."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.report.comparing.comparison import Comparison, compare
from orchestrator.values.run import Revision, Run
from remote_payload.contract.result import Result
from remote_payload.contract.words import Status
from tests.comparing import runs
from tests.report import synthetic

HOSTILE = (
    "=cmd|' /C calc'!A0",
    "<img src=x onerror=alert(1)>",
    "a\n::error::owned",
    "a\r\n::set-output name=x::owned",
    "::error title=x,y::owned",
    "##[error]owned",
    "100%0A::error::owned",
    "| a | b |",
    "</details><script>x</script>",
    "\x1b[31mred\x1b[0m",
    "root@203.0.113.7",
    "\u202egnp.exe",
    "[x](javascript:alert(1))",
    '"},{"name":"owned',
    "x" * 10_000,
)


def renamed(result: Result, name: str) -> Result:
    """sparsek under another name."""
    return replace(
        result,
        bench=tuple(
            replace(r, provider=name) if r.provider == "sparsek" else r for r in result.bench
        ),
        checks=tuple(
            replace(c, provider=name) if c.provider == "sparsek" else c for c in result.checks
        ),
        request=replace(
            result.request,
            providers=tuple(
                replace(p, name=name) if p.name == "sparsek" else p
                for p in result.request.providers
            ),
        ),
    )


def compared(name: str = "sparsek", factor: float = 1.1) -> Comparison:
    """So many times as slow, with earlier runs of the old code."""
    before, after = (renamed(one, name) for one in (runs.small(), runs.by(factor)))
    earlier = [
        replace(one, result=renamed(one.result, name)) for one in runs.earlier() if one.result
    ]
    return compare(runs.side(before), runs.side(after, runs.NEW), earlier)


def run(result: Result | None = None, clean: bool | None = True) -> Run:
    """Four timings of sparsek and of the baseline, of a commit that git knows."""
    revision = Revision("1a2b3c4d", clean, branch="main", committed_at="2026-11-22T10:00:00Z")
    return synthetic.run(result or runs.small(), revisions=(revision,))


def partial(result: Result) -> Result:
    """sparsek's rows are partial."""
    bench = tuple(
        replace(r, status=Status.CANCELLED, reason="out of time") if r.provider == "sparsek" else r
        for r in result.bench
    )
    return replace(result, bench=bench)


def unchecked(result: Result, provider: str) -> Result:
    """As if it had been timed before its check passed."""
    return replace(result, checks=tuple(c for c in result.checks if c.provider != provider))
