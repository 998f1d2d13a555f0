"""One trial: a conversation with an agent of ours in which one answer is damaged.

What may come of it: an answer that is understood, or an error of ours that says whose fault it is.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

from orchestrator.cli.screen import console
from orchestrator.cli.verbs import doctor
from orchestrator.cli.verbs.hosts import status as hosts_status
from orchestrator.cloud.answer import read_detail, read_pod
from orchestrator.cloud.pod import trust_alias
from orchestrator.cloud.watchdog import Watchdog
from orchestrator.doctor.evidence import Evidence, SmiEvidence, SystemEvidence
from orchestrator.errors import ExitCode, OrchestratorError
from orchestrator.launch.detached import DetachedLauncher
from orchestrator.store.runs.run_store import RunStore
from orchestrator.sync import sources
from orchestrator.sync.deploy import deploy
from orchestrator.transport.scripted import ScriptedTransport
from orchestrator.values.command import Command
from orchestrator.values.host import Host, TransportKind
from orchestrator.values.progress import Silence
from orchestrator.workflows.diagnose import diagnose, shown
from orchestrator.workflows.jobs.read_log import remote_log
from orchestrator.workflows.jobs.remote_runs import remote_runs
from remote_payload.contract import codec
from tests.cloud.server import pod_json
from tests.fuzz.mutations import damage
from tests.fuzz.reading import LIMIT_S, TooLong, within
from tests.model import healthy_host
from tests.workflows.syncing import write

Frame: TypeAlias = "tuple[bytes, Any]"
_HOST = Host("liar", TransportKind.LOCAL, "/w", "python", pod="7h9k2m4n6p")
_SMI = Path(__file__).parents[1] / "fixtures/doctor/h100/log.xml"
_END = {"why": "exit", "exit_status": 0, "message": "", "at": 1.5}
_BEAT = {"state": "queued", "waiting_for": "r0"}
_KINDS = {"damaged": 0.9, "kind": 0.04, "packing": 0.06}


@dataclass(frozen=True)
class Talk:
    """frames: what an honest agent would send, one command after another; act: what we do."""

    name: str
    commands: tuple[tuple[Frame, ...], ...]
    act: Callable[[ScriptedTransport, Path], object]


def _evidence() -> Any:
    facts = healthy_host.FACTS
    return codec.encode(
        Evidence(
            silent=("transfer",),
            faults=(("toolkits", "OSError"),),
            took_s=0.5,
            clock_s=1_780_000_000.0,
            files=(
                ("/proc/self/mountinfo", "1 2 8:1 / /workspace rw - ext4 /dev/sda rw\n"),
                ("/proc/meminfo", "MemAvailable:   1000 kB\n"),
                ("/proc/self/status", "CapEff:\t000001ffffffffff\n"),
                ("/sys/fs/cgroup/cpu.max", "400000 100000\n"),
                ("/sys/fs/cgroup/memory.max", "137438953472\n"),
                ("/proc/driver/nvidia/params", "RmProfilingAdminOnly: 1\n"),
            ),
            system=SystemEvidence("Linux-6.8", "x86_64", 0, 16, 1 << 38, gpu_nodes=1),
            pythons=facts.interpreters,
            toolkits=facts.toolkits,
            profilers=facts.profilers,
            nvidia_smi=SmiEvidence("/usr/bin/nvidia-smi", 0, _SMI.read_text("utf-8"), "9.0\n"),
            workspace=facts.workspace,
            temporary=facts.temporary,
            shared_memory=facts.shared_memory,
            transfer=facts.transfer,
        )
    )


def _doctor(transport: ScriptedTransport, place: Path) -> None:
    found = diagnose(transport, probe_counters=True)
    console.out_json(shown(found))
    doctor._print(found)


def _pull(transport: ScriptedTransport, place: Path) -> None:
    into = place / "runs/r1"
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    DetachedLauncher(transport).pull("r1", into, Silence())


def _listed(transport: ScriptedTransport, place: Path) -> None:
    for run in remote_runs(transport, RunStore(place / "none")):
        console.out(f"{run.run_id} {run.state} {run.here.value} {run.words}")


_DATA = b"x" * 1000
_COMPILED = {"state": "ok", "nvcc": "/usr/local/cuda/bin/nvcc", "took_s": 1.5, "instead": []}
_FILES = [
    {"path": "artifacts/ncu/a.csv", "size": len(_DATA)},
    {"path": "log.txt", "size": 0},
]
_PULLED = (
    (b"J", {"ok": True, "files": _FILES}),
    (b"J", {"sha256": sha256(b"").hexdigest()}),  # the log, which is asked for first
    (b"Z", zlib.compress(_DATA)),
    (b"J", {"sha256": sha256(_DATA).hexdigest()}),
    (b"J", {"ok": True}),
)
_FOLLOWED = (
    (b"L", b'building\n@@progress {"stage": "bench", "done": 3, "total": 9, "label": "a"}\n'),
    (b"H", json.dumps(_BEAT).encode()),
    (b"J", {"ok": True, "end": _END, "offset": 9}),
)
_WANTED = {"status": "wanted", "base": None, "have": ["0123456789abcdef"]}
_DONE = {"status": "done", "root": "/w", "deleted": 1}
_FAILED = {"status": "failed", "root": "/w", "text": "[Errno 28] no space", "error": "ENOSPC"}
_JOBS = [dict(_BEAT, run=f"r{n}", end=end) for n, end in enumerate((None, _END, None))]


def talks(place: Path) -> tuple[Talk, ...]:
    """One conversation with each agent, honest so far."""
    scan = sources.scan(write(place / "project", {"csrc/a.cu": "A"}))
    return (
        Talk(
            "doctor",
            (
                ((b"J", _evidence()),),
                ((b"J", {"trying": True}), (b"J", _COMPILED)),
                ((b"J", {"status": 0, "said": "==PROF== fine"}),),
            ),
            _doctor,
        ),
        Talk(
            "receive",
            (((b"J", _WANTED), (b"J", _DONE)),),
            lambda way, _: deploy(way, scan, pauses_s=()),
        ),
        Talk(
            "receive, failed", (((b"J", _FAILED),),), lambda way, _: deploy(way, scan, pauses_s=())
        ),
        Talk("follow", (_FOLLOWED,), lambda way, _: remote_log(way, "r1", True, console.out)),
        Talk(
            "cancel",
            (((b"J", {"ok": True, "end": _END}),),),
            lambda way, _: DetachedLauncher(way).cancel("r1"),
        ),
        Talk(
            "error",
            (((b"J", {"error": "no-space", "message": "no space left"}),),),
            lambda way, _: DetachedLauncher(way).cancel("r1"),
        ),
        Talk("list", (((b"J", {"jobs": _JOBS}),),), _listed),
        Talk("pull", (_PULLED,), _pull),
        Talk(
            "watchdog",
            (((b"J", {"ok": True, "ways": ["runpodctl", "api"]}),),),
            lambda way, _: Watchdog(way, "w1").arm(60),
        ),
    )


def trial(talk: Talk, place: Path, draw: Random) -> str:
    """Damage one frame of the conversation and hold it; returns what must not be, or ""."""
    commands = [[_packed(*frame) for frame in frames] for frames in talk.commands]
    turn = draw.randrange(len(commands))
    which = draw.randrange(len(commands[turn]))
    commands[turn][which], how = _damaged(*talk.commands[turn][which], draw)
    what = _held(talk, commands, place)
    return f"{talk.name} [{how}]: {what}" if what else ""


def honest(talk: Talk, place: Path) -> str:
    """Hold the conversation as it is; returns the error that came of it."""
    told: list[str] = []
    commands = [[_packed(*frame) for frame in frames] for frames in talk.commands]
    return _held(talk, commands, place, told.append) or "".join(told)


def _body(value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def _packed(kind: bytes, value: Any) -> bytes:
    body = zlib.compress(_body(value)) if kind == b"J" else _body(value)
    return kind + struct.pack(">I", len(body)) + body


def _held(
    talk: Talk,
    commands: list[list[bytes]],
    place: Path,
    refused: Callable[[str], object] = lambda why: None,
) -> str:
    turns = iter(commands)

    def script(command: Command) -> Iterator[bytes]:
        nonce = command.argv[4]
        yield f"\n@@BSK1 {nonce}\n".encode()
        yield from next(turns, [])

    return _what_came(
        lambda: talk.act(ScriptedTransport(_HOST, _no_answer, script), place), refused
    )


def pod_trial(draw: Random) -> str:
    """A damaged document of RunPod's API."""
    problem = {"title": "no", "detail": "none left", "errors": ["a", "b"]}
    body = damage(json.dumps(draw.choice((pod_json(), problem))).encode(), draw)

    def read() -> None:
        read_detail(body.data)
        pod = read_pod(body.data)
        trust_alias(pod)
        row = hosts_status._Row("pod", pod.id, pod)
        console.out("  ".join(hosts_status._cells(row)))
        console.out_json([hosts_status._facts(row)])

    what = _what_came(read)
    return f"RunPod [{body.how}]: {what}" if what else ""


def _damaged(kind: bytes, value: Any, draw: Random) -> tuple[bytes, str]:
    """The frame, damaged, and how."""
    body = _body(value)
    how = draw.choices(list(_KINDS), list(_KINDS.values()))[0]
    if how == "kind":
        return _packed(draw.choice((b"H", b"L", b"J", b"B", b"Z", b"\0")), body), how
    if how == "packing":
        packed = zlib.compress(body)
        body = packed[: draw.randrange(len(packed))] + draw.randbytes(3)
        return kind + struct.pack(">I", len(body)) + body, how
    changed = damage(body, draw)
    return _packed(kind, changed.data), changed.how


def _no_answer(command: Command, stdin: bytes) -> Any:
    raise AssertionError("nothing is run without an agent")


def _what_came(
    act: Callable[[], object], refused: Callable[[str], object] = lambda why: None
) -> str:
    out = io.StringIO()
    try:
        with within(LIMIT_S), contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            act()
            out.getvalue().encode("utf-8")
    except TooLong:
        return f"no end within {LIMIT_S:g} s"
    except OrchestratorError as error:
        refused(error.message)
        if error.exit_code is ExitCode.BUG:
            return f"called a bug of ours: {error.message[:200]}"
        if not 0 < len(error.message) < 5000:
            return f"a message of {len(error.message)} characters"
    except Exception as error:
        return f"{type(error).__name__} escaped: {error}"[:300]
    return ""
