"""Rules about the ten lines that were compiled, linked and loaded with the toolkit of builds."""

from __future__ import annotations

import re

from orchestrator.doctor.finding import Case, Findings, again, fail, ok, warn
from orchestrator.values.host_facts import CompileProbe
from remote_payload.contract.tools.compiler_words import cause

_STEPS = {
    "compile": "ten lines do not compile",
    "link": "ten lines compile, but do not link",
    "load": "ten lines compile and link, but the library cannot be loaded",
    "mixed": "the toolkit is not whole",
}
_HOST_COMPILER = re.compile(r"host compiler prop|cannot execute|unsupported \w+ version")
_SHOWN_CHARACTERS = 200


def compiles(case: Case) -> Findings:
    """Nothing where there was no toolkit to try; `nvcc` speaks of that."""
    seen = case.facts.compiled
    if seen is None:
        return
    if seen.state == "ok":
        when = "nothing changed since" if seen.remembered else f"{seen.took_s:.1f} s"
        with_what = f" with {seen.compiler}" if seen.compiler else ""
        yield ok("compile", f"ten lines compile, link and load{with_what} ({when})")
    elif seen.state == "time":
        found = f"not done in time: {seen.said} had not ended after {seen.took_s:.0f} s"
        yield warn("compile", found, again(case))
    elif seen.state in _STEPS:
        speak = fail if case.gpu else warn
        yield speak("compile", f"{_STEPS[seen.state]}: {sentence(seen.said)}", _mend(case, seen))
    else:
        found = f"not tried: {sentence(seen.said)}"
        yield warn("compile", found, again(case))


def sentence(said: str) -> str:
    """The line that names the fault, of all that a compiler, linker or loader said."""
    return (cause(said) or "nothing was said")[:_SHOWN_CHARACTERS]


def _mend(case: Case, seen: CompileProbe) -> str:
    if seen.state == "load" and case.facts.of_builds.noexec:
        return f"set `workspace:` {case.setting} to a folder on another disk"
    for key, value in seen.instead:
        setting = f"{key}: {value}" if key == "cuda_home" else f"env: {{{key}: {value}}}"
        return f"set `{setting}` {case.setting}: with it they do"
    if _HOST_COMPILER.search(seen.said):
        return "install a g++ there that this toolkit takes, or start from a CUDA -devel image"
    return "install the toolkit there as a whole, or start from a CUDA -devel image"


RULES = (compiles,)
