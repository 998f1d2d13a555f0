"""CPU time of `orchestrator report latest`, as a whole command, its charts drawn.

    python -m benchmarks.reporting
    python -m benchmarks.reporting --no-profile --rounds 1 --no-page      a smoke run

Of two runs: one that is made here, `orchestrator profile` with the defaults of a CPU, and one that
is made up, six head counts and six providers by two methods, as a GPU would leave it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

import click

from benchmarks.pull import write_between
from benchmarks.samples import machine
from orchestrator.store.runs.run_store import RESULT, RunStore
from remote_payload.contract import codec
from remote_payload.contract.request import Provider
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method
from tests.report import synthetic

_REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = _REPOSITORY / "docs" / "performance.md"
_BEGIN, _END = "<!-- reporting benchmark: begin -->", "<!-- reporting benchmark: end -->"
_KEPT = ("date", "machine", "kernel", "load before", "Python")
LIMIT_S = 1.5  # of CPU, user's and system's
_PROVIDERS = ("sdpa", "sparsek", "sdpa-flash", "sdpa-cudnn", "sdpa-efficient", "sdpa-math")
MADE = "six heads × six providers, made up"


@dataclass(frozen=True)
class Sample:
    """One command. cpu_s: user's and system's, of all its threads."""

    run: str
    round: int
    cpu_s: float


@click.command(help=__doc__)
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
@click.option("--profile/--no-profile", default=True, help="Make the run on the CPU as well.")
@click.option("--page/--no-page", default=True)
def main(rounds: int, profile: bool, page: bool) -> None:
    """Make the runs, time the reports, write the page."""
    facts = {name: value for name, value in machine().items() if name in _KEPT}
    facts["machine"] = facts["machine"].removesuffix(", both ends on this one machine")
    with tempfile.TemporaryDirectory() as folder:
        runs = {MADE: _made_up(Path(folder) / "made-up")}
        # As it is for whoever has called the program before.
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": f"{folder}/compiled"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        if profile:
            name = "a profile of the CPU's defaults"
            runs[name] = _profiled(Path(folder) / "profiled", environment)
        samples = [
            one for name, place in runs.items() for one in _timed(name, place, rounds, environment)
        ]
    for sample in samples:
        click.echo(json.dumps(asdict(sample)))
    if page:
        write_between(PAGE, _BEGIN, _END, _text(facts, samples))


def _made_up(runs: Path) -> Path:
    """A store with that run."""
    result = _result()
    card = synthetic.run(result).card
    store = RunStore(runs)
    card = store.create(card, result.request)
    own = replace(result.request, run_id=card.run_id, verb=card.verb)
    answer = codec.dumps(replace(result, request=own))
    (store.folder(card.run_id) / RESULT).write_text(answer)
    return runs


def _result() -> Result:
    """SYNTHETIC: each provider a little slower than the one before, none of it measured."""
    whole, cases = synthetic.gpu_result(), [synthetic.case(heads) for heads in synthetic.HEADS]
    records = []
    for of in cases:
        for method, factor, calls in ((Method.BACK_TO_BACK, 1.0, 100), (Method.COLD, 1.07, 1)):
            also = {"method": method, "calls": calls}
            also |= {"before": synthetic.state(), "after": synthetic.state()}
            base = (6.5 + 3.8 * of.size("H")) * factor
            for number, name in enumerate(_PROVIDERS):
                times = synthetic.samples(base * (1 + 0.1 * number), 0.004 + 0.001 * number)
                records.append(synthetic.bench(name, of, times, **also))
            again = synthetic.samples(base * 1.001)
            records.append(synthetic.bench("sdpa", of, again, control=True, **also))
    providers = tuple(map(Provider, _PROVIDERS))
    checks = tuple(synthetic.check(name, of) for of in cases for name in _PROVIDERS)
    asked = replace(whole.request, providers=providers)
    return synthetic.described(replace(whole, request=asked, checks=checks, bench=tuple(records)))


def _profiled(runs: Path, environment: Mapping[str, str]) -> Path:
    """A store with a run that is made here."""
    words = (sys.executable, "-m", "orchestrator", "--runs", str(runs), "profile")
    subprocess.run(words, check=True, cwd=_REPOSITORY, env=environment)
    return runs


def _timed(name: str, runs: Path, rounds: int, environment: Mapping[str, str]) -> Iterator[Sample]:
    _report(runs, environment)  # compiles what Python keeps
    for number in range(rounds):
        yield Sample(name, number, _report(runs, environment))


def _report(runs: Path, environment: Mapping[str, str]) -> float:
    words = (sys.executable, "-m", "orchestrator", "--runs", str(runs), "report", "latest")
    before = os.times()
    subprocess.run(words, check=True, capture_output=True, cwd=_REPOSITORY, env=environment)
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])


def _text(facts: dict[str, str], samples: list[Sample]) -> str:
    lines = ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts.items()), ""]
    lines += ["| Run | CPU, s | n | Limit of CPU, s | |", "|---|--:|--:|--:|---|"]
    for name in dict.fromkeys(one.run for one in samples):
        own = [one.cpu_s for one in samples if one.run == name]
        cpu_s = median(own)
        verdict = "PASS" if cpu_s <= LIMIT_S else "MISS"
        lines.append(f"| {name} | {cpu_s:.2f} | {len(own)} | ≤ {LIMIT_S:g} | {verdict} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
