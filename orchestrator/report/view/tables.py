"""What views are made of: tables and charts."""

from __future__ import annotations

from dataclasses import dataclass

# Of the names below. A field more changes nothing; one that goes, or means something else, makes it
# another one, and users' templates are told so.
VIEW_MODEL = 1


class Cell(str):
    """A cell that shows a figure rounded. raw: the same with all its digits, for who goes on with
    it; the unit is that of the column."""

    raw: str

    def __new__(cls, text: str, raw: float) -> Cell:
        cell = super().__new__(cls, text)
        cell.raw = repr(raw)
        return cell


@dataclass(frozen=True)
class Table:
    """Rows of cells under a header; rows may be empty, cells may not be missing.

    marked: the rows that answer what was asked, by their place.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: tuple[int, ...] = ()


NO_TABLE = Table((), ())


@dataclass(frozen=True)
class ChartView:
    """file: relative to the report, empty when there is no chart; reason: why there is none. name:
    of the file; description: what is to be seen, in words."""

    title: str
    file: str
    reason: str
    name: str = ""
    description: str = ""
