"""The page of a comparison: its answer first, one table, the rest folded, and never too long."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from orchestrator.report.comparing import page
from orchestrator.report.comparing.comparison import Comparison
from orchestrator.report.comparing.page import MOST_CHARACTERS
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method, Status
from tests.cli.comparing import changed, times
from tests.comparing import runs
from tests.exporting import made
from tests.golden import assert_golden
from tests.report import synthetic

SUMMARY = re.compile(r"<details><summary>(.*)</summary>")


def mixed() -> Comparison:
    """One row slower, the others faster."""
    return runs.compared(runs.small(), runs.where(runs.by(0.9), 96, Method.COLD, times(1.3)))


def broken() -> Comparison:
    """Wrong on one case now, and cold times are not there any more, under another driver."""
    result = runs.small()
    checks = tuple(
        replace(c, status=Status.FAILED, reason="37 elements are wrong")
        if (c.provider, c.case) == ("sparsek", synthetic.case(8))
        else c
        for c in result.checks
    )
    kept = tuple(
        r
        for r in result.bench
        if r.provider != "sparsek"
        or (r.case == synthetic.case(96) and r.method is Method.BACK_TO_BACK)
    )
    machine = synthetic.gpu_machine(driver="570.86")
    return runs.compared(result, replace(result, checks=checks, bench=kept, machine=machine))


def many(number: int, name: str = "sparsek") -> Comparison:
    """So many cases, of which the last is the one that got slower."""
    cases = tuple(synthetic.case(at) for at in range(1, number + 1))
    cold = {
        "method": Method.COLD,
        "calls": 1,
        "before": synthetic.state(),
        "after": synthetic.state(),
    }
    bench = []
    for case in cases:
        base, ours = ((first + each * case.size("H")) for first, each in ((7.0, 4.1), (5.4, 3.1)))
        bench += [
            synthetic.bench("sdpa", case, synthetic.samples(base), **cold),
            synthetic.bench("sparsek", case, synthetic.samples(ours, 0.006), **cold),
            synthetic.bench("sdpa", case, synthetic.samples(base * 1.001), control=True, **cold),
        ]
    checks = (synthetic.check(each, one) for one in cases for each in ("sdpa", "sparsek"))
    asked = replace(runs.small().request, cases=cases)
    whole = synthetic.described(
        replace(runs.small(), request=asked, bench=tuple(bench), checks=tuple(checks))
    )
    slower = runs.where(whole, number, Method.COLD, times(1.5))
    return runs.compared(made.renamed(whole, name), made.renamed(slower, name), history=[])


@pytest.mark.parametrize("name", ["mixed", "broken"])
def test_the_pages_are_as_somebody_read_them(name: str) -> None:
    found = {"mixed": mixed, "broken": broken}[name]()
    assert_golden(f"comparing/{name}.md", page.markdown(found))
    assert_golden(f"comparing/{name}.txt", page.text(found))


def test_the_verdict_is_first_and_the_worst_row_is_the_first() -> None:
    lines = page.markdown(mixed()).splitlines()
    assert lines[0] == "# 4 rows, after against before: 3 FASTER, 1 SLOWER"
    assert lines[2] == "**Same device, driver, clocks and cases.**"
    assert lines[4] == "## sparsek, B=16 S=512 D=64 fp16, on NVIDIA H100 80GB HBM3"
    assert lines[6].startswith("| H | Method | Before")
    assert lines[8].endswith("| SLOWER |")


def test_all_but_a_screen_is_folded_under_sentences() -> None:
    text = page.markdown(many(60))
    shown, *_ = text.partition("<details>")
    assert len(shown.splitlines()) <= 36
    assert "40 more rows below, all of them no worse." in shown
    assert "The other 40 rows" in SUMMARY.findall(text)
    assert text.count("<details>") == text.count("</details>") == len(SUMMARY.findall(text))
    assert all(len(one.split()) > 2 for one in SUMMARY.findall(text))


def test_no_row_stands_twice() -> None:
    text = page.markdown(many(60))
    heads = [
        int(n) for n in re.findall(r"^\| (\d+) \| .* \| (?:INCONCLUSIVE|SLOWER) \|$", text, re.M)
    ]
    assert sorted(heads) == list(range(1, 61))
    assert heads[0] == 60


def test_nothing_is_folded_that_holds_nothing() -> None:
    titles = SUMMARY.findall(page.markdown(mixed()))
    assert titles == [
        "On what the verdicts rest: how much runs of one code differ",
        "What the machine did to the baseline",
        "Conditions: all 18 are the same",
    ]


@pytest.mark.parametrize("number", [1, 400])
def test_a_page_fits_a_comment_and_says_what_it_left_out(number: int) -> None:
    text = page.markdown(many(number))
    assert len(text) <= MOST_CHARACTERS
    left = [int(n) for n in re.findall(r"(\d+) lines left out here", text)]
    assert bool(left) is (number > 1)
    shown = len(re.findall(r"^\|.* \| (?:INCONCLUSIVE|SLOWER) \|$", text, re.M))
    assert shown == number or number - shown in left
    assert text.count("SLOWER |") == 1


def test_a_page_fits_a_comment_also_where_every_name_is_as_long_as_it_can_be() -> None:
    for name in ("<b>" * 4000, "x" * 10_000, "&#" * 3000):
        found = many(12, name)
        differing = replace(
            found,
            conditions=tuple(
                replace(one, before=name, after=f"{name}!", same=False, why=name)
                for one in found.conditions
            ),
        )
        text = page.markdown(differing)
        assert len(text) <= MOST_CHARACTERS
        assert "left out here" in text


def test_words_for_a_terminal_have_no_markup_and_columns_under_each_other() -> None:
    for found in (mixed(), broken(), made.compared("<img src=x>|`x`")):
        text = page.text(found)
        for mark in ("&#", "**", "|--", "| -", "<details", "<summary", "</"):
            assert mark not in text
    header, *rows = [line for line in page.text(mixed()).splitlines()[6:11] if line]
    for figures in ("Before, µs", "After, µs", "Gain on the baseline"):
        ends = header.index(figures) + len(figures)
        assert {line[ends - 1] for line in rows} == {")"}
        assert {line[ends : ends + 2] for line in rows} == {"  "}


def test_html_holds_all_of_it_and_asks_nothing_of_any_network() -> None:
    text = page.html(mixed())
    assert text.count("<table>") == 3
    assert "data-raw=" in text
    assert not re.findall(r"(?:src|href)=[\"']?https?:", text)


@pytest.mark.parametrize("name", made.HOSTILE, ids=range(len(made.HOSTILE)))
def test_hostile_names_stay_text_in_every_form(name: str) -> None:
    found = made.compared(name)
    markdown, words, paper = page.markdown(found), page.text(found), page.html(found)
    shown = MarkdownIt("commonmark", {"html": True}).render(markdown)
    for text in (shown, paper.partition("<body")[2]):
        assert not re.findall(r"<(?:img|a |script>x)", text)
    for text in (markdown, words, paper):
        assert "203.0.113.7" not in text
        assert not set(text) & set("\x1b\u202e\r")
    assert not any(line.startswith("::") for line in (*markdown.splitlines(), *words.splitlines()))
    assert markdown.count("<details>") == markdown.count("</details>")
    assert html.unescape(markdown).count("SLOWER |") == runs.ROWS


def test_two_runs_of_ceilings_alone_have_them_for_their_table() -> None:
    def alone(rate: float) -> Result:
        ceiling = runs.ceiling("copy", rate)
        return replace(changed(runs.small(), "sparsek", times(1)), bench=(), ceilings=(ceiling,))

    text = page.markdown(runs.compared(alone(3e12), alone(2.95e12)))
    assert text.startswith("# 1 of 1 ceiling agree within 5 %\n")
    assert "## Ceilings\n\n| Ceiling |" in text
    assert text.count("| copy |") == 1
