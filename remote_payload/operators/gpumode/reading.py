"""A task in the form of GPU MODE as values. Standard library only; both programs read it.

What `task.yml` says is read at home, and travels as plain values; the host has no YAML.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, Optional, Tuple

from remote_payload.contract.facts import Rank
from remote_payload.operators.adapted.node import Node

SUBMISSION = "@SUBMISSION@"  # as the source of a file: here the candidate goes
REFERENCE = "reference.py"
HARNESS = "eval.py"
LANGUAGE = "py"
SEED = "seed"
TIMEOUTS = ("test_timeout", "benchmark_timeout", "ranked_timeout")
# What of a task travels to the host.
TRAVELLING = ("description", "ranking_by", "tests", "benchmarks")
MOST_AXIS_CHARACTERS = 64
Values = Mapping[str, Any]


@dataclass(frozen=True)
class File:
    """name: as the code imports it; source: where it lies, from the task's folder. key: in the
    description, for messages."""

    name: str
    source: str
    key: Node


@dataclass(frozen=True)
class Task:
    """tests, benchmarks: by axis, as `generate_input` takes them. files: without the candidate and
    the harness; None: the task says nothing of files. submission: what the candidate is called.
    ranking_by: how its own queue makes one time of all. timeouts_s: for all tests, and so on."""

    tests: Tuple[Values, ...]
    benchmarks: Tuple[Values, ...]
    files: Optional[Tuple[File, ...]] = None
    submission: str = "submission.py"
    description: str = ""
    ranking_by: Rank = Rank.LAST
    timeouts_s: Mapping[str, float] = field(default_factory=dict)

    @property
    def cases(self) -> Tuple[Values, ...]:
        """Tests, then benchmarks."""
        return (*self.tests, *self.benchmarks)


def task(node: Node) -> Task:
    """What a task says; BadOperator names the key that is wrong."""
    node.entries()
    _require_one_of_ours(node)
    tests, benchmarks = (_cases(node.maybe(name)) for name in ("tests", "benchmarks"))
    if not tests and not benchmarks:
        raise node.bad("expected at least one case under `tests` or `benchmarks`")
    files, submission = _files(node.maybe("files"), _main(node.maybe("config")))
    described, ranked = node.maybe("description"), node.maybe("ranking_by")
    return Task(
        tests=tests,
        benchmarks=benchmarks,
        files=files,
        submission=submission or Task.submission,
        description=described.text() if described else "",
        ranking_by=Rank(ranked.one_of([one.value for one in Rank])) if ranked else Rank.LAST,
        timeouts_s=_timeouts(node),
    )


def _require_one_of_ours(node: Node) -> None:
    language, several = node.maybe("lang"), node.maybe("multi_gpu")
    if language and language.text() != LANGUAGE:
        said = f"{language.text()!r:.60} is another language; only tasks in Python, `py`, are run"
        raise language.bad(said)
    if several and several.flag():
        raise several.bad("this task is for several GPUs at once, and a run has one")


def _cases(node: Optional[Node]) -> Tuple[Values, ...]:
    return tuple(_case(one) for one in node.items()) if node else ()


def _case(node: Node) -> Values:
    entries = node.entries()
    if not entries:
        raise node.expected("axes with their values")
    for name in entries:
        if not name.isidentifier() or len(name) > MOST_AXIS_CHARACTERS:
            raise node.bad(f"{name!r:.60} cannot be the name of an axis")
    seed = entries.get(SEED)
    if seed and (not isinstance(seed.value, int) or isinstance(seed.value, bool)):
        raise seed.expected("a whole number")
    return {name: one.value for name, one in entries.items()}


def _main(config: Optional[Node]) -> str:
    main = config.maybe("main") if config else None
    return main.text() if main else HARNESS


def _files(node: Optional[Node], main: str) -> Tuple[Optional[Tuple[File, ...]], str]:
    """All but the harness, and the name of the candidate."""
    if node is None:
        return None, ""
    found: Dict[str, File] = {}
    submission = ""
    for one in node.items():
        name, source = one.of("name").text(), one.of("source").text()
        if name in found or name == submission:
            raise one.of("name").bad(f"{name!r:.60} is there twice")
        if source == SUBMISSION:
            if submission:
                raise one.bad(f"a second {SUBMISSION}; a candidate is one file")
            submission = name
        elif name not in (main, HARNESS):
            found[name] = File(name, source, one)
    return tuple(found.values()), submission


def _timeouts(node: Node) -> Dict[str, float]:
    found = {}
    for name in TIMEOUTS:
        one = node.maybe(name)
        if one is None:
            continue
        number = isinstance(one.value, (int, float)) and not isinstance(one.value, bool)
        if not number or not 0 < one.value < 1e9:
            raise one.expected("a number of seconds above 0")
        found[name] = float(one.value)
    return found
