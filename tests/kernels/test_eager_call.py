"""An eager call passes torch's dispatcher by where nobody listens, and is prepared only once."""

from __future__ import annotations

import gc
import threading
import warnings
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from blackwell_sparsek import (
    LibraryError,
    attention_forward,
    attention_variant,
    eager,
    library,
    ops,
)
from blackwell_sparsek.recent import Recent
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks.host_time import cpu_as_device
from tests.kernels.emulated import LAST_CTA, EmulatedLibrary, normal, reference, worst

OPERATOR = "blackwell_sparsek::attention_forward"


class Named(torch.Tensor):  # type: ignore[misc]
    """A subclass that adds nothing."""


class Onlooker(TorchDispatchMode):  # type: ignore[misc]
    """Sees every operator and changes none."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return func(*args, **(kwargs or {}))


@pytest.fixture
def on_cpu(emulated: EmulatedLibrary, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmulatedLibrary]:
    """The package takes CPU tensors, runs the emulated kernel, and has not seen any call."""
    monkeypatch.setattr(ops, "_RECENT", Recent(ops.MOST_INPUTS))
    emulated.native.emulator_configure(0, 0, LAST_CTA)
    with cpu_as_device(str(emulated.path)):
        yield emulated


def qkv(seed: int = 0, dtype: torch.dtype = torch.float16) -> list[torch.Tensor]:
    return normal(1, 2, 20, 64, dtype=dtype, seed=seed)


def test_mere_tensors_are_plain_where_nobody_listens() -> None:
    q, k, v = qkv()
    assert eager.is_plain(q, k, v)
    assert eager.is_plain(q, k, v, torch.empty_like(q))


@pytest.mark.parametrize(
    "listening",
    [
        pytest.param(FakeTensorMode, id="fake tensors"),
        pytest.param(TorchFunctionMode, id="a function mode"),
        pytest.param(Onlooker, id="a dispatch mode"),
        pytest.param(lambda: torch.device("cpu"), id="a default device"),
        pytest.param(torch.profiler.profile, id="a profile"),
    ],
)
def test_a_call_that_somebody_watches_goes_through_the_dispatcher(listening: Any) -> None:
    q, k, v = qkv()
    with listening():
        assert not eager.is_plain(q, k, v)
    assert eager.is_plain(q, k, v)


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda it: it.as_subclass(Named), id="a subclass"),
        pytest.param(lambda it: torch.nn.Parameter(it, requires_grad=False), id="a parameter"),
        pytest.param(torch._neg_view, id="negated when read"),
        pytest.param(lambda _: "q", id="no tensor"),
    ],
)
def test_what_is_more_than_its_memory_goes_through_the_dispatcher(place: int, other: Any) -> None:
    given: list[Any] = [*qkv(), torch.empty(1, 2, 20, 64).half()]
    given[place] = other(given[place])
    assert not eager.is_plain(*given)


def test_a_negated_view_a_parameter_and_a_subclass_give_what_their_values_give(
    on_cpu: EmulatedLibrary,
) -> None:
    q, k, v = qkv()
    attention_forward(q, k, v)
    with torch.no_grad():
        assert worst(attention_forward(torch._neg_view(q), k, v), reference(-q, k, v)) < 1
        assert torch.equal(
            attention_forward(torch.nn.Parameter(q), k, v), attention_forward(q, k, v)
        )
    named = attention_forward(q.as_subclass(Named), k, v)
    assert type(named) is Named
    assert torch.equal(named, attention_forward(q, k, v))


def test_a_torch_without_one_of_the_listeners_has_no_plain_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(torch._C, "_len_torch_dispatch_stack")
    assert eager._listeners() is None
    monkeypatch.setattr(eager, "_LISTENERS", None)
    assert not eager.is_plain(*qkv())


def test_traces_hold_the_operator_and_not_what_it_computed(on_cpu: EmulatedLibrary) -> None:
    q, k, v = qkv()
    graph = make_fx(lambda q, k, v: attention_forward(q, k, v))(q, k, v)
    assert any(OPERATOR.replace("::", ".") in str(node.target) for node in graph.graph.nodes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of torch.jit itself
        traced = torch.jit.trace(lambda *qkv: attention_forward(*qkv, scale=0.125), (q, k, v))
    assert OPERATOR in str(traced.graph)


def test_a_profile_names_the_operator(on_cpu: EmulatedLibrary) -> None:
    q, k, v = qkv()
    with torch.profiler.profile() as profile:
        attention_forward(q, k, v)
    assert OPERATOR in {event.name for event in profile.events()}


def test_vmap_gives_what_a_loop_gives(on_cpu: EmulatedLibrary) -> None:
    many = torch.stack([qkv(seed)[0] for seed in range(3)])
    mapped = torch.vmap(lambda one: attention_forward(one, one, one))(many)
    assert torch.equal(mapped, torch.stack([attention_forward(one, one, one) for one in many]))


def test_a_known_call_computes_from_what_its_memory_holds_now(on_cpu: EmulatedLibrary) -> None:
    q, k, v = qkv()
    held = [attention_forward(q, k, v) for _ in range(3)]
    assert len({out.data_ptr() for out in held}) == 3
    for out in held:
        assert worst(out, reference(q, k, v)) < 1
    v.mul_(-1.0)
    assert worst(attention_forward(q, k, v), reference(q, k, v)) < 1
    assert worst(held[0], reference(q, k, -v)) < 1


def test_calls_that_differ_in_one_thing_are_told_apart(on_cpu: EmulatedLibrary) -> None:
    q, k, v = qkv()
    other = torch.randn(1, 20, 2, 64).half()
    for _ in range(2):  # unknown first, then known
        assert worst(attention_forward(q, k, v), reference(q, k, v)) < 1
        assert worst(attention_forward(q, k, v, True), reference(q, k, v, causal=True)) < 1
        assert worst(attention_forward(q, k, v, scale=1), reference(q, k, v, scale=1.0)) < 1
        swapped = [tensor.view(1, 20, 2, 64).transpose(1, 2) for tensor in (q, k, v)]
        assert worst(attention_forward(*swapped), reference(*swapped)) < 1
        for out in (torch.empty_like(q), other.transpose(1, 2), other.view(1, 2, 20, 64)):
            assert attention_forward(q, k, v, out=out) is out
            assert worst(out, reference(q, k, v)) < 1
        # The same memory, read as another type.
        same = [tensor.view(torch.bfloat16) for tensor in (q, k, v)]
        assert worst(attention_forward(*same), reference(*same)) < 1


def test_a_known_call_is_still_refused_where_gradients_are_wanted(on_cpu: EmulatedLibrary) -> None:
    q, k, v = qkv()
    out = torch.empty_like(q)
    attention_forward(q, k, v, out=out)
    for tensor in (q, k, v, out):
        tensor.requires_grad_(True)
        with pytest.raises(ValueError, match="gradients are not supported"):
            attention_forward(q, k, v, out=out)
        with torch.no_grad():
            attention_forward(q, k, v, out=out)
        tensor.requires_grad_(False)


def test_a_known_input_does_not_excuse_a_new_output(on_cpu: EmulatedLibrary) -> None:
    q, k, v = qkv()
    attention_forward(q, k, v, out=torch.empty_like(q))
    with pytest.raises(ValueError, match="overlaps that of q"):
        attention_forward(q, k, v, out=q)
    with pytest.raises(ValueError, match="out: shape"):
        attention_forward(q, k, v, out=torch.empty(1, 2, 21, 64).half())
    with pytest.raises(ValueError, match="out: the last dimension"):
        attention_forward(q, k, v, out=torch.empty(1, 2, 64, 20).half().transpose(2, 3))


def test_a_known_call_keeps_no_tensor_alive(on_cpu: EmulatedLibrary) -> None:
    q, k, v = qkv()
    out = attention_forward(q, k, v)
    dead = [weakref.ref(tensor) for tensor in (q, k, v, out)]
    del q, k, v, out
    gc.collect()
    assert [each() for each in dead] == [None] * 4


def test_another_library_named_meanwhile_is_the_one_that_is_called(
    on_cpu: EmulatedLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    q, k, v = qkv()
    out = torch.empty_like(q)
    attention_forward(q, k, v, out=out)
    monkeypatch.setenv(library.ENVIRONMENT, "/nowhere/gone.so")
    with pytest.raises(LibraryError, match=r"gone\.so, which is not a file"):
        attention_forward(q, k, v, out=out)


def test_a_known_call_is_prepared_once_and_passes_the_dispatcher_by(
    on_cpu: EmulatedLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    q, k, v = qkv(7)
    out, prepared, prepare = torch.empty_like(q), [], library.Prepared

    def counted(args: Any) -> Any:
        prepared.append(args)
        return prepare(args)

    monkeypatch.setattr(library, "Prepared", counted)
    monkeypatch.setattr(ops, "_WRITING_OPERATOR", None)
    versions = []
    for _ in range(3):
        attention_forward(q, k, v, out=out)
        versions.append(out._version)
    assert len(prepared) == 1
    assert versions == sorted(set(versions)), "autograd is told of every write"


def test_a_known_call_is_not_taken_for_that_of_a_variant(on_cpu: EmulatedLibrary) -> None:
    q, k, v = qkv()
    out = torch.empty_like(q)
    attention_forward(q, k, v, True, out=out)
    with pytest.raises(LibraryError, match="cannot run this here"):
        attention_variant("late-q")(q, k, v, True, out=out)
    with pytest.raises(ValueError, match="resolve_neg"):
        attention_variant("late-q")(torch._neg_view(q), k, v)


@pytest.mark.parametrize("which", range(3))
def test_one_input_walked_another_way_is_another_call(on_cpu: EmulatedLibrary, which: int) -> None:
    given, out = list(qkv()), torch.empty(1, 2, 20, 64).half()
    memory = given[which].clone().view(-1)
    for view in (memory.view(1, 2, 20, 64), memory.view(1, 20, 2, 64).transpose(1, 2)):
        given[which] = view
        attention_forward(*given, out=out)
        assert worst(out, reference(*given)) < 1


def test_minus_zero_and_zero_are_one_scale_and_one_kernel(on_cpu: EmulatedLibrary) -> None:
    q, k, v = qkv()
    names = {ops.kernel_name(q, k, v, scale=scale) for scale in (0.0, -0.0)}
    assert names == {"hopper_fp16_d64"}
    assert torch.equal(attention_forward(q, k, v, scale=-0.0), attention_forward(q, k, v, scale=0))


def test_only_so_many_calls_are_remembered_and_the_oldest_goes_first() -> None:
    recent: Recent[int] = Recent(3)
    for key in range(5):
        recent.put(key, key * key)
    recent.put(4, 17)
    assert [recent.find(key) for key in range(5)] == [None, None, 4, 9, 17]


def test_threads_may_put_and_find_at_once() -> None:
    recent: Recent[int] = Recent(4)
    raised: list[BaseException] = []

    def work(first: int) -> None:
        try:
            for key in range(first, first + 3000):
                recent.put(key, -key)
                assert recent.find(key) in (None, -key)
        except BaseException as exc:
            raised.append(exc)

    threads = [threading.Thread(target=work, args=(first,)) for first in (0, 7, 1000, 1001)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not raised
    assert sum(recent.find(key) is not None for key in range(5000)) == 4
