"""A plain .cu file: real nvcc compiles it, its declaration holds it, and its key holds everything."""

from __future__ import annotations

import ctypes
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from orchestrator.report.comparing.builds import changes
from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.request import Provider
from remote_payload.contract.result import Result
from remote_payload.contract.tools.toolchain import Toolchain
from remote_payload.contract.words import Status
from remote_payload.operators.attention.definition import OPERATOR, attention_case
from remote_payload.operators.loaded import CompiledOnly, Form, Loaded
from remote_payload.operators.problem import Problem
from remote_payload.operators.setting import Setting
from remote_payload.providers import c_interface
from remote_payload.providers.loading import load
from tests.comparing import runs
from tests.comparing.test_builds import SOURCE
from tests.providers.places import EXAMPLES, checked, needs_ninja, needs_nvcc, snapshot

HALF = attention_case(batch=1, heads=4, kv_heads=2, seq=3, dim=8, dtype=DType.FP16)
LINE = "int attention(const void *q, const void *k, const void *v, void *out, long long B, "
LINE += "long long H, long long Hkv, long long S, long long Skv, long long D, long long W, "
LINE += "long long causal, double scale, void *stream)"
EMPTY = f'extern "C" {LINE} {{ return 0; }}\n'


def form(case: Case = HALF) -> Form:
    names = tuple(one.name for one in OPERATOR.inputs(case))
    outputs, scalars = OPERATOR.outputs(case), tuple(OPERATOR.scalars(case))
    return Form(OPERATOR, case, "cpu", names, outputs, scalars)


def test_the_declaration_names_inputs_outputs_every_axis_and_what_is_no_axis() -> None:
    assert c_interface.prototype(form(), "attention") == LINE
    windowed = attention_case(1, 4, 9, 8, DType.BF16, causal=True, window=3)
    assert c_interface.prototype(form(windowed), "attention") == LINE, "the same for every case"
    assert c_interface.axes(form(windowed)) == (1, 4, 4, 9, 9, 8, 3, 1)
    assert "#define SPARSEK_DTYPE SPARSEK_BF16" in c_interface.header(form(windowed), "attention")


def compiled(folder: Path, body: str) -> ctypes.CDLL:
    """A C function of that declaration, by the host's compiler."""
    source, library = folder / "f.cpp", folder / "f.so"
    source.write_text(c_interface.header(form(), "attention") + f"{LINE} {{ {body} }}\n")
    subprocess.run(["g++", "-shared", "-fPIC", "-o", library, source], check=True)
    return ctypes.CDLL(str(library))


@needs_ninja
def test_a_c_function_gets_pointers_axes_scalars_and_the_stream_in_this_order(
    tmp_path: Path,
) -> None:
    body = """
    if (B != 1 || H != 4 || Hkv != 2 || S != 3 || Skv != 3 || D != 8 || W || causal) return 1;
    if (scale != 0.25 || stream != (void *)77) return 2;
    for (int i = 0; i < 96; ++i) ((short *)out)[i] = ((short *)q)[i];
    return ((short *)k)[0] == ((short *)v)[0] ? 3 : 0;"""
    entry = c_interface.Entry(compiled(tmp_path, body).attention, form(), lambda: 77)
    q, k, v = (torch.full(one.size, number, dtype=torch.float16)
               for number, one in enumerate(OPERATOR.inputs(HALF), 1))  # fmt: skip
    out = entry(q, k, v, causal=False, scale=0.25)
    assert torch.equal(out, q)
    assert out.data_ptr() != q.data_ptr()
    with pytest.raises(RuntimeError, match="returned 2: cudaError 2"):
        entry(q, k, v, causal=False, scale=0.5)
    with pytest.raises(ValueError, match="k is not contiguous"):
        entry(q, k.transpose(2, 3), v, causal=False, scale=0.25)


@needs_ninja
def test_a_case_that_it_does_not_do_is_a_refusal_and_no_fault(tmp_path: Path) -> None:
    native = compiled(tmp_path, "return SPARSEK_UNSUPPORTED;").attention
    entry = c_interface.Entry(native, form(), lambda: 0)
    tensors = [torch.zeros(one.size, dtype=torch.float16) for one in OPERATOR.inputs(HALF)]
    with pytest.raises(NotImplementedError, match="does not do this case") as refused:
        entry(*tensors, causal=False, scale=1.0)
    loaded = Loaded(entry, lambda: None, lambda: "", users=True)  # type: ignore[arg-type,return-value]
    assert loaded.refuses(refused.value)


@needs_nvcc
def test_compile_errors_other_parameters_and_a_missing_function_are_told_apart(
    tmp_path: Path,
) -> None:
    texts = {
        "broken": EMPTY.replace("return 0", "return nothing"),
        "fewer": EMPTY.replace("double scale, ", ""),
        "typed": EMPTY.replace("const void *q", "const float *q"),
        "other": EMPTY.replace("attention(", "attentions("),
        "right": EMPTY.replace('extern "C" ', ""),
    }
    root = snapshot(tmp_path, {f"providers/{name}/k.cu": text for name, text in texts.items()})
    providers = [Provider(name, f"providers/{name}/k.cu:attention", True) for name in texts]
    found = {
        one.provider: one
        for one in checked(tmp_path, root, *providers, cases=(HALF,)).result.checks
    }
    assert found["right"].status is Status.SKIPPED, "declared before, it is a C function"
    assert found["right"].compiled
    for name in ("broken", "fewer", "typed", "other"):
        assert found[name].status is Status.FAILED
        assert not found[name].compiled
    said = 'providers/broken/k.cu:1: error: identifier "nothing" is undefined'
    assert found["broken"].reason == f"providers/broken/k.cu does not compile: {said}"
    for name in ("fewer", "typed"):
        assert found[name].reason.endswith(f'has "C" linkage; attention calls it as: {LINE}')
    assert found["other"].reason == f"providers/other/k.cu defines no attention; expected {LINE}"


@needs_nvcc
def test_what_was_compiled_is_kept_by_every_token_and_every_flag_of_its_own(tmp_path: Path) -> None:
    header = "#define ANSWER 0\n"
    files = {"providers/mine/k.cu": '#include "a.h"\n' + EMPTY.replace("0;", "ANSWER + EXTRA;")}
    other = {"providers/other/k.cu": EMPTY, "providers/other/a.h": header}
    root = snapshot(tmp_path, {**files, "providers/mine/a.h": header, **other})
    setting = Setting("cpu", str(root), seed=42, builds=str(tmp_path / "builds"), arch="sm_80")

    def builds(*flags: str, defines: tuple[str, ...] = ("EXTRA=0",)) -> int:
        toolchain = Toolchain(flags, defines=defines)
        provider = Provider("mine", "providers/mine/k.cu:attention", toolchain=toolchain)
        problem = Problem(OPERATOR, HALF, setting)
        with pytest.raises(CompiledOnly, match=r"no GPU here .* for sm_80 with -DEXTRA="):
            problem.implementation(load(provider, setting), problem.drawn())
        return len(list((tmp_path / "builds").glob("provider-*")))

    assert builds() == 1
    assert builds() == 1, "found again"
    assert builds("-lineinfo") == 2
    assert builds(defines=("EXTRA=1",)) == 3
    (root / "providers/mine/a.h").write_text(header + "// a comment\n")
    for path in other:
        (root / path).write_text("#error\n")
    assert builds() == 3, "neither a comment nor an edit of another provider's is one of it"
    (root / "providers/mine/a.h").write_text(header + "int another;\n")
    assert builds() == 4
    (root / "providers/mine/a.h").write_text(header)
    assert builds() == 4, "what was before is still there"


@needs_nvcc
def test_what_the_compiler_says_of_it_comes_home_and_an_edit_that_spills_is_told(
    tmp_path: Path,
) -> None:
    root = snapshot(tmp_path, {"providers/mine/k.cu": SOURCE + EMPTY})
    cases = (HALF, attention_case(1, 4, 9, 8, DType.FP16))

    def said(size: int) -> Result:
        toolchain = Toolchain(defines=(f"SIZE={size}",))
        provider = Provider("mine", "providers/mine/k.cu:attention", toolchain=toolchain)
        return checked(tmp_path, root, provider, cases=cases).result

    fits, again, spills = map(said, (64, 64, 300))
    (one,) = fits.provider_builds
    assert (one.provider, one.compilation.arch) == ("mine", "sm_90a")
    assert "-DSIZE=64" in one.compilation.command
    assert again.provider_builds == fits.provider_builds, "found again, and told again"
    found = changes(runs.side(fits), runs.side(spills, runs.NEW))
    assert [change.provider for change in found if change.spills] == ["mine", "mine"]
    assert found[0].words.startswith("attend (mine, sm_90a): bytes of spill stores 0 before, ")


def test_without_nvcc_it_says_that_it_was_not_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("CUDA_HOME", "CUDA_PATH"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("remote_payload.machine.toolkit.LOCAL", str(tmp_path))
    provider = Provider("mine", f"{EXAMPLES}/attention.cu:attention")
    setting = Setting("cpu", str(tmp_path), seed=42, builds=str(tmp_path / "builds"))
    problem = Problem(OPERATOR, HALF, setting)
    with pytest.raises(Exception, match=r"^not compiled: there is no nvcc here$"):
        problem.implementation(load(provider, setting), problem.drawn())
    other = replace(provider, toolchain=Toolchain(cuda_home=str(tmp_path / "none")))
    with pytest.raises(Exception, match="none has no bin/nvcc"):
        problem.implementation(load(other, setting), problem.drawn())
