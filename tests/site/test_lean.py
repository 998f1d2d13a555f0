"""A lean page is the same page: the same text in the same cells."""

from __future__ import annotations

from html.parser import HTMLParser

from orchestrator.report.render import render
from orchestrator.report.site.lean import lean
from tests.report import synthetic


class Cells(HTMLParser):
    """What stands in each cell of each row, and which columns hold figures, as a browser has it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.figures: list[set[int]] = []
        self.columns: set[int] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        named = (names.get("class") or "").split()
        if tag == "table":
            self.columns = {int(one[1:]) for one in named}
        if tag == "tr":
            self.rows.append([])
            self.figures.append(set())
        if tag in ("td", "th"):
            self.rows[-1].append("")
            at = len(self.rows[-1])
            if "n" in named or at in self.columns:
                self.figures[-1].add(at)

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += " ".join(data.split())


def body() -> str:
    report = render(synthetic.run(synthetic.gpu_result()))
    return report.body


def test_every_cell_says_the_same_and_figures_stand_where_they_stood() -> None:
    whole = body()
    short = lean(whole)
    before, after = Cells(whole), Cells(short)
    # What follows a table stands behind its last cell in both.
    assert [[cell[:40] for cell in row] for row in after.rows] == [
        [cell[:40] for cell in row] for row in before.rows
    ]
    assert after.figures == before.figures
    assert any(before.figures)


def test_it_is_a_good_deal_shorter() -> None:
    whole = body()
    drawn = sum(len(part.partition("</svg>")[0]) for part in whole.split("<svg")[1:])
    assert len(lean(whole)) - drawn < 0.7 * (len(whole) - drawn)


def test_what_is_verbatim_stays() -> None:
    text = "<pre>a\n <td>  b\n\n</pre>\n\n<p>x</p>\n<p>y</p>"
    assert lean(text) == "<pre>a\n <td>  b\n\n</pre>\n\n<p>x</p><p>y</p>"


def test_marked_rows_stay_marked() -> None:
    row = '<tr class="marked"><td class="n" data-raw="1.0">1</td></tr>'
    assert lean(f"<table>\n<tbody>\n{row}\n</tbody></table>") == (
        '<table class="n1"><tbody><tr class="marked"><td>1</table>'
    )
