"""What the compiler says of both runs' kernels: an edit that spills is seen before it is timed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from orchestrator.readers.ptxas import KernelResources, Notice, parse, short_name
from orchestrator.readers.sass import MachineCode
from orchestrator.report.insight import Insight
from orchestrator.values.run import Run
from remote_payload.contract.machine import BuildReport, Compilation
from remote_payload.contract.result import Result

# nvcc names what is in no namespace after the file's path and content.
_FILE_OF_NAME = re.compile(r"_GLOBAL__N__[0-9a-f]{8}_\d+_\w+?_[0-9a-f]{8,}(?:_\d+)?(?=\d)")
CHANGES = ("Where", "Kernel", "What", "Before", "After", "")
_ABSENT = "—"
_MIX_SHOWN = 4
_LAUNCHED = ("registers", "bytes of shared memory")


class Sided(Protocol):
    """A run with what its folder tells beside the result."""

    @property
    def run(self) -> Run: ...

    @property
    def insight(self) -> Insight: ...


@dataclass(frozen=True)
class BuildChange:
    """One figure of one kernel that is not what it was. where: architecture, or who launched it.

    kernel: its short name. worse: it can only cost; spills: it is memory in place of registers.
    provider: the user's own whose kernel was compiled; empty where the build stage made it.
    """

    where: str
    kernel: str
    what: str
    before: str
    after: str
    worse: bool = False
    spills: bool = False
    provider: str = ""

    @property
    def words(self) -> str:
        return f"{self.kernel} ({self.where}): {self.what} {self.before} before, {self.after} now"

    @property
    def cells(self) -> tuple[str, ...]:
        """Below CHANGES."""
        word = "SPILLS" if self.spills else "worse" if self.worse else ""
        return self.where, self.kernel, self.what, self.before, self.after, word


def changes(before: Sided, after: Sided) -> tuple[BuildChange, ...]:
    """What got worse first, else in the compiler's order; () where nothing differs or is known."""
    old, new = before.run.result, after.run.result
    found: list[BuildChange] = []
    if old is not None and new is not None:
        found += _told(old, new)
        found += _traced(_launched(old), _launched(new))
    found += _machine_code(before.insight.machine_code, after.insight.machine_code)
    return tuple(sorted(found, key=_gravity))


def between(old: Result, new: Result) -> tuple[BuildChange, ...]:
    """As `changes`, of what compilers said alone."""
    return tuple(sorted(_told(old, new), key=_gravity))


def _told(old: Result, new: Result) -> Iterator[BuildChange]:
    yield from _compiled(_ours(old.build), _ours(new.build))
    for name in _built(new):
        yield from _of(name, _users(old, name), _users(new, name))


def against_revision(result: Result) -> tuple[BuildChange, ...]:
    """Of the sources that were raced against another revision of themselves; in the same order."""
    found = list(_compiled(_ours(result.build_before), _ours(result.build)))
    for one in result.request.providers:
        if one.target and one.against:
            found += _of(one.name, _users(result, one.against), _users(result, one.name))
    return tuple(sorted(found, key=_gravity))


def knows_revision(result: Result) -> bool:
    """Whether anything of another revision was compiled."""
    before = result.request.before
    return result.build_before is not None or any(name in before for name in _built(result))


def _gravity(one: BuildChange) -> tuple[bool, bool]:
    return not one.spills, not one.worse


Compilations = Sequence[Compilation]


def _ours(build: BuildReport | None) -> Compilations:
    return build.compilations if build else ()


def _built(result: Result) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.provider for one in result.provider_builds))


def _users(result: Result, provider: str) -> Compilations:
    return [one.compilation for one in result.provider_builds if one.provider == provider]


def _compiled(before: Compilations, after: Compilations) -> Iterator[BuildChange]:
    old, new = _kernels(before), _kernels(after)
    if old and new:  # else nothing is known of one of them
        yield from _resources(old, new)
        yield from _notices(_said(before), _said(after))


def _of(provider: str, before: Compilations, after: Compilations) -> Iterator[BuildChange]:
    for one in _compiled(before, after):
        yield replace(one, where=f"{provider}, {one.where}", provider=provider)


def spilled(found: Sequence[BuildChange]) -> str:
    """The first words of a page about them, and a blank; empty where nothing spills."""
    spills = [one for one in found if one.spills]
    more = f", and {len(spills) - 1} more" if len(spills) > 1 else ""
    return f"SPILLS: {spills[0].words}{more}. " if spills else ""


Name = tuple[str, str]  # architecture, and the mangled name as far as the same edit keeps it


def _named(mangled: str) -> str:
    return _FILE_OF_NAME.sub("_GLOBAL__N__", mangled)


def _kernels(made: Compilations) -> dict[Name, KernelResources]:
    """Of those that share a name, as one that is compiled for each element type may, the one that
    spills most."""
    kernels = [kernel for one in made for kernel in parse(one.log).kernels]
    kernels.sort(key=lambda kernel: kernel.spill_store_bytes + kernel.spill_load_bytes)
    return {(kernel.arch, _named(kernel.mangled)): kernel for kernel in kernels}


def _said(made: Compilations) -> dict[tuple[str, str, str], Notice]:
    told = ((one.arch, notice) for one in made for notice in parse(one.log).notices)
    return {(arch, n.code, _named(n.mangled)): n for arch, n in told}


_FIGURES = {  # what of a kernel's resources, and whether more of it is memory in place of registers
    "registers": ("registers", False),
    "spill_store_bytes": ("bytes of spill stores", True),
    "spill_load_bytes": ("bytes of spill loads", True),
    "stack_bytes": ("bytes of stack", False),
    "smem_bytes": ("bytes of static shared memory", False),
    "barriers": ("barriers", False),
}


def _resources(
    old: dict[Name, KernelResources], new: dict[Name, KernelResources]
) -> Iterator[BuildChange]:
    for name, kernel in new.items():
        was = old.get(name)
        if was is None:
            yield _only(kernel, "", "new")
        for field, (what, memory) in _FIGURES.items():
            now = getattr(kernel, field)
            then = getattr(was, field) if was else 0 if memory else now
            if now != then:
                spills = memory and now > then
                worse = spills or (field == "stack_bytes" and now > then)
                yield BuildChange(
                    kernel.arch, kernel.name, what, str(then), str(now), worse, spills
                )
    for name, kernel in old.items():
        if name not in new:
            yield _only(kernel, "there", "gone")


def _only(kernel: KernelResources, before: str, after: str) -> BuildChange:
    return BuildChange(kernel.arch, kernel.name, "kernel", before or _ABSENT, after)


def _notices(
    old: dict[tuple[str, str, str], Notice], new: dict[tuple[str, str, str], Notice]
) -> Iterator[BuildChange]:
    """What ptxas remarks of now and did not, such as products that are serialised."""
    for (arch, code, name), notice in new.items():
        if (arch, code, name) not in old:
            yield BuildChange(
                arch, notice.kernel or "all", "remark", _ABSENT, f"{code} {notice.text}", True
            )
    for (arch, code, name), notice in old.items():
        if (arch, code, name) not in new:
            yield BuildChange(
                arch, notice.kernel or "all", "remark", f"{code} {notice.text}", _ABSENT
            )


def _launched(result: Result) -> dict[Name, tuple[int | None, int | None]]:
    """Registers and shared memory of each kernel that a provider launched, as CUPTI saw it."""
    return {
        (f"launched by {trace.provider}", kernel.name): (kernel.registers, kernel.shared_bytes)
        for trace in result.traces
        for kernel in trace.kernels
    }


def _traced(
    old: dict[Name, tuple[int | None, int | None]], new: dict[Name, tuple[int | None, int | None]]
) -> Iterator[BuildChange]:
    for (who, kernel), now in new.items():
        then = old.get((who, kernel), now)
        for what, one, other in zip(_LAUNCHED, then, now, strict=True):
            if None not in (one, other) and one != other:
                yield BuildChange(who, kernel, what, str(one), str(other))


def _machine_code(
    old: tuple[MachineCode, ...], new: tuple[MachineCode, ...]
) -> Iterator[BuildChange]:
    """Instructions of each kernel, of its main loop, and which of those are more or fewer."""
    before = {_named(code.mangled): code for code in old}
    for code in new:
        was = before.get(_named(code.mangled))
        if was is None or was == code:
            continue
        for field, what in (
            ("instructions", "instructions"),
            ("local_stores", "stores to local memory"),
            ("local_loads", "loads from local memory"),
            ("tensor", "products by"),
            ("loop", "issue slots of its loop"),
        ):
            then, now = getattr(was, field), getattr(code, field)
            if then != now:
                more = field.startswith("local") and now > then
                told = (str(then) or _ABSENT, str(now) or _ABSENT)
                yield BuildChange("machine code", short_name(code.mangled), what, *told, more, more)
        if mixed := _mix(was, code):
            yield BuildChange("machine code", short_name(code.mangled), "loop", *mixed)


def _mix(was: MachineCode, code: MachineCode) -> tuple[str, str] | None:
    """The opcodes of the loop whose numbers moved most."""
    then, now = dict(was.mix), dict(code.mix)
    moved = [name for name in {**then, **now} if then.get(name, 0) != now.get(name, 0)]
    moved.sort(key=lambda name: (-abs(then.get(name, 0) - now.get(name, 0)), name))
    if not moved:
        return None
    before, after = (
        ", ".join(f"{counts.get(name, 0)} {name}" for name in moved[:_MIX_SHOWN])
        for counts in (then, now)
    )
    return before, after
