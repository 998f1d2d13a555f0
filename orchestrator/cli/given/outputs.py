"""Files that people name for what a command writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from orchestrator.cli.session import Session
from orchestrator.errors import InventoryError


def always_read(session: Session) -> Iterator[Path]:
    """What a command reads whatever it was told: the inventory, if there is one."""
    with suppress(InventoryError):
        if file := session.inventory_file:
            yield file


@contextmanager
def named(output: Path | None) -> Iterator[None]:
    """LocalFault for an OSError inside; whoever gave the name can give another one."""
    from orchestrator.here.local_fault import told

    try:
        yield
    except OSError as exc:
        ours = output is not None and exc.filename == str(output)
        raise told(exc, hint="Choose another -o FILE." if ours else "") from exc


class Output(click.Path):
    """`-` is stdout, as everywhere, and no file of that name."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert("/dev/stdout" if value == "-" else value, param, ctx)
