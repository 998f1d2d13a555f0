"""Whether samples are drawn rightly, from as few of them as a slow reference leaves time for."""

from __future__ import annotations

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

    def draw() -> torch.Tensor:
        return torch.multinomial(drawn, 1).flatten()

    return sampled.rule(Rules(), probs, anything, draw(), draw)


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
    ruling = sampled.rule(Rules(), probs, anything, first, lambda: first[:0])
    assert not ruling.right
    assert ruling.words == "samples of shape [0], and at first of [4], in call 2"
