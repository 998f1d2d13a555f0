"""What a key means: `sdpa_p50_ms`, `throughput_gflops`, `Time (us)`, `speedup_vs_torch`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from orchestrator.audit.recognising import units
from orchestrator.audit.recognising.units import Unit
from orchestrator.audit.recognising.words import words_of
from orchestrator.audit.values import BEST, HIGH, LOW, MEAN, TOTAL, WORST, Quantity, Role

# Keys that hold a setting of the measurement, or another moment, and no result.
_NO_RESULT = words_of(
    "timestamp date datetime datetime_utc timeout limit budget warmup warm compile compilation "
    "build init load loading startup sleep interval deadline started finished created "
    "modified uptime eta version error err abs rel atol rtol tolerance memory mem vram "
    "allocated alloc temperature clock mhz ghz power watt watts energy joule joules"
)
# They stand in names of rates as well: `memory_bandwidth_gb_s`.
_OF_RATES = words_of("memory mem vram abs rel")
_TIME_WORDS = words_of(
    "time times latency latencies duration durations elapsed runtime walltime wall"
)
_STATISTICS = {
    **dict.fromkeys(words_of("mean avg average"), MEAN),
    **dict.fromkeys(words_of("median med"), "p50"),
    **dict.fromkeys(words_of("min minimum best fastest"), BEST),
    **dict.fromkeys(words_of("max maximum worst slowest"), WORST),
    **dict.fromkeys(words_of("total sum cumulative"), TOTAL),
    **dict.fromkeys(words_of("geomean gmean"), MEAN),
    **dict.fromkeys(words_of("low lower lo"), LOW),
    **dict.fromkeys(words_of("high upper hi"), HIGH),
    "q1": "p25",
    "q3": "p75",
}
_PERCENTILE = re.compile(r"(?:p|q|pct|perc|percentile)_?(\d{1,2}(?:\.\d+)?)|(\d{1,2})th|(\d{1,2})%")
_DEVIATION = words_of("std stdev stddev sd sigma deviation stdv")
_BESIDE_S = _TIME_WORDS | set(_STATISTICS) | _DEVIATION | {"samples", "raw"}
_CV = words_of("cv rsd relstd rstd noise")
# Words that say nothing of whose a figure is.
_IDLE = words_of(
    "performance perf result results stat stats statistics timing timings metric metrics summary "
    "benchmark benchmarks bench data measurement measurements value values roofline throughput "
    "bandwidth bw memory mem achieved effective measured observed sample samples raw list all rate "
    "rates per call iter iteration op the of in at by for to evaluation extra info standard "
    "dev rel relative ci ci95 conf confidence interval fraction compute computed arithmetic "
    "analysis percent pct exec execution factor"
)
_IDLE_OF_TIME = _IDLE | _TIME_WORDS
_SHARES = words_of("efficiency eff utilization utilisation util mfu mbu occupancy_of_peak")
_OF_A_PEAK = words_of("roofline bandwidth of sol")
_ROLES = {
    **dict.fromkeys(words_of("target goal required requirement"), Role.TARGET),
    **dict.fromkeys(words_of("peak theoretical ceiling roof spec nominal"), Role.PEAK),
}
_COUNTED = words_of("dram hbm counter counters ncu l2")
_PER = re.compile(r"(?:(?<= )|^)per ([a-z]+)")
_CALLS = words_of("call calls iter iteration launch run step s sec second op invocation sample")
_CALL_COUNTS = words_of(
    "iterations iters num_iters n_iters num_iterations n_iterations repeats repetitions runs "
    "num_runs n_runs rounds n num_samples n_samples sample_count num_repeats count"
)
_AGAINST = re.compile(r"(?:^| )(?:vs|versus|over|against|relative to|compared to) (.+)$")


@dataclass(frozen=True)
class Meaning:
    """As in `Figure`. unit: None for a time or share that names none. per: of what more than a call
    it is, such as a head; "" for a call."""

    quantity: Quantity
    unit: Unit | None = None
    who: str = ""
    against: str = ""
    statistic: str = ""
    role: Role = Role.MEASURED
    counted: bool = False
    per: str = ""


@lru_cache(maxsize=4096)
def meaning(key: str) -> Meaning | None:
    """What the key of a figure says; None for one that is not of a kind known here."""
    text = _plain(key)
    unit, rest = units.rate_of(text)
    rest, per = _per(rest)
    words = rest.split()
    role = next((_ROLES[word] for word in words if word in _ROLES), Role.MEASURED)
    words = [word for word in words if word not in _ROLES]
    is_rate = unit is not None or bool((_SHARES | {"bandwidth"}) & set(words))
    if _NO_RESULT & set(words) - (_OF_RATES if is_rate else set()):
        return None
    in_percent = bool({"pct", "percent", "%", "fraction"} & set(words))
    if role is Role.PEAK and unit is None and in_percent:
        words = [*words, "efficiency"]  # `peak_pct`, `fraction_of_peak`
    found = _speedup(rest) or _rate(unit, words) or _plain_kind(words) or _time(words)
    if found is None:
        return None
    if found.quantity is Quantity.SHARE and role is Role.PEAK:
        role = Role.MEASURED  # `% of peak`
    counted = bool(_COUNTED & set(text.split()))
    return replace(found, role=role, counted=counted, per=per)


def _per(text: str) -> tuple[str, str]:
    """A key without what it is per, and what that is: `us per head`."""
    if (found := _PER.search(text)) and found[1] not in _CALLS:
        return f"{text[: found.start()]} {text[found.end() :]}", found[1].removesuffix("s")
    return text, ""


def _plain(key: str) -> str:
    """The words of a key in lower case, apart by one blank; `/s`, `.` in numbers and `%` stay."""
    text = key[:200].replace("µ", "u").replace("μ", "u").replace("×", "x")
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", " ", text).lower()
    text = re.sub(r"speed[ _-]?up", "speedup", re.sub(r"slow[ _-]?down", "slowdown", text))
    text = re.sub(r"(?<!\d)\.|\.(?!\d)|[^a-z0-9./%]+", " ", text)
    # `ns/iter`, `ms / call`; what is left are rates, `gb/s`.
    return " ".join(re.sub(r" ?/ ?(?!s(?:ec(?:ond)?)?(?![a-z]))", " per ", text).split())


def _speedup(text: str) -> Meaning | None:
    against = ""
    if found := _AGAINST.search(text):
        against, text = found[1], text[: found.start()]
    words = text.split()
    if {"pct", "percent", "%"} & set(words):
        return None  # 25 % more, or 125 % of it: nobody knows
    for word, quantity in (("speedup", Quantity.SPEEDUP), ("slowdown", Quantity.SLOWDOWN)):
        if word in words:
            statistic, rest = _statistic([each for each in words if each != word])
            who = _who(rest, _IDLE_OF_TIME | {"x", "times"})
            return Meaning(quantity, None, who, " ".join(against.split()[:3]), statistic)
    return None


def _rate(unit: Unit | None, words: list[str]) -> Meaning | None:
    if unit is None:
        return None
    if _SHARES & set(words):
        return Meaning(Quantity.SHARE, None, _who(words, _IDLE | _SHARES))
    statistic, rest = _statistic(words)
    return Meaning(unit.quantity, unit, _who(rest, _IDLE_OF_TIME | _COUNTED), "", statistic)


def _plain_kind(words: list[str]) -> Meaning | None:
    """Kinds that a word of theirs gives away."""
    have = set(words)
    if have & {"gpu", "cpu"} and have & {"util", "utilization", "utilisation"}:
        return None  # how busy a machine was, not how well
    if have & _SHARES or (have & {"percent", "pct", "%"} and have & _OF_A_PEAK):
        in_percent = bool(have & {"percent", "pct", "%"})
        unit = Unit(Quantity.SHARE, 0.01, "%") if in_percent else None
        return Meaning(Quantity.SHARE, unit, _who(words, _IDLE | _SHARES | {"%", "sol"}))
    if "intensity" in have or {"ai"} == have or {"flop", "byte"} <= have:
        return Meaning(Quantity.INTENSITY, None, _who(words, _IDLE | {"intensity", "ai"}))
    relative = bool(have & {"rel", "relative", "%", "pct", "percent"})
    if have & _CV or (relative and have & _DEVIATION):
        unit = Unit(Quantity.RELATIVE_SPREAD, 0.01, "%") if have & {"%", "pct", "percent"} else None
        rest = [word for word in words if word not in TIMES_AND_SPREADS]
        return Meaning(Quantity.RELATIVE_SPREAD, unit, _who(rest, _IDLE_OF_TIME | {"%"}))
    if have & {"bytes"}:
        unit = Unit(Quantity.BYTES, 1.0, "B")
        return Meaning(Quantity.BYTES, unit, _who(words, _IDLE | {"bytes", "total", "moved"}))
    if "_".join(words) in _CALL_COUNTS or (
        words and words[-1] in _CALL_COUNTS and len(words) == 2 and words[0] in _IDLE
    ):
        return Meaning(Quantity.COUNT)
    if have in ({"ops"}, {"stats", "ops"}):
        return Meaning(Quantity.OTHER_RATE)
    return None


TIMES_AND_SPREADS = frozenset((*units.TIMES, *_DEVIATION, *_CV))


def _time(words: list[str]) -> Meaning | None:
    """A time says its unit, or that it is one, or which of many it is."""
    unit_words = [word for word in words if word in units.TIMES]
    # A lone `s` may be an axis, or a rate's: it is a unit where a word says that this is a time.
    if unit_words == ["s"] and not _BESIDE_S & set(words):
        unit_words = []
    unit = units.TIMES[unit_words[-1]] if unit_words else None
    rest = [word for word in words if word not in unit_words]
    deviation = bool(_DEVIATION & set(rest))
    statistic, rest = _statistic([word for word in rest if word not in _DEVIATION])
    if unit is None and not _TIME_WORDS & set(rest) and not (deviation or statistic):
        return None
    who = _who(rest, _IDLE_OF_TIME)
    if unit is None and statistic and who and not _TIME_WORDS & set(rest):
        return None  # `max_len`, `total_tokens`: of something else
    return Meaning(Quantity.SPREAD if deviation else Quantity.TIME, unit, who, "", statistic)


def _statistic(words: list[str]) -> tuple[str, list[str]]:
    """Which of many times, and the words without it."""
    for word in words:
        if word in _STATISTICS:
            return _STATISTICS[word], [each for each in words if each != word]
        if found := _PERCENTILE.fullmatch(word):
            number = float(found[1] or found[2] or found[3])
            return f"p{number:g}", [each for each in words if each != word]
    return "", words


def _who(words: list[str], idle: frozenset[str] | set[str]) -> str:
    return " ".join(word for word in words if word not in idle and not word.isdigit())
