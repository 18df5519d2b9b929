# SPDX-License-Identifier: GPL-2.0-or-later
"""The report as one HTML page that needs nothing but itself."""
from pathlib import Path

from . import plots
from .section import TITLES, median
from .sections import sections
from .spread import select, spread
from .text import NONE, escape, grouped, microseconds, plain, rate, significant, table, tag

RIG = """\
  client pods                gateway                server pods
  10.70.0.0/16 ---- veth ---- rules, ---- veth ---- 10.80.0.0/16
                              contender             10.90.0.0/16 (swallows)
  one pod that floods         |
  10.60.0.2 ------- veth -----+"""


def number_of(result, wanted):
    return f"{wanted:,.{result.figure.digits}f}".replace(",", "\u202f")


def badge(result):
    if result.spread is None:
        return tag("span", "not measured", class_="badge none")
    return tag("span", "✓ met", class_="badge yes") if result.met else tag("span", "✗ not met", class_="badge no")


def score(results):
    met = sum(result.met for result in results)
    dots = "".join(
        tag(
            "i",
            "",
            class_="none" if result.spread is None else None if result.met else "no",
            title=f"{result.figure.name}: {'met' if result.met else 'not met'}",
        )
        for result in results
    )
    return tag(
        "div", tag("strong", f"{met} of {len(results)} targets met") + tag("span", dots, class_="dots"), class_="score"
    )


def figure_table(results):
    rows = []
    for result in results:
        figure, found = result.figure, result.spread
        unit = "" if figure.unit == "x" else f"\u202f{figure.unit}"
        measured = NONE if found is None else tag("b", number_of(result, found.median)) + unit
        if found is not None and found.count > 1:
            measured += f"<small>{number_of(result, found.low)} … {number_of(result, found.high)}</small>"
        rows.append(
            [
                f"{escape(figure.title)}<small><code>{figure.name}</code></small>",
                measured,
                f"{figure.sense} {figure.target:g}{unit}",
                plain(found.count) if found else NONE,
                badge(result),
            ]
        )
    return table([("figure", False), ("measured", True), ("target", False), ("runs", True), ("", False)], rows)


def card(big, words):
    return tag("div", tag("b", big) + tag("span", words), class_="card")


def cards(runs):
    """What a visitor wants to know first."""
    found = []

    def add(write, words, value):
        if value is not None:
            found.append(card(write(value), words))

    conns, rule = median(select(runs, "connect-one", "tier2"), "per_s"), median(
        select(runs, "connect-one", "conntrack"), "per_s"
    )
    add(rate, f"TCP connections/s, one at a time; a bare conntrack rule: {rate(rule)}", conns)
    add(
        microseconds,
        (
            "median connect; a bare conntrack rule:"
            f" {microseconds(median(select(runs, 'connect-one', 'conntrack'), 'connect_ns.p50'))}"
        ),
        median(select(runs, "connect-one", "tier2"), "connect_ns.p50"),
    )
    add(
        rate,
        (
            "verdicts/s of one worker; a loop that decides nothing:"
            f" {rate(median(select(runs, 'verdicts', 'fair'), 'verdicts_per_s'))}"
        ),
        median(select(runs, "verdicts", "tier3"), "verdicts_per_s"),
    )
    add(
        lambda value: f"{significant(value)}\u202fMiB",
        "resident with 15\u202f000 pods and 10\u202f000 policies",
        median(select(runs, "memory", size="large", asked_pods=15000), "rss_mib"),
    )
    add(
        lambda value: f"{significant(value)}\u202f%",
        "of one CPU when nothing happens",
        median(select(runs, "idle", "default"), "idle_cpu_percent"),
    )
    return tag("div", "".join(found), class_="cards") if found else ""


def problems(facts, bench):
    if not bench.problems and facts["scale"] == "full" and not facts["partial"]:
        return ""
    parts = []
    if facts["scale"] == "smoke":
        parts.append(tag("p", "A smoke test: it shows that everything works. Its figures mean nothing."))
    elif facts["scale"] == "quick":
        parts.append(tag("p", "A quick run: few rounds, wide spreads. The full one takes about ten minutes."))
    if facts["partial"]:
        parts.append(tag("p", "Not everything was measured: " + escape(", ".join(facts["workloads"])) + "."))
    if bench.problems:
        parts.append(
            tag("p", "What went wrong:")
            + tag(
                "ul",
                "".join(
                    tag(
                        "li",
                        escape(f"{one['workload']}, {TITLES.get(one['contender'], one['contender'])}: {one['reason']}"),
                    )
                    for one in bench.problems
                ),
            )
        )
    return tag("div", "".join(parts), class_="banner")


def definitions(pairs):
    return tag("dl", "".join(tag("dt", escape(name)) + tag("dd", escape(text)) for name, text in pairs))


def machine(facts):
    about = facts["machine"]
    where = facts["placement"]
    return definitions(
        [
            (
                "CPU",
                (
                    f"{about['cpu']}, {about['cpus']} CPUs{', a virtual machine' if about['virtual'] else ''},"
                    f" {grouped(about['memory_mib'])} MiB"
                ),
            ),
            (
                "kernel",
                f"Linux {about['kernel']}, {about['architecture']}, {about['system']}; clock {about['clocksource']}",
            ),
            (
                "packet filter",
                (
                    f"{about['iptables']}, back end {facts['backend']}, IPv{facts['family']}; conntrack: at most"
                    f" {grouped(about['conntrack_max'])} flows, {grouped(about['conntrack_buckets'])} buckets"
                ),
            ),
            ("podgate", f"{about['podgate'].removeprefix('podgate ')}, commit {about['commit']}, gcc -O2"),
            (
                "placement",
                (
                    f"load generator on CPU {where['load']}, contender on CPU {where['contender']}, servers on CPU"
                    f" {where['servers']}; a flood on CPU {where['flood']}, the other pods beside it on CPU"
                    f" {where['pods beside a flood']}; the same for all contenders"
                ),
            ),
            ("run", f"bench/run.sh {facts['command']}".strip() + f"; {facts['begun']}, {facts['seconds']} s"),
        ]
    )


def contender_table(bench):
    rows = [[escape(one.title), escape(one.about)] for one in bench.contenders_used()]
    return table([("contender", False), ("what it is", False)], rows)


METHOD = """
<p>Every contender has a rig of its own, made of network namespaces: a gateway that routes between pods. All are alike,
and stay up, so that contenders take turns within seconds: A, B, C, then B, C, A. Those whose turn it is not are stopped
(SIGSTOP), but for <i>bulk</i>, whose turns are too short for that. Two contenders are compared <b>within a round</b>,
where they ran one after the other, and what is shown is the <b>median of the rounds' ratios</b>, with the quartiles
below it. Nothing here is a best of anything.</p>
<p>All queues are as long as the kernel makes them (65 536), and all contenders have one worker, unless it says <i>all
defaults</i>. The loops that only accept sit behind podgate's own rules, read back from the kernel, less those that look
into sets: they are asked less of than podgate is. CPU time is what all CPUs were busy, by <code>/proc/stat</code>.</p>
"""


def honest(runs, facts):
    """What a reader should hold against it, as far as it can be read off the runs."""
    notes = []
    cpus = facts["machine"]["cpus"]
    if cpus < 4:
        notes.append(
            f"{cpus} CPUs: load generator, servers and contender share them. What takes CPU time from a contender takes"
            " it from the load, too, so ratios are nearer to 1 than they would be with CPUs to spare, in either"
            " direction."
        )
    if facts["machine"]["virtual"]:
        notes.append(
            "A virtual machine: neighbours on the same host can slow a run down; that is why contenders alternate and"
            " medians are shown. Absolute figures are this machine's."
        )
    stolen = sum(run["cpu"].get("steal_us", 0) for run in runs)
    wall = sum(run["cpu"].get("wall_us", 0) for run in runs) * cpus
    if wall:
        notes.append(f"The hypervisor took {100 * stolen / wall:.1f} % of the CPU time of the measured runs (steal).")
    noise = spread(select(runs, "verdicts", "fair"), "verdicts_per_s")
    if noise and noise.count > 2:
        notes.append(
            f"How steady it was: the middle half of the fair null's {noise.count} runs lies within"
            f" {100 * (noise.high - noise.low) / noise.median:.1f} % of its median."
        )
    failed = sum(1 for run in runs if run.get("failed"))
    notes.append(
        f"{grouped(len(runs))} runs, of which {failed} failed. All of them, with all counters, are in <a"
        ' href="runs.json">runs.json</a>.'
    )
    notes.append(
        "Links are veth pairs: no network card, no interrupt moderation. What a real card adds, it adds to all"
        " contenders."
    )
    notes.append(
        "Losses are shown in every table: SYNs sent again, packets dropped at a full queue or socket, flows that"
        " conntrack could not insert."
    )
    return tag("ul", "".join(tag("li", note) for note in notes))


def section_html(section):
    parts = [tag("h3", escape(section.heading), id=section.name), tag("p", section.how, class_="how")]
    if section.plot:
        parts.append(tag("div", plots.inline(section.plot, section.name, section.plot_text), class_="plot"))
    parts += section.tables
    return "".join(parts) + section.note


def micro(texts):
    if not texts:
        return ""
    parts = [
        tag("h2", "Micro-benchmarks", id="micro"),
        tag("p", "In their own words. Each says what it takes the best or the median of.", class_="how"),
    ]
    for name, one in texts.items():
        parts.append(
            tag("h3", f"<code>{escape(name)}</code>: {escape(one['about'])}") + tag("pre", escape(one["text"].rstrip()))
        )
    return "".join(parts)


def render(results, facts, bench):
    """(the page, the sections whose plots go into files of their own)"""
    made = sections(bench.runs)
    for section in made:
        if section.trouble:
            bench.problem("report", section.name, section.trouble)
    about = facts["machine"]
    nav = tag(
        "nav",
        "".join(tag("a", escape(one.heading), href=f"#{one.name}") for one in made)
        + tag("a", "Method", href="#method")
        + (tag("a", "Micro-benchmarks", href="#micro") if bench.texts else ""),
    )
    body = "".join(
        [
            tag("h1", "podgate, measured"),
            tag(
                "p",
                escape(
                    f"{facts['begun'][:10]} · Linux {about['kernel']} · {about['cpu']},"
                    f" {about['cpus']} CPUs{', virtual' if about['virtual'] else ''} · commit {about['commit']}"
                ),
                class_="lead",
            ),
            score(results),
            problems(facts, bench),
            cards(bench.runs),
            nav,
            tag("h2", "What must hold"),
            figure_table(results),
            tag("h2", "How it was measured", id="method"),
            METHOD,
            tag("pre", escape(RIG), class_="rig"),
            machine(facts),
            contender_table(bench),
            tag("h3", "What to hold against it"),
            honest(bench.runs, facts),
            tag("h2", "Measured"),
            *(section_html(one) for one in made),
            micro(bench.texts),
            tag(
                "footer",
                (
                    'Made by <code>bench/run.sh</code>. Figures: <a href="summary.json">summary.json</a>; every run: <a'
                    ' href="runs.json">runs.json</a>; method and findings: <code>docs/PERFORMANCE.md</code>.'
                ),
            ),
        ]
    )
    style = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
    page = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport"'
        ' content="width=device-width, initial-scale=1">\n<title>podgate,'
        f' measured</title>\n<style>\n{style}</style>\n</head>\n<body>\n{tag("main", body)}\n</body>\n</html>\n'
    )
    return page, made
