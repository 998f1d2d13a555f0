"""Files that people name for what a command writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def named(output: Path | None) -> Iterator[None]:
    """LocalFault for an OSError inside; whoever gave the name can give another one."""
    from orchestrator.here.local_fault import told

    try:
        yield
    except OSError as exc:
        ours = output is not None and exc.filename == str(output)
        raise told(exc, hint="Choose another -o FILE." if ours else "") from exc
