"""Ctrl-C where a person is asked: the echo is back, and nothing was decided."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.comparing import store
from tests.conftest import SshdVariant
from tests.faults.conftest import wait_until
from tests.interrupts.conftest import Desk, interrupted
from tests.ssh.second_factor import KEY_AND_CODE, second_factor, why_not
from tests.ssh.server import Keys, SshServer

VERBS = pytest.mark.parametrize("verb", ["doctor", "deploy"])
needs_pam = pytest.mark.skipif(bool(why_not()), reason=why_not())


@VERBS
def test_at_the_question_for_a_new_host_key(verb: str, desk: Desk, sshd: SshServer) -> None:
    desk.on(sshd)
    desk.describe(host_key=None)
    with desk.types(verb) as terminal:
        terminal.read_until("from now on?")
        terminal.read_for(0.2)
        interrupted(terminal)
        assert not (desk.root / ".orchestrator" / "known_hosts").exists()


@VERBS
def test_at_the_passphrase(verb: str, desk: Desk, sshd: SshServer, keys: Keys) -> None:
    desk.on(sshd)
    desk.describe(identity_file=str(keys.encrypted))
    with desk.types(verb) as terminal:
        terminal.read_until("Passphrase for ")
        wait_until(lambda: not terminal.echoes)
        interrupted(terminal)


@needs_pam
@VERBS
def test_at_a_second_factor(
    verb: str, desk: Desk, sshd_variant: SshdVariant, tmp_path: Path
) -> None:
    rules = second_factor(tmp_path / "factor")
    desk.on(sshd_variant(*KEY_AND_CODE, environment=rules.environment))
    with desk.types(verb) as terminal:
        terminal.read_until("code: ")
        wait_until(lambda: not terminal.echoes)
        interrupted(terminal, times=3)


def test_at_the_question_before_runs_are_removed(desk: Desk) -> None:
    names = [f"20261122-10153{n}-pod-check" for n in range(2)]
    for name in names:
        store(desk.root, name, None)
    with desk.types("runs", "rm", *names) as terminal:
        terminal.read_until("Remove")
        terminal.read_for(0.1)
        interrupted(terminal)
    assert all((desk.root / "runs" / name / "run.json").is_file() for name in names)
