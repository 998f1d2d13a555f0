"""What a provider's process says of its own times, held against who saw it from outside.

A turn begins with one call on inputs that the process never saw, which is the first of its
warm-ups; the others and the calls that are timed follow. `outside_us` is all of it, by the clock of
the process that waited. What the turn claims is its first call and (warm-ups - 1 + calls) · time;
what is left of `outside_us` is the rest: words there and back, outputs copied out, and warm-ups
that were added at random. That a rest is never less than zero and about the same for everybody on a
case is what is used here, and nothing else: the baseline, and its control where there is one, are
the yardstick.

Noise only adds to a rest, so the least one of many turns is what counts. Where others kept CPUs
busy, all turns of an honest provider may be late: each is excused for as long as its threads waited
for a CPU, by the kernel's count, and those that waited long are none of the many. Who makes its own
threads wait is excused for nothing. Allowed are 10 % of the claim (warm-ups are slower than what
follows them), the warm-ups that may have been added, twice the yardstick's least rest, and 300 µs.
A first call may be three times as long as the others, more if the yardstick's is (launches, caches
that are cold), and 100 µs longer. Who hides a tenth of its time stays unseen; who hides most of it
does not. By what is left of each clock alone, two must still agree on who is faster.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from orchestrator.performance.objection import Objection, Severity, about
from orchestrator.performance.objections.outside import witnessed
from remote_payload.contract.result import Result

SHARE_OF_CLAIM, TIMES_THE_REST, SLACK_US = 0.10, 2.0, 300.0
SLOWER_FRESH, FRESH_SLACK_US = 3.0, 100.0
# So many turns make it likely that one of them was disturbed by nobody. Of fewer, on a machine that
# is busy with others, all may have been: an honest provider was seen to be four times slower on
# unseen inputs in each of three. Only what is far beyond that counts then.
SHARE_OF_FEW, SLOWER_OF_FEW = 1.0, 20.0
# By this much somebody has to be called faster before the clock outside is asked as well.
CLAIMED_FASTER = 1.10


def told_otherwise(result: Result) -> Iterator[Objection]:
    """Turns that took longer, seen from outside, than the process says."""
    for seen, bases in witnessed(result):
        rest = min(seen.turns, key=lambda turn: turn.rest_us)
        yardstick = max(base.least_rest_us for base in bases)
        share = SHARE_OF_CLAIM if seen.many else SHARE_OF_FEW
        allowed = share * rest.claim_us + TIMES_THE_REST * yardstick + SLACK_US
        if rest.rest_us > allowed + seen.added * seen.usual_us:
            passed = rest.outside_us - rest.waited_us - rest.fresh_us - yardstick
            text = (
                f"the clock of its process claims {seen.usual_us:.4g} µs a call, from outside at "
                f"least {passed / (seen.calls + seen.added):.4g} µs passed for each"
            )
            yield Objection(Severity.ERROR, about(seen.record), text)


def remembered(result: Result) -> Iterator[Objection]:
    """Providers that take their time only over inputs that they have not seen."""
    for seen, bases in witnessed(result):
        fresh, time = seen.least_first_us, seen.usual_us
        ratio = max(1.0, *(base.least_first_us / base.usual_us for base in bases))
        beyond = max(0.0, *(base.least_first_us - base.usual_us for base in bases))
        most = SLOWER_FRESH if seen.many else SLOWER_OF_FEW
        if fresh > most * ratio * time and fresh - time > FRESH_SLACK_US + 2 * beyond:
            text = (
                f"{fresh / time:.3g} × slower on inputs it has not seen ({fresh:.4g} µs, then "
                f"{time:.4g}): it answers from memory"
            )
            yield Objection(Severity.ERROR, about(seen.record), text)


def clocks_disagree(result: Result) -> Iterator[Objection]:
    """Who is faster by its own clock and slower by that of the one who waited."""
    for seen, bases in witnessed(result):
        base = next((base for base in bases if not base.record.control), None)
        if base is None or seen.record.control or base.shape != seen.shape:
            continue
        saved, claimed = base.usual_us - seen.usual_us, base.usual_us / seen.usual_us
        mine, theirs = (statistics.median(one.without_first_us) for one in (seen, base))
        quickest = [min(one.without_first_us) for one in (seen, base)]  # noise only adds
        later = mine > theirs and quickest[0] > quickest[1]
        if claimed > CLAIMED_FASTER and later and saved * seen.calls > 0.1 * theirs:
            text = (
                f"{claimed:.3g} × as fast as {base.record.provider} by the clock of its process; "
                f"from outside its turns take {mine / theirs:.3g} × as long"
            )
            yield Objection(Severity.DOUBT, about(seen.record), text)
