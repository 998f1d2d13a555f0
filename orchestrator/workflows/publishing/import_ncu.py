"""From a file of Nsight Compute to a page of counters; offline."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from math import isfinite
from pathlib import Path

from orchestrator.here.local_fault import told
from orchestrator.ncu.page import page
from orchestrator.readers.ncu.capture import Average, KernelCapture, Measurement
from orchestrator.readers.ncu.read import Source, read_file
from orchestrator.report.printing.form import Form
from orchestrator.report.printing.templates import fill
from orchestrator.values.privacy.redaction import discreet_document, gate
from orchestrator.values.progress import Progress
from orchestrator.values.text import harmless_json
from remote_payload.contract import codec

TEMPLATE = "ncu.md.j2"
_LAUNCHES_PER_STEP = 256


def import_file(path: Path, progress: Progress | None = None) -> Source:
    """Read what ncu left. UsageError says why it gives no numbers, and the way on."""
    return read_file(path, progress)


def markdown(source: Source, form: Form = Form.MARKDOWN) -> str:
    """The page "Nsight Compute counters"; form: TEXT for a terminal."""
    return fill(TEMPLATE, form, page=page(source))


def document(source: Source, progress: Progress | None = None) -> str:
    """Every counter of every launch as one JSON document; null where ncu gave no number.

    All of it is ASCII: what a terminal must not see is escaped as JSON escapes it.
    """
    held, text = source.captures, _texts()
    content = {
        "file": source.name,
        "size_bytes": source.size_bytes,
        "sha256": source.digest,
        "kind": [form.value for form in held.forms],
        "ncu": str(held.ncu) if held.ncu else None,
        "doubts": list(held.doubts),
        "launches": [],
    }
    head = json.dumps(discreet_document(content), indent=2, allow_nan=False)
    # A launch is a line: with a line for each key a large file would grow twentyfold.
    known: dict[int, str] = {}
    lines = []
    for number, kernel in enumerate(held.kernels):
        if progress and number and number % _LAUNCHES_PER_STEP == 0:
            progress.step("writing", number, len(held.kernels))
        lines.append(_line(kernel, known, text))
    launches = ",\n    ".join(lines)
    return harmless_json(head.removesuffix("[]\n}") + f"[\n    {launches}\n  ]\n}}\n")


def _texts() -> Callable[[str], str]:
    """The function that words a text of the file as JSON; names and units come again and again."""
    mask = gate()
    return cache(lambda text: json.dumps(mask(text)))


def _line(kernel: KernelCapture, known: dict[int, str], text: Callable[[str], str]) -> str:
    """One launch; known: measurements that were worded already, as launches share them."""
    metrics = []
    for name, one in kernel.metrics.items():
        worded = known.get(id(one))
        if worded is None:
            worded = known[id(one)] = _metric(one, text)
        metrics.append(f"{text(name)}: {worded}")
    rest = json.dumps(discreet_document(_launch(kernel)), allow_nan=False)
    return f'{rest.removesuffix("}")}, "metrics": {{{", ".join(metrics)}}}}}'


def _metric(one: Measurement, text: Callable[[str], str]) -> str:
    value = text(one.value) if isinstance(one.value, str) else _number(one.value)
    found = f'"value": {value}, "unit": {text(one.unit)}'
    if one.said:
        found += f', "said": {text(one.said)}'
    if isinstance(one, Average):
        found += f', "minimum": {_number(one.low)}, "maximum": {_number(one.high)}'
    return f"{{{found}}}"


def _number(value: float | None) -> str:
    """As json.dumps words it, without a call of it for each of a million."""
    return "null" if value is None or not isfinite(value) else repr(value)


def write(text: str, output: Path) -> None:
    """Put `text` into the file whole, or not at all. LocalFault if it cannot be written."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        codec.write_atomic(output, text)
    except OSError as exc:
        raise told(exc, hint="Choose another -o FILE.") from exc


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
        "rules": [
            {"name": r.name, "section": r.section, "text": r.text, "speedup": r.speedup}
            for r in kernel.rules
        ],
    }
