"""What a finished command left behind."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Completed:
    """exit_status is None when the far end ended without telling one (killed, link lost)."""

    exit_status: int | None
    stdout: bytes
    stderr: bytes

    @property
    def ok(self) -> bool:
        return self.exit_status == 0

    def tail(self, lines: int = 10) -> str:
        """The last lines of stderr, or of stdout where stderr is empty, as text."""
        text = (self.stderr or self.stdout).decode("utf-8", "replace")
        return "\n".join(text.splitlines()[-lines:])
