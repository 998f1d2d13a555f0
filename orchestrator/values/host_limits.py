"""What a login on a host allows no more of, as the system there names it, and what shows it."""

from __future__ import annotations

# errno's names, and the part of `ulimit` that is about each.
SHOWN_BY = {"EFBIG": "ulimit -f", "EMFILE": "ulimit -n", "ENOMEM": "ulimit -v"}
# What programs, Python and loaders say last of all; RLIMIT_AS also counts the stacks of threads.
_SIGNS = {
    "can't start new thread": ("ulimit -v", "ulimit -u"),
    "Resource temporarily unavailable": ("ulimit -u",),
    "Cannot fork": ("ulimit -u",),
    "MemoryError": ("ulimit -v",),
    "Cannot allocate memory": ("ulimit -v",),
    "failed to map segment": ("ulimit -v",),
    "Too many open files": ("ulimit -n",),
    "cannot open shared object file: Error 24": ("ulimit -n",),
}


def met(said: str) -> tuple[str, str]:
    """(the line of `said` that tells of a limit, what to do about it), or ("", "")."""
    for line in reversed(said.splitlines()):
        for sign, shown in _SIGNS.items():
            if sign in line:
                words = " and ".join(f"`{each}`" for each in shown)
                return line.strip(), f"See {words} there: its login allows no more, or all is used."
    return "", ""
