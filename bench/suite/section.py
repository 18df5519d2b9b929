# SPDX-License-Identifier: GPL-2.0-or-later
"""One section of the report: how a workload was done, a plot, tables with what was lost. And the ways to make plots
and tables of runs that several sections share."""
from dataclasses import dataclass, field

from . import plots
from .process import ProcessError
from .spread import select, spread, value
from .text import NONE, escape, microseconds, plain, significant, tag
from .text import table as any_table

ROLES = {
    "none": "kernel",
    "conntrack": "kernel",
    "floor": "null",
    "fair": "null",
    "recv-send": "null",
    "tier3": "tier3",
    "tier2": "podgate",
    "default": "podgate",
    "plain": "plain",
    "ipset": "ipset",
}
TITLES = {
    "none": "no rules",
    "conntrack": "conntrack rule only",
    "floor": "null floor",
    "fair": "fair null",
    "recv-send": "one recv + one send",
    "tier3": "podgate, tier 3",
    "tier2": "podgate",
    "default": "podgate, all defaults",
    "plain": "plain iptables rules",
    "ipset": "ipset + iptables",
}

LOST = (
    ("queue_dropped", "queue full"),
    ("user_dropped", "socket full"),
    ("conntrack_insert_failed", "insert failed"),
    ("conntrack_drop", "conntrack drop"),
)


def role(key):
    return ROLES.get(key, "peer")


def title(key):
    return TITLES.get(key, key)


def table(columns, rows):
    return any_table(columns, rows, class_="data")


@dataclass
class Section:
    name: str
    heading: str
    how: str  # HTML
    plot: str = ""  # an SVG
    plot_text: str = ""  # what it shows
    tables: list = field(default_factory=list)
    note: str = ""
    trouble: str = ""  # why it has no plot


def draw(section, make, *arguments, **named):
    """A plot that cannot be drawn is said so; the figures stand without it."""
    try:
        section.plot = make(*arguments, **named)
    except ProcessError as error:
        section.trouble = f"no plot: {error}"


def contenders_in(runs, workload):
    """In the order of ROLES, whoever ran first; peers after them."""
    found = dict.fromkeys(run["contender"] for run in select(runs, workload))
    return [key for key in ROLES if key in found] + [key for key in found if key not in ROLES]


def median(runs, path):
    found = spread(runs, path)
    return found.median if found else None


def within(found, write):
    """median, and under it the quartiles"""
    if found is None:
        return NONE
    if write(found.low) == write(found.high):
        return write(found.median)
    return f"{write(found.median)}<small>{write(found.low)} … {write(found.high)}</small>"


def lost_total(runs, name):
    return sum(run["lost"].get(name, 0) for run in runs)


def lost_cells(runs, retransmits=True):
    """What was lost in all runs of a row: one cell each; noughts are pale."""
    counts = [sum(value(run, "syn_retransmits") or 0 for run in runs)] if retransmits else []
    counts += [lost_total(runs, name) for name, _ in LOST]
    return [tag("span", plain(count), class_="zero" if count == 0 else "bad") for count in counts]


def lost_columns(retransmits=True):
    return ([("SYN again", True)] if retransmits else []) + [(words, True) for _, words in LOST]


def kind(key):
    """Of a table's row."""
    return "ours" if role(key) in ("podgate", "tier3") else None


def bar_rows(runs, workload, path, write):
    rows = []
    for key in contenders_in(runs, workload):
        found = spread(select(runs, workload, key), path)
        if found:
            rows.append(plots.Bar(title(key), role(key), found, write(found.median)))
    return rows


def bar_section(section, runs, path, write, label, columns, retransmits=False):
    """A section of one bar a contender, and a table of these columns: (title, path, how to write). Instead of a path, a
    function of a contender's runs."""
    bars = bar_rows(runs, section.name, path, write)
    if bars:
        draw(section, plots.bars, bars, label)
    rows = []
    for key in contenders_in(runs, section.name):
        of = select(runs, section.name, key)
        found = ((column(of) if callable(column) else spread(of, column), how) for _, column, how in columns)
        cells = [escape(title(key)), *(within(one, how) for one, how in found), plain(len(of))]
        rows.append((kind(key), cells + lost_cells(of, retransmits)))
    section.tables.append(
        table(
            [
                ("contender", False),
                *((name, True) for name, _, _ in columns),
                ("runs", True),
                *lost_columns(retransmits),
            ],
            rows,
        )
    )
    return section


def us(number):
    return significant(number)


def percentile_section(section, runs, path, columns, retransmits):
    names = ("p50", "p99", "p999")
    dots, rows = [], []
    for key in contenders_in(runs, section.name):
        of = select(runs, section.name, key)
        found = [spread(of, f"{path}.{name}") for name in names]
        if None not in found and all(one.median > 0 for one in found):
            dots.append((title(key), role(key), [one.median / 1000 for one in found]))
        rows.append(
            (
                kind(key),
                [
                    escape(title(key)),
                    *(within(one, microseconds) for one in found),
                    *(within(spread(of, column), how) for _, column, how in columns),
                    plain(len(of)),
                    *lost_cells(of, retransmits),
                ],
            )
        )
    if dots:
        draw(section, plots.percentiles, dots, "microseconds")
    section.tables.append(
        table(
            [
                ("contender", False),
                ("p50", True),
                ("p99", True),
                ("p99.9", True),
                *((name, True) for name, _, _ in columns),
                ("runs", True),
                *lost_columns(retransmits),
            ],
            rows,
        )
    )
    return section
