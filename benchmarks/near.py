"""Starts the near end of a benchmark: a program inside the line's namespace, beside a server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Protocol

import click

from benchmarks.line import Line
from benchmarks.server import serve

_REPOSITORY = Path(__file__).resolve().parents[1]


class Order(Protocol):
    """What a benchmark measures; a dataclass. place: a folder that is the benchmark's own."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def rtt_ms(self) -> int: ...

    @property
    def place(self) -> str: ...


def measured(line: Line, order: Order, program: Sequence[str]) -> tuple[str, list[str]]:
    """Run Python with `program`, the order as JSON, and the server's address, port and user.

    Returns the round trip that it measured, which it prints first, and its other lines.
    """
    place = Path(order.place)
    with serve(line, place / "server") as server:
        (place / "home").mkdir()
        facts = [json.dumps(asdict(order)), server.address, str(server.port), server.user]
        done = subprocess.run(
            [*line.near, sys.executable, *program, *facts],
            cwd=_REPOSITORY,
            env=os.environ | {"HOME": str(place / "home")},  # nobody's own ssh configuration
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
    if done.returncode:
        raise click.ClickException(f"measuring at {order.rtt_ms} ms broke off; see above")
    first, *lines = done.stdout.splitlines()
    return first, lines
