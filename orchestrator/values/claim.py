"""Whose a job is: what tells ours of a name from another's of the same name."""

from __future__ import annotations

from dataclasses import dataclass

from remote_payload.contract.request import Request

# What a run is: its name, its sources, and its cases; and by what it is judged, which no host may
# choose.
_DECIDES = (
    *("run_id", "snapshot", "stages", "operator", "operator_target", "sweeps", "dtypes"),
    "targets",
)
_CASES = ("cases", "cpu_cases", "providers")


@dataclass(frozen=True)
class Claim:
    """What a run folder says about the job that is its own.

    owner: the mark that travelled with the job; "" in a folder of before there were marks, where
    what was asked for has to decide. request: that, None where nobody can read it. host: where the
    job is, by its name in the inventory.
    """

    run_id: str
    host: str
    owner: str
    request: Request | None

    def option(self, host: str) -> tuple[str, ...]:
        """What a command about the run needs to find it at `host`: nothing if the card tells of
        that one; the inventory may know it by another name since."""
        return () if host == self.host else ("--host", host)


def difference(asked: Request, told: Request) -> str:
    """The first thing in which `told` is another request than `asked`, in words; "" if in none."""
    # Of a user's own operator they are told by the host.
    for name in _DECIDES if asked.operator_target else (*_DECIDES, *_CASES):
        ours, theirs = getattr(asked, name), getattr(told, name)
        if ours != theirs:
            plain = isinstance(ours, str)
            return f"{name} is {theirs!r}, not {ours!r}" if plain else f"its {name} are others"
    return ""
