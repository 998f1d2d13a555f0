"""Kinds of noise, as logarithms of what a turn takes.

Every function gives an array of shape (..., entrants, starts, rounds). What is shared is the same
for all entrants of a start and a turn, as they race side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any  # of floats
Draw = Callable[[np.random.Generator, tuple[int, ...], float], Array]
_SPIKE = 0.3  # of the time itself


def _normal(rng: np.random.Generator, shape: tuple[int, ...], cv: float) -> Array:
    return cv * rng.standard_normal(shape)


def _lognormal(rng: np.random.Generator, shape: tuple[int, ...], cv: float) -> Array:
    """As skewed as exp of a standard normal, and scaled to the CV."""
    return cv * np.exp(rng.standard_normal(shape)) / np.sqrt(np.expm1(1) * np.e)


def _t2(rng: np.random.Generator, shape: tuple[int, ...], cv: float) -> Array:
    """Of infinite variance; cv is its scale."""
    return cv * np.clip(rng.standard_t(2, shape), -0.9 / cv, 5 / cv)


def _spikes(rng: np.random.Generator, shape: tuple[int, ...], cv: float) -> Array:
    """One turn in twenty takes 30 % longer."""
    return _normal(rng, shape, cv) + np.log1p(_SPIKE) * (rng.random(shape) < 0.05)


def _bimodal(rng: np.random.Generator, shape: tuple[int, ...], cv: float) -> Array:
    """Every other turn, by chance, takes six CV longer."""
    return _normal(rng, shape, cv) + 6 * cv * (rng.random(shape) < 0.5)


def _drift(rng: np.random.Generator, shape: tuple[int, ...], cv: float) -> Array:
    """All get slower by 10 % from the first start to the last."""
    return _normal(rng, shape, cv) + np.linspace(0, np.log1p(0.1), shape[-2])[:, None]


def _warm_up(rng: np.random.Generator, shape: tuple[int, ...], cv: float) -> Array:
    """All begin each start 20 % slower, and get to their pace within a few turns."""
    return _normal(rng, shape, cv) + 0.2 * np.exp(-np.arange(shape[-1]))


def _quantised(rng: np.random.Generator, shape: tuple[int, ...], cv: float) -> Array:
    """The clock's grid is 1 % of the time, and the time anywhere on it."""
    where = rng.random((*shape[:-3], 1, 1, 1))
    return np.log(np.round(100 * np.exp(_normal(rng, shape, cv)) + where) / 100)


def _auto(rng: np.random.Generator, shape: tuple[int, ...], sd: float, keeps: float) -> Array:
    """Autocorrelated from turn to turn of a start, with the standard deviation sd."""
    fresh = rng.standard_normal(shape)
    for turn in range(1, shape[-1]):
        fresh[..., turn] *= np.sqrt(1 - keeps**2)
        fresh[..., turn] += keeps * fresh[..., turn - 1]
    return sd * fresh


def _shared_ar(rng: np.random.Generator, shape: tuple[int, ...], cv: float) -> Array:
    """All wander together by 5 %."""
    shared = _auto(rng, (*shape[:-3], 1, *shape[-2:]), 0.05, 0.99)
    return _normal(rng, shape, cv) + shared


def _throttle(rng: np.random.Generator, shape: tuple[int, ...], cv: float) -> Array:
    """All get slower by 15 % somewhere in the race, and stay so."""
    turns = np.arange(shape[-2] * shape[-1]).reshape(shape[-2:])
    when = rng.integers(0, turns.size, (*shape[:-3], 1, 1, 1))
    return _normal(rng, shape, cv) + np.log1p(0.15) * (turns >= when)


def _own_ar(rng: np.random.Generator, shape: tuple[int, ...], cv: float) -> Array:
    return _auto(rng, shape, cv, 0.9)


def _placed(sd: float) -> Draw:
    """Each process start has a pace of its own."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...], cv: float) -> Array:
        return _normal(rng, shape, cv) + sd * rng.standard_normal((*shape[:-1], 1))

    return draw


def _two_places(rng: np.random.Generator, shape: tuple[int, ...], cv: float) -> Array:
    """Every other process start, by chance, is 2 % slower: no bell, and few values."""
    return _normal(rng, shape, cv) + 0.02 * (rng.random((*shape[:-1], 1)) < 0.5)


def _odd_starts(rng: np.random.Generator, shape: tuple[int, ...], cv: float) -> Array:
    """One process start in twenty is 10 % slower."""
    return _normal(rng, shape, cv) + 0.1 * (rng.random((*shape[:-1], 1)) < 0.05)


@dataclass(frozen=True)
class Kind:
    """still: whether starts are draws of one and the same, so that a middle of them exists. beyond:
    not of the list that the goals are stated for."""

    name: str
    draw: Draw
    still: bool = True
    beyond: bool = False


KINDS = (
    Kind("normal", _normal),
    Kind("lognormal", _lognormal),
    Kind("t2", _t2),
    Kind("5 % spikes of 30 %", _spikes),
    Kind("bimodal, 6 CV apart", _bimodal),
    Kind("drift of 10 %", _drift, still=False),
    Kind("warm-up from 20 %", _warm_up),
    Kind("quantised to 1 %", _quantised),
    Kind("shared AR(.99) of 5 %", _shared_ar),
    Kind("throttle step of 15 %", _throttle, still=False),
    Kind("entrant's own AR(.9)", _own_ar),
    Kind("placement, sd .3 %", _placed(0.003)),
    Kind("placement, sd 1 %", _placed(0.01)),
    Kind("placement, sd 3 %", _placed(0.03)),
    Kind("placement, two levels 2 % apart", _two_places, beyond=True),
    Kind("1 start in 20 is 10 % slower", _odd_starts, beyond=True),
)
