"""The page on the view model is made of the views, and says what they are."""

from __future__ import annotations

from dataclasses import fields

import pytest

from benchmarks.view_model import PAGE, ROOT, renewed
from orchestrator.report.section import sections
from orchestrator.report.view.model import views


def test_the_page_is_as_the_code_is() -> None:
    page = PAGE.read_text("utf-8")
    assert page == renewed(page), "run: python -m benchmarks.view_model"


@pytest.mark.parametrize("view", views(), ids=lambda view: view.__name__)
def test_every_view_says_what_it_is_and_every_field_is_on_the_page(view: type) -> None:
    assert view.__doc__
    described = (
        PAGE.read_text("utf-8").partition(f"### {view.__name__}\n")[2].partition("\n### ")[0]
    )
    for field in fields(view):
        assert f"| `{field.name}` |" in described


def test_every_template_of_a_section_is_named_and_there() -> None:
    page = PAGE.read_text("utf-8")
    for section in sections():
        assert f"`{section.template}`" in page
        assert (ROOT / "orchestrator" / "report" / "sections" / section.template).is_file()
