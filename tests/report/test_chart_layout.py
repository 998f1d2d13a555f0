"""Of charts of any values no label touches a line, a marker, another label or the edge."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestrator.report.charts.boxes import Box, Segment, level_without
from orchestrator.report.charts.drawing import Point, Subject, label
from orchestrator.report.charts.floors import Bound, Floors
from orchestrator.report.charts.history import Change, History, Level, Track
from orchestrator.report.charts.roofline import Roofline, Spot
from orchestrator.report.charts.roofs import Level as Rate
from orchestrator.report.charts.roofs import Roofs, Slope
from orchestrator.report.charts.scaling import Curve, Scaling
from orchestrator.report.charts.style import INK, LOOKS, MUTED, Look
from tests.report.drawn import Drawn, read

NAMES = st.one_of(
    st.sampled_from(
        ["sdpa", "sparsek", "<script>alert(1)</script>", "]]>", "שלום", "🐢" * 9, "日本語"]
    ),
    st.text(min_size=1, max_size=60),
).map(label)
TIMES = st.floats(1e-3, 1e6)
RATES = st.floats(1e-2, 1e4)


def drawn(subject: Subject) -> Drawn:
    svg = subject.drawing().svg("any")
    assert svg == subject.drawing().svg("any")
    assert "\n\n" not in svg
    seen = read(svg)
    assert seen.said("title")
    assert seen.said("desc").endswith(".")
    return seen


@st.composite
def scalings(draw: st.DrawFn) -> Scaling:
    values = sorted(draw(st.sets(st.integers(0, 1 << 20), min_size=3, max_size=9)))
    curves = []
    for number, name in enumerate(draw(st.lists(NAMES, min_size=1, max_size=12))):
        at = [each for each in values if draw(st.booleans())] or values
        points = [(each, draw(TIMES), draw(st.floats(1, 1.5))) for each in at]
        told = tuple(Point(each, us / wide, us, us * wide) for each, us, wide in points)
        curves.append(Curve(name, LOOKS[number % len(LOOKS)], told))
    base = Curve("original report: A", Look(MUTED, "6 4"), curves[0].points)
    bases = (base,) if draw(st.booleans()) else ()
    return Scaling(draw(NAMES), draw(NAMES), "µs per head", tuple(curves), bases)


@st.composite
def alike(draw: st.DrawFn) -> Scaling:
    """As they are in earnest: all at all values, not far from each other."""
    values = [8, 16, 32, 64, 96, 128][: draw(st.integers(3, 6))]
    curves = []
    for number in range(draw(st.integers(1, 8))):
        pace = draw(st.floats(1, 3))
        told = tuple(Point(each, pace * 0.99, pace, pace * 1.01) for each in values)
        curves.append(Curve(f"provider-{number}", LOOKS[number], told))
    return Scaling("Scaling", "heads", "µs per head", tuple(curves), (curves[0],))


@st.composite
def rooflines(draw: st.DrawFn) -> Roofline:
    spots = []
    for number, name in enumerate(draw(st.lists(NAMES, min_size=1, max_size=10))):
        places = draw(st.lists(st.tuples(RATES, RATES), min_size=1, max_size=6))
        roof = draw(st.one_of(st.just(0.0), RATES))
        look = LOOKS[number % len(LOOKS)]
        spots.append(Spot(name, look, places[0], tuple(places[1:]), roof, "HBM", roof / 2))
    slopes = [Slope(f"HBM {rate:.3g} TB/s", rate, Look(INK)) for rate in draw(_few(1, 3))]
    levels = sorted(draw(_few(1, 4)), reverse=True)
    rates = [Rate(f"tensor {rate:.0f} TFLOPS", rate, Look(MUTED, "2 3")) for rate in levels]
    bounds = Roofs(tuple(slopes), tuple(rates), draw(st.sampled_from(["", "measured here: copy"])))
    return Roofline(
        "Roofline", "H=96", tuple(spots), bounds, levels[0] / slopes[0].rate, levels[-1]
    )


def _few(fewest: int, most: int) -> st.SearchStrategy[list[float]]:
    return st.lists(st.floats(0.1, 1e4), min_size=fewest, max_size=most)


@st.composite
def floored(draw: st.DrawFn) -> Floors:
    bounds = [Bound(f"{name} floor", draw(TIMES)) for name in ("HBM", "L2", "tensor", "exp")]
    names = draw(st.lists(NAMES, min_size=1, max_size=10))
    times = [Bound(name, draw(TIMES), LOOKS[each].shade) for each, name in enumerate(names)]
    return Floors(draw(NAMES), tuple(bounds[: draw(st.integers(1, 4))]), tuple(times))


@st.composite
def histories(draw: st.DrawFn) -> History:
    many = draw(st.integers(3, 80))
    commits = tuple(f"{number:040x}"[::-1] for number in range(many))
    tracks = []
    for number in range(draw(st.integers(1, 3))):
        middle = draw(st.floats(0.01, 1e4))
        points = [middle * draw(st.floats(0.8, 1.2)) for _ in commits]
        told = tuple(Point(at, 0.99 * one, one, 1.01 * one) for at, one in enumerate(points))
        steps = sorted(draw(st.sets(st.integers(1, many - 1), max_size=4)))
        changes = [Change("slower by 12.5 %", at, at, at, points[at]) for at in steps]
        ends = (0, *steps, many)
        levels = [Level(a, b - 1, middle) for a, b in pairwise(ends)]
        hollow = ((many - 1.0, middle),) if draw(st.booleans()) else ()
        track = (tuple(levels), tuple(changes), hollow)
        tracks.append(Track(draw(NAMES), LOOKS[number], told, *track))
    return History(draw(NAMES), "µs", commits, tuple(tracks))


@settings(max_examples=80, deadline=None)
@given(st.one_of(scalings(), alike(), rooflines(), floored(), histories()))
def test_no_text_touches_anything_nor_leaves_the_page(subject: Subject) -> None:
    assert drawn(subject).faults() == []


@settings(max_examples=40, deadline=None)
@given(alike())
def test_whoever_is_drawn_is_named_once_at_the_line_or_below(subject: Scaling) -> None:
    said = drawn(subject).words.split("\n")
    for curve in subject.curves:
        assert said.count(curve.says) == 1 + (curve is subject.curves[0])


@given(st.tuples(*[st.floats(-20, 20)] * 4), st.tuples(*[st.floats(-9, 9)] * 2))
@example((-20.0, 0.0, 20.0, 0.0), (0.0, 0.0))
@example((0.0, 0.0, 0.0, 0.0), (0.0, 0.0))
def test_a_stroke_that_goes_through_a_box_is_seen(
    ends: tuple[float, ...], corner: tuple[float, ...]
) -> None:
    box = Box(corner[0], corner[1], corner[0] + 5, corner[1] + 3)
    x1, y1, x2, y2 = ends
    inner = box.grown(-1e-6)
    through = any(
        inner.left <= x1 + n / 200 * (x2 - x1) <= inner.right
        and inner.top <= y1 + n / 200 * (y2 - y1) <= inner.bottom
        for n in range(201)
    )
    if through:
        assert box.meets(Segment(x1, y1, x2, y2))
    elif box.meets(Segment(x1, y1, x2, y2)):
        assert box.grown(0.2).meets(Segment(x2, y2, x1, y1))


def test_a_level_stroke_has_gaps_where_boxes_lie() -> None:
    stroke = Segment(0, 5, 100, 5)
    boxes = [Box(60, 0, 80, 10), Box(10, 0, 20, 10), Box(15, 0, 30, 10), Box(40, 6, 50, 10)]
    left = [(one.x1, one.x2) for one in level_without(stroke, boxes)]
    assert left == [(0, 10), (30, 60), (80, 100)]
