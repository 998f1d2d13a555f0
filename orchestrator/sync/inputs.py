"""What the build itself needs and would not travel: an error that names it, never silence.

A project may keep back what it likes: rules of its own `.gitignore` files hold, unless what they
keep back is included or imported by what travels. Rules from elsewhere, a repository inside the
project, a sparse checkout and a name that a secret could have are no such wish.
"""

from __future__ import annotations

import ast
import os
import posixpath
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.here import regular_file
from orchestrator.sync.checkout import git_line
from orchestrator.sync.left_out import CHECKOUT, IGNORED, LOST, SPARSE, files_of, mend
from orchestrator.sync.listing import Rule, has_sparse_rules, ignoring, sparse
from orchestrator.sync.neighbours import NOT_PARSED
from orchestrator.values.snapshot import Entry, Kind, Scan, Skipped

# What is compiled, run or compared with over there: these file names, in these folders.
_INPUT = re.compile(
    r"csrc/(?:.+/)?[^/]+\.cu|remote_payload/(?:.+/)?[^/]+\.py"
    r"|csrc/emulator/(?:.+/)?[^/]+\.(?:cpp|h)|csrc/conformance/emulated_answers\.txt"
)
_HEADERS, _EMULATOR = "csrc", "csrc/emulator"
_READS_HEADERS = (".cu", ".cuh", ".h", ".hpp", ".cpp", ".inl")
_PACKAGE = "remote_payload"
_MOST_FILES, _SHOWN = 20_000, 4
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_DIRECTIVE = re.compile(
    r"""^[ \t]*#[ \t]*(?:(if\w*)|(endif)|include[ \t]*(["<])([^">\n]+)[">])""", re.MULTILINE
)
_Missing = tuple[str, tuple[Skipped, str]]  # a path, what it stayed with, who needs it


def no_such_part(root: Path, part: str) -> UsageError:
    """The error for a folder of the project that is not there, as far as one may look."""
    try:
        (root / part).lstat()
    except PermissionError as error:
        return UsageError(
            f"cannot read the folder {root}: {error.strerror}", hint="Make it readable."
        )
    except OSError:
        pass
    if sparse(root, (part,)):
        words = ("sparse-checkout", "add") if has_sparse_rules(root) else CHECKOUT
        return UsageError(
            f"there is no {part}/ in {root}: it {SPARSE}",
            hint=f"`{git_line(root, part, *words)}` brings it here.",
        )
    return UsageError(
        f"there is no {part}/ in {root}",
        hint="Run this in the project's folder, the one that holds csrc/.",
    )


def require_parts(
    root: Path, parts: Sequence[str], travels: Iterable[str], skipped: Sequence[Skipped]
) -> None:
    """UsageError for a folder of which nothing would travel, though there is something in it."""
    begun = {path.partition("/")[0] for path in travels if "/" in path}
    for part in parts:
        place = root / part
        if part in begun:
            continue
        if not place.is_dir():
            kind = "a link to nothing" if place.is_symlink() else "no folder"
            raise UsageError(
                f"{part} in {root} is {kind}, so nothing of it can travel",
                hint="It has to be a folder of the project, or a link to one.",
            )
        if not any(files for _, _, files in os.walk(place)):
            continue
        inside = (one for one in skipped if f"{one.path.rstrip('/')}/".startswith(f"{part}/"))
        if item := next(inside, None):
            said = _explained(root, [item])[0]
            path = said.path.rstrip("/")
            raise UsageError(
                f"nothing in {part}/ would travel: {path} {said.reason}",
                hint=f"{mend(root, path, said)}.",
            )
        raise UsageError(f"nothing in {part}/ would travel", hint="Do its ignore rules hide all?")


def require_inputs(scan: Scan) -> Scan:
    """The scan itself, unless what it leaves at home is what the build needs: then UsageError."""
    travels = {entry.path: entry for entry in scan.snapshot.entries}
    missing = dict(_led_nowhere(scan))
    if scan.skipped:
        missing |= dict(_not_by_choice(scan, travels))
        missing |= dict(_needed(scan, travels))
    if not missing:
        return scan
    said = [f"{path} ({needed}) {item.reason}" for path, (item, needed) in missing.items()]
    more = f"; and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
    path, (item, _) = next(iter(missing.items()))
    raise UsageError(
        f"the build needs what would not travel: {'; '.join(said[:_SHOWN])}{more}",
        hint=f"{mend(scan.root, path, item)}.",
    )


def _led_nowhere(scan: Scan) -> Iterator[_Missing]:
    """Sources that are links to nothing; an editor's locks, which begin with a dot, are none."""
    for entry in scan.snapshot.entries:
        if entry.kind is not Kind.LINK or not _INPUT.fullmatch(entry.path):
            continue
        if posixpath.basename(entry.path)[0] != "." and not scan.local(entry).exists():
            yield entry.path, (Skipped(entry.path, LOST), "a source of its own")


def _not_by_choice(scan: Scan, travels: Collection[str]) -> Iterator[_Missing]:
    """Sources that stay at home for a reason that is no rule of the project's own."""
    for item in _explained(scan.root, scan.skipped):
        if item.usual:
            continue
        for path in islice(files_of(scan.root, item), _MOST_FILES):
            if _INPUT.fullmatch(path) and path not in travels:
                yield path, (item, "a source of its own")


def _explained(root: Path, skipped: Sequence[Skipped]) -> list[Skipped]:
    """With the rule where git ignores something; usual is left to what the project itself wants."""
    rules = ignoring(root, [item.path for item in skipped if item.reason == IGNORED])
    return [_with_rule(root, item, rules.get(item.path)) for item in skipped]


def _with_rule(root: Path, item: Skipped, rule: Rule | None) -> Skipped:
    if rule is None:
        # Where no rule is about a folder, but about all that is in it, git lists that as well.
        known = item.reason not in (IGNORED, SPARSE) or item.path.endswith("/")
        return replace(item, usual=item.usual and known)
    return replace(
        item,
        reason=f"{item.reason}: line {rule.line} of {rule.file}, `{rule.text}`",
        usual=_is_of_project(root, rule),
    )


def _is_of_project(root: Path, rule: Rule) -> bool:
    return rule.file.name == ".gitignore" and root in rule.file.parents


def _needed(scan: Scan, travels: dict[str, Entry]) -> Iterator[_Missing]:
    """What travelling files include or import whatever happens, and what stays at home."""
    staying = {
        path: item
        for item in scan.skipped
        for path in islice(files_of(scan.root, item), _MOST_FILES)
        if path not in travels
    }
    headers = {path for path in staying if path.startswith(f"{_HEADERS}/")}
    modules = {path for path in staying if path.startswith(f"{_PACKAGE}/") and path.endswith(".py")}
    for path, entry in travels.items():
        if entry.kind is Kind.LINK:
            continue
        wanted: set[str] = set()
        if headers and path.startswith(f"{_HEADERS}/") and path.endswith(_READS_HEADERS):
            wanted = headers.intersection(_included(path, _text(scan, entry), travels))
        elif modules and path.startswith(f"{_PACKAGE}/") and path.endswith(".py"):
            wanted = modules.intersection(_imported(path, _text(scan, entry)))
        explained = _explained(scan.root, [staying[one] for one in sorted(wanted)])
        for one, item in zip(sorted(wanted), explained, strict=True):
            yield one, (item, f"{path} needs it")


def _text(scan: Scan, entry: Entry) -> str:
    with suppress(OSError):
        return regular_file.read_text(scan.local(entry), "replace")
    return ""  # gone since it was scanned, as sending it will tell


def _included(path: str, text: str, travels: Collection[str]) -> Iterator[str]:
    """Where each `#include` may lead that stands under no condition; none that travels."""
    found = list(_DIRECTIVE.finditer(_COMMENT.sub("", text)))
    # An include guard is no condition.
    depth = -1 if found and found[0][1] == "ifndef" else 0
    for directive in found:
        depth += bool(directive[1]) - bool(directive[2])
        if directive[4] and depth <= 0:
            beside = (posixpath.dirname(path),) if directive[3] == '"' else ()
            folders = (*beside, _HEADERS, _EMULATOR)  # as the compilers search them
            places = [posixpath.normpath(f"{folder}/{directive[4]}") for folder in folders]
            if not any(place in travels for place in places):
                yield from places


def _imported(path: str, text: str) -> Iterator[str]:
    """Files of the payload that a module imports, anywhere but where it is ready for their lack."""
    with suppress(*NOT_PARSED):
        waiting: list[ast.AST] = [ast.parse(text)]
        while waiting:
            node = waiting.pop()
            waiting += (one for one in ast.iter_child_nodes(node) if not isinstance(one, ast.Try))
            for place in _places(node, path):
                yield f"{place}.py"
                yield f"{place}/__init__.py"


def _places(node: ast.AST, path: str) -> Iterator[str]:
    """Where Python would look for what a statement of the module at `path` imports."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        first = f"{node.module}." if node.module else ""
        names = [*filter(None, [node.module]), *(first + alias.name for alias in node.names)]
    else:
        return
    # The payload also puts its own folder last on sys.path, for the packages in it.
    folders: tuple[str, ...] = ("", f"{_PACKAGE}/")
    if isinstance(node, ast.ImportFrom) and node.level:
        inside = path.split("/")[: -node.level]
        folders = (f"{'/'.join(inside)}/",) if inside else ()
    else:
        names = [one for one in names if one.partition(".")[0] not in sys.stdlib_module_names]
    for name in names:
        yield from (f"{folder}{name.replace('.', '/')}" for folder in folders)
