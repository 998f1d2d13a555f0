"""Did the GPU wait for the host? Then back-to-back times are the host's, not the kernel's."""

from __future__ import annotations

from orchestrator.performance.stats import ratio, usable
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.words import Method

# Launches take the longer of two paces: the host's, to enqueue one, and the GPU's, to run one.
# Where the host sets it, a burst ends one kernel after its last launch, so their ratio is 1 but for
# that end; where the GPU sets it, the ratio is how far ahead the host was. From 0.9 on it was so
# little ahead that a hiccup of the host shows in the time, and the two cannot be told apart.
HOST_BOUND = 0.9
# A stream takes about a thousand launches ahead of the GPU, then the host is made to wait (seen by
# https://forums.developer.nvidia.com/t/68937): of n launches that leaves it 1 - 1000/n of the time
# whoever sets the pace. So many calls stay below HOST_BOUND with up to nine kernels each.
MOST_CALLS_AHEAD = 1000


def host_share(record: BenchRecord) -> float | None:
    """Host time / time of the same burst, the median over all samples; None if it is not known."""
    whole = len(record.host_us) == len(record.samples_us)
    if record.method is not Method.BACK_TO_BACK or record.calls > MOST_CALLS_AHEAD:
        return None
    if not whole or not usable(record.host_us) or not usable(record.samples_us):
        return None
    return ratio(record.host_us, record.samples_us).median


def bound_by_host(record: BenchRecord) -> bool:
    """Whether the host set the pace; False where that is not known."""
    share = host_share(record)
    return share is not None and share >= HOST_BOUND
