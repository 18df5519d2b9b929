# SPDX-License-Identifier: GPL-2.0-or-later
"""What the report says of each workload: how it was done, a plot, a table with what was lost, as Section objects."""
from dataclasses import dataclass, field

from . import plots
from .process import ProcessError
from .spread import Spread, select, spread, value
from .text import NONE, escape, microseconds, plain, rate, significant, table, tag

ROLES = {"none": "kernel", "conntrack": "kernel", "floor": "null", "fair": "null", "recv-send": "null", "tier3": "tier3",
         "tier2": "podgate", "default": "podgate", "plain": "plain", "ipset": "ipset"}
TITLES = {"none": "no rules", "conntrack": "conntrack rule only", "floor": "null floor", "fair": "fair null",
          "recv-send": "one recv + one send", "tier3": "podgate, tier 3", "tier2": "podgate", "default": "podgate, all defaults",
          "plain": "plain iptables rules", "ipset": "ipset + iptables"}

LOST = (("queue_dropped", "queue full"), ("user_dropped", "socket full"), ("conntrack_insert_failed", "conntrack insert failed"),
        ("conntrack_drop", "conntrack dropped"))


def role(key):
    return ROLES.get(key, "peer")


def title(key):
    return TITLES.get(key, key)


@dataclass
class Section:
    name: str
    heading: str
    how: str			# HTML
    plot: str = ""		# an SVG
    plot_text: str = ""		# what it shows
    tables: list = field(default_factory=list)
    note: str = ""
    trouble: str = ""		# why it has no plot


def draw(section, make, *arguments, **named):
    """A plot that cannot be drawn is said so; the figures stand without it."""
    try:
        section.plot = make(*arguments, **named)
    except ProcessError as error:
        section.trouble = f"no plot: {error}"


def contenders_in(runs, workload):
    """In the order in which they first ran."""
    return list(dict.fromkeys(run["contender"] for run in select(runs, workload)))


def median(runs, path):
    found = spread(runs, path)
    return found.median if found else None


def within(found, write):
    """median, and under it the quartiles"""
    if found is None:
        return NONE
    if found.count == 1:
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
    """A section of one bar a contender, and a table of these columns: (title, path, how to write)."""
    bars = bar_rows(runs, section.name, path, write)
    if bars:
        draw(section, plots.bars, bars, label)
    rows = []
    for key in contenders_in(runs, section.name):
        of = select(runs, section.name, key)
        cells = [escape(title(key)), *(within(spread(of, column), how) for _, column, how in columns), plain(len(of))]
        rows.append((kind(key), cells + lost_cells(of, retransmits)))
    section.tables.append(table([("contender", False), *((name, True) for name, _, _ in columns), ("runs", True),
                                 *lost_columns(retransmits)], rows))
    return section


def us(number):
    return significant(number)


def verdicts(runs, facts):
    section = Section("verdicts", "Verdicts a second, nothing lost",
                      "The contender is stopped, its queue is filled with one-packet UDP flows (each another pair of pods or ports), and it is woken: the time runs "
                      "until the last packet has come out at its server. So no load generator competes with it, nothing is lost, and what is measured is "
                      "reading, judging, answering, and the kernel's way on with the packet, which is part of the answer.",
                      plot_text="Verdicts per second of each contender")
    return bar_section(section, runs, "verdicts_per_s", rate, "verdicts a second", [("verdicts/s", "verdicts_per_s", rate)])


def pair(runs, facts):
    section = Section("pair", "The same, one pair of addresses",
                      "All flows from one pod to one other. Queues are balanced by addresses, so more workers would not help here.",
                      plot_text="Verdicts per second between one pair of addresses")
    return bar_section(section, runs, "verdicts_per_s", rate, "verdicts a second", [("verdicts/s", "verdicts_per_s", rate)])


def connect(runs, facts):
    section = Section("connect", "Connections of a machine with nothing to spare",
                      "A client on every CPU, eight connections at a time each, servers on all of them: every CPU is busy all the time, so connections a second are what "
                      "one costs. CPU time is that of all CPUs, clients and servers included: what a contender adds is its difference to <i>no rules</i>.",
                      plot_text="TCP connections per second of the whole machine by contender")
    return bar_section(section, runs, "per_s", rate, "connections a second",
                       [("connections/s", "per_s", rate), ("µs of CPU each", "cpu_us_per_flow", us), ("failed", "failed", plain)], True)


def percentile_section(section, runs, path, columns, retransmits):
    names = ("p50", "p99", "p999")
    dots, rows = [], []
    for key in contenders_in(runs, section.name):
        of = select(runs, section.name, key)
        found = [spread(of, f"{path}.{name}") for name in names]
        if None not in found and all(one.median > 0 for one in found):
            dots.append((title(key), role(key), [one.median / 1000 for one in found]))
        rows.append((kind(key), [escape(title(key)), *(within(one, microseconds) for one in found),
                                 *(within(spread(of, column), how) for _, column, how in columns), plain(len(of)),
                                 *lost_cells(of, retransmits)]))
    if dots:
        draw(section, plots.percentiles, dots, "microseconds")
    section.tables.append(table([("contender", False), ("p50", True), ("p99", True), ("p99.9", True),
                                 *((name, True) for name, _, _ in columns), ("runs", True), *lost_columns(retransmits)], rows))
    return section


def connect_one(runs, facts):
    section = Section("connect-one", "TCP connections, one at a time",
                      "A client connects and closes, and then the next: 50 pods, 10 servers. Every connection is a new flow; their kinds (who, to whom, which port) recur, as they do where pods call "
                      "services. podgate judges the first ones of each kind, then the kernel answers. The time is from <code>connect()</code> to established.",
                      plot_text="Connect time, percentiles of each contender")
    return percentile_section(section, runs, "connect_ns", [("connections/s", "per_s", rate), ("µs of CPU each", "cpu_us_per_flow", us), ("failed", "failed", plain)], True)


def first_packet(runs, facts):
    section = Section("first-packet", "How long a first packet takes",
                      "2 000 new UDP flows a second, each answered by its server; the round trip is timed. Client and server share a CPU, the contender has another: whoever answers from a queue "
                      "has to be woken there first, and on a virtual machine that is most of what it takes.", plot_text="Round trip of a flow's first packet, percentiles of each contender")
    return percentile_section(section, runs, "rtt_ns", [("unanswered", "lost", plain)], False)


def offered(runs, facts):
    section = Section("offered", "More than can be handled",
                      "One-packet flows as fast as one CPU sends them, most of a kind never seen before: nothing can be learned. Sender and contender share the machine, so what is "
                      "offered depends on the contender, too. A queue that is full drops.",
                      plot_text="Flows delivered per second of each contender while flows are sent at full speed")
    return bar_section(section, runs, "delivered_per_s", rate, "flows delivered a second",
                       [("offered/s", "offered_per_s", rate), ("delivered/s", "delivered_per_s", rate), ("lost", "lost", plain),
                        ("µs of CPU each", "cpu_us_per_flow", us)])


def bulk(runs, facts):
    section = Section("bulk", "An established connection at full speed",
                      "One TCP connection, one direction, segments as large as the kernel makes them. What a packet pays once its flow is judged.",
                      plot_text="Throughput of one TCP connection")
    return bar_section(section, runs, "gbit_s", us, "Gbit/s", [("Gbit/s", "gbit_s", us), ("µs of CPU a MiB", "cpu_us_per_mib", us),
                                                              ("retransmits", "retransmits", plain)])


def small(runs, facts):
    section = Section("small", "Small packets of an established flow",
                      "64-byte datagrams to and fro, 16 under way at a time.", plot_text="Round trips per second of small packets")
    return bar_section(section, runs, "per_s", rate, "round trips a second",
                       [("round trips/s", "per_s", rate), ("p50", "rtt_ns.p50", microseconds), ("µs of CPU a packet", "cpu_us_per_packet", us),
                        ("lost", "lost", plain)])


FLOODS = {"quiet": "quiet", "denied": "one pod floods denied flows", "allowed": "one pod floods allowed flows"}


def flood(runs, facts):
    section = Section("flood", "One pod floods, others connect",
                      "One pod starts new flows as fast as it can, each to another port, so that no two are of one kind and all have to be judged. Twenty other pods connect 500 times "
                      "a second. podgate with all its defaults. <i>Conntrack rule only</i> is beside it to show what the flood does to the machine by itself.",
                      plot_text="Connect time of other pods, quiet and beside a flood")
    dots, rows = [], []
    for key in contenders_in(runs, "flood"):
        for name, words in FLOODS.items():
            of = select(runs, "flood", key, flood=name)
            found = [spread(of, f"connect_ns.{path}") for path in ("p50", "p99", "p999")]
            if not of:
                continue
            if None not in found:
                dots.append((f"{'conntrack' if key == 'conntrack' else 'podgate'}, {name}", role(key), [one.median / 1000 for one in found]))
            rows.append((kind(key), [escape(title(key)), words, *(within(one, microseconds) for one in found), within(spread(of, "flood_per_s"), rate),
                                     within(spread(of, "failed"), plain), plain(len(of)), *lost_cells(of)]))
    if dots:
        draw(section, plots.percentiles, dots, "microseconds")
    section.tables.append(table([("contender", False), ("", False), ("p50", True), ("p99", True), ("p99.9", True), ("flood/s", True),
                                 ("failed", True), ("runs", True), *lost_columns()], rows))
    section.note += tag("p", "Packets that the flooding pod itself loses count as <i>queue full</i>, too: the table does not say whose they were.", class_="note")
    return section


def changes(runs, facts):
    section = Section("changes", "Policies that change under load",
                      "Pods connect, four at a time, while a policy comes and goes in the manifests' folder. The <i>cut</i> is the time from the file's removal to the silence of a "
                      "connection that it had admitted; 100 ms of it are <code>debounce_ms</code>, the wait for more changes. What podgate says of itself is beside it.")
    rows = [(kind("default"), [words, *(within(spread(of, path), how) for path, how in (("per_s", rate), ("connect_ns.p50", microseconds),
                                                                                    ("connect_ns.p99", microseconds), ("failed", plain), ("changes", plain))),
                               plain(len(of)), *lost_cells(of)])
            for mode, words in (("quiet", "nothing changes"), ("changing", "policies come and go"))
            if (of := select(runs, "changes", "default", mode=mode))]
    section.tables.append(table([("podgate, all defaults", False), ("connections/s", True), ("p50", True), ("p99", True), ("failed", True),
                                 ("changes", True), ("runs", True), *lost_columns()], rows))
    of = select(runs, "changes", "default", mode="changing")
    names = (("cut_ms", "cut, from file to silence"), ("compile_ms", "compile"), ("publish_ms", "swap"), ("sweep_ms", "sweep"), ("total_ms", "all but the debounce"))
    section.tables.append(table([("milliseconds", False), ("median", True)],
                                [[words, within(spread(of, f"change.{name}"), us)] for name, words in names]))
    return section


def policies(runs, facts):
    section = Section("policies", "How many policies",
                      "N policies, each of which admits one pod to one other; connections go evenly over all pairs. The same policies as plain iptables rules (one each), as "
                      "ipset and iptables (a chain a pod, a chain and two sets a policy, as kube-router writes them), and by podgate.",
                      plot_text="TCP connections per second by number of policies")
    of_all = select(runs, "policies")
    counts = sorted({run["parameters"]["policies"] for run in of_all})
    series, rows = [], []
    for key in contenders_in(runs, "policies"):
        points = tuple((count, found) for count in counts if (found := spread(select(runs, "policies", key, policies=count), "per_s")) and found.median > 0)
        if points:
            series.append(plots.Line(title(key), role(key), points, dashed=key == "conntrack"))
        for count in counts:
            of = select(runs, "policies", key, policies=count)
            rows.append((kind(key), [escape(title(key)), plain(count), within(spread(of, "per_s"), rate), within(spread(of, "connect_ns.p50"), microseconds),
                                     within(spread(of, "connect_ns.p99"), microseconds), within(spread(of, "cpu_us_per_flow"), us), plain(len(of)), *lost_cells(of)]))
    if series:
        draw(section, plots.lines_over, series, "policies", "connections a second")
    section.tables.append(table([("contender", False), ("policies", True), ("connections/s", True), ("p50", True), ("p99", True), ("µs of CPU each", True),
                                 ("runs", True), *lost_columns()], rows))
    return section


def pods(runs, facts):
    section = Section("pods", "How many pods",
                      "Verdicts a second as above, under at most 100 policies, by the number of pods that they are about; half of the pods are isolated.",
                      plot_text="Verdicts per second by number of pods")
    of_all = select(runs, "pods")
    counts = sorted({run["parameters"]["pods"] for run in of_all})
    points = tuple((count, found) for count in counts if (found := spread(select(runs, "pods", pods=count), "verdicts_per_s")))
    if points:
        draw(section, plots.lines_over, [plots.Line("podgate, tier 3", "tier3", points)], "pods", "verdicts a second", log_y=False)
    rows = [("ours", [plain(count), within(spread(of, "verdicts_per_s"), rate), within(spread(of, "rss_mib"), us), plain(len(of)), *lost_cells(of, False)])
            for count in counts if (of := select(runs, "pods", pods=count))]
    section.tables.append(table([("pods", True), ("verdicts/s", True), ("resident MiB", True), ("runs", True), *lost_columns(False)], rows))
    return section


def memory(runs, facts):
    section = Section("memory", "Memory, and one pod more",
                      "Clusters as <code>kubectl get -o yaml</code> prints them, all settings default. Resident memory (VmRSS) at rest after the start, and at rest after one pod was added, "
                      "which compiles anew. The figure is the larger one.")
    rows = []
    for size in ("small", "large"):
        of = select(runs, "memory", size=size)
        if of:
            rows.append(("ours", [plain(median(of, "pods")), plain(median(of, "policies")), *(within(spread(of, path), us) for path in
                        ("rss_started_mib", "rss_changed_mib", "rss_peak_mib", "one_pod.compile_ms", "one_pod.publish_ms", "one_pod.sweep_ms", "one_pod.total_ms"))]))
    section.tables.append(table([("pods", True), ("policies", True), ("MiB, started", True), ("MiB, after a change", True), ("MiB, at most", True),
                                 ("one pod more: compile ms", True), ("swap ms", True), ("sweep ms", True), ("in all ms", True)], rows))
    return section


def policy_micro(runs, facts):
    section = Section("policy-micro", "Judging and compiling alone",
                      "<code>bench_policy</code>: no packets. Judging a flow in a cluster of 1 000 pods, beside a walk over the objects as the text of the API reads (<i>naive</i>); and compiling clusters of "
                      "every shape that a compiler could choke on.", plot_text="Nanoseconds to judge a flow by number of policies")
    of = select(runs, "policy-micro")
    counts = sorted({int(count) for run in of for count in run["values"]["judge_ns"]})
    names = {"judge_ns": ("podgate", "podgate"), "lookup_ns": ("one lookup of an address", "null"), "naive_ns": ("naive", "plain")}
    series = [plots.Line(words, colour, tuple((count, found) for count in counts if (found := spread(of, f"{path}.{count}"))))
              for path, (words, colour) in names.items()]
    if series and counts:
        draw(section, plots.lines_over, [line for line in series if line.points], "policies", "nanoseconds")
    section.tables.append(table([("policies", True), *((words + " ns", True) for words, _ in names.values())],
                                [[plain(count), *(within(spread(of, f"{path}.{count}"), us) for path in names)] for count in counts]))
    if of:
        last = of[-1]["values"]["compilation"]
        section.tables.append(table([("shape", False), ("pods", True), ("policies", True), ("compile ms", True), ("judge ns", True), ("snapshot KiB", True)],
                                    [[escape(one["shape"]), plain(one["pods"]), plain(one["policies"]), us(one["compile_ms"]), us(one["judge_ns"]),
                                      plain(one["snapshot_bytes"] / 1024)] for one in last]))
    return section


SECTIONS = {"verdicts": verdicts, "pair": pair, "connect-one": connect_one, "connect": connect, "first-packet": first_packet, "offered": offered,
            "bulk": bulk, "small": small, "flood": flood, "changes": changes, "policies": policies, "pods": pods, "memory": memory,
            "policy-micro": policy_micro}


def sections(runs, facts):
    """Of every workload that has runs."""
    return [make(runs, facts) for name, make in SECTIONS.items() if select(runs, name)]
