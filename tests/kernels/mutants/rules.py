"""What may be broken in the Hopper kernel: each rule, at each place it matches, is one mutant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

FOLDER = "attention/hopper"


@dataclass(frozen=True)
class Rule:
    """`pattern` (a regular expression) becomes `replacement`, one match at a time.

    file: below FOLDER, or "../..." beside it. silent: why the trial cannot tell the mutant from the
    kernel; "" if it must. bf16: it shows in the variants for BF16 alone.
    """

    file: str
    pattern: str
    replacement: str
    silent: str = ""
    bf16: bool = False


@dataclass(frozen=True)
class Mutant:
    """One change of one file. name: file, line and what happened to it."""

    rule: Rule
    line: int
    text: str

    @property
    def name(self) -> str:
        return f"{self.rule.file}:{self.line} {self.rule.pattern} -> {self.rule.replacement}"


class RuleWithoutMatch(Exception):
    """The kernel has changed under a rule."""


def mutants_of(rule: Rule, source: str) -> Iterator[Mutant]:
    """Every mutant of a file's text; RuleWithoutMatch if there is none."""
    found = list(re.finditer(rule.pattern, source))
    if not found:
        raise RuleWithoutMatch(f"{rule.file}: nothing matches {rule.pattern!r}; mend the rule")
    for match in found:
        text = source[: match.start()] + match.expand(rule.replacement) + source[match.end() :]
        yield Mutant(rule, source.count("\n", 0, match.start()) + 1, text)


def dropped(file: str, statement: str, silent: str = "") -> Rule:
    """A statement is left out."""
    return Rule(file, re.escape(statement), "", silent)


def swapped(file: str, old: str, new: str, silent: str = "", bf16: bool = False) -> Rule:
    """A piece of text becomes another."""
    return Rule(file, re.escape(old), new.replace("\\", r"\\"), silent, bf16)


def narrowed(file: str, before: str, value: str) -> Rule:
    """After `before`, a value keeps 16 bits."""
    return swapped(file, before + value, f"{before}static_cast<uint16_t>({value})")


READS = "the emulator asks for a proxy fence after generic writes, not after generic reads"
COMPILER = "binds the compiler, which the emulator is not"
UNUSED = "the hardware does not use the field for operands one swizzle wide"
UNIFORM = "an optimisation: the value is the same in all lanes"
REDUNDANT = "another check catches what this one is for, within FP16"

KERNEL = [
    dropped("kernel.cuh", "ptx::fence_mbarrier_init();"),
    dropped("kernel.cuh", "ptx::sync_cta();"),
    dropped("kernel.cuh", "ptx::sync_warp();"),
    dropped("kernel.cuh", "strip.sync();"),
    dropped("kernel.cuh", "ring.wait(here);"),
    dropped("kernel.cuh", "strip.wait();"),
    dropped("kernel.cuh", "here.advance();"),
    dropped("kernel.cuh", "strip.advance();"),
    dropped("kernel.cuh", "here = item_start;"),
    dropped("kernel.cuh", "item_start = here;"),
    dropped("kernel.cuh", "if (last_pass) ring.release(here, item, block);"),
    dropped("kernel.cuh", "if (strip.leads()) ptx::bulk_wait_group<0>();"),
    dropped("kernel.cuh", "if (strip.leads()) strip.store(at);"),
    dropped("kernel.cuh", "ring.prepare();"),
    dropped("kernel.cuh", "softmax.look_at(s, block == 0);"),
    swapped("kernel.cuh", "if (last_pass) ring.release", "ring.release"),
    swapped("kernel.cuh", "pass + 1 == schedule.passes_per_item", "pass == 0"),
    swapped("kernel.cuh", "strip.sync_any(!trusted)", "!trusted"),
    swapped("kernel.cuh", "if (strip.leads()) strip.store(at);", "strip.store(at);"),
    swapped("kernel.cuh", "(strip.current + AHEAD) % Config::Q_BUFFERS", "strip.current"),
    swapped("kernel.cuh", "pass + AHEAD", "pass"),
    swapped("kernel.cuh", "kv + Config::BLOCK_BYTES", "kv"),
    swapped("kernel.cuh", "end_key > seq ||", ""),
    swapped("kernel.cuh", "Config::CAUSAL && end_key > row + 1", "false"),
    swapped("kernel.cuh", "row + warp * 16", "row"),
    swapped("kernel.cuh", "block == 0);\n  multiply_pv", "true);\n  multiply_pv"),
    swapped("kernel.cuh", "if (row < schedule.seq)", "if (true)"),
    swapped("kernel.cuh", "Output<Config> o = {};", "Output<Config> o;"),
    swapped("kernel.cuh", "(row + Config::STRIP_ROWS)", "(row)"),
    swapped("kernel.cuh", "q = ptx::shuffle_from(q, 0);", ";", UNIFORM),
]

RING = [
    swapped("ring.cuh", "load(stage, item, stage)", "load(stage, item, 0)"),
    swapped("ring.cuh", "parity ^= 1u;", ""),
    swapped("ring.cuh", "++stage == Config::STAGES", "++stage == Config::STAGES - 1"),
    swapped("ring.cuh", "== Config::WARPS - 1", "== 0"),
    swapped("ring.cuh", "before % Config::WARPS == Config::WARPS", "before % 4 == 4"),
    swapped("ring.cuh", "threadIdx.x % WARP_LANES != 0", "threadIdx.x % 128 != 0"),
    swapped("ring.cuh", "block + Config::STAGES)", "block + Config::STAGES + 1)"),
    swapped("ring.cuh", "block + Config::STAGES)", "block + Config::STAGES - 1)"),
    swapped(
        "ring.cuh", "Config::STAGE_BYTES);\n        load", "Config::BLOCK_BYTES);\n        load"
    ),
    swapped("ring.cuh", "block < blocks", "block <= blocks"),
    swapped("ring.cuh", "item += gridDim.x", "++item"),
    dropped("ring.cuh", "block -= blocks;"),
    swapped("ring.cuh", "load_panels(v(stage), &params.v", "load_panels(v(stage), &params.k"),
    swapped("ring.cuh", "k(stage) + Config::BLOCK_BYTES", "k(stage) + Config::BLOCK_BYTES / 2"),
    swapped("ring.cuh", "block * Config::BLOCK_KV", "block * 32"),
    swapped("ring.cuh", "down * PANEL_ROWS", "0"),
    swapped("ring.cuh", "across * PANEL_COLS", "0"),
    swapped("ring.cuh", 'full(stage), 1, "K/V', 'full(stage), 2, "K/V'),
    swapped("ring.cuh", "atomic_add_acq_rel_shared", "atomic_add_relaxed_shared"),
]

STRIP = [
    dropped("strip.cuh", "ptx::fence_proxy_async_shared();"),
    dropped("strip.cuh", "ptx::bulk_wait_group_read<0>();"),
    dropped("strip.cuh", "ptx::bulk_commit_group();"),
    dropped("strip.cuh", "parities ^= 1u << current;"),
    dropped("strip.cuh", "if (row >= schedule.seq) return;"),
    dropped("strip.cuh", "if (item >= schedule.items) return;"),
    dropped("strip.cuh", "item += gridDim.x;"),
    swapped("strip.cuh", "bulk_wait_group_read<0>", "bulk_wait_group_read<1>"),
    swapped("strip.cuh", "warpgroup * Config::Q_BUFFERS + buffer", "warpgroup + buffer"),
    swapped("strip.cuh", "Config::STRIP_BYTES);\n#pragma", "Config::STRIP_BYTES + 16);\n#pragma"),
    swapped(
        "strip.cuh", "1 + warpgroup, Config::WARPGROUP_THREADS", "1, Config::WARPGROUP_THREADS"
    ),
    swapped("strip.cuh", "1 + warpgroup, Config::WARPGROUP_THREADS", "1 + warpgroup, 64"),
    swapped("strip.cuh", "(chunk ^ (row % 8))", "chunk"),
    swapped("strip.cuh", "warp * 16 + lane % 16", "warp * 16 + lane % 8"),
    swapped("strip.cuh", "tile + lane / 16", "tile"),
    swapped("strip.cuh", "[tile + part / 2][part % 2 * 2]", "[tile + part % 2][part / 2 * 2]"),
    swapped("strip.cuh", "pair[0] * normalizer[part % 2]", "pair[0] * normalizer[part / 2]"),
    swapped("strip.cuh", "panel * PANEL_COLS, to.row", "0, to.row"),
    swapped("strip.cuh", "(current + 1) % Config::Q_BUFFERS", "0"),
    swapped("strip.cuh", '1, "Q full"', '2, "Q full"'),
]

MULTIPLY = [
    dropped("multiply.cuh", "ptx::wgmma_fence();"),
    dropped("multiply.cuh", "ptx::wgmma_commit_group();"),
    dropped("multiply.cuh", "ptx::wgmma_wait_group<0>();"),
    swapped("multiply.cuh", "ptx::wgmma_wait_group<0>", "ptx::wgmma_wait_group<1>"),
    dropped("multiply.cuh", "ptx::hold_registers(flat(s));", COMPILER),
    swapped("multiply.cuh", "Swizzle::B128", "Swizzle::B64"),
    swapped("multiply.cuh", "Swizzle::B128", "Swizzle::NONE"),
    swapped("multiply.cuh", "16, SWIZZLE_BYTES", "16, SWIZZLE_BYTES / 2"),
    swapped("multiply.cuh", "panel, 16, SWIZZLE_BYTES", "panel, 0, SWIZZLE_BYTES", UNUSED),
    swapped("multiply.cuh", "STEP_BYTES = 32", "STEP_BYTES = 64"),
    swapped("multiply.cuh", "step * 16 * ROW_BYTES", "step * 8 * ROW_BYTES"),
    swapped("multiply.cuh", "along_dim<Config::PANELS_DOWN>(step)), step != 0", "0), step != 0"),
    swapped("multiply.cuh", "step != 0);", "true);"),
    swapped("multiply.cuh", "ptx::Major::MN", "ptx::Major::K"),
    swapped("multiply.cuh", "ptx::Major::K>", "ptx::Major::MN>"),
    swapped("multiply.cuh", "across * Config::PANELS_DOWN * PANEL_BYTES", "0"),
]

WEIGHTS = [
    swapped("weights.cuh", "offset[1] = -scale_log2 * row_max(s, 1)", "offset[1] = offset[0]"),
    swapped("weights.cuh", "return quad_max(largest);", "return largest;"),
    swapped("weights.cuh", "sum[half] += w0 + w1;", "sum[half] += w0;"),
    swapped("weights.cuh", "Element{}, w0, w1)", "Element{}, w1, w0)"),
    swapped("weights.cuh", "t % 2 * 2 + half", "t % 2 + half * 2"),
    swapped("weights.cuh", "quad_sum(sum[half])", "sum[half]"),
    swapped("weights.cuh", "total < LARGEST_SUM<typename Config::Element>", "true"),
    swapped("weights.cuh", "fabsf(offset[half]) <= LARGEST_OFFSET", "true", REDUNDANT),
    dropped("weights.cuh", "sum[0] = fmaf(witness, 0.0f, sum[0]);"),
    swapped("weights.cuh", "*= rescale[i / 2]", "*= rescale[i % 2]"),
    Rule("weights.cuh", r"ptx::low_of_pair\(Half\{\}, pair\) \+", ""),
    Rule("exponential.cuh", r"EXPONENTS = 31", "EXPONENTS = 32"),
    Rule("exponential.cuh", r"BIAS = 15", "BIAS = 14"),
    Rule("exponential.cuh", r"ONES = 0x3c003c00u", "ONES = 0x38003800u"),
    Rule("exponential.cuh", r"LOW_HALVES = 0x5410u", "LOW_HALVES = 0x1054u"),
    Rule("exponential.cuh", r"C1 = 0xbd80bd80u", "C1 = 0xbd00bd00u"),
    Rule("exponential.cuh", r"INFINITY_BITS = 31744", "INFINITY_BITS = 31000"),
]

EXACT = [
    dropped("exact.cuh", "ptx::fence_proxy_async_shared();", READS),
    dropped("exact.cuh", "strip.sync();"),
    dropped("exact.cuh", "strip.wait();"),
    swapped("exact.cuh", "if (strip.leads()) strip.load", "strip.load"),
    swapped("exact.cuh", "replace(strip, &params.v, block)", "replace(strip, &params.k, block)"),
    swapped("exact.cuh", "2 * step + lane / 16", "2 * step"),
    swapped("exact.cuh", "value = 0.0f", "value = value"),
    swapped("exact.cuh", "key += Exact::BLOCK_KV", "key += 2 * Exact::BLOCK_KV"),
    swapped("exact.cuh", "schedule.seq, at.row + Config::STRIP_ROWS", "schedule.seq, at.row"),
]

HOST = [
    swapped("schedule.h", "item % items_per_head", "0"),
    swapped("schedule.h", "head % heads, head / heads", "head / heads, head % heads"),
    swapped("schedule.h", "warpgroup * Config::STRIP_ROWS", "0"),
    swapped("schedule.h", "(first_pass(item) + passes_per_item)", "first_pass(item)"),
    swapped("launch.cu", "blocks <= Config::STAGES &&", ""),
    swapped("launch.cu", "all_heads * schedule.items_per_head", "all_heads"),
    swapped(
        "tensor_map.cu", "tensor.seq, tensor.stride_s, dim", "tensor.seq, tensor.stride_h, dim"
    ),
    swapped("tensor_map.cu", "SWIZZLE_128B", "SWIZZLE_64B"),
]

# One tensor walked by another's strides.
LENT = r"[&] { auto rows = attention.\1; rows.stride_%s = attention.q.stride_%s; return rows; }()"
LAYOUTS = [
    *(
        Rule("launch.cu", rf"attention\.({who})(?=, attention, DIM)", LENT.replace("%s", stride))
        for who, stride in (("[kvo]", "h"), ("v", "s"), ("k", "b"))
    ),
    swapped("../api.cu", "rows_in(args.v, args.v_stride)", "rows_in(args.v, args.k_stride)"),
    Rule("../api.cu", r"args\.o_stride\[(\d)\]", r"args.q_stride[\1]"),
    swapped(
        "tensor_map.cu", "tensor.batch, tensor.stride_b, dim", "tensor.batch, tensor.stride_h, dim"
    ),
]

HEADS = [
    narrowed("schedule.h", "const int head = ", "item / items_per_head"),
    narrowed("kernel.cuh", "int item = ", "blockIdx.x"),
    swapped("ring.cuh", "schedule.at(item, block", "schedule.at(item & 0xffff, block"),
    swapped("strip.cuh", "schedule.at(item, row)", "schedule.at(item & 0xffff, row)"),
    narrowed("launch.cu", "const int all_heads = ", "params.batch * params.heads"),
]

BF16 = [
    swapped("weights.cuh", "60000.0f : 0x1p64f", "60000.0f : INFINITY", bf16=True),
    swapped("config.cuh", "&& std::is_same_v<Element, Half> ? 4 : 0", "? 4 : 0", bf16=True),
    Rule("weights.cuh", r"pack\(typename Config::Element\{\}", "pack(Half{}", bf16=True),
    Rule("multiply.cuh", r"typename Config::Element\{\}", "Half{}", bf16=True),
    swapped("strip.cuh", "ptx::pack(Element{}", "ptx::pack(Half{}", bf16=True),
]

EDGES = [
    swapped("schedule.h", "(a + b - 1) / b", "(a + b - 2) / b"),
    swapped("../mask.cuh", "key >= seq", "key > seq"),
    swapped("../mask.cuh", "key > query", "key >= query"),
    swapped("../mask.cuh", "key > query", "key > query + 1"),
    swapped("kernel.cuh", "end_key > seq ||", "end_key > seq + 1 ||"),
    swapped("kernel.cuh", "end_key > row + 1", "end_key > row + 64"),
    swapped("schedule.h", "ceil_div(end_row, ", "ceil_div(end_row - 64, "),
    swapped("exact.cuh", "at.row + threadIdx.x / WARP_LANES", "threadIdx.x / WARP_LANES"),
    swapped("exact.cuh", "first_query, key, schedule.seq", "first_query, key, schedule.seq + 1"),
    swapped("exact.cuh", "hide_keys<Config::CAUSAL>", "hide_keys<false>"),
    swapped("exact.cuh", "warp * 16 + lane % 16", "lane % 16"),
]

LATE = [
    swapped("weights.cuh", "trusted = trusted && total", "trusted = half == 1 ? trusted : total"),
    swapped("weights.cuh", "? 60000.0f :", "? 0x1p64f :"),
    swapped("kernel.cuh", "sync_any(!trusted)", "sync_any(!trusted && row < 64)"),
    swapped("kernel.cuh", "sync_any(!trusted)", "sync_any(!trusted && row < Config::PASS_ROWS)"),
    swapped("kernel.cuh", "sync_any(!trusted)", "sync_any(!trusted && threadIdx.x % 128 < 64)"),
    swapped(
        "kernel.cuh",
        "params, at);",
        "params, {row % Config::PASS_ROWS, at.at.head, at.at.batch});",
    ),
]

RULES = (
    *KERNEL,
    *RING,
    *STRIP,
    *MULTIPLY,
    *WEIGHTS,
    *EXACT,
    *HOST,
    *LAYOUTS,
    *HEADS,
    *BF16,
    *EDGES,
    *LATE,
)
