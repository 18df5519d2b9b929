# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs as the suite records them, made by hand."""
import json

PLACEMENT = {"cpus": 2, "load": "0", "contender": "1", "servers": "1", "flood": "0", "pods beside a flood": "1"}


def run(workload, contender, round_number=0, values=None, lost=None, **parameters):
    return {
        "workload": workload,
        "contender": contender,
        "round": round_number,
        "parameters": parameters,
        "values": values or {},
        "lost": lost or {},
        "cpu": {"busy_us": 10, "steal_us": 0, "wall_us": 10},
        "at_s": 0.0,
    }


def rounds(workload, contender, path, values, **parameters):
    """One run a round, each with one value."""
    runs = []
    for number, one in enumerate(values):
        for step in reversed(path.split(".")):
            one = {step: one}
        runs.append(run(workload, contender, number, one, **parameters))
    return runs


def good():
    """Every figure, and every one is met."""
    runs = []
    for key, rate in (("floor", 700e3), ("fair", 650e3), ("recv-send", 200e3), ("tier3", 640e3)):
        runs += rounds("verdicts", key, "verdicts_per_s", [rate * 0.9, rate, rate * 1.1])
    for key, rate, p50 in (
        ("none", 30e3, 18e3),
        ("conntrack", 25e3, 26e3),
        ("fair", 12e3, 60e3),
        ("tier2", 24.5e3, 27e3),
    ):
        runs += [
            run(
                "connect-one",
                key,
                n,
                {
                    "per_s": rate,
                    "connect_ns": {"p50": p50, "p99": 2 * p50, "p999": 3 * p50},
                    "failed": 0,
                    "syn_retransmits": 0,
                },
            )
            for n in range(3)
        ]
    for key, rates in (("none", [20, 22, 21]), ("tier2", [20, 21.9, 21])):
        runs += [
            run("bulk", key, n, {"gbit_s": rate, "bytes": 2**30, "retransmits": n}) for n, rate in enumerate(rates)
        ]
    runs.append(
        run(
            "policy-micro",
            "podgate",
            0,
            {
                "judge_ns": {"10": 20, "10000": 30},
                "lookup_ns": {"10": 3, "10000": 3},
                "naive_ns": {"10": 1e5, "10000": 1e8},
                "compile_ms": 40,
                "pod_add_ms": 0.4,
                "compilation": [
                    {
                        "shape": "realistic",
                        "pods": 10000,
                        "policies": 10000,
                        "compile_ms": 40.0,
                        "judge_ns": 31.0,
                        "snapshot_bytes": 2014944,
                    }
                ],
            },
        )
    )
    for size, mib in (("small", 6.5), ("large", 40.0)):
        runs.append(
            run(
                "memory",
                "default",
                0,
                {"rss_mib": mib, "rss_started_mib": mib, "pods": 100, "policies": 100},
                size=size,
            )
        )
    runs.append(run("idle", "default", 0, {"idle_cpu_percent": 0.131, "cpu_ms": 13.1, "seconds": 10, "processes": 2}))
    for flood, p99 in (("quiet", 100e3), ("denied", 150e3), ("allowed", 120e3)):
        runs += [
            run(
                "flood",
                "default",
                n,
                {"connect_ns": {"p50": 30e3, "p99": p99, "p999": 2 * p99}, "failed": 0},
                flood=flood,
            )
            for n in range(3)
        ]
    for key, cost_ms in (("podgate", 1.8), ("before", 412.8)):
        for rate in (0, 10, 100):
            took = {"p50": 0.5 * cost_ms, "p99": cost_ms}
            runs += [
                run(
                    "churn",
                    key,
                    n,
                    {
                        "per_s": 19e3,
                        "connect_ns": {"p50": 30e3 + 10 * rate},
                        "cpu_s_per_s": rate * cost_ms / 1e3,
                        "enforced_per_s": rate,
                        "cpu_ms_per_change": cost_ms,
                        "total_ms": took,
                        "rename_to_judged_ms": took,
                    },
                    entries=100000,
                    rate=rate,
                )
                for n in range(3)
            ]
    return runs


def facts(**changed):
    return {
        "machine": {
            "cpu": "Sample <CPU> & co",
            "cpus": 2,
            "virtual": True,
            "memory_mib": 1024,
            "kernel": "6.1",
            "architecture": "x86_64",
            "system": "Debian",
            "clocksource": "tsc",
            "iptables": "iptables v1.8.9",
            "podgate": "podgate 0.1.0",
            "commit": "0123456789",
            "conntrack_max": 262144,
            "conntrack_buckets": 262144,
        },
        "placement": PLACEMENT,
        "begun": "2026-11-24T12:00:00+00:00",
        "seconds": 600,
        "scale": "full",
        "backend": "nft",
        "family": 4,
        "workloads": {"verdicts": "verdicts/s"},
        "command": "",
        "partial": False,
        **changed,
    }


class Bench:
    """What the report takes from a bench."""

    def __init__(self, runs, texts=None):
        self.runs, self.texts, self.problems = runs, texts or {}, []

    def problem(self, workload, contender, reason):
        self.problems.append({"workload": workload, "contender": contender, "reason": str(reason)})

    @staticmethod
    def contenders_used():
        return []


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))
