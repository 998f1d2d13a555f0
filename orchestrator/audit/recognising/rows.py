"""From an entry of a file, whatever its format, to a row of figures with a meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from orchestrator.audit.recognising import axes, keys, units, work
from orchestrator.audit.recognising.boasts import boast
from orchestrator.audit.recognising.cells import Cell, Number, number
from orchestrator.audit.recognising.keys import Meaning
from orchestrator.audit.recognising.units import Unit
from orchestrator.audit.recognising.words import words_of
from orchestrator.audit.values import Boast, Figure, Known, Quantity, Role, Row, Series
from remote_payload.operators import registry

_GPU_KEYS = words_of("gpu gpu_name device device_name hardware accelerator card gpu_model gpu_type")
_NO_GPU = frozenset(("cuda", "cpu", "gpu", "cuda:0", "host", "none", "unknown"))
_PROVIDER_KEYS = (
    *("provider", "implementation", "impl", "backend", "solution", "library", "lib", "method"),
    *("engine", "variant", "algorithm", "algo", "kernel_name", "kernel", "operation"),
)
_LABEL_KEYS = ("name", "fullname", "label", "case", "test", "shape", "config", "benchmark")
_TARGET = re.compile(
    r"[<>≤≥]=?\s*(\d[\d.,]{0,20})\s*([a-zA-Zµμ×]{1,8}(?:/s)?)(\s*/\s*head| per head)?"
)
_UNIT_KEYS = frozenset(("unit", "units", "time_unit", "unit_of_time"))
# Which of several measurements of the same it is: rows that differ in these alone are samples.
REPEATS = words_of(
    "trial run rep repeat repetition repetition_index iter iteration round sample index idx i id "
    "sample_id attempt seed"
)
_MOMENTS = frozenset(("timestamp", "date", "datetime", "log", "created_at"))


@dataclass(frozen=True)
class Entry:
    """One row of a file, flat: `config.seq_len`. lists: numbers in a row, which may be samples."""

    place: str
    cells: Mapping[str, Cell]
    lists: Mapping[str, tuple[Number, ...]] = field(default_factory=dict)
    label: str = ""


@dataclass(frozen=True)
class Recognised:
    """row, and what became of each key: its meaning in words, "" for none."""

    row: Row
    meanings: Mapping[str, str]


def recognise(entry: Entry, hint: str = "") -> Recognised:
    """What an entry says. hint: what the file is called."""
    meanings: dict[str, str] = {}
    default = _unit_of_times(entry.cells)
    known = work.known({**entry.cells, "label.name": entry.label or None}, hint)
    figures = tuple(_figures(entry, default, meanings, known))
    series = tuple(_series(entry, default, meanings))
    provider_key = _provider_key(entry.cells)
    boasts = tuple(_boasts(entry.cells, meanings))
    _mark_axes(known, meanings)
    apart = tuple(_apart(entry.cells, meanings, known))
    if entry.label:
        apart = (*apart, ("", entry.label))
    others = tuple(pair for pair in apart if pair[0] != provider_key)
    row = Row(
        place=entry.place,
        label=_label(entry, provider_key),
        provider=str(entry.cells.get(provider_key) or "")[:80],
        apart=apart,
        same=(("case", known.label),) if known.case else others,
        figures=figures,
        series=series,
        boasts=boasts,
        known=known,
        gpu=_gpu(entry.cells, meanings),
    )
    return Recognised(row, meanings)


def _unit_of_times(cells: Mapping[str, Cell]) -> Unit | None:
    said = axes.named(cells, _UNIT_KEYS)
    unit = units.of(said) if said else None
    return unit if unit and unit.quantity is Quantity.TIME else None


def _figures(
    entry: Entry, default: Unit | None, meanings: dict[str, str], known: Known
) -> Iterator[Figure]:
    for key, cell in entry.cells.items():
        meanings[key] = ""
        if axes.symbol(key) or axes.leaf(key) in (axes.DTYPE_KEYS | axes.MASK_KEYS):
            meanings[key] = "of the case"
            continue
        if isinstance(cell, str) and (target := _target_in_words(key, cell, known)):
            meanings[key] = in_words(target)
            yield target
        if not isinstance(cell, Number):
            continue
        meaning = keys.meaning(key) or _by_its_unit(key, cell)
        if meaning is not None:
            figure = _of_a_call(_figure(key, cell, meaning, default), meaning.per, known)
            meanings[key] = in_words(figure)
            yield figure


def _of_a_call(figure: Figure, per: str, known: Known) -> Figure:
    """A time per head as that of all heads; per anything else it can be held against nothing."""
    if not per or figure.quantity not in (Quantity.TIME, Quantity.SPREAD):
        return figure
    if per == "head" and known.case and figure.scaled:
        return replace(figure, value=figure.value * known.case.size("H"))
    return replace(figure, scaled=False)


def _target_in_words(key: str, text: str, known: Known) -> Figure | None:
    """`target: "< 4 us/head"`."""
    found = _TARGET.search(text) if "target" in key.lower() or "goal" in key.lower() else None
    limit, unit = (number(found[1]), units.of(found[2])) if found else (None, None)
    if found is None or limit is None or unit is None or unit.quantity is Quantity.SHARE:
        return None
    target = Figure(key, unit.quantity, limit.value * unit.factor, role=Role.TARGET)
    return _of_a_call(target, "head" if found[3] else "", known)


def _by_its_unit(key: str, cell: Number) -> Meaning | None:
    """Of a number with a unit behind it, under a key that is a name: `sdpa: 1.2 ms`."""
    if cell.unit is None or cell.unit.quantity in (Quantity.SHARE, Quantity.SPEEDUP):
        return None
    name = axes.leaf(key).replace("_", " ")
    if name in ("target", "goal"):
        return Meaning(cell.unit.quantity, cell.unit, role=Role.TARGET)
    return Meaning(cell.unit.quantity, cell.unit, name)


def _figure(key: str, cell: Number, meaning: Meaning, default: Unit | None) -> Figure:
    is_time = meaning.quantity in (Quantity.TIME, Quantity.SPREAD)
    unit = meaning.unit or (default if is_time else None)
    if cell.unit and cell.unit.quantity in (meaning.quantity, Quantity.SHARE):
        unit = cell.unit
    if cell.unit and is_time and cell.unit.quantity is Quantity.TIME:
        unit = cell.unit
    factor = unit.factor if unit else 1.0
    shares = (Quantity.SHARE, Quantity.RELATIVE_SPREAD)
    if unit is None and meaning.quantity in shares and cell.value > 1.5:
        factor = 0.01  # such a share is in percent, whatever its key says
    return Figure(
        key=key,
        quantity=meaning.quantity,
        value=cell.value * factor,
        who=meaning.who,
        against=meaning.against,
        statistic=meaning.statistic,
        role=meaning.role,
        scaled=unit is not None or not is_time,
        slack=cell.slack,
        counted=meaning.counted,
    )


def in_words(figure: Figure) -> str:
    """What was made of a key: `time, p50, of sdpa`."""
    parts = [figure.quantity.value]
    parts += [figure.statistic] if figure.statistic else []
    parts += [f"of {figure.who}"] if figure.who else []
    parts += [f"over {figure.against}"] if figure.against else []
    parts += [figure.role.value] if figure.role is not Role.MEASURED else []
    parts += ["in a unit that nobody tells"] if not figure.scaled else []
    return ", ".join(parts)


def _series(entry: Entry, default: Unit | None, meanings: dict[str, str]) -> Iterator[Series]:
    for key, numbers in entry.lists.items():
        meanings.setdefault(key, "")
        meaning = keys.meaning(key)
        if meaning is None or meaning.quantity is not Quantity.TIME or meaning.statistic:
            continue
        unit = meaning.unit or default
        if unit is not None and len(numbers) > 1:
            meanings[key] = f"{len(numbers)} raw samples"
            samples = tuple(one.value * unit.factor for one in numbers)
            yield Series(key, meaning.who, samples)


def _mark_axes(known: Known, meanings: dict[str, str]) -> None:
    """Axes that only their operator calls so."""
    operator = registry.known(known.case.operator) if known.case else None
    axes_of_it = operator.axes if operator else ()
    names = {name.lower() for axis in axes_of_it for name in (axis.symbol, axis.name)}
    for key, meaning in meanings.items():
        if not meaning and axes.leaf(key) in names:
            meanings[key] = "of the case"


def _provider_key(cells: Mapping[str, Cell]) -> str:
    for name in _PROVIDER_KEYS:
        for key, cell in cells.items():
            if axes.leaf(key) == name and isinstance(cell, str):
                return key
    return ""


def _boasts(cells: Mapping[str, Cell], meanings: dict[str, str]) -> Iterator[Boast]:
    for key, cell in cells.items():
        if found := boast(key, cell):
            meanings[key] = "a claim in words"
            yield found


def _apart(
    cells: Mapping[str, Cell], meanings: dict[str, str], known: Known
) -> Iterator[tuple[str, str]]:
    """What tells rows apart: words, switches, and whole numbers that are no result."""
    if known.case is not None:
        yield "case", known.label
    for key, cell in cells.items():
        of_case = meanings.get(key) == "of the case"
        if (of_case and known.case is not None) or axes.leaf(key) in (_GPU_KEYS | _MOMENTS):
            continue
        if isinstance(cell, str) and meanings.get(key) != "a claim in words":
            if not of_case:
                meanings[key] = meanings.get(key) or "in words"
            yield key, cell[:200]
        elif isinstance(cell, bool):
            yield key, str(cell)
        elif isinstance(cell, Number) and (of_case or not meanings.get(key)):
            yield from [(key, f"{cell.value:.0f}")] if _counts_something(key, cell) else []


def _counts_something(key: str, cell: Number) -> bool:
    """Whether it is a whole number of a setting, and no reading that is another each time."""
    readings = {"bytes", "time", "timestamp", "clock", "mhz"}
    return cell.value.is_integer() and not readings & set(axes.leaf(key).split("_"))


def _label(entry: Entry, provider_key: str) -> str:
    words = [entry.label]
    for name in _LABEL_KEYS:
        words += [c for k, c in entry.cells.items() if axes.leaf(k) == name and isinstance(c, str)]
    found = next((word for word in words if word), "")
    provider = entry.cells.get(provider_key)
    if isinstance(provider, str) and provider not in found:
        found = f"{found}, {provider}" if found else provider
    return found[:80]


def _gpu(cells: Mapping[str, Cell], meanings: dict[str, str]) -> str:
    for key, cell in cells.items():
        if axes.leaf(key) in _GPU_KEYS and isinstance(cell, str):
            meanings[key] = "the machine"
            if cell.strip().lower() not in _NO_GPU:
                return cell[:120]
    return ""


def without(row: Row, repeats: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """What tells a row apart, but for which repetition it is."""
    return tuple(pair for pair in row.apart if axes.leaf(pair[0]) not in repeats)


def merged(rows: list[Row], time: Figure) -> Row:
    """Rows that are samples of one, as one. time: the figure that holds the samples."""
    samples = tuple(f.value for row in rows for f in row.figures if f.key == time.key)
    first = rows[0]
    return replace(
        first,
        place=f"{first.place} to {rows[-1].place.rpartition(' ')[2]}",
        apart=without(first, REPEATS),
        figures=tuple(f for f in first.figures if f.key != time.key),
        series=(Series(time.key, time.who, samples),),
    )
