"""What is found out once by a process, and holds for as long as it lives: of a job that is one run,
of a warm process that is turn after turn."""

from __future__ import annotations

import os
from typing import Optional

from remote_payload.contract.machine import Machine
from remote_payload.machine import machine, nvidia_smi, torch_facts
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
        """The machine without torch; looked at again where that may tell more than before."""
        if self._machine is None or not self._knows_its_gpus:
            self._machine = machine.look()
        return self._machine

    @property
    def _knows_its_gpus(self) -> bool:
        """A driver that is busy or starting lists none at first."""
        listed = self._machine is not None and self._machine.gpu_count > 0
        return listed or not os.path.exists(nvidia_smi.DRIVER)

    def warm(self, *modules: str) -> None:
        """Start what starts workers, which imports torch and these modules; at most once."""
        if not self._overheard.started:
            preload_torch(*_OF_WORKERS, *modules)
            self._overheard.start()

    def facts(self) -> TorchFacts:
        """What torch says. Raises as `torch_facts.ask`.

        Where torch sees none and there is a driver, every run asks anew, as `machine` does.
        """
        if self._facts is not None:
            return self._facts
        facts = torch_facts.ask()
        seen = self._machine or self.machine()
        if facts.gpu is not None or (self._knows_its_gpus and not seen.gpu_count):
            self._facts = facts
        return facts

    def finish(self) -> None:
        """All that workers have printed so far is in the log."""
        self._overheard.finish()
