"""Read what the CUDA compiler said: resources of each kernel, performance notices, errors."""

from __future__ import annotations

import re
from dataclasses import dataclass

from remote_payload.contract.tools import compiler_words

# S_, S1_, St: a name that was mentioned before.
_SUBSTITUTION = re.compile(r"S(?:[0-9A-Z]*_|[tabsiod])")
_NAME_LIMIT = 60

_ENTRY = re.compile(r"Compiling entry function '([^']+)' for '([^']+)'")
_PROPERTIES = re.compile(r"Function properties for (\S+)")
_STACK = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
_USED = re.compile(r"ptxas info\s*: Used (\d+) registers")
_BARRIERS = re.compile(r"used (\d+) barriers")
_SMEM = re.compile(r"(\d+) bytes smem")
_NOTICE = re.compile(r"^ptxas (?:info|warning)\s*: \((C\d+)\) (.*)$")
_FUNCTION = re.compile(r"\s*(?:in|for)?\s*(?:the )?function '([^']+)'")
_LITERAL = re.compile(r"L[a-z](\d+)E")
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True)
class KernelResources:
    """What one kernel takes on one architecture. smem_bytes: static shared memory only."""

    name: str
    mangled: str
    arch: str
    registers: int
    spill_store_bytes: int
    spill_load_bytes: int
    stack_bytes: int
    smem_bytes: int
    barriers: int


@dataclass(frozen=True)
class Notice:
    """A coded remark of ptxas, e.g. C7510: wgmma instructions are serialized.

    kernel: its short name, for people; two kernels may share one. mangled: the whole name, which
    alone says whose remark it is. Both are empty where the remark names no function.
    """

    code: str
    text: str
    kernel: str
    mangled: str = ""


@dataclass(frozen=True)
class CompilerReport:
    """Everything found in one log, in the order in which it stood there."""

    kernels: tuple[KernelResources, ...]
    notices: tuple[Notice, ...]
    error: str


@dataclass
class _Open:
    """A kernel whose lines are still coming in."""

    mangled: str
    arch: str
    stack: tuple[int, int, int] = (0, 0, 0)
    properties_of: str = ""


def parse(log: str) -> CompilerReport:
    """Parse the output of nvcc -Xptxas -v; lines of other programs are passed over."""
    kernels: list[KernelResources] = []
    notices: dict[Notice, None] = {}
    entry: _Open | None = None
    for line in log.splitlines():
        if found := _ENTRY.search(line):
            entry = _Open(found[1], found[2])
        elif found := _NOTICE.match(line):
            notices.setdefault(_notice(found[1], found[2]))
        elif entry is not None:
            if found := _PROPERTIES.search(line):
                entry.properties_of = found[1]
            elif (found := _STACK.search(line)) and entry.properties_of == entry.mangled:
                entry.stack = (int(found[1]), int(found[2]), int(found[3]))
            elif found := _USED.search(line):
                kernels.append(_kernel(entry, int(found[1]), line))
                entry = None
    return CompilerReport(tuple(kernels), tuple(notices), first_error(log))


def first_error(log: str) -> str:
    """The line of the log that says why the compilation failed; empty when there is none."""
    return compiler_words.error(log)


def _kernel(entry: _Open, registers: int, line: str) -> KernelResources:
    return KernelResources(
        name=short_name(entry.mangled),
        mangled=entry.mangled,
        arch=entry.arch,
        registers=registers,
        spill_store_bytes=entry.stack[1],
        spill_load_bytes=entry.stack[2],
        stack_bytes=entry.stack[0],
        smem_bytes=_number(_SMEM, line),
        barriers=_number(_BARRIERS, line),
    )


def _number(pattern: re.Pattern[str], line: str) -> int:
    found = pattern.search(line)
    return int(found[1]) if found else 0


def _notice(code: str, text: str) -> Notice:
    found = _FUNCTION.search(text)
    if found is None:
        return Notice(code, text.strip(), "")
    return Notice(code, text[: found.start()].strip(), short_name(found[1]), found[1])


def short_name(mangled: str) -> str:
    """A kernel's name as people write it, cut where it is endless; best effort, never fails."""
    name, arguments = _parts(mangled)
    whole = _written(name, arguments)
    # Variants of one kernel often differ in their last argument.
    for kept in range(len(arguments) - 2, 0, -1):
        if len(whole) <= _NAME_LIMIT:
            break
        whole = _written(name, [*arguments[:kept], "…", arguments[-1]])
    return whole if len(whole) <= _NAME_LIMIT else whole[: _NAME_LIMIT - 1] + "…"


def written_name(mangled: str) -> str:
    """A kernel's name as people write it: `forward<128, 64>`; best effort, never fails.

    Follows the Itanium C++ ABI (itanium-cxx-abi.github.io/cxx-abi/abi.html#mangling) as far as
    kernel names need: nested names without their namespaces, and template arguments that are
    numbers or stand beside numbers.
    """
    return _written(*_parts(mangled))


def _written(name: str, arguments: list[str]) -> str:
    return f"{name}<{', '.join(arguments)}>" if arguments else name


def _parts(mangled: str) -> tuple[str, list[str]]:
    """The function's own name and its template arguments."""
    position, nested = _start(mangled)
    if position is None:
        return mangled, []
    name, rest = "", mangled[position:]
    while found := _DIGITS.match(rest):
        length = int(found[0])
        word = rest[found.end() : found.end() + length]
        rest = rest[found.end() + length :]
        name = word or name
        if not nested:
            break
    if not name:
        return mangled, []
    return name, _arguments(rest) if rest.startswith("I") else []


def _start(mangled: str) -> tuple[int | None, bool]:
    if mangled.startswith("_ZN"):
        return 3, True
    if mangled.startswith("_Z"):
        return 2, False
    return None, False


def _arguments(rest: str) -> list[str]:
    """Integer and bool literals of the template argument list that `rest` opens, and the names of
    the plain types among them.

    Those that stand in it directly, or else those inside its types: kernel<Traits<64, 128>>.
    """
    literals: list[int] = []
    found: list[tuple[int, str]] = []
    opened = ""
    position = 0
    while position < len(rest):
        if literal := _LITERAL.match(rest, position):
            literals.append(len(opened))
            found.append((len(opened), literal[1]))
            position = literal.end()
        elif earlier := _SUBSTITUTION.match(rest, position):
            position = earlier.end()
        elif digits := _DIGITS.match(rest, position):
            position = digits.end() + int(digits[0])
            # A nested name, N…E, stands where its N does and is called by its last word. A type
            # with arguments of its own says nothing by its name.
            nested = opened.endswith("N")
            after = rest[position : position + 1]
            if after == "E" if nested else after != "I":
                found.append((len(opened) - nested, rest[digits.end() : position]))
        else:
            if rest[position] in "INJXL":
                opened += rest[position]
            elif rest[position] == "E":
                opened = opened[:-1]
            position += 1
        if not opened:
            break
    wanted = [1] if 1 in literals else literals
    return [text for place, text in found if place in wanted]
