"""Folders of runs as their hosts left them, with a summary in their card; nothing was run."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

from orchestrator.values.kept.summary import Row, Summary
from orchestrator.values.run import BoundFile, Revision, RunCard
from remote_payload.contract import codec
from remote_payload.contract.layout import END, REQUEST, RESULT

FIRST = datetime(2026, 1, 1, tzinfo=timezone.utc)
HERE = "SYNTHETIC GPU, 132 SMs, driver 1, torch 2.9"
FILES = {REQUEST: b"{}", RESULT: b"{}\n", END: b"{ }"}
MINE = "mine=k/mine.py:softmax"


@dataclass(frozen=True)
class Made:
    """One run. commit: a number, of which its name is made; ratio: of the baseline's time to its
    own. against: it was raced against a revision, so that its verdict is not on the baseline.
    refuted: the baseline's time cannot be true. per: of how many tokens times are told."""

    commit: int
    ratio: float
    machine: str = HERE
    is_clean: bool | None = True
    branch: str = "main"
    against: bool = False
    has_baseline: bool = True
    refuted: bool = False
    case: str = "M=16 N=64 fp16"
    per: int = 1


def name_of(commit: int) -> str:
    """As git would call it."""
    return hashlib.sha1(f"commit {commit}".encode()).hexdigest()


def store(runs: Path, made: list[Made]) -> None:
    """One after the other, a minute apart."""
    for number, one in enumerate(made):
        at = FIRST + timedelta(minutes=number)
        folder = runs / f"{at:%Y%m%d-%H%M%S}-box-bench-{number:05d}"
        folder.mkdir(parents=True)
        for name, data in FILES.items():
            (folder / name).write_bytes(data)
        (folder / "run.json").write_text(codec.dumps(_card(folder.name, at, one)), "utf-8")


def _card(run_id: str, at: datetime, one: Made) -> RunCard:
    committed = FIRST + timedelta(hours=one.commit)
    bound = tuple(
        BoundFile(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in FILES.items()
    )
    digest = next(each.sha256 for each in bound if each.path == RESULT)
    return RunCard(
        run_id=run_id,
        verb="bench",
        host="box",
        workspace="~/w",
        snapshot="0" * 64,
        reproduce=f"orchestrator bench --host box --operator op.py --provider {MINE}",
        created_at=f"{at:%Y-%m-%dT%H:%M:%SZ}",
        orchestrator_version="0",
        files=bound,
        revisions=(
            Revision(
                name_of(one.commit),
                one.is_clean,
                branch=one.branch,
                committed_at=committed.isoformat(),
            ),
        ),
        operator="op",
        cases=(one.case,),
        summary=Summary(
            "ok", machine=one.machine, gpu="SYNTHETIC GPU", rows=_rows(one), result_sha256=digest
        ),
    )


def _rows(one: Made) -> tuple[Row, ...]:
    base_us = 100.0
    own_us = base_us / one.ratio
    mine = Row(
        "mine", one.case, "back_to_back", "fp16", own_us, own_us * 0.998, own_us * 1.002, 8,
        per=one.per, unit="µs/token" if one.per > 1 else "µs",
    )  # fmt: skip
    base = replace(mine, provider="reference", median_us=base_us, low_us=99.8, high_us=100.2)
    base = replace(base, refuted=one.refuted)
    if not one.has_baseline:
        return (mine,)
    if one.against:
        then = f"mine@{name_of(one.commit - 1)[:7]}"
        judged = replace(mine, baseline=then, ratio=1.0, ratio_low=0.99, ratio_high=1.01)
        return (base, judged, replace(mine, provider=then))
    low, high = one.ratio * 0.997, one.ratio * 1.003
    judged = replace(mine, baseline="reference", ratio=one.ratio, ratio_low=low, ratio_high=high)
    return (base, judged)


def series(levels: list[float], each: int = 1, seed: int = 3, sd: float = 0.01) -> list[Made]:
    """So many runs of a commit for each level, that differ by sd."""
    rng = random.Random(seed)
    return [
        Made(number, level * (1 + rng.gauss(0, sd)))
        for number, level in enumerate(levels)
        for _ in range(each)
    ]
