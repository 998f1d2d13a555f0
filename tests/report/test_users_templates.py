"""A user's templates stand over ours, block by block, and a mistake in one is told so that it can be
mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.here import shipped
from orchestrator.report.printing.templates import own_folder
from orchestrator.report.printing.users import passed_over
from orchestrator.report.render import Report, render
from orchestrator.workflows.publishing.around import Around
from orchestrator.workflows.publishing.publish import publish_home
from tests.report import synthetic

MODEL = "{# view model 1 #}\n"


def report(folder: Path, files: dict[str, str]) -> Report:
    for name, text in files.items():
        file = folder / "templates" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    own = own_folder(folder)
    assert own is not None
    return render(synthetic.run(synthetic.gpu_result()), own=own)


def test_one_block_is_theirs_and_the_rest_is_ours(tmp_path: Path) -> None:
    theirs = (
        f'{MODEL}{{% extends "ours/report.md.j2" %}}\n'
        "{% block answers %}\n\nOf the kernels team: {{ report.title }}\n{% endblock %}"
    )
    made = report(tmp_path, {"report.md.j2": theirs})
    usual = render(synthetic.run(synthetic.gpu_result()))
    assert "Of the kernels team: sparsek is FASTER" in made.markdown
    assert "enough? |" not in made.markdown
    assert made.markdown.partition("## Times")[2] == usual.markdown.partition("## Times")[2]
    assert "<p>Of the kernels team: sparsek is FASTER" in made.html


def test_what_a_block_of_ours_prints_can_be_kept_and_added_to(tmp_path: Path) -> None:
    theirs = (
        f'{MODEL}{{% extends "ours/report.md.j2" %}}\n'
        "{% block lead %}{{ super() }}\n\nMeasured for the board.\n{% endblock %}"
    )
    made = report(tmp_path, {"report.md.j2": theirs}).markdown
    assert "µs/head on B=16 H=96" in made.partition("Measured for the board.")[0]


def test_a_section_is_a_file_of_its_own(tmp_path: Path) -> None:
    theirs = f"{MODEL}{{% for note in view.notes %}}\n* {{{{ note }}}}\n{{% endfor %}}\n"
    made = report(tmp_path, {"ground/method.md.j2": theirs}).markdown
    assert "\n* Reference: attention in fp64" in made


def test_a_part_can_be_theirs_in_one_form_alone(tmp_path: Path) -> None:
    theirs = f"{MODEL}<p>a table of {{{{ table.rows | length }}}} rows stood here</p>\n"
    # The number of rows is no text, which the gate refuses: said as text it passes.
    theirs = theirs.replace("table.rows | length", "table.rows | length | string")
    made = report(tmp_path, {"html/parts/table.j2": theirs})
    assert "<p>a table of 6 rows stood here</p>" in made.html
    assert "| Fast\N{NO-BREAK SPACE}enough? |" in made.markdown


def test_what_they_print_passes_the_gate(tmp_path: Path) -> None:
    theirs = (
        f'{MODEL}{{% extends "ours/report.md.j2" %}}\n'
        "{% block answers %}\n\n{{ '<script>' }} {{ '/home/alice/x.cu' }}\n{% endblock %}"
    )
    made = report(tmp_path, {"report.md.j2": theirs}).markdown
    assert "<script" not in made
    assert "alice" not in made


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("{{ report.titel }}", 2, "ReportView has no 'titel'; it has 'title'"),
        ("\n\n{{ reprot.title }}", 4, "nothing here is called 'reprot'"),
        ("{% block %}", 2, "this is no template"),
        ('{% include "parts/tabel.j2" %}', 2, "there is no template parts/tabel.j2"),
        ("{{ 1 }}", 2, "a report prints text only, not int"),
        ("{{ ''.__class__.__mro__ }}", 2, "unsafe"),
        ("{{ report.title | bold }}", 2, "No filter named 'bold'"),
    ],
)
def test_a_mistake_names_the_file_the_line_and_what_is_not_there(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    made = report(tmp_path, {"report.md.j2": MODEL + text})
    with pytest.raises(UsageError) as caught:
        assert made.markdown
    assert caught.value.message.startswith(f"{tmp_path}/templates/report.md.j2:{line}: ")
    assert said in caught.value.message
    assert "docs/view-model.md" in caught.value.hint


def test_a_mistake_that_shows_only_in_a_template_of_ours_is_put_down_to_theirs(
    tmp_path: Path,
) -> None:
    made = report(tmp_path, {"report.md.j2": f'{MODEL}{{% include "parts/table.j2" %}}'})
    with pytest.raises(UsageError, match=r"report\.md\.j2:2: nothing here is called 'table'"):
        assert made.markdown


def test_a_template_for_another_view_model_is_refused(tmp_path: Path) -> None:
    made = report(tmp_path, {"report.md.j2": "{# view model 99 #}\nhello"})
    with pytest.raises(UsageError) as caught:
        assert made.markdown
    assert "was written for view model 99, and this is view model 1" in caught.value.message


@pytest.mark.parametrize("name", ["report.md.j2", "parts/table.j2", "markdown/parts/table.j2"])
@pytest.mark.parametrize("text", [b"<html>{{ user.name }}", b"\xff\xfe{% nonsense"])
def test_templates_of_another_program_are_passed_over_and_named(
    tmp_path: Path, name: str, text: bytes
) -> None:
    made = report(tmp_path, {name: ""})
    (tmp_path / "templates" / name).write_bytes(text)
    (tmp_path / "templates" / "base.html").write_text("{% block content %}{% endblock %}")
    assert made.markdown == render(synthetic.run(synthetic.gpu_result())).markdown
    assert passed_over(tmp_path / "templates") == [tmp_path / "templates" / name]


def test_a_part_without_a_view_model_that_none_of_ours_stands_for_is_refused(
    tmp_path: Path,
) -> None:
    made = report(
        tmp_path, {"report.md.j2": f'{MODEL}{{% include "logo.j2" %}}', "logo.j2": "a logo"}
    )
    with pytest.raises(UsageError, match=r"logo\.j2 was written for no view model that it names"):
        assert made.markdown


def test_a_template_that_is_no_text_is_told(tmp_path: Path) -> None:
    made = report(tmp_path, {"report.md.j2": ""})
    (tmp_path / "templates" / "report.md.j2").write_bytes(f"{MODEL}caf".encode() + b"\xe9")
    with pytest.raises(UsageError, match=r"report\.md\.j2 is no text in UTF-8"):
        assert made.markdown


def test_a_run_that_comes_home_has_a_report_whatever_the_template(tmp_path: Path) -> None:
    own = tmp_path / "templates"
    own.mkdir()
    (own / "report.md.j2").write_text(f"{MODEL}{{{{ reprot.title }}}}")
    run = synthetic.run(synthetic.gpu_result())
    made = publish_home(run, tmp_path / "run", Around(templates=own))
    assert made.path.read_text("utf-8").startswith("# sparsek is FASTER")
    assert made.mistake is not None
    assert "report.md.j2:2: nothing here is called 'reprot'" in made.mistake.message


def test_our_own_templates_are_nobodys_and_a_project_without_any_has_none(tmp_path: Path) -> None:
    assert own_folder(shipped.folder("templates").parent) is None
    assert own_folder(tmp_path) is None
