"""What a host wants beyond a key: real sshd with real PAM, and OpenSSH beside us."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import AuthenticationError, LinkLost, NobodyToAsk
from orchestrator.sync.deploy import deploy_from
from orchestrator.transport.connect import Trust, connect
from orchestrator.transport.login.trust import Question
from orchestrator.transport.ssh import SshTransport
from orchestrator.transport.way.dial import Timeouts
from orchestrator.values.command import Command
from orchestrator.values.progress import Silence
from tests.conftest import SshdVariant
from tests.ssh.link import LossyLink
from tests.ssh.openssh import answering, openssh
from tests.ssh.second_factor import (
    CODE,
    CODE_ALONE,
    DEVICE,
    KEY_AND_CODE,
    KEY_AND_PASSWORD,
    SecondFactor,
    second_factor,
    why_not,
)
from tests.ssh.server import Keys, SshServer
from tests.transport.test_login import reaches, refusal

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

TWO_KEYS = ("AuthenticationMethods publickey,publickey",)


class Person:
    """Types answers in turn, and remembers what was said and asked."""

    def __init__(self, *answers: str, thinks_s: float = 0.0) -> None:
        self._answers, self._thinks_s = list(answers), thinks_s
        self.said: list[str] = []
        self.asked: list[Question] = []

    def __call__(self, said: str, questions: Sequence[Question]) -> list[str]:
        self.said.append(said)
        self.asked += questions
        time.sleep(self._thinks_s)
        return [self._answers.pop(0) for _ in questions]


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> SecondFactor:
    return second_factor(tmp_path_factory.mktemp("code"))


@pytest.fixture(scope="module")
def device_and_code(tmp_path_factory: pytest.TempPathFactory) -> SecondFactor:
    return second_factor(tmp_path_factory.mktemp("device"), asks_device=True)


Asking = Callable[..., SshServer]


@pytest.fixture
def asking(sshd_variant: SshdVariant, code: SecondFactor) -> Asking:
    """Servers that ask for a code, or for it as a password: asking(*KEY_AND_CODE)."""
    return lambda *options: sshd_variant(*options, environment=code.environment)


def key_of(server: SshServer) -> tuple[str, str]:
    return "-i", str(server.keys.client)


def test_a_code_is_asked_at_the_terminal_and_lets_in(
    sshd_variant: SshdVariant, device_and_code: SecondFactor, trust: Trust, tmp_path: Path
) -> None:
    server = sshd_variant(*KEY_AND_CODE, environment=device_and_code.environment)
    types = answering(tmp_path, ("Device", DEVICE), ("code", CODE))
    assert openssh(server, *key_of(server), answers=types).returncode == 0
    person = Person(DEVICE, CODE)
    assert reaches(server.host(), replace(trust, answers=person))
    assert person.said[0] == (
        f"{server.host().where} accepted the key {server.keys.client} and wants "
        "keyboard-interactive as well:"
    )
    device, code = person.asked
    assert device.seen
    assert device.text == "    Device name: "  # further in than any line of ours
    assert not code.seen
    assert "\033" not in code.text
    assert code.text == "    Verification \\x1b[31mcode: "


def test_where_nobody_sits_it_is_said_what_the_host_wants(asking: Asking, trust: Trust) -> None:
    server = asking(*KEY_AND_CODE)
    assert openssh(server, *key_of(server)).returncode == 255
    error = refusal(server.host(), trust)
    assert type(error) is NobodyToAsk
    assert (
        f"accepted the key {server.keys.client} and wants keyboard-interactive as well"
        in error.message
    )
    assert "Run the command in a terminal" in error.hint
    assert "PubkeyAuthentication" not in error.hint


def test_a_wrong_code_may_be_corrected(asking: Asking, trust: Trust) -> None:
    server = asking(*KEY_AND_CODE)
    person = Person("654321", CODE)
    assert reaches(server.host(), replace(trust, answers=person))
    assert "did not accept that, once more" in person.said[-1]


def test_three_wrong_codes_are_the_end(asking: Asking, trust: Trust) -> None:
    server = asking(*KEY_AND_CODE)
    error = refusal(server.host(), replace(trust, answers=Person("1", "2", "3")))
    assert type(error) is AuthenticationError
    assert "did not accept what was typed for keyboard-interactive, 3 times" in error.message


def test_a_host_that_hangs_up_after_a_wrong_code_is_told_from_a_lost_link(
    asking: Asking, trust: Trust
) -> None:
    server = asking(*KEY_AND_CODE, "MaxAuthTries 1")
    error = refusal(server.host(), replace(trust, answers=Person("654321")))
    assert type(error) is AuthenticationError
    assert "hung up during the login, after one answer" in error.message
    assert "LoginGraceTime" in error.hint


def test_a_password_besides_a_key_is_asked_without_echo(
    asking: Asking, trust: Trust, tmp_path: Path
) -> None:
    server = asking(*KEY_AND_PASSWORD)
    assert openssh(server, *key_of(server)).returncode == 255
    types = answering(tmp_path, ("password", CODE))
    assert openssh(server, *key_of(server), answers=types).returncode == 0
    assert "wants password as well" in refusal(server.host(), trust).message
    person = Person("hunter2", CODE)
    assert reaches(server.host(), replace(trust, answers=person))
    assert [question.seen for question in person.asked] == [False, False]
    assert "hunter2" not in str(person.said)


def test_a_host_without_keys_asks_whoever_is_there(asking: Asking, trust: Trust) -> None:
    server = asking(*CODE_ALONE)
    without_keys = replace(server.host(), identity_file=None)
    for host in (server.host(), without_keys):
        error = refusal(host, trust)
        assert "does not let us in by key; it accepts: keyboard-interactive" in error.message
        person = Person(CODE)
        assert reaches(host, replace(trust, answers=person))
        assert "takes no keys and wants keyboard-interactive" in person.said[0]


def test_no_password_is_asked_because_a_key_does_not_fit(asking: Asking, trust: Trust) -> None:
    server = asking("UsePAM yes", "PasswordAuthentication yes")
    person = Person(CODE)
    host = replace(server.host(), identity_file=server.keys.stranger)
    error = refusal(host, replace(trust, answers=person))
    assert "refused user" in error.message
    assert "It would also accept password" in error.hint
    assert not person.asked


def test_two_keys_are_given_where_the_host_wants_two(
    sshd_variant: SshdVariant, keys: Keys, trust: Trust, home: Path
) -> None:
    known = home / "known_keys"
    known.write_text(
        "".join(Path(f"{key}.pub").read_text() for key in (keys.client, keys.stranger))
    )
    server = sshd_variant(*TWO_KEYS, f"AuthorizedKeysFile {known}")
    second = ("-i", str(keys.stranger))
    assert openssh(server, *key_of(server)).returncode == 255
    assert openssh(server, *key_of(server), *second).returncode == 0
    error = refusal(server.host(), trust)
    assert "wants another key as well" in error.message
    assert "identity_file" in error.hint
    (home / ".ssh").mkdir()
    for name, key in (("id_ed25519", keys.client), ("id_ecdsa", keys.stranger)):
        (home / ".ssh" / name).write_bytes(key.read_bytes())
    assert reaches(replace(server.host(), identity_file=None), trust)


def test_whoever_thinks_for_longer_than_a_key_may_take_is_waited_for(
    asking: Asking, trust: Trust
) -> None:
    person = Person(CODE, thinks_s=1.5)
    impatient = Timeouts(auth_s=1.0, banner_s=1.0)
    host = asking(*KEY_AND_CODE).host()
    with SshTransport(host, replace(trust, answers=person), impatient) as transport:
        assert transport.run(Command(("true",))).ok


def test_one_login_serves_everything(asking: Asking, trust: Trust) -> None:
    person = Person(CODE)
    with connect(asking(*KEY_AND_CODE).host(), replace(trust, answers=person)) as transport:
        threads = [threading.Thread(target=transport.open) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert transport.run(Command(("true",))).ok
    assert len(person.asked) == 1


def test_after_a_lost_link_a_person_is_asked_again_and_told_why(
    asking: Asking, trust: Trust, lossy_link: Callable[..., LossyLink]
) -> None:
    server = asking(*KEY_AND_CODE)
    link = lossy_link(target_port=server.port)
    person = Person(CODE, CODE)
    host = replace(server.host(), port=link.port)
    with connect(host, replace(trust, answers=person)) as transport:
        assert transport.run(Command(("true",))).ok
        link.cut()
        with contextlib.suppress(LinkLost):  # as soon as it is noticed
            transport.run(Command(("true",)))
        assert transport.run(Command(("true",))).ok
    assert person.said[0].startswith(host.where)
    assert person.said[1].startswith("the link was lost; ")


def test_where_nobody_sits_a_lost_link_is_not_tried_again_in_vain(
    asking: Asking, trust: Trust, tmp_path: Path, lossy_link: Callable[..., LossyLink]
) -> None:
    server = asking(*KEY_AND_CODE)
    link = lossy_link(target_port=server.port)
    (tmp_path / "project" / "notes").mkdir(parents=True)
    (tmp_path / "project" / "notes" / "a.txt").write_text("a\n")
    once = iter([[CODE]])

    def answers(said: str, questions: Sequence[Question]) -> list[str]:
        # The person went away after the first login.
        object.__setattr__(asked, "answers", None)
        return next(once)

    asked = replace(trust, answers=answers)
    with connect(replace(server.host(), port=link.port), asked) as transport:
        transport.open()
        link.cut()
        said = server.log()
        started = time.monotonic()
        with pytest.raises(NobodyToAsk):
            deploy_from(tmp_path / "project", transport, Silence(), parts=("notes",))
    assert time.monotonic() - started < 8
    assert server.log().count("Accepted publickey") == said.count("Accepted publickey")
