"""Which formats there are, and the one file by which a problem travels.

The orchestrator reads what people have, and writes `problem.json`: the description and what was
chosen of it. A format is a package beside this one: its `reading` makes values of the description,
for both programs; its `adapter` does the work, on the host.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any, Dict, Tuple

from remote_payload.operators.adapted import node
from remote_payload.operators.adapted.node import Node
from remote_payload.operators.user.stated import BadOperator

FILE = "problem.json"
FORMATS: Tuple[str, ...] = ("flashinfer", "gpumode", "kernelbench")
# What a format is called by those who use it.
TITLES: Dict[str, str] = {
    "flashinfer": "FlashInfer Trace",
    "gpumode": "GPU MODE",
    "kernelbench": "KernelBench",
}


@dataclass(frozen=True)
class Problem:
    """What `problem.json` holds. name: of the operator; target: where it lies in the snapshot;
    body: what the format's `reading` makes values of."""

    format: str
    name: str
    target: str
    body: Node

    @property
    def title(self) -> str:
        return TITLES[self.format]


def is_problem(target: str) -> bool:
    """Whether an operator's target is such a file, and no Python."""
    return target.rpartition("/")[2] == FILE


def text(format: str, name: str, body: Any) -> bytes:
    """`problem.json` for a body of plain values."""
    document = {"format": format, "name": name, "problem": body}
    return (json.dumps(document, indent=1) + "\n").encode()


def read(target: str, root: str) -> Problem:
    """What `problem.json` in the snapshot says; BadOperator."""
    path = os.path.join(root, target)
    try:
        with open(path, "rb") as file:
            document = node.read(FILE, file.read(node.MOST_BYTES + 1))
    except OSError as exc:
        raise BadOperator(target, f"it cannot be read: {exc.strerror}") from None
    named, format = document.of("name").text(), document.of("format").one_of(FORMATS)
    return Problem(format, named, target, document.of("problem"))
