"""How a compile fails, whichever compiler it was; the text is for people and says why."""

from __future__ import annotations


class CompileError(Exception):
    """It could not be compiled."""


class NoCompiler(CompileError):
    """There is no compiler for it on this host."""


class CompiledTooLong(CompileError):
    """No time was left; the text names what was being compiled."""
