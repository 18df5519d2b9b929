# SPDX-License-Identifier: GPL-2.0-or-later
"""What the report says of policies: their number, their changes, their memory, and a pod that floods."""
from . import plots
from .section import (
    Section,
    contenders_in,
    draw,
    kind,
    lost_cells,
    lost_columns,
    median,
    role,
    table,
    title,
    us,
    within,
)
from .spread import ratio, select, spread
from .text import NONE, escape, microseconds, plain, rate, tag

FLOODS = {"quiet": "quiet", "denied": "denied flows", "allowed": "allowed flows"}


def flood(runs):
    section = Section(
        "flood",
        "One pod floods, others connect",
        (
            "One pod starts new flows as fast as it can, each to another port, so that no two are of one kind and all"
            " have to be judged. Twenty other pods connect 500 times a second. podgate with all its defaults."
            " <i>Conntrack rule only</i> is beside it to show what the flood does to the machine by itself."
        ),
        plot_text="Connect time of other pods, quiet and beside a flood",
    )
    dots, rows = [], []
    for key in contenders_in(runs, "flood"):
        for name, words in FLOODS.items():
            of = select(runs, "flood", key, flood=name)
            found = [spread(of, f"connect_ns.{path}") for path in ("p50", "p99", "p999")]
            if not of:
                continue
            if None not in found:
                dots.append(
                    (
                        f"{'conntrack' if key == 'conntrack' else 'podgate'}, {name}",
                        role(key),
                        [one.median / 1000 for one in found],
                    )
                )
            rows.append(
                (
                    kind(key),
                    [
                        escape(title(key)),
                        words,
                        *(within(one, microseconds) for one in found),
                        (
                            NONE
                            if name == "quiet"
                            else within(ratio(of, select(runs, "flood", key, flood="quiet"), "connect_ns.p99"), us)
                        ),
                        within(spread(of, "flood_per_s"), rate),
                        within(spread(of, "failed"), plain),
                        plain(len(of)),
                        *lost_cells(of),
                    ],
                )
            )
    if dots:
        draw(section, plots.percentiles, dots, "microseconds")
    section.tables.append(
        table(
            [
                ("contender", False),
                ("flood of", False),
                ("p50", True),
                ("p99", True),
                ("p99.9", True),
                ("p99 over quiet", True),
                ("flood/s", True),
                ("failed", True),
                ("runs", True),
                *lost_columns(),
            ],
            rows,
        )
    )
    section.note += tag(
        "p",
        (
            "Packets that the flooding pod itself loses count as <i>queue full</i>, too: the table does not say whose"
            " they were."
        ),
        class_="note",
    )
    return section


def changes(runs):
    section = Section(
        "changes",
        "Policies that change under load",
        (
            "Pods connect, four at a time, while a policy comes and goes in the manifests' folder. The <i>cut</i> is"
            " the time from the file's removal to the silence of a connection that it had admitted; 100 ms of it are"
            " <code>debounce_ms</code>, the wait for more changes. What podgate says of itself is beside it."
        ),
    )
    rows = [
        (
            kind("default"),
            [
                words,
                *(
                    within(spread(of, path), how)
                    for path, how in (
                        ("per_s", rate),
                        ("connect_ns.p50", microseconds),
                        ("connect_ns.p99", microseconds),
                        ("failed", plain),
                        ("changes", plain),
                    )
                ),
                plain(len(of)),
                *lost_cells(of),
            ],
        )
        for mode, words in (("quiet", "nothing changes"), ("changing", "policies come and go"))
        if (of := select(runs, "changes", "default", mode=mode))
    ]
    section.tables.append(
        table(
            [
                ("podgate, all defaults", False),
                ("connections/s", True),
                ("p50", True),
                ("p99", True),
                ("failed", True),
                ("changes", True),
                ("runs", True),
                *lost_columns(),
            ],
            rows,
        )
    )
    of = select(runs, "changes", "default", mode="changing")
    names = (
        ("cut_ms", "cut, from file to silence"),
        ("compile_ms", "compile"),
        ("publish_ms", "swap"),
        ("sweep_ms", "sweep"),
        ("total_ms", "all but the debounce"),
    )
    section.tables.append(
        table(
            [("milliseconds", False), ("median", True)],
            [[words, within(spread(of, f"change.{name}"), us)] for name, words in names],
        )
    )
    return section


def churn(runs):
    section = Section(
        "churn",
        "Changes that concern nobody else",
        (
            "One client connects to one server all the time, and a pod that has nothing to do with either is relabelled"
            " and moved again and again. The flow table holds as many entries of other pods. <i>Of another build</i> is"
            " given by <code>--peer-podgate</code>."
        ),
    )
    rows = []
    found = select(runs, "churn")
    for entries in sorted({run["parameters"]["entries"] for run in found}):
        for rate_asked in sorted({run["parameters"]["rate"] for run in found}):
            for key in dict.fromkeys(run["contender"] for run in found):
                of = select(runs, "churn", key, entries=entries, rate=rate_asked)
                if of:
                    rows.append(
                        (
                            kind("default") if key == "podgate" else None,
                            [
                                plain(entries),
                                plain(rate_asked),
                                escape({"before": "podgate of another build"}.get(key, title(key))),
                                *(
                                    within(spread(of, path), how)
                                    for path, how in (
                                        ("per_s", rate),
                                        ("connect_ns.p50", microseconds),
                                        ("cpu_s_per_s", us),
                                        ("enforced_per_s", us),
                                        ("cpu_ms_per_change", us),
                                        ("total_ms.p50", us),
                                        ("total_ms.p99", us),
                                        ("rename_to_judged_ms.p50", us),
                                    )
                                ),
                            ],
                        )
                    )
    section.tables.append(
        table(
            [
                ("entries", True),
                ("changes/s", True),
                ("contender", False),
                ("conns/s", True),
                ("p50", True),
                ("CPUs", True),
                ("published/s", True),
                ("CPU ms a change", True),
                ("total p50, ms", True),
                ("p99, ms", True),
                ("rename to judged, ms", True),
            ],
            rows,
        )
    )
    return section


def policies(runs):
    section = Section(
        "policies",
        "How many policies",
        (
            "N policies, each of which admits one pod to one other; connections go evenly over all pairs,"
            " from every CPU at once. The same"
            " policies as plain iptables rules (one each), as ipset and iptables (a chain a pod, a chain and two sets a"
            " policy, as kube-router writes them), and by podgate."
        ),
        plot_text="TCP connections per second by number of policies",
    )
    of_all = select(runs, "policies")
    counts = sorted({run["parameters"]["policies"] for run in of_all})
    series, rows = [], []
    for key in contenders_in(runs, "policies"):
        points = tuple(
            (count, found)
            for count in counts
            if (found := spread(select(runs, "policies", key, policies=count), "per_s")) and found.median > 0
        )
        if points:
            series.append(plots.Line(title(key), role(key), points, dashed=key == "conntrack"))
        for count in counts:
            of = select(runs, "policies", key, policies=count)
            rows.append(
                (
                    kind(key),
                    [
                        escape(title(key)),
                        plain(count),
                        within(spread(of, "per_s"), rate),
                        within(spread(of, "connect_ns.p50"), microseconds),
                        within(spread(of, "connect_ns.p99"), microseconds),
                        within(spread(of, "cpu_us_per_flow"), us),
                        plain(len(of)),
                        *lost_cells(of),
                    ],
                )
            )
    if series:
        draw(section, plots.lines_over, series, "policies", "connections a second")
    section.tables.append(
        table(
            [
                ("contender", False),
                ("policies", True),
                ("connections/s", True),
                ("p50", True),
                ("p99", True),
                ("µs of CPU each", True),
                ("runs", True),
                *lost_columns(),
            ],
            rows,
        )
    )
    return section


def pods(runs):
    section = Section(
        "pods",
        "How many pods",
        (
            "Verdicts a second as above, under at most 100 policies, by the number of pods that they are about; half of"
            " the pods are isolated."
        ),
        plot_text="Verdicts per second by number of pods",
    )
    of_all = select(runs, "pods")
    counts = sorted({run["parameters"]["pods"] for run in of_all})
    points = tuple(
        (count, found) for count in counts if (found := spread(select(runs, "pods", pods=count), "verdicts_per_s"))
    )
    if points:
        draw(
            section,
            plots.lines_over,
            [plots.Line("podgate, tier 3", "tier3", points)],
            "pods",
            "verdicts a second",
            log_y=False,
        )
    rows = [
        (
            "ours",
            [
                plain(count),
                within(spread(of, "verdicts_per_s"), rate),
                within(spread(of, "rss_mib"), us),
                plain(len(of)),
                *lost_cells(of, False),
            ],
        )
        for count in counts
        if (of := select(runs, "pods", pods=count))
    ]
    section.tables.append(
        table(
            [("pods", True), ("verdicts/s", True), ("resident MiB", True), ("runs", True), *lost_columns(False)], rows
        )
    )
    return section


def memory(runs):
    section = Section(
        "memory",
        "Memory, and one pod more",
        (
            "Clusters as <code>kubectl get -o yaml</code> prints them, all settings default. Resident memory (VmRSS) at"
            " rest after the start, and at rest after one pod was added, which compiles anew. The figure is the larger"
            " one."
        ),
    )
    rows = []
    for size in ("small", "large"):
        of = select(runs, "memory", size=size)
        if of:
            rows.append(
                (
                    "ours",
                    [
                        plain(median(of, "pods")),
                        plain(median(of, "policies")),
                        *(
                            within(spread(of, path), us)
                            for path in (
                                "rss_started_mib",
                                "rss_changed_mib",
                                "rss_peak_mib",
                                "one_pod.compile_ms",
                                "one_pod.publish_ms",
                                "one_pod.sweep_ms",
                                "one_pod.total_ms",
                            )
                        ),
                    ],
                )
            )
    section.tables.append(
        table(
            [
                ("pods", True),
                ("policies", True),
                ("MiB, started", True),
                ("MiB, after a change", True),
                ("MiB, at most", True),
                ("one pod more: compile ms", True),
                ("swap ms", True),
                ("sweep ms", True),
                ("in all ms", True),
            ],
            rows,
        )
    )
    return section


def idle(runs):
    section = Section(
        "idle",
        "When nothing happens",
        (
            "CPU time of podgate and of all its processes, those that have ended included, while no packet comes and"
            " nothing changes: every second it asks the kernel whether anybody changed its rules, and reads them back"
            " only then. All of them it reads once in 64 looks; so short a run may not have that in it. All settings"
            " default, 1 100 pods, a hundred policies. Of a process that has ended the kernel tells ticks of 10 ms, of"
            " all others microseconds."
        ),
    )
    of = select(runs, "idle", "default")
    columns = (
        ("% of one CPU", "idle_cpu_percent", us),
        ("ms of CPU", "cpu_ms", us),
        ("in seconds", "seconds", us),
        ("processes", "processes", plain),
    )
    section.tables.append(
        table(
            [(words, True) for words, _, _ in columns],
            [("ours", [within(spread(of, path), how) for _, path, how in columns])],
        )
    )
    return section


def policy_micro(runs):
    section = Section(
        "policy-micro",
        "Judging and compiling alone",
        (
            "<code>bench_policy</code>: no packets. Judging a flow in a cluster of 1 000 pods, beside a walk over the"
            " objects as the text of the API reads (<i>naive</i>); and compiling clusters of every shape that a"
            " compiler could choke on."
        ),
        plot_text="Nanoseconds to judge a flow by number of policies",
    )
    of = select(runs, "policy-micro")
    counts = sorted({int(count) for run in of for count in run["values"]["judge_ns"]})
    names = {
        "judge_ns": ("podgate", "podgate"),
        "lookup_ns": ("one lookup of an address", "null"),
        "naive_ns": ("naive", "plain"),
    }
    series = [
        plots.Line(words, colour, tuple((count, found) for count in counts if (found := spread(of, f"{path}.{count}"))))
        for path, (words, colour) in names.items()
    ]
    if series and counts:
        draw(section, plots.lines_over, [line for line in series if line.points], "policies", "nanoseconds")
    section.tables.append(
        table(
            [("policies", True), *((words + " ns", True) for words, _ in names.values())],
            [[plain(count), *(within(spread(of, f"{path}.{count}"), us) for path in names)] for count in counts],
        )
    )
    if of:
        last = of[-1]["values"]["compilation"]
        section.tables.append(
            table(
                [
                    ("shape", False),
                    ("pods", True),
                    ("policies", True),
                    ("compile ms", True),
                    ("judge ns", True),
                    ("snapshot KiB", True),
                ],
                [
                    [
                        escape(one["shape"]),
                        plain(one["pods"]),
                        plain(one["policies"]),
                        us(one["compile_ms"]),
                        us(one["judge_ns"]),
                        plain(one["snapshot_bytes"] / 1024),
                    ]
                    for one in last
                ],
            )
        )
    return section
