"""A broker begins: a process of its own, which logs in while we put its questions to the person."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from orchestrator.transport.broker.frames import HungUp, Incoming, send_json, understood
from orchestrator.transport.broker.place import NoBroker
from orchestrator.transport.login.trust import Question, Trust
from orchestrator.values.host import Host

# Where our own modules are is told, so that nothing in the current folder passes for one of them.
_PROGRAM = (
    "import sys; sys.path[:] = sys.argv[2:]; "
    "from orchestrator.transport.broker.process import main; main(int(sys.argv[1]))"
)
_FORKED_LIMIT_S = 20.0
_CALLBACKS = ("ask", "passphrase", "answers")


def begin(host: Host, trust: Trust, place: Path, digest: str, persist_s: float, again: bool) -> Any:
    """Start a broker that listens at `place` once it is logged in to `host` at its address.

    digest: by what it is to be reached. again: a connection like it was lost in use.
    An OrchestratorError says why the host cannot be reached, as if we had tried ourselves; its
    `__cause__` is not known. NoBroker: the fault is the broker's.
    """
    near, far = socket.socketpair()
    with near:
        with far:
            _start(far)
        wanted = {
            "host": _spelled_host(host),
            "known_hosts": str(trust.known_hosts.absolute()),
            "first_contact": trust.first_contact.value,
            "names": sorted(trust.names),
            "can": [name for name in _CALLBACKS if getattr(trust, name) is not None],
            "place": str(place),
            "digest": digest,
            "persist_s": persist_s,
            "again": again,
            "login": login(),
        }
        try:
            send_json(near, wanted)
            return _talk(near, trust)
        except (HungUp, OSError) as error:
            raise NoBroker("it ended while it was connecting") from error


def _spelled_host(host: Host) -> dict[str, Any]:
    """Without the environment of its jobs, which may hold secrets and leads nowhere."""
    file = str(host.identity_file) if host.identity_file else None
    said: dict[str, Any] = {"env": [], "identity_file": file, "kind": host.kind.value}
    return {**asdict(host), **said, "launcher": host.launcher.value}


def _start(far: socket.socket) -> None:
    words = [sys.executable, "-c", _PROGRAM, str(far.fileno()), *filter(None, sys.path)]
    quiet = subprocess.DEVNULL
    try:
        program = subprocess.Popen(
            words,
            stdin=quiet,
            stdout=quiet,
            stderr=quiet,
            pass_fds=(far.fileno(),),
            start_new_session=True,
        )
        # It forks at once, so that what goes on is nobody's child and leads no session.
        if program.wait(_FORKED_LIMIT_S):
            raise NoBroker("its program does not start")
    except OSError as error:
        raise NoBroker(f"its program cannot be started: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        program.kill()
        program.wait()
        raise NoBroker(f"its program did not start within {_FORKED_LIMIT_S:g} s") from error


def _talk(near: socket.socket, trust: Trust) -> Any:
    """Answer its questions until it has come to an end: True, for ready."""
    incoming = Incoming(near)
    while True:
        said = incoming.json()
        if "error" in said:
            problem = understood(said["error"])
            problem.__cause__ = _cause(said["error"])
            raise problem
        if "broken" in said:
            raise NoBroker(str(said["broken"]))
        if "ready" in said:
            return said["ready"]
        send_json(near, {"said": _answer(said, trust)})


def _cause(said: Any) -> BaseException | None:
    """What counts of a cause: whether the host refused the connection."""
    return ConnectionRefusedError() if said.get("cause") == "ConnectionRefusedError" else None


def _answer(said: Any, trust: Trust) -> object:
    if "ask" in said and trust.ask:
        question, fingerprint = said["ask"]
        return trust.ask(question, fingerprint)
    if "passphrase" in said and trust.passphrase:
        return trust.passphrase(said["passphrase"])
    if "answers" in said and trust.answers:
        who, questions = said["answers"]
        return trust.answers(who, tuple(Question(text, seen) for text, seen in questions))
    raise HungUp


def login() -> int | None:
    """The process whose end ends this login: the leader of our session, or, where that is this very
    command, of who started it. None: it cannot be known."""
    leader = 0
    with contextlib.suppress(OSError):
        leader = os.getsid(0)
        if leader == os.getpid():
            leader = os.getsid(os.getppid()) if os.getppid() > 1 else 0
    return leader if leader > 1 else None
