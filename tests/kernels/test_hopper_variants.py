"""Every variant of the Hopper kernel, on a CPU: as right as the base, and nothing else in its stead."""

from __future__ import annotations

import ctypes
import re

import pytest
import torch
from blackwell_sparsek import attention_variant, library

from remote_payload.contract.request import Provider
from remote_payload.operators.attention import adversarial, catalog
from remote_payload.operators.loaded import CannotRun
from remote_payload.operators.setting import Setting
from remote_payload.providers import loading as providers
from tests.kernels.emulated import CSRC, EmulatedLibrary, arguments, normal, reference, worst

SEEDS = 16
every_variant = pytest.mark.parametrize("variant", library.VARIANTS)
# Those that add and multiply the same numbers in the same order as the base.
SAME_BITS = ("leader-locates", "spread-leaders", "late-q", "q-first", "lean", "ping-pong")

Tensors = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def run(emulated: EmulatedLibrary, qkv: Tensors, kernel: int, seed: int) -> torch.Tensor:
    """One sound launch."""
    got = emulated.forward(*qkv, seed=seed, kernel=kernel)
    assert (got.code, got.fault) == (0, ""), seed
    return got.output


def drawn(heads: int, seq: int) -> Tensors:
    q, k, v = normal(1, heads, seq, 64, dtype=torch.float16, seed=seq)
    return q, k, v


# Heads and rows. One strip, warpgroups without one, and a partner without one; more heads than SMs,
# so that whole heads follow each other through the ring; one head on several CTAs, and longer than
# the ring.
SHAPES = [(1, 1), (2, 65), (2, 200), (5, 320), (1, 700)]


@every_variant
@pytest.mark.parametrize(("heads", "seq"), SHAPES)
def test_no_schedule_changes_a_bit_of_a_variants_right_result(
    emulated: EmulatedLibrary, variant: str, heads: int, seq: int
) -> None:
    qkv, number = drawn(heads, seq), library.VARIANTS[variant]
    first = run(emulated, qkv, number, seed=0)
    assert worst(first, reference(*qkv)) < 1
    for seed in range(1, SEEDS):
        assert torch.equal(first, run(emulated, qkv, number, seed)), seed


@every_variant
def test_rows_whose_maximum_comes_late_are_computed_exactly_by_every_variant(
    emulated: EmulatedLibrary, variant: str
) -> None:
    q, k, v = drawn(3, 180)
    for column in (0, 9, 70):
        k[0, 1, 160 + column % 16] = 3 * q[0, 1, column]
    want = reference(q, k, v)
    for seed in range(SEEDS):
        got = run(emulated, (q, k, v), library.VARIANTS[variant], seed)
        assert worst(got, want) < 1, seed


@every_variant
def test_one_huge_key_takes_all_the_weight_in_every_variant(
    emulated: EmulatedLibrary, variant: str
) -> None:
    for hot in (0, 31, 63, 64, 127, 128, 137, 191):
        q, k, v = adversarial.one_huge_key((hot,), torch.float16)
        want = v[:, :, hot : hot + 1].double().expand(v.shape)
        got = run(emulated, (q, k, v), library.VARIANTS[variant], seed=hot)
        assert worst(got, want) < 1, hot


@every_variant
def test_whole_heads_of_the_headline_length_are_right_and_some_variants_give_the_bases_bits(
    emulated: EmulatedLibrary, variant: str
) -> None:
    qkv = drawn(4, 512)
    got = run(emulated, qkv, library.VARIANTS[variant], seed=2)
    assert worst(got, reference(*qkv)) < 1
    if variant in SAME_BITS:
        assert torch.equal(got, run(emulated, qkv, library.HOPPER, seed=1))


@every_variant
@pytest.mark.parametrize(
    ("dtype", "dim", "causal"),
    [(torch.bfloat16, 64, False), (torch.float16, 128, False), (torch.float16, 64, True)],
    ids=["bf16", "d128", "causal"],
)
def test_a_variant_is_refused_where_it_does_not_exist(
    emulated: EmulatedLibrary, variant: str, dtype: torch.dtype, dim: int, causal: bool
) -> None:
    q, k, v = normal(1, 1, 20, dim, dtype=dtype)
    number = library.VARIANTS[variant]
    assert emulated.forward(q, k, v, causal, kernel=number).code == 10
    args = arguments(q, k, v, q, causal, kernel=number)
    assert emulated.native.sparsek_kernel_name(ctypes.byref(args)) is None


@pytest.mark.parametrize("number", [-(2**31), -1, max(library.VARIANTS.values()) + 1, 2**31 - 1])
def test_a_number_that_is_no_kernels_is_refused(emulated: EmulatedLibrary, number: int) -> None:
    assert emulated.forward(*drawn(1, 20), kernel=number).code == 10


def test_the_library_knows_every_variant_by_the_number_and_name_that_python_has(
    emulated: EmulatedLibrary,
) -> None:
    q, k, v = drawn(1, 20)
    for variant, number in library.VARIANTS.items():
        args = arguments(q, k, v, q, kernel=number)
        name = emulated.native.sparsek_kernel_name(ctypes.byref(args)).decode()
        assert name == "hopper_fp16_d64_" + variant.replace("-", "_")
    declared = re.findall(r"SPARSEK_HOPPER_(\w+) = (\d+)", (CSRC / "attention/api.h").read_text())
    assert {name.lower().replace("_", "-"): int(number) for name, number in declared} == (
        library.VARIANTS
    )
    assert tuple(library.VARIANTS) == catalog.VARIANTS


def test_a_variant_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(ValueError, match="'early-q' is not one of leader-locates, "):
        attention_variant("early-q")


@every_variant
def test_a_variants_callable_checks_its_arguments_like_the_kernel_itself(variant: str) -> None:
    with pytest.raises(ValueError, match="must be CUDA tensors, got device cpu"):
        attention_variant(variant)(*drawn(1, 20))
    with pytest.raises(TypeError, match=r"k: expected a torch\.Tensor, got list"):
        attention_variant(variant)(drawn(1, 20)[0], [], [])


def test_a_variants_provider_runs_it_and_says_what_it_cannot_run(emulated: EmulatedLibrary) -> None:
    setting = Setting("cpu", str(CSRC.parent), seed=0, library=str(emulated.path))
    loaded = providers.load(Provider("sparsek-late-q"), setting)
    q, k, v = drawn(1, 20)
    named = loaded.implementation(q, k, v, False, 0.125)
    assert named.startswith("hopper_fp16_d64_late_q, emulated on the CPU, library sha256 ")
    assert worst(loaded.call(q, k, v, False, 0.125), reference(q, k, v)) < 1
    with pytest.raises(CannotRun, match=r"sparsek-late-q has no kernel .* takes FP16, head dim"):
        loaded.implementation(q, k, v, True, 0.125)
