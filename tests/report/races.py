"""SYNTHETIC: what a machine did during a race. No figure in here was ever measured."""

from __future__ import annotations

from dataclasses import replace

from remote_payload.contract.watched import Span, Watched
from remote_payload.contract.words import Method
from tests.report import synthetic


def level(value: float) -> Span:
    """The same all the time."""
    return Span(value, value, value)


def on_gpu(**changes: object) -> Watched:
    """A race on an H100 that nothing disturbed."""
    quiet = Watched(
        synthetic.case(),
        Method.BACK_TO_BACK,
        seconds=12.0,
        samples=60,
        by="NVML, /proc",
        sm_clock_mhz=level(1755.0),
        memory_clock_mhz=level(2619.0),
        power_w=Span(480.0, 512.0, 530.0),
        power_limit_w=700.0,
        temperature_c=Span(52.0, 57.0, 58.0),
        margin_c=Span(29.0, 30.0, 35.0),
        throttle=(),
        other_processes=0,
        cpus=52,
        others_load=Span(0.02, 0.05, 0.2),
        own_load=Span(0.9, 1.0, 1.1),
        stolen=level(0.0),
        waiting=level(0.0),
        cost=0.004,
    )
    return replace(quiet, **changes)  # type: ignore[arg-type]


def on_cpu(**changes: object) -> Watched:
    """A race on 8 CPUs that nothing disturbed."""
    quiet = Watched(
        synthetic.cpu_result().request.cases[0],
        Method.BACK_TO_BACK,
        seconds=6.0,
        samples=30,
        by="/proc",
        cpus=8,
        others_load=Span(0.0, 0.05, 0.2),
        own_load=Span(3.6, 3.9, 4.0),
        stolen=level(0.0),
        waiting=Span(0.0, 0.01, 0.02),
        cpu_mhz=level(2600.0),
        cost=0.004,
    )
    return replace(quiet, **changes)  # type: ignore[arg-type]
