"""What is asked of a GPU machine in the two parts of a contact, in the order of its worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from remote_payload.operators.attention.catalog import OURS, VARIANTS
from remote_payload.operators.attention.definition import OPERATOR

# The targets' heads first, then the fewest: one wave, where launches and Python weigh most.
FIRST_HEADS, ALL_HEADS, REHEARSED_HEADS = "96,8", "96,8,128,64,32,16", "4,2"
FIRST_PROVIDERS = f"{OURS},sdpa,sdpa-flash"
HOPPER = "sm_90a"  # a CPU asks for no architecture, and a rehearsal need not compile for all
# Where ours is right, the same minutes decide between variants: the two that are expected to win
# (docs/kernels/hopper.md), each also a part of the third, which has what the model may be wrong on.
RACED_FIRST = "lean,combined,leader-locates"
# A hang must leave time for all others.
CASE_LIMIT_S, PROOF_LIMIT_S = 40, 45
EMULATED_PROOF_LIMIT_S = 90  # a rehearsal on a CPU, where our kernel is emulated
REHEARSED_BENCH_S = 4  # what a rehearsal times is worth nothing
# For the report, and for bringing the result home.
MARGIN_S = 15.0
LEAST_S = 10.0
_CONFORMANCE = {"ok": "agrees with the emulator", "failed": "disagrees with the emulator"}


@dataclass(frozen=True)
class Step:
    """One command of orchestrator. limit_s: its --time-limit, if so much is left."""

    verb: str
    options: tuple[str, ...]
    limit_s: float

    def words(self, left_s: float) -> tuple[str, ...] | None:
        """The command, with the time limit that fits; None if there is too little time."""
        limit_s = min(self.limit_s, left_s - MARGIN_S)
        if limit_s < LEAST_S:
            return None
        return (self.verb, "--host", "local", *self.options, "--time-limit", f"{limit_s:.0f}")


@dataclass(frozen=True)
class Part:
    """limit_s: for all steps together; what prepares the machine comes before."""

    name: str
    steps: tuple[Step, ...]
    limit_s: float
    rehearsal: bool = False


# A start of a process on a GPU takes about two seconds, of which a leased machine has few.
_STARTS = ("--rounds", "3", "--starts", "8")


def part(name: str, rehearse: bool, without: str = "", variants: str = "") -> Part:
    """`first` or `rest`. rehearse: small, and on a CPU where there is no GPU."""
    device = ("--device", "auto" if rehearse else "cuda")
    limits = ("--case-limit", str(CASE_LIMIT_S))
    proofs = ("--proof-limit", str(EMULATED_PROOF_LIMIT_S if rehearse else PROOF_LIMIT_S))
    if name == "first":
        cases = _cases(FIRST_HEADS, rehearse)
        bench = (*device, *cases, "--providers", FIRST_PROVIDERS, *_STARTS, *limits)
        arch = ("--arch", HOPPER) if rehearse else ()
        proof = (*device, *arch, "--only", "conformance", *proofs)
        return Part(name, (Step("bench", bench, 150), Step("prove", proof, 70)), 225, rehearse)
    chosen = (("--without", without) if without else ()) + (
        ("--variants", variants) if variants else ()
    )
    extras = ("--prove", *proofs, "--peers", "--ceilings")
    cases = _cases(ALL_HEADS, rehearse)
    everything = (*device, *cases, *chosen, *_STARTS, *limits, *extras)
    return Part(name, (Step("profile", everything, 450),), 480, rehearse)


def problem(name: str, without: str, variants: str) -> str:
    """What is wrong with these words, before a machine is kept waiting for it; empty if nothing."""
    if name == "first" and (without or variants):
        return "--without and --variants go with rest"
    for option, given, known in (
        ("--without", without, tuple(OPERATOR.by_name)),
        ("--variants", variants, VARIANTS),
    ):
        for each in given.split(",") if given else ():
            if each not in known:
                return f"{option}: {each!r} is none of {', '.join(known)}"
    return ""


Records = Sequence[Mapping[str, Any]]


def next_step(done: Part, checks: Records, proofs: Records) -> str:
    """What makes sense now, in words. checks, proofs: of all results of the part."""
    suffix = " --rehearse" if done.rehearsal else ""
    ours = [check for check in checks if check.get("provider") == OURS]
    if done.name == "rest":
        return "bring the archives home, then: make gpu-results FROM='gpu-first.tgz gpu-rest.tgz'"
    if not checks:
        return "nothing was checked; the log above says why. Mend that before anything else"
    if ours and all(check.get("status") == "ok" for check in ours):
        return f".ci/gpu rest --variants {RACED_FIRST}{suffix}"
    why = "wrong" if any(check.get("status") == "failed" for check in ours) else "not right yet"
    asked = {str(proof.get("name")): proof.get("status") for proof in proofs}
    said = _CONFORMANCE.get(str(asked.get("conformance")), "could not be asked")
    return (
        f"{OURS} is {why} and the hardware {said} (conformance): mend it at home; for all the "
        f"others: .ci/gpu rest --without {OURS}{suffix}"
    )


def _cases(heads: str, rehearse: bool) -> tuple[str, ...]:
    if rehearse:
        small = ("--batch", "1", "--heads", REHEARSED_HEADS, "--arch", HOPPER)
        return (*small, "--bench-budget", str(REHEARSED_BENCH_S))
    return ("--batch", "16", "--heads", heads)
