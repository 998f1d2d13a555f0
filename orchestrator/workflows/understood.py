"""What an agent of ours answered, as a value; text that may meet a terminal is made harmless."""

from __future__ import annotations

from typing import Any, TypeVar

from orchestrator.errors import HostUnfit
from orchestrator.store.runs import bounds
from orchestrator.values.host import Host
from orchestrator.values.text import printable
from remote_payload.contract import codec

T = TypeVar("T")


def understood(kind: type[T], answer: Any, host: Host) -> T:
    """HostUnfit: the answer is of another form, or holds a figure that can be none."""
    try:
        return bounds.checked(codec.decode(kind, _harmless(answer)))
    except codec.CodecError as error:
        raise HostUnfit(
            f"{host.where} sent an answer that makes no sense: {error}",
            hint="Run the same command again; if it stays so, do not trust this host.",
        ) from error


def _harmless(value: Any) -> Any:
    """Only line breaks of the files we read stay."""
    if isinstance(value, str):
        return "\n".join(printable(line) for line in value.split("\n"))
    if isinstance(value, list):
        return [_harmless(item) for item in value]
    if isinstance(value, dict):
        return {name: _harmless(item) for name, item in value.items()}
    return value
