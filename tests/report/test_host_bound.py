"""A report in whose run the GPU waited for the host."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.readme_table import table
from orchestrator.performance.verdict import Verdict
from orchestrator.report.comparing import comparison
from orchestrator.report.comparing.comparison import Side
from orchestrator.report.gates.gate import Answer, Policy
from orchestrator.report.render import Report, render
from remote_payload.contract.result import Result
from remote_payload.contract.words import Method
from tests.report import synthetic
from tests.report.host_bound import host_bound_result
from tests.report.reading import part

H8, H16, H96 = (synthetic.case(heads).label for heads in (8, 16, 96))


def report(result: Result) -> Report:
    return render(synthetic.run(result))


def row(made: Report, method: Method, provider: str, label: str) -> str:
    section = made.markdown.split(f"### {method.value}\n")[1]
    return next(
        line for line in section.splitlines() if line.startswith(f"| {provider} | {label} ")
    )


def test_each_row_says_by_what_it_was_judged_and_whose_time_it_shows() -> None:
    made = report(host_bound_result())
    back = Method.BACK_TO_BACK
    assert row(made, back, "sdpa", H8).endswith("| — | baseline, bound by the host |")
    assert row(made, back, "sparsek", H8).endswith(" by graph | FASTER by graph |")
    assert row(made, back, "sparsek", H16).endswith("| INCONCLUSIVE |")
    assert row(made, back, "sparsek", H96).endswith(") | FASTER |")
    assert row(made, Method.GRAPH, "sparsek", H8).endswith(") | FASTER |")


def test_one_sentence_says_why_the_verdict_goes_by_graph_and_one_what_to_do_without() -> None:
    text = report(host_bound_result()).markdown
    assert (
        f"- sparsek on {H8}: with it or with sdpa the GPU waited for the host, so the verdict"
        in text
    )
    assert f"- To decide: sparsek on {H16}: the GPU waited for the host" in text


def test_the_first_line_gives_the_graphs_figures_where_they_decided() -> None:
    result = host_bound_result()
    here = tuple(r for r in result.bench if r.case.size("H") == 8)
    verdict = report(replace(result, bench=here)).verdict
    assert verdict.startswith(f"sparsek is FASTER than sdpa on {H8}: 1.19")
    assert "3.2499 (3.2468–3.2529) µs/head (graph; by back_to_back the GPU waited" in verdict


def test_beside_the_best_is_judged_by_graph_too() -> None:
    result = host_bound_result()
    third = tuple(
        replace(
            record,
            provider="fa3",
            samples_us=tuple(2 * us for us in record.samples_us),
            host_us=tuple(2 * us for us in record.host_us),
        )
        for record in result.bench
        if record.provider == "sdpa" and not record.control
    )
    right = tuple(replace(one, provider="fa3") for one in result.checks if one.provider == "sdpa")
    both = replace(result, bench=result.bench + third, checks=result.checks + right)
    told = report(both).markdown
    text = part(told, "Beside the best: ")
    assert "FASTER at 2, INCONCLUSIVE at 1 of 3 cases." in text
    assert "the speed-up and the verdict are those of the graphs" in text


def test_without_host_times_nothing_of_it_is_said() -> None:
    result = host_bound_result()
    before = tuple(replace(record, host_us=()) for record in result.bench)
    text = report(replace(result, bench=before)).markdown
    assert " by graph |" not in text
    assert "waited" not in text
    assert "bound by" not in text


def test_the_readme_gives_no_speed_up_that_is_the_hosts() -> None:
    text = table([("h100", host_bound_result())])
    lines = {
        (cells[1], cells[2]): cells
        for line in text.splitlines()
        if len(cells := [cell.strip() for cell in line.split("|")]) > 6
    }
    bound = lines[H8, "back_to_back"]
    assert bound[5].endswith(", bound by the host")
    assert bound[6] == "—"
    assert lines[H8, "graph"][6].startswith("1.19")
    assert lines[H96, "back_to_back"][6].startswith("1.32")


def test_times_that_are_the_hosts_are_no_regression_of_a_kernel() -> None:
    """sdpa's host takes twice as long at 8 heads; its graph's time is what it was."""
    before = host_bound_result()
    slower = tuple(
        replace(
            record,
            samples_us=tuple(2 * us for us in record.samples_us),
            host_us=tuple(2 * us for us in record.host_us),
        )
        if (record.provider, record.method, record.case.size("H"))
        == ("sdpa", Method.BACK_TO_BACK, 8)
        else record
        for record in before.bench
    )
    both = comparison.compare(
        Side(synthetic.run(before)), Side(synthetic.run(replace(before, bench=slower)))
    )
    rows = {(row.method, row.case.size("H")): row for row in both.rows}
    judged = rows[Method.BACK_TO_BACK, 8].found.judged
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert judged.advice.endswith("the rows by graph decide")
    assert rows[Method.BACK_TO_BACK, 96].found.judged.advice != judged.advice
    assert both.ruling(Policy()).answer is not Answer.REGRESSED


def test_rows_by_graph_are_promised_only_where_both_runs_have_them() -> None:
    """At 16 heads sparsek could not be recorded; there the host of both was made to wait."""
    result = host_bound_result()
    waited = tuple(
        replace(record, host_us=record.samples_us)
        if (record.provider, record.method, record.case.size("H"))
        == ("sparsek", Method.BACK_TO_BACK, 16)
        else record
        for record in result.bench
    )
    side = Side(synthetic.run(replace(result, bench=waited)))
    rows = comparison.compare(side, side).rows
    advice = {(row.method, row.case.size("H")): row.found.judged.advice for row in rows}
    assert advice[Method.BACK_TO_BACK, 16].endswith("and not both runs have one")
    assert advice[Method.BACK_TO_BACK, 8].endswith("the rows by graph decide")
