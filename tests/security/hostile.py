"""A host that lies: a program in the place of its python, which speaks the agents' protocol."""

from __future__ import annotations

import sys
from pathlib import Path

from orchestrator.transport.local import LocalTransport
from orchestrator.values.host import Host, TransportKind

WIRE = Path(__file__).parents[2] / "remote_payload" / "agent" / "wire.py"

# Answers as an honest job agent would; a test replaces some of it. OFFERED: path → (size, bytes).
_HONEST = """
import hashlib, time
OFFERED = {}
RESULTS = {}
ENDED = {"why": "exit", "exit_status": 0, "message": ""}
LOG = b""


def inventory(ask):
    return {"ok": True, "files": [{"path": p, "size": s} for p, (s, _) in OFFERED.items()]}


def content(path, offset):
    yield OFFERED[path][1][offset:]


def fetch(ask):
    for wanted in ask["files"]:
        for block in content(wanted["path"], wanted["offset"]):
            send(b"B", block)
        digest = hashlib.sha256(OFFERED[wanted["path"]][1]).hexdigest()
        send_json({"ok": True, "sha256": digest})
    return {"ok": True}


def follow(ask):
    if LOG[ask["offset"]:]:
        send(b"L", LOG[ask["offset"]:])
    return {"ok": True, "end": ENDED, "offset": len(LOG)}


def listing(ask):
    quiet = {"state": "running", "waiting_for": None}
    return {"ok": True, "jobs": [dict(quiet, run=r, end=ENDED) for r in RESULTS]}
"""
_SERVE = """
hello(sys.argv[-2])
while True:
    try:
        ask = receive_json()
    except (EOFError, struct.error):
        break
    verb = {"list": listing, "inventory": inventory, "fetch": fetch, "follow": follow}[ask["do"]]
    send_json(verb(ask))
"""


def hostile_host(folder: Path, lies: str) -> LocalTransport:
    """A way to a host whose job agent is honest but for `lies`."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "python"
    text = WIRE.read_text("utf-8") + _HONEST + lies + _SERVE
    program.write_text(f"#!{sys.executable} -IS\n{text}")
    program.chmod(0o755)
    return LocalTransport(Host("liar", TransportKind.LOCAL, str(folder / "w"), str(program)))


def hostile_agent(folder: Path, answers: str) -> LocalTransport:
    """A way to a host on which any agent sends `answers`, Python expressions, one to a question.

    The first one is sent unasked, as the agent that receives sources does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "python"
    serve = "hello(sys.argv[sys.argv.index('-c') + 2])\nfor one in ANSWERS:\n    send_json(one)\n"
    text = f"{WIRE.read_text('utf-8')}\nANSWERS = {answers}\n{serve}_source.read(1)\n"
    program.write_text(f"#!{sys.executable} -IS\n{text}")
    program.chmod(0o755)
    return LocalTransport(Host("liar", TransportKind.LOCAL, str(folder / "w"), str(program)))
