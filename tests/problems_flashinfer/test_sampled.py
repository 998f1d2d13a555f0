"""Whether samples are drawn rightly, from as few of them as a slow reference leaves time for."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from remote_payload.contract.records import Ruling  # noqa: E402 (torch comes first)
from remote_payload.operators.flashinfer import sampled  # noqa: E402 (as above)
from remote_payload.operators.flashinfer.rules import Rules  # noqa: E402 (as above)

ROWS, WORDS = 4, 3000


def judged(temperature: float, monkeypatch: pytest.MonkeyPatch) -> Ruling:
    """Of somebody who draws at a temperature, with no time for more than the fewest samples."""
    monkeypatch.setattr(sampled, "MOST_S", 0.0)
    torch.manual_seed(7)
    logits = torch.randn(ROWS, WORDS) * 2
    probs, drawn = logits.softmax(-1), (logits / temperature).softmax(-1)
    anything = torch.ones(ROWS, WORDS, dtype=torch.bool)

    place = torch.zeros(ROWS, dtype=torch.long)

    def draw() -> Any:
        return place.copy_(torch.multinomial(drawn, 1).flatten())  # as who keeps one buffer does

    return sampled.rule(
        Rules(), probs, sampled.Allowed(anything, (anything,)), draw().clone(), draw
    )


def test_that_few_samples_drawn_rightly_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    ruling = judged(1.0, monkeypatch)
    assert ruling.right, ruling.words
    assert "200 samples of 50 calls" in ruling.words


@pytest.mark.parametrize("temperature", [0.5, 3.0])
def test_that_few_samples_of_another_distribution_are_wrong(
    temperature: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not judged(temperature, monkeypatch).right


def test_that_who_gives_no_more_samples_is_wrong() -> None:
    probs = torch.full((ROWS, WORDS), 1 / WORDS)
    anything, first = probs > 0, torch.arange(ROWS)
    ruling = sampled.rule(
        Rules(), probs, sampled.Allowed(anything, (anything,)), first, lambda: first[:0]
    )
    assert not ruling.right
    assert ruling.words == "samples of shape [0], and at first of [4], in call 2"


PROBS = torch.tensor([[0.4, 0.3, 0.12, 0.1, 0.08]])
K, P = torch.tensor([3]), torch.tensor([0.6])  # of which 0.4 is short


def test_that_the_word_that_reaches_p_may_be_drawn() -> None:
    may = sampled.allowed("top_p_sampling", PROBS, None, P)
    assert may.words.tolist() == [[True, True, False, False, False]]
    assert [one.tolist() for one in may.readings] == [may.words.tolist()]


def test_that_there_is_room_at_the_edge_of_a_nucleus_and_none_in_its_distribution() -> None:
    probs = torch.tensor([[0.3, 0.04, 0.03, *[0.021] * 30]])
    may = sampled.allowed("top_p_sampling", probs, None, torch.tensor([0.3]))
    (reading,) = may.readings
    assert (int(may.words.sum()), int(reading.sum())) == (2, 1)


def test_that_a_nucleus_is_one_of_all_or_of_what_top_k_left() -> None:
    may = sampled.allowed("top_k_top_p_sampling", PROBS, K, torch.tensor([0.8]))
    of_all, of_left = may.readings
    assert of_all.tolist() == [[True, True, True, False, False]]
    assert of_left.tolist() == [[True, True, False, False, False]]


@pytest.mark.parametrize(("weights", "right"), [([40, 30, 12], True), ([4, 3], True), ([1], False)])
def test_that_either_reading_is_right_and_nothing_else(weights: list[int], right: bool) -> None:
    torch.manual_seed(3)
    may = sampled.allowed("top_k_top_p_sampling", PROBS, K, torch.tensor([0.8]))
    drawn = torch.tensor([weights], dtype=torch.float32)
    one = torch.multinomial(drawn, 1).flatten()
    ruling = sampled.rule(Rules(), PROBS, may, one, lambda: torch.multinomial(drawn, 1).flatten())
    assert ruling.right is right, ruling.words
