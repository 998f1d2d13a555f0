"""Honest files, made at random and rounded as people round: none of them is called a liar."""

from __future__ import annotations

import json
import random
from typing import Any

from orchestrator.audit.audit import Verdict
from tests.audit.conftest import Audited, told

FILES = 60
SIZES = (128, 512, 1024, 4096)


def work(draw: random.Random) -> tuple[dict[str, Any], float, float]:
    """A case, its FLOP and its bytes."""
    if draw.random() < 0.5:
        m, n, k = (draw.choice(SIZES) for _ in range(3))
        case = {"op": "gemm", "M": m, "N": n, "K": k, "dtype": "fp16"}
        return case, 2 * m * n * k, 2 * (m * k + k * n + m * n)
    b, h, s, d = draw.choice((1, 8)), draw.choice((8, 32)), draw.choice(SIZES), 64
    causal = draw.random() < 0.5
    shape = {"B": b, "H": h, "S": s, "D": d, "dtype": "bfloat16", "causal": causal}
    return shape, 4 * b * h * s * s * d / (1 + causal), 8 * b * h * s * d


def rows(draw: random.Random) -> list[dict[str, Any]]:
    """Providers below each other, or side by side; figures to two to four decimals."""
    digits, wide = draw.choice((2, 3, 4)), draw.random() < 0.5
    names = draw.sample(("torch", "sdpa", "ours", "triton"), draw.choice((1, 2, 3)))
    made = []
    for number in range(draw.randint(1, 4)):
        case, flop, size = work(draw)
        # No faster than an H100, its memory and a launch.
        least = max(5.0, flop / 400e6, size / 3e6)
        times = {name: least * draw.uniform(1, 4) for name in names}
        if wide:
            row = {"name": f"case {number}", **case}
            for name, us in times.items():
                row |= {f"{name}_us": round(us, digits), f"{name}_tflops": flop / us / 1e6}
            made.append(row)
            continue
        for name, us in times.items():
            row = {"provider": name, "number": number, **case, "p50_us": round(us, digits)}
            row |= {"p90_us": round(us * 1.02, digits), "tflops": round(flop / us / 1e6, 2)}
            row |= {"gb_s": round(size / us / 1e3, 1)}
            made.append({**row, "speedup": round(times[names[0]] / us, 2)})
    return made


def as_table(made: list[dict[str, Any]], decimals: int) -> str:
    keys = list(dict.fromkeys(key for row in made for key in row))
    cells = [
        [
            f"{v:.{decimals}f}" if isinstance(v, float) else str(v)
            for v in (row.get(k, "") for k in keys)
        ]
        for row in made
    ]
    return "\n".join(",".join(line) for line in [keys, *cells]) + "\n"


def test_that_no_honest_file_is_called_a_liar(audited: Audited) -> None:
    draw = random.Random(13)
    held = 0
    for number in range(FILES):
        made = rows(draw)
        gpu = {"gpu": "NVIDIA H100 80GB HBM3", "results": made}
        text = as_table(made, 3) if number % 2 else json.dumps(gpu)
        found = audited(text, f"honest{number}")
        assert told(found) == [], text
        held += found.verdict is Verdict.HOLDS
    assert held == FILES
