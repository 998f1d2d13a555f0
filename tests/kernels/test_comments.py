"""What an edit of comments leaves of a file: the same, wherever no token and no line has moved."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from remote_payload.compiling import comments

CSRC = Path(__file__).resolve().parents[2] / "csrc"
SOURCES = sorted(path for path in CSRC.rglob("*") if path.suffix in comments.SUFFIXES)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("int a;  // one\n", "int a;  // quite another\n"),
        ("int a; // one\n", "int a;\n"),
        ("int a;\n", "int a;\n// at the end\n\n/* and\n more */\n"),
        ("// above\nint a;\n", "\nint a;\n"),
        ("int /* one */ a;\n", "int /* two */ a;\n"),
        ("int /* one */ a;\n", "int           a;\n"),
        ("/* of\n two */ int a;\n", "\n        int a;\n"),
        ('f("//", 1\'000); // one\n', 'f("//", 1\'000); // two "\n'),
        ("int a; // it's\r\nint b;\r\n", "int a; // its\r\nint b;\r\n"),
    ],
)
def test_comments_that_move_nothing_do_not_count(one: str, other: str) -> None:
    left = comments.without(one.encode())
    assert left is not None
    assert left == comments.without(other.encode())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("int a;\n", "int b;\n"),
        ("int a;\nint b;\n", "int a;\n// a line more\nint b;\n"),
        ("int /* one */ a;\n", "int /* longer */ a;\n"),
        ('f("// one");\n', 'f("// two");\n'),
        ("f('\"', '//', '\"');\n", "f('\"', '/*', '\"');\n"),
        ("f(1'0, '\"', \"// one\", 1'0);\n", "f(1'0, '\"', \"// two\", 1'0);\n"),
        ('f("\\"// one");\n', 'f("\\"// two");\n'),
        ("#define A \\\n  1\n", "#define A \\ \n  1\n"),
        ("int a; /\n", "int a; //\n"),
        ("#define A 2 /*\n*/ + 3\n", "#define A 2\n   + 3\n"),
        ("#define A 2 \\\n/*\n*/ + 3\n", "#define A 2 \\\n//\n   + 3\n"),
        ("#if 0\nof /*\n*/ #endif\n", "#if 0\nof //\n   #endif\n"),
    ],
)
def test_what_a_compiler_may_see_counts(one: str, other: str) -> None:
    assert comments.without(one.encode()) != comments.without(other.encode())


@pytest.mark.parametrize(
    "text",
    [
        'auto a = R"(// text)";\n',
        "// goes on \\\nint a;\n",
        "// goes on \\",
        "/\\\n/ a comment /*\nint a; /* */\n",
        "/* ends here *\\\n/ int a; /* */\n",
        "#include <a//b.h>\n",
        "#include \\\n <a//b.h>\n",
        "#include <a\\ \r\n//b.h>\n",
        "#error it's wrong // here\n",
        'auto a = R\\\n"(a" // text)";\n',
        "// goes on \\\f\n/* int a;\n// */\n",
        '#include <a"b.h> /* a " b\n" */ f("// text");\n',
        "const char* made = __TIMESTAMP__; // one\n",
        'const char text[] = {\n#embed "a.h"\n};\n',
        "int a = 1; ??/\n",
        "case 1: f();  // falls through\n",
        "#define A 1 \\ // no more\nint b;\n",
        'int a; /* without an end "\n',
    ],
)
def test_where_comments_cannot_be_told_for_sure_every_byte_counts(text: str) -> None:
    assert comments.without(text.encode()) is None


def test_of_our_sources_what_is_left_gives_the_compiler_the_same_tokens_on_the_same_lines(
    tmp_path: Path,
) -> None:
    """By the preprocessor, which drops comments in its own way and tells lines."""
    whole = b"\n".join(line for path in SOURCES for line in _without_directives(path.read_bytes()))
    left = comments.without(whole)
    assert left is not None
    assert len(left) < len(whole) * 0.95
    assert _preprocessed(whole, tmp_path) == _preprocessed(left, tmp_path)


def _preprocessed(text: bytes, folder: Path) -> list[list[bytes]]:
    (folder / "a.cpp").write_bytes(text)
    command = ["g++", "-E", "-x", "c++", "a.cpp"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=True)
    return [line.split() for line in done.stdout.splitlines()]


def _without_directives(text: bytes) -> list[bytes]:
    lines = text.split(b"\n")
    kept, inside = [], False
    for line in lines:
        inside = inside or line.lstrip().startswith(b"#")
        kept.append(b"" if inside else line)
        inside = inside and line.endswith(b"\\")
    return kept
