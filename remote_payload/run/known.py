"""What is found out once by a process, and holds for as long as it lives: of a job that is one run,
of a warm process that is turn after turn."""

from __future__ import annotations

from typing import Optional

from remote_payload.contract.machine import Machine
from remote_payload.machine import machine, torch_facts
from remote_payload.machine.torch_facts import TorchFacts
from remote_payload.processes.isolate import preload_torch
from remote_payload.processes.overheard import Overheard
from remote_payload.run.remembered import Remembered

# What the many processes of check and bench have in common: what they do, and where it is asked.
_OF_WORKERS = (
    "remote_payload.stages.apart.candidate",
    "remote_payload.stages.bench.timing",
    "remote_payload.stages.check.check",
    "remote_payload.stages.bench.bench",
)


class Known:
    """stays: whether another run may follow, so that those who start workers live on. place:
    as of `Overheard`. operator: what a user's own has told. drawn: as of a Setting."""

    def __init__(self, stays: bool = False, place: str = "") -> None:
        self._overheard = Overheard(stays, place)
        self._machine: Optional[Machine] = None
        self._facts: Optional[TorchFacts] = None
        self.operator, self.drawn = Remembered(), ""

    def machine(self) -> Machine:
        """The machine without torch."""
        if self._machine is None:
            self._machine = machine.look()
        return self._machine

    def warm(self, *modules: str) -> None:
        """Start what starts workers, which imports torch and these modules; at most once."""
        if not self._overheard.started:
            preload_torch(*_OF_WORKERS, *modules)
            self._overheard.start()

    def facts(self) -> TorchFacts:
        """What torch says. Raises as `torch_facts.ask`.

        Of a GPU that nvidia-smi lists and torch does not see, every run asks anew: its driver may
        have been busy or starting.
        """
        if self._facts is not None:
            return self._facts
        facts = torch_facts.ask()
        if facts.gpu is not None or not self.machine().gpu_count:
            self._facts = facts
        return facts

    def finish(self) -> None:
        """All that workers have printed so far is in the log."""
        self._overheard.finish()
