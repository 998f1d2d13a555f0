"""Whether samples are drawn rightly: none that may not be drawn, and each as often as it should be.

As their bench/evaluators/sampling.py has it: which words may be drawn at all, with room for ties
and at the edge of a nucleus, and a distance in total variation; but the distribution is that of the
nucleus itself, without the room, which is a large part of a small one. Theirs counts words;
of a hundred thousand that takes millions of samples. Here each sample becomes its place in its
row's cumulative distribution, which is uniform over [0, 1) if it is drawn rightly, and places are
counted in GROUPS parts, of all rows together: a lower bound of their distance, for which SAMPLES
are enough. Of slow calls there are fewer samples, and so fewer parts. Where words are few, they are
counted.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any, Callable, Optional, Tuple

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


@dataclass(frozen=True)
class Allowed:
    """Which words may be drawn, [rows, words]: at all, with room at the edge of a nucleus, and by
    each reading: the nucleus that top_p leaves is one of the whole row, as their judge has it, or
    one of what top_k left of it, as their references have it."""

    words: Tensor
    readings: Tuple[Tensor, ...]


def allowed(name: str, probs: Tensor, top_k: Optional[Tensor], top_p: Optional[Tensor]) -> Allowed:
    """name: of the definition, which says by what."""
    rows, words = probs.shape
    found = torch.ones_like(probs, dtype=torch.bool)
    if "top_k" in name and top_k is not None:
        k = top_k.flatten().long().expand(rows)
        limited = (k > 0) & (k < words)
        kth = probs.sort(dim=-1, descending=True).values.gather(1, (k.clamp(1, words) - 1)[:, None])
        found &= torch.where(limited[:, None], probs >= kth, found)
    if "top_p" not in name or top_p is None:
        return Allowed(found, (found,))
    p = top_p.flatten().to(probs.dtype).expand(rows)
    left = probs * found
    of = (probs,) if bool(found.all()) else (probs, left / left.sum(-1, keepdim=True))
    readings = tuple(found & _nucleus(one, p, 0.0) for one in of)
    return Allowed(found & _nucleus(probs, p, _EDGE), readings)


def _nucleus(probs: Tensor, p: Tensor, further: float) -> Tensor:
    """Up to the word with which p is reached, and so much further."""
    order = probs.sort(dim=-1, descending=True)
    reached, p = order.values.cumsum(-1), p[:, None]
    inside = (reached <= p + further) | (reached - order.values < p)
    inside[:, 0] = True
    within = torch.zeros_like(probs, dtype=torch.bool).scatter(1, order.indices, inside)
    return within | (p >= 1)


def rule(
    by: Rules,
    probs: Tensor,
    may: Allowed,
    samples: Tensor,
    again: Optional[Callable[[], Tensor]],
) -> Ruling:
    """probs: [rows, words]; may: of its readings one has to hold. again: one more call of the same;
    None where a call cannot be repeated, and then only what may be drawn is looked at."""
    if wrong := _forbidden(may.words, samples):
        return Ruling(BY, False, wrong)
    if again is None:
        return Ruling(BY, True, "all samples may be drawn")
    until, drawn, number = time.monotonic() + MOST_S, [_kept(samples)], samples.numel()
    while number < FEWEST or (
        (len(drawn) < by.trials or number < SAMPLES) and time.monotonic() < until
    ):
        more = again()
        wrong = _forbidden(may.words, more)
        if more.shape != samples.shape:
            wrong = f"samples of shape {list(more.shape)}, and at first of {list(samples.shape)}"
        if wrong:
            return Ruling(BY, False, f"{wrong}, in call {len(drawn) + 1}")
        drawn.append(_kept(more))
        number += more.numel()
    off = min(_off(probs.double() * one, torch.cat(drawn)) for one in may.readings)
    told = f"{number} samples of {len(drawn)} calls lie {off:.2g} from what they should be"
    told += f", in total variation; {by.distance:g} are allowed"
    return Ruling(BY, off <= by.distance, told)


def _kept(samples: Tensor) -> Tensor:
    """A copy, as the next call may well fill the same memory."""
    return samples.flatten().long().cpu().clone()


def _forbidden(words: Tensor, samples: Tensor) -> str:
    rows, number = words.shape
    flat = samples.flatten().long()
    outside = (flat < 0) | (flat >= number)
    if bool(outside.any()):
        return f"{int(outside.sum())} of {flat.numel()} samples are none of {number} words"
    row = torch.arange(flat.numel(), device=flat.device) % rows
    wrong = int((~words[row, flat]).sum())
    return f"{wrong} of {flat.numel()} samples may not be drawn" if wrong else ""


def _off(weights: Tensor, samples: Tensor) -> float:
    """How far samples lie from what the weights of words, [rows, words], say: by their places, of
    all rows together, or by the words of a row where they are few; the larger."""
    expected = (weights / weights.sum(-1, keepdim=True)).cpu()
    rows, words = expected.shape
    generator = torch.Generator().manual_seed(_SEED)
    shuffled = torch.randperm(words, generator=generator).expand(rows, words)
    row, number = torch.arange(samples.numel()) % rows, samples.numel()
    groups = GROUPS
    while groups > FEWEST_GROUPS and number < _OF_A_GROUP * groups:
        groups //= 2
    even, found = torch.full((groups,), 1 / groups, dtype=torch.float64), []
    for order in (expected.sort(-1, descending=True).indices, shuffled):
        within = torch.rand(number, generator=generator, dtype=torch.float64)
        place = _begins(expected, order)[row, samples] + within * expected[row, samples]
        group = (place * groups).long().clamp(0, groups - 1)
        found.append(_distance(torch.bincount(group, minlength=groups), even))
    if words <= _FEW_WORDS and number >= _FEWEST_OF_ROW * rows:
        counts = torch.zeros(rows, words, dtype=torch.long)
        counts.index_put_((row, samples), torch.ones_like(samples), accumulate=True)
        found += [_distance(*pair) for pair in zip(counts, expected)]
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
