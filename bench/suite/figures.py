# SPDX-License-Identifier: GPL-2.0-or-later
"""The figures that podgate is held to, and how each comes from the runs. A figure that was not measured is not met."""
from dataclasses import dataclass
from typing import Callable, Optional

from .spread import Spread, difference, ratio, select, spread, value

AT_LEAST, MORE_THAN, AT_MOST, LESS_THAN = "at least", "more than", "at most", "less than"
HOLDS = {
    AT_LEAST: lambda a, b: a >= b,
    MORE_THAN: lambda a, b: a > b,
    AT_MOST: lambda a, b: a <= b,
    LESS_THAN: lambda a, b: a < b,
}


def versus(workload, path, ours, theirs):
    return lambda runs: ratio(select(runs, workload, ours), select(runs, workload, theirs), path)


def of(workload, path, contender=None, **parameters):
    return lambda runs: spread(select(runs, workload, contender, **parameters), path)


def connect_extra_us(runs):
    return scaled(
        difference(select(runs, "connect-one", "tier2"), select(runs, "connect-one", "conntrack"), "connect_ns.p50"),
        1e-3,
    )


def scaled(found, factor):
    if found is None:
        return None
    return Spread(
        *(part * factor for part in (found.median, found.low, found.high, found.least, found.most)), found.count
    )


def flood_ratio(runs, contender="default"):
    """The worse of the two floods: new denied flows, new allowed flows."""
    quiet = select(runs, "flood", contender, flood="quiet")
    found = [
        ratio(select(runs, "flood", contender, flood=kind), quiet, "connect_ns.p99") for kind in ("denied", "allowed")
    ]
    return max(found, key=lambda one: one.median) if None not in found else None


LONG = 100_000  # entries of the flow table, in the figures of the workload churn; a smoke test has none


def churned(runs, contender, rate):
    entries = max((run["parameters"]["entries"] for run in select(runs, "churn")), default=0)
    return select(runs, "churn", contender, entries=min(entries, LONG), rate=rate)


def churn(path, rate, contender="podgate"):
    return lambda runs: spread(churned(runs, contender, rate), path)


def churn_p50_extra_us(runs):
    return scaled(
        difference(churned(runs, "podgate", 10), churned(runs, "podgate", 0), "connect_ns.p50"),
        1e-3,
    )


def eval_growth(runs):
    """Judging a flow under 10 000 policies, over the same under 10."""
    pairs = [(value(run, "judge_ns.10000"), value(run, "judge_ns.10")) for run in select(runs, "policy-micro")]
    return Spread.of(a / b for a, b in pairs if a is not None and b)


@dataclass(frozen=True)
class Figure:
    name: str
    title: str
    target: float
    sense: str
    unit: str
    measure: Callable
    digits: int = 2
    peer: Optional[tuple] = None  # a workload and a contender without which there is no such figure


FIGURES = (
    Figure(
        "verdicts_vs_fair_null",
        "verdicts/s, tier 3 over fair null",
        0.97,
        AT_LEAST,
        "x",
        versus("verdicts", "verdicts_per_s", "tier3", "fair"),
        3,
    ),
    Figure(
        "verdicts_vs_null_floor",
        "verdicts/s, tier 3 over null floor",
        0.85,
        AT_LEAST,
        "x",
        versus("verdicts", "verdicts_per_s", "tier3", "floor"),
        3,
    ),
    Figure(
        "verdicts_vs_recv_send",
        "verdicts/s, tier 3 over one recv + one send",
        1.0,
        MORE_THAN,
        "x",
        versus("verdicts", "verdicts_per_s", "tier3", "recv-send"),
        3,
    ),
    Figure(
        "conns_tier2_vs_conntrack",
        "TCP connections/s one at a time, podgate over a conntrack rule",
        0.95,
        AT_LEAST,
        "x",
        versus("connect-one", "per_s", "tier2", "conntrack"),
        3,
    ),
    Figure(
        "conns_tier2_vs_fair_null",
        "TCP connections/s one at a time, podgate over fair null",
        1.5,
        AT_LEAST,
        "x",
        versus("connect-one", "per_s", "tier2", "fair"),
    ),
    Figure(
        "connect_p50_tier2_extra_us",
        "median connect time, podgate less a conntrack rule",
        1.5,
        AT_MOST,
        "µs",
        connect_extra_us,
    ),
    Figure(
        "bulk_vs_none",
        "established bulk throughput over no rules",
        0.98,
        AT_LEAST,
        "x",
        versus("bulk", "gbit_s", "tier2", "none"),
        3,
    ),
    Figure("eval_growth", "judging a flow: 10 000 policies over 10", 2.0, AT_MOST, "x", eval_growth),
    Figure(
        "eval_ns",
        "judging a flow under 10 000 policies, warm",
        100,
        LESS_THAN,
        "ns",
        of("policy-micro", "judge_ns.10000"),
        1,
    ),
    Figure(
        "compile_ms",
        "compiling 10 000 policies for 10 000 pods",
        300,
        AT_MOST,
        "ms",
        of("policy-micro", "compile_ms"),
        1,
    ),
    Figure("pod_add_ms", "one pod added there", 5, AT_MOST, "ms", of("policy-micro", "pod_add_ms")),
    Figure(
        "rss_small_mib", "memory: 100 pods, 100 policies", 8, AT_MOST, "MiB", of("memory", "rss_mib", size="small"), 1
    ),
    Figure(
        "rss_large_mib",
        "memory: 15 000 pods, 10 000 policies",
        48,
        AT_MOST,
        "MiB",
        of("memory", "rss_mib", size="large"),
        1,
    ),
    Figure(
        "churn_cpu_vs_before",
        "CPU time of a change that concerns nobody else, over that of another build (--peer-podgate)",
        0.05,
        AT_MOST,
        "x",
        lambda runs: ratio(churned(runs, "podgate", 10), churned(runs, "before", 10), "cpu_ms_per_change"),
        3,
        peer=("churn", "before"),
    ),
    Figure(
        "churn_conns_vs_quiet",
        "others' connections/s at 10 such changes a second, over quiet",
        0.95,
        AT_LEAST,
        "x",
        lambda runs: ratio(churned(runs, "podgate", 10), churned(runs, "podgate", 0), "per_s"),
        3,
    ),
    Figure(
        "churn_p50_extra_us",
        "others' median connect time at 10 such changes a second, less quiet",
        1.5,
        AT_MOST,
        "µs",
        churn_p50_extra_us,
    ),
    Figure(
        "churn_rate",
        "such changes published a second, of 100 asked",
        95,
        AT_LEAST,
        "/s",
        churn("enforced_per_s", 100),
        1,
    ),
    Figure("churn_cpu", "CPUs taken by 100 such changes a second", 0.25, AT_MOST, "", churn("cpu_s_per_s", 100), 3),
    Figure("churn_total_p50_ms", "such a change, seen until enforced", 10, AT_MOST, "ms", churn("total_ms.p50", 10)),
    Figure("churn_total_p99_ms", "the same, 99th percentile", 50, AT_MOST, "ms", churn("total_ms.p99", 10)),
    Figure(
        "churn_read_p50_ms",
        "from a file's rename to new flows judged by it",
        10,
        AT_MOST,
        "ms",
        churn("rename_to_judged_ms.p50", 10),
    ),
    Figure("flood_p99_ratio", "others' connect p99 while one pod floods, over quiet", 2.0, AT_MOST, "x", flood_ratio),
)


@dataclass(frozen=True)
class Result:
    figure: Figure
    spread: Optional[Spread]

    @property
    def value(self):
        return self.spread.median if self.spread else None

    @property
    def met(self):
        return self.spread is not None and HOLDS[self.figure.sense](self.spread.median, self.figure.target)

    def summary(self):
        """What summary.json holds of it."""
        return {"name": self.figure.name, "value": self.value, "target": self.figure.target, "met": self.met}


def results(runs):
    return [
        Result(figure, figure.measure(runs))
        for figure in FIGURES
        if figure.peer is None or select(runs, *figure.peer)
    ]
