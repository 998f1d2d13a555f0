"""The page "Nsight Compute counters": everything worded, nothing left to compute."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.ncu.beyond import HEADER as BEYOND
from orchestrator.ncu.beyond import beyond
from orchestrator.ncu.findings import findings
from orchestrator.ncu.kernel_names import full_names, shown_names
from orchestrator.ncu.states import blank, untold
from orchestrator.ncu.wording import dim3, readable
from orchestrator.readers.ncu.capture import Average, Form, KernelCapture
from orchestrator.readers.ncu.quantities.combine import combine, read, reading
from orchestrator.readers.ncu.quantities.metrics import QUANTITIES
from orchestrator.readers.ncu.quantities.quantity import Quantity
from orchestrator.readers.ncu.read import Source

NONE = "—"
_GPU = "device__attribute_display_name"
_GROUPS_SHOWN = 8
_RULES_SHOWN = 20
_FULL_SCALE = 100.0
_CHIP = "9.0"


@dataclass(frozen=True)
class Table:
    """Rows of cells under a header."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class GroupView:
    """Launches of one kernel with one geometry. held_back: by what, the verdict first.

    others: counters beyond those we know, as they stand; more: what is left out of them.
    """

    title: str
    about: str
    table: Table
    others: Table
    more: str
    held_back: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """What templates/ncu.md.j2 prints."""

    headline: str
    facts: Table
    kernels: Table
    groups: tuple[GroupView, ...]
    not_shown: str
    together: Table
    apart: tuple[str, ...]
    notes: tuple[str, ...]
    missing: tuple[str, ...]
    unclear: tuple[str, ...]
    rules: tuple[str, ...]
    names: tuple[tuple[str, str], ...]


def page(source: Source) -> Page:
    """The view of one file."""
    kernels = source.captures.kernels
    groups = _groups(kernels)
    shown = shown_names(one.kernel for one in kernels)
    together, apart = _together(kernels)
    lacking = untold(kernels)
    return Page(
        headline=_headline(kernels, groups),
        facts=_facts(source),
        kernels=_kernels(kernels, shown),
        groups=tuple(_group(group, shown) for group in groups[:_GROUPS_SHOWN]),
        not_shown=_not_shown(len(groups)),
        together=together,
        apart=apart,
        notes=_notes(source),
        missing=lacking.not_collected,
        unclear=lacking.not_understood,
        rules=_rules(groups, shown),
        names=full_names(shown),
    )


def _groups(kernels: Sequence[KernelCapture]) -> list[list[KernelCapture]]:
    found: dict[object, list[KernelCapture]] = {}
    for one in kernels:
        found.setdefault((one.kernel, one.grid, one.block), []).append(one)
    return list(found.values())


def _headline(kernels: Sequence[KernelCapture], groups: Sequence[object]) -> str:
    counts = (
        _count(len({one.kernel for one in kernels}), "kernel"),
        _count(len(groups), "launch shape"),
        _count(sum(one.launches for one in kernels), "launch", "launches"),
    )
    gpu = next((one.text(_GPU) for one in kernels if one.text(_GPU)), "a GPU it does not name")
    return f"{', '.join(counts)} on {gpu}"


def _count(number: int, one: str, several: str = "") -> str:
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def _facts(source: Source) -> Table:
    held = source.captures
    kernels = held.kernels
    gpus = dict.fromkeys(one.text(_GPU) for one in kernels if one.text(_GPU))
    chips = dict.fromkeys(one.compute_capability for one in kernels if one.compute_capability)
    rows = (
        ("File", source.name),
        ("Size", f"{source.size_bytes:,} bytes"),
        ("sha256", source.digest),
        ("Kind", ", ".join(form.value for form in held.forms)),
        ("Nsight Compute", str(held.ncu) if held.ncu else "version not stated in the file"),
        ("GPU", ", ".join(gpus) or "not stated in the file"),
        ("Compute capability", ", ".join(chips) or "not stated in the file"),
    )
    return Table(("Fact", "Value"), rows)


def _kernels(kernels: Sequence[KernelCapture], shown: Mapping[str, str]) -> Table:
    header = ("#", "ID", "Kernel", "Grid", "Block", "Stream", "Registers", "Duration under ncu")
    rows = tuple(
        (
            str(number),
            str(one.id),
            shown[one.kernel],
            dim3(one.grid) or NONE,
            dim3(one.block) or NONE,
            one.stream or NONE,
            _cell(one, QUANTITIES["registers"], with_unit=False),
            _cell(one, QUANTITIES["duration"]),
        )
        for number, one in enumerate(kernels, 1)
    )
    return Table(header, rows)


def _cell(one: KernelCapture, quantity: Quantity, with_unit: bool = True) -> str:
    value = read(one, quantity)
    if value is None:
        return blank((one,), quantity)
    return readable(value, quantity.unit if with_unit else "")


def _group(group: Sequence[KernelCapture], shown: Mapping[str, str]) -> GroupView:
    first = group[0]
    about = [f"grid {dim3(first.grid)}"] if first.grid else []
    about += [f"block {dim3(first.block)}"] if first.block else []
    if first.launches > 1:
        about.append(f"averages over {first.launches} launches, made by ncu")
    elif len(group) > 1:
        about.append(f"{len(group)} launches: the median, and the least and the greatest")
    rows = tuple(row for one in QUANTITIES.values() if (row := _row(group, one)))
    table = Table(("Quantity", "Value", "Range", "Metric"), rows)
    others, more = beyond(group, {row[-1] for row in rows} | _without_number(group))
    title, held_back = shown[first.kernel], findings(group)
    return GroupView(title, ", ".join(about), table, Table(BEYOND, others), more, held_back)


def _without_number(group: Sequence[KernelCapture]) -> set[str]:
    """Metrics of ours that no launch has a number for: the page lists them as missing."""
    ours = {name for one in QUANTITIES.values() for name in (one.metric, *one.elsewhere)}
    return {name for name in ours if not _any_has(group, name)}


def _row(group: Sequence[KernelCapture], quantity: Quantity) -> tuple[str, ...] | None:
    values = [value for one in group if (value := read(one, quantity)) is not None]
    if not values:
        return None
    low, high = readable(min(values), quantity.unit), readable(max(values), quantity.unit)
    if len(group) == 1 and (bounds := _bounds(group[0], quantity)):
        low, high = (readable(bound, quantity.unit) for bound in bounds)
    elif len(values) == 1:
        low = high = NONE
    spread = low if low == high == NONE else "same in all" if low == high else f"{low} – {high}"
    if len(values) < len(group):
        spread += f" ({len(values)} of {len(group)} launches)"
    readings = (reading(one, quantity) for one in group)
    name = next(one.name for one in readings if one.value is not None)
    return (quantity.title, readable(statistics.median(values), quantity.unit), spread, name)


def _bounds(one: KernelCapture, quantity: Quantity) -> tuple[float, float] | None:
    """The least and the greatest of an average that ncu made."""
    for name in quantity.names:
        held = one.metrics.get(name)
        if isinstance(held, Average) and quantity.takes(held.unit, name):
            return held.low, held.high
    return None


def _any_has(group: Sequence[KernelCapture], metric: str) -> bool:
    return any(one.number(metric) is not None for one in group)


def _not_shown(groups: int) -> str:
    more = groups - _GROUPS_SHOWN
    return f"{more} more launch shapes stand in the list above; their counters: --json." * (
        more > 0
    )


def _together(kernels: Sequence[KernelCapture]) -> tuple[Table, tuple[str, ...]]:
    """Values for all launches, and sentences on what has none."""
    rows: list[tuple[str, str]] = []
    apart: dict[str, list[str]] = {}
    for quantity in QUANTITIES.values() if len(kernels) > 1 else ():
        if all(read(one, quantity) is None for one in kernels):
            continue
        found = combine(kernels, quantity)
        if found.value is None:
            apart.setdefault(found.reason, []).append(quantity.title)
        else:
            rows.append((quantity.title, readable(found.value, quantity.unit)))
    sentences = tuple(f"{reason}: {', '.join(titles)}" for reason, titles in apart.items())
    return Table(("Quantity", "All launches together"), tuple(rows)), sentences


def _notes(source: Source) -> tuple[str, ...]:
    notes = [
        "Durations under ncu are no benchmark: it replays kernels one by one, with its own clocks "
        "and caches. Use them for shares and ratios."
    ]
    if Form.REPORT not in source.captures.forms:
        notes.append("ncu rounds what it prints; a .ncu-rep holds the full numbers.")
    others = {one.compute_capability for one in source.captures.kernels} - {"", _CHIP}
    if others:
        notes.append(
            f"The quantities are chosen for compute capability {_CHIP}; on "
            f"{', '.join(sorted(others))} a metric of the same name may count only a part."
        )
    if beyond := _beyond_full_scale(source.captures.kernels):
        notes.append(
            f"Above 100 %: {', '.join(beyond)}. Counters of several passes were put together, and "
            "the passes did not do the same work; shown as measured."
        )
    return (*notes, *source.captures.doubts)


def _beyond_full_scale(kernels: Sequence[KernelCapture]) -> list[str]:
    found = []
    for quantity in QUANTITIES.values():
        most = max((read(one, quantity) or 0 for one in kernels), default=0)
        if quantity.unit == "%" and most > _FULL_SCALE:
            found.append(f"{quantity.title} ({most:.2f} %)")
    return found


def _rules(groups: Sequence[Sequence[KernelCapture]], names: Mapping[str, str]) -> tuple[str, ...]:
    """The remarks on the first launch of each kernel that has any."""
    said: dict[str, None] = {}
    for group in groups:
        one = next((one for one in group if one.rules), group[0])
        for rule in one.rules:
            estimate = f" (ncu estimates a speedup of {rule.speedup})" if rule.speedup else ""
            said.setdefault(
                f"{names[one.kernel]}, {rule.name} in {rule.section}: {rule.text}{estimate}"
            )
    more = len(said) - _RULES_SHOWN
    shown = list(said)[:_RULES_SHOWN]
    return (*shown, f"and {more} more: --json") if more > 0 else tuple(shown)
