"""Whether samples are drawn rightly: none that may not be drawn, and each as often as it should be.

As their bench/evaluators/sampling.py has it: which words may be drawn at all, with room for ties
and at the edge of a nucleus, and a distance in total variation. Theirs counts words; of a hundred
thousand that takes millions of samples. Here each sample becomes its place in its row's cumulative
distribution, which is uniform over [0, 1) if it is drawn rightly, and places are counted in GROUPS
parts, of all rows together: a lower bound of their distance, for which SAMPLES are enough. Of slow
calls there are fewer samples, and so fewer parts. Where words are few, they are counted.
"""

from __future__ import annotations

import math
import time
from typing import Any, Callable, Optional

import torch

from remote_payload.contract.records import Ruling
from remote_payload.operators.flashinfer.judge import BY
from remote_payload.operators.flashinfer.rules import Rules

Tensor = Any
GROUPS, FEWEST_GROUPS = 32, 8
# With so many for each part, chance alone is 0.08 in total variation: sqrt(parts / (2 pi samples)).
_OF_A_GROUP = 25
SAMPLES, FEWEST = 2000, _OF_A_GROUP * FEWEST_GROUPS
MOST_S = 20.0  # for more than FEWEST
_EDGE = 5e-2  # of a nucleus, as theirs
_SEED = 5
# So many words of a row can be counted one by one, if there are so many samples of it.
_FEW_WORDS = 1024
_FEWEST_OF_ROW = 100


def allowed(name: str, probs: Tensor, top_k: Optional[Tensor], top_p: Optional[Tensor]) -> Tensor:
    """Which words may be drawn, [rows, words]. name: of the definition, which says by what."""
    rows, words = probs.shape
    found = torch.ones_like(probs, dtype=torch.bool)
    order = probs.sort(dim=-1, descending=True)
    if "top_k" in name and top_k is not None:
        k = top_k.flatten().long().expand(rows)
        limited = (k > 0) & (k < words)
        kth = order.values.gather(1, (k.clamp(1, words) - 1)[:, None])
        found &= torch.where(limited[:, None], probs >= kth, found)
    if "top_p" in name and top_p is not None:
        p = top_p.flatten().to(probs.dtype).expand(rows)
        limited = (p > 0) & (p < 1)
        inside = order.values.cumsum(-1) <= (p + _EDGE)[:, None]
        inside[:, 0] = True
        nucleus = torch.zeros_like(found).scatter(1, order.indices, inside)
        found &= torch.where(limited[:, None], nucleus, found)
    return found


def rule(
    by: Rules,
    probs: Tensor,
    words: Tensor,
    samples: Tensor,
    again: Optional[Callable[[], Tensor]],
) -> Ruling:
    """probs: [rows, words]; words: as `allowed` gives it. again: one more call of the same; None
    where a call cannot be repeated, and then only what may be drawn is looked at."""
    if wrong := _forbidden(words, samples):
        return Ruling(BY, False, wrong)
    if again is None:
        return Ruling(BY, True, "all samples may be drawn")
    expected = probs.double() * words
    tables = _Tables(expected / expected.sum(-1, keepdim=True))
    tables.add(samples)
    until, calls = time.monotonic() + MOST_S, 1
    while tables.number < FEWEST or (
        (calls < by.trials or tables.number < SAMPLES) and time.monotonic() < until
    ):
        more = again()
        if more.shape != samples.shape:
            told = f"samples of shape {list(more.shape)}, and at first of {list(samples.shape)}"
            return Ruling(BY, False, f"{told}, in call {calls + 1}")
        if wrong := _forbidden(words, more):
            return Ruling(BY, False, f"{wrong}, in call {calls + 1}")
        tables.add(more)
        calls += 1
    said = f"{tables.number} samples of {calls} calls"
    off = tables.distance()
    told = f"{said} lie {off:.2g} from what they should be, in total variation"
    return Ruling(BY, off <= by.distance, f"{told}; {by.distance:g} are allowed")


def _forbidden(words: Tensor, samples: Tensor) -> str:
    rows, number = words.shape
    flat = samples.flatten().long()
    outside = (flat < 0) | (flat >= number)
    if bool(outside.any()):
        return f"{int(outside.sum())} of {flat.numel()} samples are none of {number} words"
    row = torch.arange(flat.numel(), device=flat.device) % rows
    wrong = int((~words[row, flat]).sum())
    return f"{wrong} of {flat.numel()} samples may not be drawn" if wrong else ""


class _Tables:
    """Samples, counted: by their places, of all rows together, and row by row."""

    def __init__(self, expected: Tensor) -> None:
        self._expected = expected.cpu()
        self._rows, words = expected.shape
        generator = torch.Generator().manual_seed(_SEED)
        shuffled = torch.randperm(words, generator=generator).expand(self._rows, words)
        orders = (self._expected.sort(-1, descending=True).indices, shuffled)
        self._begins = [_begins(self._expected, order) for order in orders]
        self._counts = [torch.zeros(GROUPS, dtype=torch.long) for _ in orders]
        self._by_row: Optional[Tensor] = None
        if words <= _FEW_WORDS:
            self._by_row = torch.zeros(self._rows, words, dtype=torch.long)
        self._generator = generator

    @property
    def number(self) -> int:
        return int(self._counts[0].sum())

    def add(self, samples: Tensor) -> None:
        flat = samples.flatten().long().cpu()
        row = torch.arange(flat.numel()) % self._rows
        within = torch.rand(flat.numel(), generator=self._generator, dtype=torch.float64)
        for counts, begins in zip(self._counts, self._begins):
            place = begins[row, flat] + within * self._expected[row, flat]
            group = (place * GROUPS).long().clamp(0, GROUPS - 1)
            counts += torch.bincount(group, minlength=GROUPS)
        if self._by_row is not None:
            self._by_row.index_put_((row, flat), torch.ones_like(flat), accumulate=True)

    def distance(self) -> float:
        """The largest: of places, or of the words of a row where they are few."""
        groups = GROUPS
        while groups > FEWEST_GROUPS and self.number < _OF_A_GROUP * groups:
            groups //= 2
        even = torch.full((groups,), 1 / groups, dtype=torch.float64)
        found = [_distance(counts.view(groups, -1).sum(1), even) for counts in self._counts]
        if self._by_row is not None and self.number >= _FEWEST_OF_ROW * self._rows:
            found += [_distance(*pair) for pair in zip(self._by_row, self._expected)]
        return max(found)


def _begins(expected: Tensor, order: Tensor) -> Tensor:
    """Where each word's part of [0, 1) begins if they lie in this order, [rows, words]."""
    lengths = expected.gather(1, order)
    return torch.zeros_like(expected).scatter(1, order, lengths.cumsum(-1) - lengths)


def _distance(counts: Tensor, expected: Tensor) -> float:
    """Half the sum of differences, less what is to be expected of so many samples drawn rightly:
    of a count its mean absolute deviation, sqrt(2 p (1 - p) / (pi n)), and squares add."""
    number = float(counts.sum())
    off = float((counts / number - expected).abs().sum()) / 2
    chance = float((2 * expected * (1 - expected) / (math.pi * number)).sqrt().sum()) / 2
    return math.sqrt(max(0.0, off * off - chance * chance))
