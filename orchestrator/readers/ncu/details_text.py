"""What `ncu` prints without --csv: the details page as text, read into the same tables as CSV.

A line names the launch, `Section:` lines divide it, rows of dashes rule the tables off and, where
they stand above a table, say how wide its columns are. Forms since 2020 differ in the line of the
launch (with a date, or with geometry, device and compute capability) and in whether a table names
its columns. Comment marks in front (`>`, `//`, `#`) are passed over, as people paste such pages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

from orchestrator.errors import UsageError
from orchestrator.readers.ncu.text_table import CUT_HINT, Row, Table

_COMMENT = ">#/*| \t"
_MARKS = rf"[{_COMMENT}]*"
_DIMS = r"\(\d+, *\d+, *\d+\)"
_LAUNCH = re.compile(
    rf"{_MARKS}(?P<name>\S.*?)"
    rf"(?: ?(?P<grid>{_DIMS})x(?P<block>{_DIMS})(?:x{_DIMS})?)?"
    r"(?:, \d{4}-\w{3}-\d\d \d\d:\d\d:\d\d)?"
    r"(?:, Context (?P<context>\w+), Stream (?P<stream>\w+)(?:, Device (?P<device>\d+))?"
    r"(?:, CC (?P<cc>\d+\.\d+))?"
    r"|, Device (?P<of>\d+), CC (?P<capability>\d+\.\d+), Invocations (?P<invocations>\d+))\Z"
)
_SECTION = re.compile(rf"{_MARKS}Section: (?P<name>\S.*)\Z")
_RULER = re.compile(rf"(?P<marks>{_MARKS})(?P<dashes>-{{3,}}(?: -{{3,}}){{2,}})\Z")
_RULE_END = re.compile(rf"{_MARKS}-[- ]*\Z")
_RULE = re.compile(rf"(?P<marks>{_MARKS})(?P<type>OK|OPT|INF|WRN|ERR) {{2,}}(?P<text>\S.*)\Z")
_ESTIMATE = re.compile(
    r"Est(?:\.|imated)(?P<scope> Local| Global)? Speedup: (?P<percent>[\d.,]+) ?%\s*"
)
_DETAILS = ("Metric Name", "Metric Unit", "Metric Value")
_SUMMARY = ("Metric Name", "Metric Unit", "Minimum", "Maximum", "Average")
_RULES = ("Rule Name", "Rule Description", "Estimated Speedup Type", "Estimated Speedup")
_IDENTITY = ("Kernel Name", "Context", "Stream", "Block Size", "Grid Size", "Device", "CC")
_HEADERS = {
    _DETAILS: ("ID", *_IDENTITY, "Section Name", *_DETAILS, *_RULES),
    _SUMMARY: (*_IDENTITY, "Invocations", "Section Name", *_SUMMARY, *_RULES),
}


@dataclass
class _Reading:
    """How far the page is read. columns: of the open table, where each starts and ends."""

    rows: dict[tuple[str, ...], list[Row]] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)
    launches: int = 0
    launch: dict[str, str] = field(default_factory=dict)
    section: str = ""
    kind: tuple[str, ...] = _DETAILS
    columns: list[tuple[int, int]] = field(default_factory=list)
    opened: int = 0
    is_named: bool = False
    is_foreign: bool = False
    sections: set[str] = field(default_factory=set)
    rule: dict[str, str] = field(default_factory=dict)
    rule_line: int = 0
    rule_start: int = 0

    def put(self, line: int, cells: dict[str, str]) -> None:
        """Add a record of the launch and section at hand."""
        known = {**self.launch, "Section Name": self.section, **cells}
        row = Row(line, tuple(known.get(name, "") for name in _HEADERS[self.kind]))
        self.rows.setdefault(self.kind, []).append(row)

    def end_rule(self) -> None:
        """Add the rule at hand, if there is one."""
        if self.rule:
            self.put(self.rule_line, self.rule)
        self.rule = {}


def tables(text: str) -> tuple[Table, ...]:
    """The launches in `text` as details page, as summary, or both; none if ncu printed neither.

    Raises UsageError for a table that was cut off.
    """
    if "Section: " not in text:
        return ()
    reading = _Reading()
    lines = [line.rstrip() for line in text.split("\n")]
    for number, line in enumerate(lines, 1):
        _take(reading, number, line)
    if reading.columns and not reading.is_foreign:
        raise UsageError(
            f"line {len(lines)}: the file is cut off inside a table that begins in line "
            f"{reading.opened}; read whole: {reading.launches - 1} launches; missing: the rest of "
            f"{reading.section!r} of the last one, and what stood below it",
            hint=CUT_HINT,
        )
    reading.end_rule()
    doubts = tuple(reading.doubts)
    return tuple(Table(_HEADERS[kind], tuple(rows), doubts) for kind, rows in reading.rows.items())


def _take(reading: _Reading, number: int, line: str) -> None:
    is_launch = ", Context " in line or ", Invocations " in line
    if is_launch and (launch := _LAUNCH.match(line)):
        _begin_launch(reading, launch)
    elif not reading.launch:
        return
    elif section := _SECTION.match(line):
        reading.end_rule()
        reading.section, reading.columns = section["name"], []
        if reading.section in reading.sections:
            raise UsageError(
                f"line {number}: {reading.section!r} stands twice under one launch, so the line of "
                "another launch above it is not understood",
                hint="Print the raw page: ncu --import FILE --csv --page raw",
            )
        reading.sections.add(reading.section)
    elif reading.columns:
        _in_table(reading, number, line)
    elif ruler := _RULER.match(line):
        reading.end_rule()
        _begin_table(reading, number, ruler)
    else:
        _in_rules(reading, number, line)


def _begin_launch(reading: _Reading, found: re.Match[str]) -> None:
    reading.end_rule()
    reading.columns, reading.section, reading.sections = [], "", set()
    reading.kind = _SUMMARY if found["invocations"] else _DETAILS
    reading.launch = {
        "ID": str(reading.launches),
        "Kernel Name": found["name"],
        "Context": found["context"] or "",
        "Stream": found["stream"] or "",
        "Block Size": found["block"] or "",
        "Grid Size": found["grid"] or "",
        "Device": found["device"] or found["of"] or "",
        "CC": found["cc"] or found["capability"] or "",
        "Invocations": found["invocations"] or "",
    }
    reading.launches += 1


def _begin_table(reading: _Reading, number: int, ruler: re.Match[str]) -> None:
    start = ruler.start("dashes")
    reading.columns = [
        (start + one.start(), start + one.end()) for one in re.finditer("-+", ruler["dashes"])
    ]
    reading.opened, reading.is_named = number, False
    reading.is_foreign = len(reading.columns) != len(reading.kind)
    if reading.is_foreign:
        reading.doubts.append(f"The table in line {number} has columns of its own and is not read")


def _in_table(reading: _Reading, number: int, line: str) -> None:
    if _RULE_END.match(line):
        # A second ruler stands under the names of the columns, the last one under the table.
        if not reading.is_named:
            reading.columns = []
        reading.is_named = False
        return
    if line.startswith("```"):  # a document quotes the table's beginning
        reading.doubts.append(f"The table in line {reading.opened} has no end")
        reading.columns = []
        return
    start = reading.columns[0][0]
    if reading.is_foreign or line[:start].strip(_COMMENT) or not line[start : start + 1].strip():
        return
    cells = _cells(reading.columns, line)
    if cells == reading.kind:
        reading.is_named = True
    elif cells is not None:
        reading.put(number, dict(zip(reading.kind, cells, strict=True)))


def _cells(columns: list[tuple[int, int]], line: str) -> tuple[str, ...] | None:
    """The cells of a row; None if it is no row of this table."""
    gaps = [line[end:start] for (_, end), (start, _) in pairwise(columns)]
    if any(gap.strip() for gap in gaps):
        return _overflowing(line[columns[0][0] :], len(columns))
    bounds = [*columns[:-1], (columns[-1][0], len(line))]
    cells = tuple(line[start:end].strip() for start, end in bounds)
    return cells if cells[0] and cells[-1] else None


def _overflowing(row: str, columns: int) -> tuple[str, ...] | None:
    """Cells wider than the fixed columns of old versions push the others to the right."""
    cells = re.split(r"\s{2,}", row.strip())
    if len(cells) == columns - 1:
        cells.insert(1, "")  # a count has no unit
    return tuple(cells) if len(cells) == columns else None


def _in_rules(reading: _Reading, number: int, line: str) -> None:
    if found := _RULE.match(line):
        reading.end_rule()
        estimate = _ESTIMATE.match(found["text"])
        reading.rule_line, reading.rule_start = number, found.start("type")
        reading.rule = {
            "Rule Name": found["type"],
            "Rule Description": found["text"][estimate.end() if estimate else 0 :],
            "Estimated Speedup": estimate["percent"] if estimate else "",
            "Estimated Speedup Type": _scope(estimate) if estimate else "",
        }
    elif line.startswith("```") or _RULE_END.match(line):
        reading.end_rule()
    elif reading.rule:
        # It goes on in lines that are indented more; others are some program's.
        more = line.lstrip(_COMMENT)
        if len(line) - len(more) > reading.rule_start and more.strip():
            text = f"{reading.rule['Rule Description']} {more.strip()}".strip()
            reading.rule["Rule Description"] = text


def _scope(estimate: re.Match[str]) -> str:
    return (estimate["scope"] or "global").strip().lower()
