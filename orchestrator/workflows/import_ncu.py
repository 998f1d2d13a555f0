"""From a file of Nsight Compute to a page of counters; offline."""

from __future__ import annotations

import json
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.model.redaction import discreet_document
from orchestrator.ncu.capture import KernelCapture
from orchestrator.ncu.page import page
from orchestrator.ncu.read import Source, read_file
from orchestrator.report.render import fill
from remote_payload import codec

TEMPLATE = "ncu.md.j2"


def import_file(path: Path) -> Source:
    """Read a .ncu-rep or CSV file. UsageError says why it gives no numbers, and the way on."""
    return read_file(path)


def markdown(source: Source) -> str:
    """The page "Nsight Compute counters"."""
    return fill(TEMPLATE, page=page(source))


def document(source: Source) -> str:
    """Every counter of every launch as one JSON document; null where ncu gave no number."""
    held = source.captures
    content = {
        "file": source.name,
        "size_bytes": source.size_bytes,
        "sha256": source.digest,
        "kind": [form.value for form in held.forms],
        "ncu": str(held.ncu) if held.ncu else None,
        "doubts": list(held.doubts),
        "launches": [_launch(kernel) for kernel in held.kernels],
    }
    return (
        json.dumps(discreet_document(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    )


def write(text: str, output: Path) -> None:
    """Put `text` into the file whole, or not at all. UsageError if it cannot be written."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        codec.write_atomic(output, text)
    except OSError as exc:
        raise UsageError(f"{output}: {exc.strerror}", hint="Choose another -o FILE.") from exc


def _launch(kernel: KernelCapture) -> dict[str, object]:
    return {
        "id": kernel.id,
        "kernel": kernel.kernel,
        "grid": kernel.grid,
        "block": kernel.block,
        "context": kernel.context,
        "stream": kernel.stream,
        "device": kernel.device,
        "compute_capability": kernel.compute_capability,
        "averaged_launches": kernel.launches,
        "metrics": {
            name: {"value": one.value, "unit": one.unit, **({"said": one.said} if one.said else {})}
            for name, one in kernel.metrics.items()
        },
        "rules": [
            {"name": r.name, "section": r.section, "text": r.text, "speedup": r.speedup}
            for r in kernel.rules
        ],
    }
