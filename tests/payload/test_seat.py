"""What is said of a provider whose process does not come up."""

from __future__ import annotations

from typing import Any

import pytest

from remote_payload.contract.request import Provider
from remote_payload.contract.words import Status
from remote_payload.processes import isolate
from remote_payload.processes.isolate import Deadline
from remote_payload.stages.bench.seat import Out, OwnProcess


def test_that_a_process_that_does_not_come_up_is_not_said_to_have_hung(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(isolate, "START_LIMIT_S", 0.0)
    setting: Any = None  # nobody gets as far as to look at it
    for say in (OwnProcess.send, OwnProcess.ask):
        seat = OwnProcess(Provider("mine"), setting, Deadline(60.0), 20.0)
        seat.begin()
        with pytest.raises(Out) as caught:
            say(seat, "hello")
        assert caught.value.how == "its process did not start within 0 s"
        assert (caught.value.status, caught.value.ended) == (Status.TIMEOUT, True)
