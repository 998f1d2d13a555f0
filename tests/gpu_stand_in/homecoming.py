"""What a rehearsal brought home, and when: the files in $OUT, and the results in them or beside."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

OURS = "sparsek"
_MEMBERS_SHOWN = 40

Result = dict[str, Any]


class Watch:
    """Looks at a run from outside while it goes on. tree: where the command runs."""

    def __init__(self, tree: Path, out: Path) -> None:
        self._tree, self._out = tree, out
        self._first: dict[str, float] = {}
        self._archived: list[tuple[float, int]] = []
        self._read: dict[Path, float] = {}

    def look(self, seconds: float) -> None:
        """Note what is there now, `seconds` after the start."""
        for path in sorted(self._out.rglob("*")):
            if path.is_file():
                self._once(f"{path.relative_to(self._out)} in $OUT", seconds)
        archive = self._archive()
        if archive is not None:
            size = archive.stat().st_size
            if not self._archived or self._archived[-1][1] != size:
                self._archived.append((seconds, size))
        for result in self._fresh():
            for event in events(result):
                self._once(event, seconds)

    def lines(self) -> Iterator[str]:
        """The report."""
        yield "in $OUT:"
        for path in sorted(self._out.rglob("*")):
            if path.is_file():
                yield f"  {path.relative_to(self._out)}  {path.stat().st_size:,} bytes"
                yield from _members(path)
        written = ", ".join(f"{at:.1f} s {size:,}" for at, size in self._archived)
        yield f"archive written at: {written or 'never'}"
        yield "first seen, seconds after the start:"
        for event, at in sorted(self._first.items(), key=lambda pair: pair[1]):
            yield f"  {at:7.1f}  {event}"
        home = list(results_in(self._archive()))
        left = [(str(path), text) for path in self._left() if (text := _json(path.read_bytes()))]
        yield from _described("in the archive", home)
        # What was left behind tells what an archive should have held.
        yield from _described("left behind on the machine", [] if home else left)

    def _once(self, event: str, seconds: float) -> None:
        self._first.setdefault(event, seconds)

    def _archive(self) -> Path | None:
        found = [*self._out.rglob("gpu-*.tgz"), *self._tree.glob(".gpu/*/gpu-*.tgz")]
        return found[0] if found else None

    def _left(self) -> list[Path]:
        runs = list(self._tree.glob("runs/*/result.json"))
        names = {path.parent.name for path in runs}
        return sorted([*runs, *(path for path in self._jobs() if path.parent.name not in names)])

    def _jobs(self) -> Iterator[Path]:
        """The payload's own results, which it rewrites after every step."""
        yield from (self._tree.parent / "home").glob("**/jobs/*/result.json")

    def _fresh(self) -> Iterator[Result]:
        for path in self._left():
            try:
                stamp = path.stat().st_mtime
                if self._read.get(path) == stamp:
                    continue
                result = _json(path.read_bytes())
            except OSError:
                continue
            self._read[path] = stamp
            if result is not None:
                yield result


def events(result: Result) -> Iterator[str]:
    """What a result holds by now, in words that stay the same."""
    for check in result.get("checks", ()):
        status = check["status"]
        yield f"check of {check['provider']} at {_label(check['case'])}: {status}"
    for row in result.get("bench", ()):
        if row["samples_us"] and not row["control"]:
            yield f"samples of {row['provider']} by {row['method']}"
    for name in ("traces", "proofs", "ceilings"):
        for record in result.get(name, ()) or ():
            what = record.get("name") or record.get("provider")
            yield f"{name}: {what} {record['status']}"


def results_in(archive: Path | None) -> Iterator[tuple[str, Result]]:
    """All result.json of an archive, by their names there."""
    if archive is None:
        return
    try:
        with tarfile.open(archive) as opened:
            for member in opened.getmembers():
                if Path(member.name).name == "result.json":
                    file = opened.extractfile(member)
                    result = _json(file.read()) if file is not None else None
                    if result is not None:
                        yield member.name, result
    except (OSError, tarfile.TarError, EOFError) as exc:
        print(f"the archive {archive} cannot be read: {exc}")


def _described(where: str, found: list[tuple[str, Result]]) -> Iterator[str]:
    for name, result in found:
        yield f"{where}: {name}: {result.get('status')} {result.get('reason', '')}".rstrip()
        for stage in result.get("stages", ()):
            seconds = stage.get("seconds")
            took = "" if seconds is None else f"{seconds:.1f} s"
            yield f"  {stage['stage']:10} {stage['status']:10} {took:>8}  {stage['reason'][:150]}"
        for check in result.get("checks", ()):
            reason = check["reason"][:120]
            case = _label(check["case"])
            yield f"    check {check['provider']:16} {case:28} {check['status']} {reason}"
        for row in result.get("bench", ()):
            control = " (A/A)" if row["control"] else ""
            count = f"{len(row['samples_us'])} samples of {row['calls']} calls"
            words = f"{row['provider']}{control} {row['method']} {_label(row['case'])}"
            yield f"    bench {words:50} {row['status']} {count} {row['reason'][:100]}"


def _members(path: Path) -> Iterator[str]:
    if path.suffix not in (".tgz", ".gz", ".tar"):
        return
    try:
        with tarfile.open(path) as opened:
            members = [member for member in opened.getmembers() if member.isfile()]
    except (OSError, tarfile.TarError, EOFError) as exc:
        yield f"    not readable: {exc}"
        return
    for member in members[:_MEMBERS_SHOWN]:
        yield f"    {member.size:>10,}  {member.name}"
    if len(members) > _MEMBERS_SHOWN:
        yield f"    and {len(members) - _MEMBERS_SHOWN} more"


def _label(case: Any) -> str:
    if not isinstance(case, dict):
        return str(case)
    sizes = "x".join(str(value) for _, value in case["axes"] if value is not True)
    causal = " causal" if ["causal", True] in case["axes"] else ""
    return f"{sizes} {case['dtype']}{causal}"


def _json(text: bytes) -> Result | None:
    """None for what is half written."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
