"""Only what has changed is made anew, and what is gone goes."""

from __future__ import annotations

import shutil
from pathlib import Path

from orchestrator.store.index.values import Wanted
from tests.index.kept import edited
from tests.report import synthetic
from tests.site.made import FIRST, SECOND, THIRD, Kept, broken, slower

FOURTH = "20261123-101530-h100-bench"


def made(kept: Kept) -> set[str]:
    """The pages of runs that another turn writes."""
    before = kept.times()
    kept.make()
    after = kept.times()
    return {Path(name).stem for name in after if name.startswith("runs/")
            and after[name] != before.get(name)}  # fmt: skip


def test_where_nothing_changed_no_page_is_written(three: Kept) -> None:
    three.make()
    before = three.times()
    done = three.make()
    assert (done.written, done.kept, done.removed) == (0, 3, 0)
    assert three.times() == before


def test_a_tag_makes_one_page_anew(three: Kept) -> None:
    three.make()
    three.tag(FIRST, "paper")
    assert made(three) == {FIRST}


def test_a_changed_file_of_a_run_makes_its_page_anew(three: Kept) -> None:
    three.make()
    log = three.runs.store.folder(SECOND) / "result.json"
    log.write_text(log.read_text() + " ")
    assert SECOND in made(three)
    assert "result.json" in three.page(SECOND)


def test_a_new_run_makes_its_own_page_and_that_of_the_one_before(three: Kept) -> None:
    three.make()
    three.runs.home(FOURTH)
    assert made(three) == {THIRD, FOURTH}
    assert f"{FOURTH}.html" in three.page(THIRD)


def test_the_page_of_a_run_that_is_gone_goes_and_nothing_leads_to_it(three: Kept) -> None:
    three.make()
    shutil.rmtree(three.runs.store.folder(SECOND))
    done = three.make()
    assert done.removed == 1
    assert not (three.site / "runs" / f"{SECOND}.html").exists()
    assert not (three.site / "data/rows" / f"{SECOND}.js").exists()
    assert SECOND not in "".join(
        text.decode() for name, text in three.read().items() if "h100" not in name
    )
    assert broken(three.site) == []


def test_a_page_that_somebody_removed_or_cut_is_made_again(three: Kept) -> None:
    three.make()
    (three.site / "runs" / f"{FIRST}.html").unlink()
    (three.site / "runs" / f"{SECOND}.html").write_text("half")
    assert made(three) == {FIRST, SECOND}


def test_what_an_earlier_run_came_to_reaches_the_pages_of_later_ones(kept: Kept) -> None:
    """Their reports tell what was before."""
    for day in range(3):
        kept.runs.home(f"2026112{day}-101530-h100-profile", slower(1 + day / 10))
    kept.make()
    page = kept.page("20261122-101530-h100-profile")
    shutil.rmtree(kept.runs.store.folder("20261120-101530-h100-profile"))
    assert made(kept) == {"20261121-101530-h100-profile", "20261122-101530-h100-profile"}
    assert kept.page("20261122-101530-h100-profile") != page


def test_another_program_or_other_private_words_make_all_pages_anew(three: Kept) -> None:
    three.make()
    assert three.make(masked_by="another inventory").written == 3


def test_a_users_own_template_is_taken_and_its_edits_are_noticed(
    three: Kept, tmp_path: Path
) -> None:
    own = tmp_path / "templates"
    own.mkdir()
    words = '{# view model 1 #}\n{% extends "ours/report.md.j2" %}{% block folds %}\nOURS ALONE\n{% endblock %}\n'
    (own / "report.md.j2").write_text(words)
    three.make(templates=own)
    assert "OURS ALONE" in three.page(FIRST)
    assert three.make(templates=own).written == 0
    (own / "report.md.j2").write_text(words.replace("OURS", "YOURS"))
    assert three.make(templates=own).written == 3


def test_a_site_of_some_runs_has_no_others(three: Kept) -> None:
    three.make()
    three.tag(FIRST, "paper")
    done = three.make(wanted=Wanted(tag="paper"))
    assert (done.runs, done.removed) == (1, 2)
    assert [path.stem for path in (three.site / "runs").iterdir()] == [FIRST]
    assert broken(three.site) == []


def test_a_note_that_is_damaged_costs_time_and_nothing_else(three: Kept) -> None:
    three.make()
    before = three.files()
    edited(three.site / ".site.json", pages={"runs/../../x.html": ["", 1, "", ""]}, others=[3])
    done = three.make()
    assert done.written == 3
    assert three.files() == before


def test_what_a_note_says_of_other_files_removes_none(three: Kept, tmp_path: Path) -> None:
    outside = tmp_path / "precious.html"
    outside.write_text("mine")
    three.make()
    said = {
        f"runs/{name}": ["x", 4, "", ""] for name in ("../../precious.html", "a/b.html", "..", ".")
    }
    edited(three.site / ".site.json", pages={**said, "index.html": ["x", 4, "", ""]},
           others=["../precious.html", "data/runs.js"])  # fmt: skip
    three.make()
    assert outside.read_text() == "mine"
    assert (three.site / "data/runs.js").is_file()


def test_a_run_without_figures_has_a_page_and_no_past(kept: Kept) -> None:
    check = synthetic.cpu_result()
    kept.runs.home(FIRST, check)
    kept.make()
    assert kept.make().kept == 1
