"""Sites of runs that are home, made here, and what their pages say."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from orchestrator.store.index.values import Wanted
from orchestrator.store.runs import labels
from orchestrator.values.progress import Progress, Silence
from orchestrator.workflows.site.site import Around, Made, made
from remote_payload.contract.result import Result
from tests.index.kept import Runs, settle
from tests.report import synthetic

PACKED = re.compile(r'<p data-packed="([^"]*)">.*?</p>', re.DOTALL)
# Folds and drawings that are empty.
PLACE = re.compile(r"(<details[^>]*><summary>[^\0]*?</summary>|<svg[^>]*>)(</details>|</svg>)")
FIRST, SECOND, THIRD = (f"2026112{day}-101530-h100-bench" for day in (0, 1, 2))


@dataclass
class Kept:
    """Runs, and the folder of their site."""

    runs: Runs
    site: Path

    def make(
        self,
        progress: Progress = Silence(),  # noqa: B008
        wanted: Wanted = Wanted(),  # noqa: B008
        templates: Path | None = None,
        masked_by: str = "",
    ) -> Made:
        settle()
        around = Around(self.runs.store, self.runs.index, wanted, templates, masked_by)
        return made(self.site, around, progress)

    def page(self, run: str) -> str:
        """With what is packed in its place."""
        return unpacked((self.site / "runs" / f"{run}.html").read_text("utf-8"))

    def files(self) -> dict[str, bytes]:
        """All that the site consists of, beside its note."""
        return {
            str(path.relative_to(self.site)): path.read_bytes()
            for path in sorted(self.site.rglob("*"))
            if path.is_file() and path.name != ".site.json"
        }

    def read(self) -> dict[str, bytes]:
        """The same, with what is packed in its place."""
        return {
            name: unpacked(data.decode()).encode() if name.endswith(".html") else data
            for name, data in self.files().items()
        }

    def times(self) -> dict[str, int]:
        return {
            str(path.relative_to(self.site)): path.stat().st_mtime_ns
            for path in self.site.rglob("*.html")
        }

    def tag(self, run: str, *tags: str) -> None:
        labels.tag(self.runs.store.folder(run), tags)


def unpacked(page: str) -> str:
    """As the page's script does it."""
    found = PACKED.search(page)
    if found is None:
        return page
    insides = iter(inside(found[1]).split("\0"))
    before, main, rest = page.replace(found[0], "").partition("<main")
    whole = PLACE.sub(lambda place: f"{place[1]}{next(insides)}{place[2]}", rest)
    assert next(insides, None) is None
    return f"{before}{main}{whole}"


def inside(packed: str) -> str:
    """What is packed in such a text: bytes by four as numbers of five digits of 85."""
    digits = [chr(one) for one in range(33, 127) if chr(one) not in "\"&<>'/\\`@"]
    found = b""
    for at in range(0, len(packed), 5):
        number = 0
        for one in packed[at : at + 5].ljust(5, digits[-1]):
            number = number * 85 + digits.index(one)
        found += number.to_bytes(4, "big")
    return zlib.decompress(found[: len(packed) * 4 // 5]).decode()


@dataclass
class Seen(HTMLParser):
    """What a page is made of. ids: beside those within drawings."""

    text: str
    tags: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    handlers: list[str] = field(default_factory=list)
    lang: str = ""
    drawn: int = 0
    policy: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.drawn += tag == "svg"
        self.ids += [found["id"]] if "id" in found and not self.drawn else []
        self.handlers += [name for name in found if name.startswith("on")]
        self.links += [found["href"]] if tag == "a" and "href" in found else []
        self.loads += [found["src"]] if "src" in found else []
        self.loads += [found["href"]] if tag == "link" else []
        self.lang = found.get("lang", self.lang) if tag == "html" else self.lang
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"]

    def handle_endtag(self, tag: str) -> None:
        self.drawn -= tag == "svg"

    @property
    def title(self) -> str:
        found = re.search(r"<title>(.*?)</title>", self.text, re.DOTALL)
        return found[1] if found else ""


def seen(path: Path) -> Seen:
    return Seen(unpacked(path.read_text("utf-8")))


def broken(site: Path) -> list[str]:
    """Links and loads that lead nowhere, each with its page."""
    found = []
    for path in sorted(site.rglob("*.html")):
        page = seen(path)
        for link in (*page.links, *page.loads):
            parts = urlsplit(link)
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if parts.scheme or parts.netloc or not target.is_file():
                found.append(f"{path.name}: {link}")
            elif parts.fragment and target.suffix == ".html" and "=" not in parts.fragment:
                found += [] if parts.fragment in seen(target).ids else [f"{path.name}: {link}"]
    return found


def slower(by: float) -> Result:
    """The synthetic GPU run, ours slower by this factor."""
    of = synthetic.gpu_result()
    bench = tuple(
        replace(one, samples_us=tuple(round(us * by, 4) for us in one.samples_us))
        if one.provider == "sparsek"
        else one
        for one in of.bench
    )
    return replace(of, bench=bench)


class Watched(Silence):
    """Progress that does something after so many pages."""

    def __init__(self, after: int, act: Callable[[], object]) -> None:
        self._after, self._act = after, act

    def step(self, task: str, done: int, total: int | None, detail: str = "") -> None:
        if task == "pages" and done == self._after:
            self._act()
