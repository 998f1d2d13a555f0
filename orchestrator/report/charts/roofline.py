"""The roofline: TFLOPS over arithmetic intensity, under the machine's roofs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orchestrator.performance.device import Device
from orchestrator.performance.targets.judging import in_force, weight
from orchestrator.performance.work import intensity, tflops
from orchestrator.report.charts import frame, words
from orchestrator.report.charts.boxes import Box
from orchestrator.report.charts.canvas import WIDTH, Drawing, Item, Line, Markers, Place, Text
from orchestrator.report.charts.drawing import Chart, file_word, label, series
from orchestrator.report.charts.labels import along, taken
from orchestrator.report.charts.roofs import Level, Roofs, Slope, peak, roofs_of
from orchestrator.report.charts.scales import Scale, logarithmic
from orchestrator.report.charts.style import INK, MEASURED, Look
from orchestrator.report.families import sweep
from orchestrator.report.figures import Figure, Figures
from remote_payload.contract.result import Result

_PLOT_PX = 280.0
# Beyond the values, so that the uppermost label has room, and the lowest marker.
_ABOVE, _BELOW = words.LINE_PX + 8, 14.0
_APART = 14.0  # px between the providers of one case, which all have the same intensity
_LARGE, _SMALL = 5.5, 3.5
_FEW_TFLOPS = 10.0  # below which digits after the point tell something


def roofline(figures: Figures) -> Chart | None:
    """TFLOPS over arithmetic intensity under the machine's roofs; None if nothing was timed."""
    rows = [r for r in figures.rows if r.trusted]
    if not rows:
        return None
    method, dtype = rows[0].record.method, rows[0].record.case.dtype
    rows = [r for r in rows if (r.record.method, r.record.case.dtype) == (method, dtype)]
    title = f"Roofline, {dtype.value}, {method.value}"
    name = f"roofline-{dtype.value}-{file_word(method)}.svg"
    if figures.device is None:
        return Chart(name, title, None, "no roof is known for this machine")
    rows = [row for row in rows if row.tflops and intensity(row.facts)]
    if not rows:
        return Chart(name, title, None, "no FLOP are known of what was timed")
    subject = _subject(title, rows, figures.device, figures.result)
    return Chart(name, title, subject, description=subject.description)


@dataclass(frozen=True)
class Spot:
    """A provider. large: intensity and TFLOPS of the case that tells most; small: of the others.
    roof: TFLOPS of the nearest roof there, 0 where none is known, and times: how far it is below.
    """

    says: str
    look: Look
    large: Place
    small: tuple[Place, ...]
    roof: float = 0.0
    roof_name: str = ""
    times: float = 0.0

    @property
    def words(self) -> str:
        rate = self.large[1]
        text = f"{self.says}: {rate:.0f} TFLOPS"
        if rate < _FEW_TFLOPS:
            text = f"{self.says}: {rate:.3g} TFLOPS"
        return f"{text}, {self.times:.2f}× below {self.roof_name}" if self.times else text


@dataclass(frozen=True)
class Roofline:
    """where: the case of the large markers. ridge: intensity where the memory's roof ends."""

    title: str
    where: str
    spots: tuple[Spot, ...]
    roofs: Roofs
    ridge: float
    lowest: float

    @property
    def description(self) -> str:
        """Who reaches most, and how far that is from the machine's own bounds."""
        best = max(self.spots, key=lambda spot: spot.large[1])
        bounds = ", ".join(one.says for one in self._bounds if one.says)
        most = f"most at {self.where} has {best.words}"
        return " ".join(words.listed([most, f"the roofs are {bounds}", self.roofs.measured]))

    def drawing(self) -> Drawing:
        head, top = frame.heading(self.title, "TFLOPS (median)")
        across, up = self._scales(top)
        plot = Box(frame.left_of(up.ticks), top, WIDTH - frame.EDGE, top + _PLOT_PX)
        roofs = {one: _line(one, self.roofs, across, up, plot) for one in self._bounds}
        spots = [item for spot in self._placed(across, up, plot) for item in spot]
        axis = tuple(frame.axis_up(plot, up))
        texts: list[Text] = []
        entries = [frame.Entry(spot.words, spot.look, False) for spot in self.spots]
        # Those of level roofs are the longest, and have the fewest places.
        for one, line in reversed(roofs.items()):
            if one.says and line.paths:
                others = taken([*roofs.values(), *spots, *axis, *texts])
                text = along(one.says, line.paths[0], plot, others)
                texts += [text] if text else []
                entries += [] if text else [frame.Entry(one.says, one.look)]
        if self.roofs.measured:
            entries.append(frame.Entry(self.roofs.measured, Look(MEASURED)))
        beside = ["providers side by side"] if len(self.spots) > 1 else []
        large = [f"large: {self.where}"] if any(spot.small for spot in self.spots) else []
        titles = ("FLOP per byte of compulsory traffic", "; ".join((*beside, *large)))
        below, y = frame.axis_across(plot, across, *filter(None, titles))
        keys, y = frame.legend(entries, y)
        items = (*head, *axis, *below, *keys, *roofs.values(), *spots, *texts)
        return Drawing(self.title, self.description, y + frame.EDGE, items)

    @property
    def _bounds(self) -> tuple[Slope | Level, ...]:
        return (*self.roofs.slopes, *self.roofs.levels)

    def _scales(self, top: float) -> tuple[Scale, Scale]:
        places = [place for spot in self.spots for place in (spot.large, *spot.small)]
        rates = [rate for _, rate in places]
        documented = [one.rate for one in self.roofs.levels if one.look.shade != MEASURED]
        highest = max(*documented, *rates)
        lowest = min(*rates, self.lowest, highest / 10)
        bottom = top + _PLOT_PX
        up = logarithmic(lowest, highest, bottom - _BELOW, top + _ABOVE)
        at = [self.ridge, *(one for one, _ in places)]
        left, right = min(at) / 6, max(at) * 4
        return logarithmic(left, right, frame.left_of(up.ticks), WIDTH - frame.EDGE), up

    def _placed(self, across: Scale, up: Scale, plot: Box) -> list[list[Item]]:
        """Of each provider the other cases, the way to the roof, and the case that tells most."""
        placed: list[list[Item]] = []
        each = [across.at(x) for spot in self.spots for x, _ in (spot.large, *spot.small)]
        room = 2 * min(min(each) - plot.left, plot.right - max(each))
        apart = min(_APART, room / (len(self.spots) + 1))
        for number, spot in enumerate(self.spots):
            aside = apart * (number - (len(self.spots) - 1) / 2)
            small = tuple((across.at(x) + aside, up.at(y)) for x, y in spot.small)
            at = across.at(spot.large[0]) + aside, up.at(spot.large[1])
            items: list[Item] = []
            if spot.roof > spot.large[1]:
                top = max(up.at(spot.roof), plot.top)
                items.append(Line(((at, (at[0], top)),), spot.look.shade, thick=1.5))
                end = ((at[0] - apart / 2, top), (at[0] + apart / 2, top))
                items.append(Line((end,), INK, thick=1.5))
            items.append(Markers(small, spot.look.marker, spot.look.shade, _SMALL, True))
            placed.append([*items, Markers((at,), spot.look.marker, spot.look.shade, _LARGE)])
        return placed


def _line(one: Slope | Level, roofs: Roofs, across: Scale, up: Scale, plot: Box) -> Line:
    """A bandwidth from the left edge up to what computes at the most; a rate from where the memory
    could feed it, to the right edge. Nothing of what lies outside."""
    highest = max(level.rate for level in roofs.levels if level.look.shade != MEASURED)
    path: tuple[Place, ...] = ()
    if isinstance(one, Level):
        y = up.at(one.rate)
        start = min(max(across.at(one.rate / roofs.slopes[0].rate), plot.left), plot.right - 20)
        if plot.top <= y <= plot.bottom:
            path = ((start, y), (plot.right, y))
    else:
        first = max(across.low, _lowest(up, plot) / one.rate)
        last = min(across.high, highest / one.rate)
        if first < last:
            path = tuple((across.at(x), up.at(x * one.rate)) for x in (first, last))
    return Line((path,) if path else (), one.look.shade, one.look.dash, 1.5)


def _lowest(up: Scale, plot: Box) -> float:
    """The rate at the lower edge of the plot."""
    share = (plot.bottom - up.start) / (up.end - up.start)
    return float(up.low * (up.high / up.low) ** share)


def _subject(title: str, rows: list[Figure], device: Device, result: Result) -> Roofline:
    known = list(dict.fromkeys(row.facts for row in rows))
    spots = []
    for provider, look in series(rows, result.operator):
        mine = [row for row in rows if row.record.provider == provider]
        spots.append(_spot(provider, look, mine, result))
    along_axis = sweep((row.record.case for row in rows), result.operator)
    chosen = _telling(rows, result).record.case
    where = label(f"{along_axis.symbols}={along_axis.value(chosen)}", 30)
    ridge = peak(known[0], device)[1] * 1e3 / device.memory_gbs
    fp32 = device.fp32_tflops or peak(known[0], device)[1]
    bounds = roofs_of(known, device, result)
    return Roofline(label(title, 90), where, tuple(spots), bounds, ridge, fp32)


def _spot(provider: str, look: Look, rows: list[Figure], result: Result) -> Spot:
    chosen = _telling(rows, result)
    others = tuple(_place(row) for row in rows if row is not chosen)
    found = Spot(label(provider), look, _place(chosen), others)
    if chosen.roof is None or chosen.summary is None:
        return found
    top = tflops(chosen.facts, chosen.roof.floor_us) or 0.0
    times = chosen.summary.median_us / chosen.roof.floor_us
    return replace(found, roof=top, roof_name=chosen.roof.resource.value, times=times)


def _place(row: Figure) -> Place:
    return intensity(row.facts) or 0.0, row.tflops or 0.0


def _telling(rows: list[Figure], result: Result) -> Figure:
    return max(rows, key=lambda row: weight(row.facts, in_force(result)))
