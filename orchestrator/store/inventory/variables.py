"""`${VAR}`, `${VAR:-default}` and `$$` inside one value, after YAML has been parsed.

Because the structure is already fixed, a variable's content can never become YAML.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_DOLLAR = re.compile(
    r"\$(?:(?P<literal>\$)|\{(?P<name>[A-Za-z_]\w*)(?::-(?P<default>[^${}]*))?\})?", re.ASCII
)


class MissingVariableError(Exception):
    """A variable without default is not set; str() is its name."""


class BadVariableError(Exception):
    """A dollar that begins none of the three forms; str() is the text around it."""


def has_variables(text: str) -> bool:
    """Whether expansion would change text."""
    return "$" in text


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Return text with its variables replaced, once: what comes in is not expanded again.

    As in the shell, the default of `:-` also replaces an empty variable.
    """

    def replacement(match: re.Match[str]) -> str:
        if match["literal"]:
            return "$"
        if match["name"] is None:
            raise BadVariableError(text[match.start() : match.start() + 20])
        value = environ.get(match["name"])
        if match["default"] is not None:
            return value or match["default"]
        if value is None:
            raise MissingVariableError(match["name"])
        return value

    return _DOLLAR.sub(replacement, text)
