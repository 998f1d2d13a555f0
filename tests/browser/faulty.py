"""Small pages with one fault each, and such as only look as if they had one."""

from __future__ import annotations

from tests.browser import eyes
from tests.browser.eyes import Eye
from tests.browser.opened import DARK, LIGHT, NARROW, PRINT, Dress

WIDE = "<div style='width: 600px'>too wide a word</div>"
LINE = "<path class='bsk-line' d='M 0 50 L 200 50' stroke='black' fill='none'/>"


def page(body: str, style: str = "") -> str:
    """A sound page around `body`."""
    return (
        "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>t</title>"
        "<meta name=viewport content='width=device-width'>"
        f"<style>{style}</style><body><h1>A page</h1>{body}</body></html>"
    )


def drawing(*parts: str, more: str = "") -> str:
    """A sound page with a drawing of 400 × 200."""
    return page(
        f"<svg width=400 height=200 viewBox='0 0 400 200' {more}><title>t</title><desc>d</desc>"
        f"{''.join(parts)}</svg>"
    )


def svg(*parts: str) -> str:
    """A file with such a drawing, without words."""
    start = "<svg xmlns='http://www.w3.org/2000/svg' width='400' height='200'>"
    return f"{start}{''.join(parts)}</svg>"


def text(words: str, x: int = 20, y: int = 100, more: str = "") -> str:
    return f"<text class='bsk-label' x='{x}' y='{y}' {more}>{words}</text>"


BAD: dict[str, tuple[Eye, Dress, str, str]] = {
    "a box wider than the window": (eyes.too_wide, NARROW, page(WIDE), "reaches to 608 px"),
    "a word wider than the window": (
        eyes.too_wide, NARROW, page(f"<p>{'word' * 40}</p>"), "in a window of 400 px",
    ),
    "a wide box that no key scrolls": (
        eyes.too_wide, NARROW, page(f"<div style='overflow-x: auto'>{WIDE}</div>"), "tabindex=0",
    ),
    "a wide box that is cut": (
        eyes.too_wide, NARROW, page(f"<div style='overflow: hidden'>{WIDE}</div>"), "hides 216 px",
    ),
    "no width for telephones": (eyes.too_wide, NARROW, "<h1>t</h1>", "no <meta name=viewport>"),
    "small text": (
        eyes.too_small, LIGHT, page("<p class=s style='font-size: 10px'>fine print</p>"),
        "<p.s> “fine print” is written in 10.0 px",
    ),
    "a drawing scaled until its text is small": (
        eyes.too_small, LIGHT, drawing(text("sdpa"), more="style='width: 200px; height: 100px'"),
        "“sdpa” is written in 8.0 px",
    ),
    "small text in details, unfolded": (
        eyes.too_small, LIGHT, page("<details open><small style='font-size: 9px'>a</small></details>"),
        "9.0 px",
    ),
    "a link into the page that nothing answers": (
        eyes.broken_links, LIGHT, page("<a href='#gone'>there</a>"), "the page has no such place",
    ),
    "a link to a file that is not there": (
        eyes.broken_links, LIGHT, page("<a href='gone.html'>there</a>"), "gone.html, which is not there",
    ),
    "a link to a folder": (
        eyes.broken_links, LIGHT, page("<a href='./'>there</a>"), "which only a server shows",
    ),
    "a link without a place": (eyes.broken_links, LIGHT, page("<a href=''>x</a>"), "leads nowhere"),
    "a link that runs a script": (
        eyes.broken_links, LIGHT, page("<a href='javascript:0'>x</a>"), "which is no place",
    ),
    "a picture that is not there": (
        eyes.broken_links, LIGHT, page("<img alt=a src='gone.svg'>"), "gone.svg did not load",
    ),
    "a name that is not in the page": (
        eyes.broken_links, LIGHT, page("<p aria-labelledby=gone>x</p>"), "names gone",
    ),
    "a script that fails": (
        eyes.console_errors, LIGHT, page("<script>gone.away()</script>"), "gone is not defined",
    ),
    "a script from the network": (
        eyes.requests, LIGHT, page("<script src='http://127.0.0.1:9/x.js'></script>"),
        "asks for http://127.0.0.1:9/x.js",
    ),
    "grey on white": (
        eyes.poor_contrast, LIGHT, page("<p style='color: #999'>pale</p>"),
        "<p> “pale” is faint: #999999 on #ffffff is 2.85:1 where 4.5:1 is asked",
    ),
    "half transparent": (
        eyes.poor_contrast, LIGHT, page("<p style='opacity: 0.4'>pale</p>"), "#999999 on #ffffff",
    ),
    "large but too faint even so": (
        eyes.poor_contrast, LIGHT, page("<p style='color: #999; font-size: 30px'>pale</p>"),
        "where 3:1 is asked",
    ),
    "black on what is black in the dark": (
        eyes.poor_contrast, DARK, page("<p style='color: #111'>x</p>", ":root {color-scheme: dark}"),
        "#111111 on #121212",
    ),
    "on a background of an outer box": (
        eyes.poor_contrast, LIGHT, page("<div style='background: #333'><b>bold</b></div>"),
        "#000000 on #333333",
    ),
    "text of a drawing by its fill": (
        eyes.poor_contrast, LIGHT, drawing(text("faint", more="fill='#bbb'")), "#bbbbbb on #ffffff",
    ),
    "text of a drawing on a shape": (
        eyes.poor_contrast, LIGHT,
        drawing("<rect width='200' height='200' fill='#222'/>", text("dark")), "#000000 on #222222",
    ),
    "text on a picture": (
        eyes.poor_contrast, LIGHT,
        page("<p style='background: linear-gradient(red, blue)'>x</p>"), "stands on a picture",
    ),
    "two labels in one place": (
        eyes.overlapping_labels, LIGHT, drawing(text("sdpa"), text("sparsek", 40, 104)),
        "the labels “sdpa” and “sparsek” touch",
    ),
    "a line through a label": (
        eyes.overlapping_labels, LIGHT, drawing(LINE, text("sdpa", 20, 55)),
        "<path.bsk-line> runs into the label “sdpa”",
    ),
    "a thick line beside a label": (
        eyes.overlapping_labels, LIGHT,
        drawing(LINE.replace("fill", "stroke-width='60' fill"), text("sdpa", 20, 90)), "runs into",
    ),
    "a mark moved onto a label": (
        eyes.overlapping_labels, LIGHT,
        drawing(text("sdpa"), "<g class='bsk-mark' transform='translate(30 95)'><circle r='4'/></g>"),
        "<circle> runs into the label “sdpa”",
    ),
    "a mark that is used onto a label": (
        eyes.overlapping_labels, LIGHT,
        drawing("<defs><circle id='m' r='4'/></defs><use class='bsk-mark' href='#m' x='30' y='95'/>",
                text("sdpa")),
        "<use.bsk-mark> runs into the label “sdpa”",
    ),
    "a label within a mark": (
        eyes.overlapping_labels, LIGHT,
        drawing("<rect class='bsk-mark' width='300' height='180' fill='#eee'/>", text("sdpa")),
        "<rect.bsk-mark> runs into the label",
    ),
    "a turned label that meets another": (
        eyes.overlapping_labels, LIGHT,
        drawing(text("sideways", 50, 150, "transform='rotate(-90 50 150)'"), text("sdpa", 30, 120)),
        "touch",
    ),
    "a label cut off": (
        eyes.overlapping_labels, LIGHT, drawing(text("sparsek", 380)), "cut off at the edge",
    ),
    "no language": (eyes.unnamed, LIGHT, "<title>t</title><h1>t</h1>", "does not say its language"),
    "no title": (eyes.unnamed, LIGHT, "<html lang=en><h1>t</h1>", "the page has no <title>"),
    "no heading": (eyes.unnamed, LIGHT, page("").replace("h1", "h2"), "has no main headings"),
    "two headings": (eyes.unnamed, LIGHT, page("<h1>b</h1>"), "has 2 main headings"),
    "a drawing without words": (
        eyes.unnamed, LIGHT, drawing().replace("<desc>d</desc>", ""), "has no <desc>",
    ),
    "an image without words": (eyes.unnamed, LIGHT, page("<img src='a/b.svg'>"), "b.svg has no alt"),
    "a table without a head": (
        eyes.unnamed, LIGHT, page("<table><td>1</table>"), "<table> “1” has no header cells",
    ),
    "a table with an empty head": (
        eyes.unnamed, LIGHT, page("<table><th><tr><td>1</table>"), "nothing but empty header cells",
    ),
    "details shut on paper": (
        eyes.broken_print, PRINT, page("<details><summary>s</summary><p>p</p></details>"),
        "<details> “sp” stays shut on paper",
    ),
    "a box cut off on paper": (
        eyes.broken_print, PRINT, page(f"<div style='overflow: auto; width: 99px'>{WIDE}</div>"),
        "is cut off on paper",
    ),
    "a box beyond the paper": (
        eyes.broken_print, PRINT, page(WIDE.replace("6", "9")), "beyond the paper's 718 px",
    ),
    "white on black on paper": (
        eyes.broken_print, PRINT, page("x", "body { color: white; background: black }"),
        "is #ffffff on white paper",
    ),
    "black paper": (
        eyes.broken_print, PRINT, page("x", "body { background: black }"), "the paper is #000000",
    ),
}  # fmt: skip

QUIET: dict[str, tuple[Eye, Dress, str]] = {
    "a wide box that keys scroll": (
        eyes.too_wide, NARROW, page(f"<div tabindex=0 style='overflow-x: auto'>{WIDE}</div>"),
    ),
    "a drawing may hold more than it shows": (
        eyes.too_wide, NARROW, drawing("<path d='M 0 0 L 999 0'/>", more="style='width: 90%'"),
    ),
    "what nobody sees may be small": (
        eyes.too_small, LIGHT,
        page("<p hidden style='font-size: 5px'>a</p><details><p style='font-size: 5px'>b</details>"),
    ),
    "small letters of a drawing that is scaled up": (
        eyes.too_small, LIGHT,
        drawing(text("sdpa", more="font-size='6'"), more="style='width: 800px; height: 400px'"),
    ),
    "links that lead somewhere": (
        eyes.broken_links, LIGHT,
        page("<a id=a href='#a'>a</a><a href='page.html#a'>b</a><a href='https://example.com/'>c</a>"),
    ),
    "a picture within the page": (
        eyes.requests, LIGHT, page("<img alt=a src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>"),
    ),
    "large text may be fainter": (
        eyes.poor_contrast, LIGHT, page("<p style='color: #888; font-size: 30px'>large</p>"),
    ),
    "white on a dark shape of a drawing": (
        eyes.poor_contrast, LIGHT,
        drawing("<rect width='200' height='200' fill='#222'/>", text("light", more="fill='#fff'")),
    ),
    "a label close above a line": (
        eyes.overlapping_labels, LIGHT, drawing(LINE, text("sdpa", 20, 44)),
    ),
    "a label below which a line turns off": (
        eyes.overlapping_labels, LIGHT,
        drawing("<path class='bsk-line' d='M 0 50 L 200 50 L 200 190' fill='none' stroke='#000'/>",
                text("between", 60, 120)),
    ),
    "an axis may touch": (
        eyes.overlapping_labels, LIGHT, drawing(LINE.replace("bsk-line", "x"), text("a", 20, 55)),
    ),
    "a drawing for decoration": (
        eyes.unnamed, LIGHT, page("<svg aria-hidden=true></svg><img alt='' src='x.png'>"),
    ),
    "details that a style opens on paper": (
        eyes.broken_print, PRINT,
        page("<details><summary>s</summary><p>p</p></details>",
             "@media print { details::details-content { content-visibility: visible } }"),
    ),
    "details that a script opens on paper": (
        eyes.broken_print, PRINT,
        page("<details><summary>s</summary><p>p</p></details><script>addEventListener('beforeprint',"
             "() => document.querySelector('details').open = true)</script>"),
    ),
}  # fmt: skip
