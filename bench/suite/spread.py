# SPDX-License-Identifier: GPL-2.0-or-later
"""Medians and spreads of runs. Two contenders are compared within a round, where they ran one after the other, and
the median is taken of the rounds' ratios: what slows the machine down for a while slows both. Nothing here ever
takes the best of anything.

A run is a dictionary as bench.Bench.measure() records it: workload, contender, round, parameters, values, ...
"""
import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """Of `count` values."""

    median: float
    low: float  # first quartile
    high: float  # third quartile
    least: float
    most: float
    count: int

    @classmethod
    def of(cls, values):
        """None of no values."""
        known = sorted(value for value in values if value is not None)
        if not known:
            return None
        low, _, high = statistics.quantiles(known, n=4, method="inclusive") if len(known) > 1 else known * 3
        return cls(statistics.median(known), low, high, known[0], known[-1], len(known))


def select(runs, workload, contender=None, **parameters):
    """The runs of a workload that went well, by contender and by parameters."""
    return [
        run
        for run in runs
        if run["workload"] == workload
        and (contender is None or run["contender"] == contender)
        and not run.get("failed")
        and all(run["parameters"].get(name) == value for name, value in parameters.items())
    ]


def value(run, path):
    """run["values"], by a path such as "connect_ns.p50"; None when it is not there."""
    found = run["values"]
    for step in path.split("."):
        if not isinstance(found, dict) or found.get(step) is None:
            return None
        found = found[step]
    return found if isinstance(found, (int, float)) and not isinstance(found, bool) else None


def spread(runs, path):
    return Spread.of(value(run, path) for run in runs)


def paired(runs, others, path, compare):
    """compare(ours, theirs) for each round in which both have a value."""
    theirs = {run["round"]: value(run, path) for run in others}
    pairs = ((value(run, path), theirs.get(run["round"])) for run in runs)
    return Spread.of(compare(a, b) for a, b in pairs if a is not None and b is not None)


def ratio(runs, others, path):
    return paired(runs, others, path, lambda a, b: a / b if b else None)


def difference(runs, others, path):
    return paired(runs, others, path, lambda a, b: a - b)


def in_order(keys, round_number):
    """Whose turn it is in a round: everybody's place rotates, so that no one always follows the same one at the
    same time."""
    at = round_number % len(keys) if keys else 0
    return keys[at:] + keys[:at]
