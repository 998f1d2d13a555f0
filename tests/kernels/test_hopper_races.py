"""Undefined behaviour around Hopper's asynchronous instructions is found and named, in every seed.

hopper_races.cu is a right kernel with one flaw at a time; some would go unnoticed on a GPU for years.
"""

from __future__ import annotations

import ctypes
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.kernels.emulated import LAST_CTA, compile_kernels, emulator_alone
from tests.kernels.hopper_probe import Words, aligned, bits, small_integers, tensor_map

RACES = Path(__file__).with_name("hopper_races.cu")
SEEDS = range(6)

# What is wrong, and what the report must say. The order is that of Flaw in hopper_races.cu.
FLAWS = {
    "nothing is wrong": "",
    "operands are read before the wait": "while a copy fills it|has not waited on its mbarrier",
    "too few bytes are expected": "fewer bytes were expected|128 bytes came unexpected",
    "too many bytes are expected": r'deadlock.*mbarrier "operands\[3\]" parity 0(.|\n)*128 bytes',
    "the wrong parity is awaited": "while a copy fills it|has not waited on|deadlock.*parity 1",
    "try_wait is believed to wait": "while a copy fills it|has not waited on its mbarrier",
    "mbarrier.init is not fenced": r'"operands\[3\]", with no fence.mbarrier_init',
    "no barrier follows mbarrier.init": "its init by thread 0 is not visible|no mbarrier was init",
    "an mbarrier is initialised twice": r'"operands\[3\]" is initialised a second time',
    "an arrival too many": r'"spare": one arrival more than the 1 of phase 0',
    "a store hits an mbarrier": "st.shared touches an mbarrier at offset 4",
    "a load leaves shared memory": "outside the CTA's 17408 bytes",
    "a load is misaligned": "not 1024-byte aligned",
    "a load is awaited by nobody": "nobody waited for the load|expects 8192 bytes more",
    "wgmma.fence is missing": "no wgmma.fence",
    "registers change after wgmma.fence": "an accumulator was written after the last wgmma.fence",
    "accumulators change in flight": "accumulator 5 was written while in flight",
    "A registers change in flight": "an A register of thread .* was overwritten while wgmma",
    "the wait for wgmma is missing": "may read it|never waited for its last wgmma",
    "one warp issues no wgmma": "to be issued by all 128 threads",
    "warps disagree on a descriptor": "the threads of warpgroup 0 disagree",
    "an operand is overwritten in flight": r"the wgmma of warpgroup 0 at kernels/hopper_races.cu:\d+ may read",
    "a refill after one warp's release": r"may read it: nothing tells this thread that warp [123] has waited",
    "releases without a fence": "nothing tells this thread that warp [0-3] has waited",
    "fence.proxy.async is missing": "with no fence.proxy.async since",
    "no barrier before the TMA store": "with no (barrier|fence.proxy.async) since|never written",
    "a store's source is overwritten": "a TMA store that reads it was not waited for",
    "the CTA ends before its store has read": "never waited until the TMA store",
    "a store is never committed": "a TMA store never committed",
    "a barrier's counts differ": 'barrier 1 "output staged": (96|128) threads here',
    "one warp misses a barrier": 'deadlock.*bar.sync "output staged" barrier 1',
    "registers from an empty pool": "setmaxnreg",
    "output is written twice": r"output element \[0, 0, \d+, \d+\] is written twice",
    "output is never written": r"output element \[0, 0, 0, 0\] was never written",
}  # fmt: skip


@dataclass(frozen=True)
class Product:
    """hopper_races.cu with its operands; run(flaw, seed) gives the fault, "" if there was none."""

    probe: ctypes.CDLL
    races: ctypes.CDLL
    a: Words
    b: Words
    output: Words

    def run(self, flaw: int, seed: int) -> str:
        maps = [
            tensor_map(self.probe, tensor, [64, 64], [128], [64, 64], 128)
            for tensor in (self.a, self.b, self.output)
        ]
        sizes, strides = (ctypes.c_int64 * 4)(1, 1, 64, 64), (ctypes.c_int64 * 4)(0, 0, 64, 1)
        self.races.emulator_configure(seed, 0, LAST_CTA)
        self.races.emulator_watch_output(
            ctypes.c_void_p(self.output.ctypes.data), ctypes.byref(sizes), ctypes.byref(strides)
        )
        code = self.races.races_run(*maps, flaw)
        fault: str = self.races.emulator_fault().decode()
        assert (code == 0) == (fault == "")
        return fault


@pytest.fixture(scope="module")
def product(
    tmp_path_factory: pytest.TempPathFactory,
    surroundings: tuple[str, ...],
    hopper_probe: ctypes.CDLL,
) -> Product:
    target = tmp_path_factory.mktemp("races") / "races.so"
    races = ctypes.CDLL(str(compile_kernels(RACES, target, emulator_alone(surroundings))))
    races.emulator_fault.restype = ctypes.c_char_p
    races.emulator_configure.argtypes = (ctypes.c_uint64, ctypes.c_uint, ctypes.c_uint)
    a, b, output = (aligned((64, 64)) for _ in range(3))
    a[:], b[:] = (bits(small_integers(64, 64, seed=seed), False) for seed in (1, 2))
    return Product(hopper_probe, races, a, b, output)


# Harmless if the load happens to be early: only some schedules can show it.
BY_LUCK = "try_wait is believed to wait"


@pytest.mark.parametrize("flaw", [flaw for flaw in FLAWS if flaw != BY_LUCK])
def test_a_flaw_is_reported_by_name_in_every_seed(product: Product, flaw: str) -> None:
    for seed in SEEDS:
        fault = product.run(list(FLAWS).index(flaw), seed)
        if FLAWS[flaw]:
            assert re.search(FLAWS[flaw], fault), (seed, fault)
        else:
            assert fault == "", (seed, fault)


def test_a_try_wait_that_is_not_repeated_is_found_in_some_seed(product: Product) -> None:
    faults = [product.run(list(FLAWS).index(BY_LUCK), seed) for seed in range(16)]
    assert any(re.search(FLAWS[BY_LUCK], fault) for fault in faults), faults


def test_the_kernel_without_a_flaw_is_right_whatever_the_schedule(product: Product) -> None:
    a, b = (small_integers(64, 64, seed=seed) for seed in (1, 2))
    for seed in range(20):
        product.output[:] = 0
        assert product.run(0, seed) == ""
        assert np.array_equal(product.output.view(np.float16), a @ b.T), seed


def test_a_report_names_thread_source_line_and_instruction(product: Product) -> None:
    fault = product.run(list(FLAWS).index("a store hits an mbarrier"), 0)
    assert re.match(r"CTA 0, thread 1\b", fault), fault
    fault = product.run(list(FLAWS).index("wgmma.fence is missing"), 0)
    assert re.match(
        r"CTA 0, thread \d+ at kernels/hopper_races.cu:\d+ \(wgmma.mma_async\): ", fault
    ), fault
