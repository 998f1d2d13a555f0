"""What the payload prints: lines for people, and marked progress lines for the orchestrator."""

from __future__ import annotations

import json

from remote_payload.contract import codec
from remote_payload.contract.request import Progress
from remote_payload.contract.words import NOTE_MARK, PROGRESS_MARK, Stage
from remote_payload.processes.places import hidden


def say(line: str) -> None:
    """Print one line for people."""
    print(hidden(line), flush=True)


def note(line: str) -> None:
    """Print one line that whoever watches is to see, without the log too."""
    print(NOTE_MARK + hidden(line), flush=True)


def step(stage: Stage, done: int, total: int, label: str) -> None:
    """Print one marked progress line; newlines in `label` are escaped by JSON."""
    progress = codec.encode(Progress(stage, done, total, hidden(label)))
    print(PROGRESS_MARK + json.dumps(progress, allow_nan=False), flush=True)
