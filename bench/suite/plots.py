# SPDX-License-Identifier: GPL-2.0-or-later
"""Plots by gnuplot, as SVG whose colours are names: a page's style sheet says what they are, in light and dark;
alone in a file they have those of light."""
import math
import re
from dataclasses import dataclass

from . import process

# name: (a colour that gnuplot can carry through, what it is where no style sheet says otherwise)
COLOURS = {
    "ink": ("#010101", "#1c2430"),
    "muted": ("#010102", "#5b6675"),
    "grid": ("#010103", "#dde2e8"),
    "podgate": ("#010104", "#0b7a75"),
    "tier3": ("#010105", "#5bb3ad"),
    "null": ("#010106", "#9aa4b1"),
    "kernel": ("#010107", "#46618c"),
    "plain": ("#010108", "#d9822b"),
    "ipset": ("#010109", "#b4485e"),
    "peer": ("#01010a", "#7b5ea7"),
}
FONT = "system-ui, Segoe UI, Roboto, DejaVu Sans, sans-serif"


@dataclass(frozen=True)
class Bar:
    label: str
    role: str
    spread: object  # spread.Spread
    text: str


@dataclass(frozen=True)
class Line:
    label: str
    role: str
    points: tuple  # (x, Spread)
    dashed: bool = False


def colour(role):
    return f"rgb '{COLOURS[role][0]}'"


def head(width, height):
    return [
        f"set terminal svg size {width},{height} dynamic font '{FONT},13' linewidth 1 background rgb '#ffffff' rounded",
        f"set border 0 lc {colour('grid')}",
        f"set tics nomirror scale 0 textcolor {colour('muted')}",
        f"set grid xtics lc {colour('grid')} lw 1",
        f"set xlabel textcolor {colour('muted')}",
        f"set ylabel textcolor {colour('muted')}",
        f"set key textcolor {colour('ink')}",
        "set encoding utf8",
    ]


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def block(name, rows):
    return [f"${name} << EOD", *(" ".join(str(field) for field in row) for row in rows), "EOD"]


def bars(rows, label, log=False):
    """A bar a contender from 0 to the median, its quartiles as a line over it, its value beside."""
    lines = head(860, 60 + 30 * len(rows))
    least = min(row.spread.low for row in rows)
    most = max(row.spread.high for row in rows)
    start = 10 ** int(re.sub(r".*e", "", f"{least:e}")) / 1.0 if log else 0
    lines += [
        f"set yrange [{len(rows) - 0.4}:-0.6]",
        f"set xrange [{start}:{most * (2.2 if log else 1.16)}]",
        "set lmargin 24",
        "set rmargin 3",
        "set tmargin 0.5",
        f"set xlabel {quoted(label)}",
        "set format x '%.10g'",
        "unset key",
        f"set ytics textcolor {colour('ink')} ({', '.join(f'{quoted(row.label)} {i}' for i, row in enumerate(rows))})",
    ]
    lines += ["set logscale x"] if log else []
    lines += si_tics(most) if not log else ["set format x '%.0s%c'"]
    for i, row in enumerate(rows):
        lines += block(f"bar{i}", [(start, i, start, row.spread.median, i - 0.34, i + 0.34)])
        lines += block(f"range{i}", [(row.spread.median, i, row.spread.low, row.spread.high)])
        lines.append(
            f"set label {quoted(row.text)} at {row.spread.high},{i} left offset 0.8,0 textcolor {colour('ink')}"
        )
    parts = [
        f"$bar{i} using 1:2:3:4:5:6 with boxxyerror fs solid 1 noborder lc {colour(row.role)}"
        for i, row in enumerate(rows)
    ]
    parts += [f"$range{i} using 1:2:3:4 with xerrorbars pt -1 lw 1.6 lc {colour('ink')}" for i in range(len(rows))]
    return draw(lines, parts)


def si_tics(most):
    return ["set format x '%.0s%c'"] if most >= 5000 else ["set format x '%.10g'"]


def lines_over(series, x_label, y_label, log_y=True):
    """A line a contender over a logarithmic axis, quartiles as bars."""
    ends = [spread for line in series for _, spread in line.points]
    xs = sorted({x for line in series for x, _ in line.points})
    lines = head(860, 380)
    lines += [
        f"set logscale {'xy' if log_y else 'x'}",
        f"set xrange [{xs[0] / 1.25}:{xs[-1] * 4.2}]",
        f"set grid ytics lc {colour('grid')}",
        "unset grid",
        f"set grid ytics lc {colour('grid')} lw 1",
        "unset key",
        f"set xtics ({', '.join(f'{quoted(thousands(x))} {x}' for x in xs)})",
        "set lmargin 10",
        "set rmargin 2",
        "set tmargin 1",
        f"set xlabel {quoted(x_label)}",
        f"set ylabel {quoted(y_label)}",
        "set format y '%.0s%c'",
    ]
    if log_y:
        low, high = min(one.low for one in ends), max(one.high for one in ends)
        lines.append(f"set yrange [{low / 1.5}:{high * 1.5}]")
        lines.append(f"set ytics ({log_tics(low / 1.5, high * 1.5)})")
    else:
        lines.append(f"set yrange [0:{max(one.high for one in ends) * 1.15}]")
    parts = []
    for i, (line, label_y) in enumerate(
        zip(series, spaced([line.points[-1][1].median for line in series], log_y, ends))
    ):
        lines += block(f"line{i}", [(x, spread.median, spread.low, spread.high) for x, spread in line.points])
        lines.append(
            f"set label {quoted(line.label)} at {line.points[-1][0]},{label_y} left offset 1.4,0 textcolor"
            f" {colour(line.role)}"
        )
        dash = " dt (8,5)" if line.dashed else ""
        parts += [
            f"$line{i} using 1:2 with lines lw 2.4{dash} lc {colour(line.role)}",
            f"$line{i} using 1:2:3:4 with yerrorbars pt 7 ps 0.55 lw 1.2 lc {colour(line.role)}",
        ]
    return draw(lines, parts)


def spaced(values, log, ends):
    """Where labels go that would lie on each other: apart, in the order of their values."""
    low, high = min(one.low for one in ends), max(one.high for one in ends)
    if log:
        step = (high * 1.5 / (low / 1.5)) ** 0.06
        apart = lambda one: one * step
    else:
        apart = lambda one: one + high * 0.07
    at = {}
    floor = None
    for index in sorted(range(len(values)), key=lambda i: values[i]):
        at[index] = values[index] if floor is None or values[index] >= floor else floor
        floor = apart(at[index])
    return [at[i] for i in range(len(values))]


def percentiles(rows, label, names=("p50", "p99", "p99.9")):
    """rows: (label, role, [value of each name]); a dot each on a logarithmic axis, joined."""
    values = [value for _, _, dots in rows for value in dots]
    lines = head(860, 80 + 30 * len(rows))
    lines += [
        f"set yrange [{len(rows) - 0.4}:-0.6]",
        f"set xrange [{min(values) / 1.6}:{max(values) * 1.8}]",
        "set logscale x",
        f"set xtics ({log_tics(min(values) / 1.6, max(values) * 1.8)})",
        "set lmargin 24",
        "set rmargin 3",
        "set tmargin 2",
        f"set xlabel {quoted(label)}",
        "set format x '%.10g'",
        f"set key above horizontal samplen 0.6 textcolor {colour('muted')}",
        f"set ytics textcolor {colour('ink')} ({', '.join(f'{quoted(row[0])} {i}' for i, row in enumerate(rows))})",
    ]
    parts = []
    for i, (_, role, dots) in enumerate(rows):
        lines += block(f"row{i}", [(value, i) for value in dots])
        parts.append(f"$row{i} using 1:2 with lines lw 3 lc {colour(role)} notitle")
        parts += [
            f"$row{i} every ::{n}::{n} using 1:2 with points pt {point} ps 0.8 lw 2 lc {colour(role)} notitle"
            for n, point in zip(range(len(dots)), (7, 5, 9))
        ]
    parts += [
        f"NaN with points pt {point} ps 0.8 lc {colour('muted')} title {quoted(name)}"
        for name, point in zip(names, (7, 5, 9))
    ]
    return draw(lines, parts)


def log_tics(least, most):
    """1, 2, 5, 10, ... between two values: decades alone may leave an axis with one tic or none."""
    decades = range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)
    tics = [step * 10.0**decade for decade in decades for step in (1, 2, 5)]
    return ", ".join(f"{tic:g}" for tic in tics if least <= tic <= most)


def thousands(number):
    return f"{number:,}".replace(",", " ")


def draw(lines, parts):
    """The finished SVG text."""
    script = "\n".join(lines) + "\nplot " + ", \\\n".join(parts) + "\n"
    svg = process.output_of(["gnuplot"], stdin=script)
    for name, (carried, plain) in COLOURS.items():
        red, green, blue = (int(carried[i : i + 2], 16) for i in (1, 3, 5))
        wanted = f"var(--{name}, {plain})"
        svg = re.sub(rf"rgb\( *{red}, *{green}, *{blue}\)|{carried}", wanted, svg)
    svg = re.sub(r"<rect[^>]*fill=[\"']#ffffff[\"'][^>]*/>", "", svg, count=1, flags=re.I)
    # What gnuplot draws in the colour of the background, such as the rims of points.
    return re.sub(r"rgb\(255, *255, *255\)|#ffffff(?!\))", "var(--card, #ffffff)", svg, flags=re.I)


def inline(svg, name, text):
    """For a page that has others, too: ids of its own, nothing before <svg>, and what it shows for who cannot see
    it."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<title>.*?</title>|<desc>.*?</desc>", "", svg, flags=re.S)
    svg = re.sub(r"\bid=(['\"])", rf"id=\1{name}-", svg)
    svg = re.sub(r"href=(['\"])#", rf"href=\1#{name}-", svg)
    svg = re.sub(r"url\(#", f"url(#{name}-", svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="{text}"', 1)
