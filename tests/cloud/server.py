"""RunPod's API v2 on a loopback port, as its published description says, with its bad days."""

from __future__ import annotations

import importlib
import importlib.util
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

KEY = "rpa_5ECRET0123456789abcdefghijkl"
DESCRIPTION = Path(__file__).parents[3] / "shared/samples/runpod/openapi_v2_pods.json"
REQUIRED = frozenset(
    [
        "id",
        "name",
        "status",
        "actions",
        "image",
        "args",
        "disk",
        "mounts",
        "ports",
        "env",
        "registry",
        "cloud",
        "dataCenterId",
        "cudaVersion",
        "ssh",
        "template",
        "cost",
        "locked",
        "runtime",
        "createdAt",
        "startedAt",
        "globalNetworking",
    ]
)
ACTIONS = {
    "PROVISIONING": ["stop", "terminate"],
    "STARTING": ["stop", "terminate"],
    "RUNNING": ["stop", "restart", "terminate"],
    "EXITED": ["start", "terminate"],
    "ERROR": ["start", "terminate"],
    "TERMINATED": [],
}
LIMITS = {
    "RateLimit": '"minute";r=58;t=12, "hour";r=2800;t=1812',
    "RateLimit-Policy": '"minute";q=60;w=60, "hour";q=3000;w=3600',
}


def pod_json(
    pod_id: str = "7h9k2m4n6p",
    status: str = "RUNNING",
    port: int | None = 34446,
    address: str = "195.26.233.3",
    user: str = "root",
    started: str | None = "2026-06-01T12:02:00Z",
    ports: tuple[str, ...] = ("8888/http", "22/tcp"),
    **changes: Any,
) -> dict[str, Any]:
    """A pod as getPod answers. port: of its direct SSH endpoint; None for no endpoint."""
    runs = status == "RUNNING"
    command = f"ssh {user}@{address} -p {port}"
    direct = {"host": address, "port": port, "username": user, "command": command}
    pod = {
        "id": pod_id,
        "name": "attention",
        "image": "runpod/pytorch:1.0.2-cu1281-torch280-ubuntu2404",
        "args": "",
        "disk": 50,
        "ports": list(ports),
        "env": {"HF_TOKEN": "hf_of_the_user"},
        "registry": None,
        "status": status,
        "actions": ACTIONS[status],
        "mounts": {"persistent": {"size": 20, "path": "/workspace"}},
        "gpu": {"id": "NVIDIA H100 80GB HBM3", "count": 1},
        "cloud": "SECURE",
        "dataCenterId": "US-KS-2",
        "cudaVersion": "12.8",
        "ssh": {"proxy": None, "direct": direct if runs and port else None},
        "template": None,
        "cost": 2.69 if status not in ("EXITED", "TERMINATED") else 0.0,
        "locked": False,
        "globalNetworking": {"enabled": False},
        "runtime": {"uptime": 3600} if runs else None,
        "createdAt": "2026-06-01T12:00:00Z",
        "startedAt": started,
    }
    return {**pod, **changes}


Fault = Callable[["_Handler"], None]


@dataclass
class FakeRunPod:
    """What the server knows and saw.

    pods: by id the answers to come, one per question; the last one stays.
    faults: used up first, one per request. stop_takes_s: until a stop is answered.
    seen: "GET /v2/pods/…" of every request.
    """

    url: str = ""
    pods: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    stop_takes_s: float = 0.0
    seen: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def add(self, *answers: dict[str, Any]) -> None:
        """Know a pod; with several answers each question gets the next one."""
        self.pods[answers[0]["id"]] = list(answers)

    def now(self, pod_id: str) -> dict[str, Any] | None:
        known = self.pods.get(pod_id)
        if known is None:
            return None
        return known.pop(0) if len(known) > 1 else known[0]


@contextmanager
def serve() -> Iterator[FakeRunPod]:
    """Serve until the block ends; then every answer must have obeyed the description."""
    fake = FakeRunPod()
    complaints(pod_json(), "Pod")  # reading the description takes longer than some clients wait
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"fake": fake}))
    fake.url = f"http://127.0.0.1:{server.server_address[1]}/v2"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert not fake.complaints


class _Handler(BaseHTTPRequestHandler):
    fake: FakeRunPod
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self._admitted():
            pod = self.fake.now(self.path.rpartition("/")[2])
            self._pod(pod) if pod else problem(404, "Not Found", "pod not found")(self)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self._admitted():
            return
        pod = self.fake.now(self.path.split("/")[3])
        action = json.loads(body)["action"]
        if pod is None:
            problem(404, "Not Found", "pod not found")(self)
        elif action not in pod["actions"] or pod["locked"]:
            problem(409, "Conflict", f"cannot {action} this pod")(self)
        else:
            assert action == "stop", action
            time.sleep(self.fake.stop_takes_s)
            stopped = pod_json(pod["id"], "EXITED", started=pod["startedAt"])
            self.fake.add(stopped)
            self._pod(stopped)

    def _admitted(self) -> bool:
        self.fake.seen.append(f"{self.command} {self.path}")
        if self.fake.faults:
            self.fake.faults.pop(0)(self)
        elif self.headers.get("Authorization") != f"Bearer {KEY}":
            problem(401, "Unauthorized", "invalid bearer token")(self)
        else:
            return True
        return False

    def _pod(self, pod: dict[str, Any]) -> None:
        self.check(pod, "Pod")
        self.answer(200, json.dumps(pod).encode(), "application/json", LIMITS)

    def check(self, value: dict[str, Any], schema: str) -> None:
        """Note what the description does not allow; pods made wrong on purpose go in as faults."""
        self.fake.complaints += complaints(value, schema)

    def answer(self, status: int, body: bytes, kind: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, text in {"Content-Type": kind, "Content-Length": len(body), **headers}.items():
            self.send_header(name, str(text))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


def problem(status: int, title: str, detail: str, **headers: str) -> Fault:
    """An RFC 9457 answer."""
    document = {"title": title, "status": status, "detail": detail}
    extra = {name.replace("_", "-"): text for name, text in headers.items()}

    def fault(handler: _Handler) -> None:
        handler.check(document, "ErrorResponse")
        body = json.dumps(document).encode()
        handler.answer(status, body, "application/problem+json", {**LIMITS, **extra})

    return fault


def page(status: int, body: bytes, kind: str = "text/html", **headers: str) -> Fault:
    """An answer from something that is not the API."""
    return lambda handler: handler.answer(status, body, kind, dict(headers))


def pod_like(value: object) -> Fault:
    """A 200 with any JSON document."""
    return page(200, json.dumps(value).encode(), "application/json")


def cut_off(handler: _Handler) -> None:
    """Half of an answer, then the end of the connection."""
    body = json.dumps(pod_json()).encode()
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])
    handler.close_connection = True


def hang_up(handler: _Handler) -> None:
    """No answer, then the end of the connection."""
    handler.close_connection = True


def silence(seconds: float) -> Fault:
    """No answer for a while."""

    def fault(handler: _Handler) -> None:
        time.sleep(seconds)
        handler.close_connection = True

    return fault


def complaints(value: dict[str, Any], schema: str) -> list[str]:
    """What the published description objects to; without it, what of the required is missing."""
    validator = _validator(schema)
    if validator is not None:
        return [f"{schema}: {error.message}" for error in validator.iter_errors(value)]
    missing = (
        REQUIRED - value.keys() if schema == "Pod" else {"title", "status", "detail"} - {*value}
    )
    return [f"{schema}: missing {name}" for name in missing]


@lru_cache
def _validator(schema: str) -> Any:
    """What judges by the published description; None where it or jsonschema is not at hand."""
    if not DESCRIPTION.is_file() or importlib.util.find_spec("jsonschema") is None:
        return None
    components = json.loads(DESCRIPTION.read_text())["components"]
    root = {"$ref": f"#/components/schemas/{schema}", "components": components}
    return importlib.import_module("jsonschema").Draft202012Validator(root)
