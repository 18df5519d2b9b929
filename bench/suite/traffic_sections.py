# SPDX-License-Identifier: GPL-2.0-or-later
"""What the report says of the workloads that send packets through everybody."""
from .section import Section, bar_section, percentile_section, us
from .spread import Spread, ratio, select, value
from .text import microseconds, plain, rate


def verdicts(runs):
    section = Section(
        "verdicts",
        "Verdicts a second, nothing lost",
        (
            "The contender is stopped, its queue is filled with one-packet UDP flows (each another pair of pods or"
            " ports), and it is woken: the time runs until the last packet has come out at its server. So no load"
            " generator competes with it, nothing is lost, and what is measured is reading, judging, answering, and the"
            " kernel's way on with the packet, which is part of the answer."
        ),
        plot_text="Verdicts per second of each contender",
    )
    return bar_section(
        section, runs, "verdicts_per_s", rate, "verdicts a second", [("verdicts/s", "verdicts_per_s", rate)]
    )


def pair(runs):
    section = Section(
        "pair",
        "The same, one pair of addresses",
        "All flows from one pod to one other. Queues are balanced by addresses, so more workers would not help here.",
        plot_text="Verdicts per second between one pair of addresses",
    )
    return bar_section(
        section, runs, "verdicts_per_s", rate, "verdicts a second", [("verdicts/s", "verdicts_per_s", rate)]
    )


def connect_one(runs):
    section = Section(
        "connect-one",
        "TCP connections, one at a time",
        (
            "A client connects and closes, and then the next: 50 pods, 10 servers. Every connection is a new flow;"
            " their kinds (who, to whom, which port) recur, as they do where pods call services. podgate judges the"
            " first ones of each kind, then the kernel answers. The time is from <code>connect()</code> to established."
        ),
        plot_text="Connect time, percentiles of each contender",
    )
    return percentile_section(
        section,
        runs,
        "connect_ns",
        [("connections/s", "per_s", rate), ("µs of CPU each", "cpu_us_per_flow", us), ("failed", "failed", plain)],
        True,
    )


def connect(runs):
    section = Section(
        "connect",
        "Connections of a machine with nothing to spare",
        (
            "A client on every CPU, eight connections at a time each, servers on all of them: every CPU is busy all the"
            " time, so connections a second are what one costs. CPU time is that of all CPUs, clients and servers"
            " included: what a contender adds is its difference to <i>no rules</i>."
        ),
        plot_text="TCP connections per second of the whole machine by contender",
    )
    return bar_section(
        section,
        runs,
        "per_s",
        rate,
        "connections a second",
        [("connections/s", "per_s", rate), ("µs of CPU each", "cpu_us_per_flow", us), ("failed", "failed", plain)],
        True,
    )


def first_packet(runs):
    section = Section(
        "first-packet",
        "How long a first packet takes",
        (
            "2 000 new UDP flows a second, each answered by its server; the round trip is timed. Client and server"
            " share a CPU, the contender has another: whoever answers from a queue has to be woken there first, and on"
            " a virtual machine that is most of what it takes."
        ),
        plot_text="Round trip of a flow's first packet, percentiles of each contender",
    )
    return percentile_section(section, runs, "rtt_ns", [("unanswered", "lost", plain)], False)


def offered(runs):
    section = Section(
        "offered",
        "More than can be handled",
        (
            "One-packet flows as fast as one CPU sends them, most of a kind never seen before: nothing can be learned."
            " Sender and contender share the machine, so what is offered depends on the contender, too. A queue that is"
            " full drops."
        ),
        plot_text="Flows delivered per second of each contender while flows are sent at full speed",
    )
    return bar_section(
        section,
        runs,
        "delivered_per_s",
        rate,
        "flows delivered a second",
        [
            ("offered/s", "offered_per_s", rate),
            ("delivered/s", "delivered_per_s", rate),
            ("lost", "lost", plain),
            ("µs of CPU each", "cpu_us_per_flow", us),
        ],
    )


def cpu_us_per_mib(runs):
    """Over all of them: a tick of /proc/stat is a tenth of a turn."""
    bytes_ = sum(value(run, "bytes") or 0 for run in runs)
    busy_us = sum(run["cpu"].get("busy_us", 0) for run in runs)
    return Spread.of([busy_us / (bytes_ / 2**20)]) if bytes_ else None


def bulk(runs):
    section = Section(
        "bulk",
        "An established connection at full speed",
        (
            "One TCP connection a contender, one direction, segments as large as the kernel makes them: what a packet"
            " pays once its flow is judged. All connections stay open, and turns are a tenth of a second: a virtual"
            " machine's speed has modes that last about a second, and a round fits into one. A turn ends when all that"
            " was sent in it is acknowledged. podgate runs through everybody's turns; what it takes by itself is"
            " measured as <i>When nothing happens</i>."
        ),
        plot_text="Throughput of one TCP connection",
    )
    return bar_section(
        section,
        runs,
        "gbit_s",
        us,
        "Gbit/s",
        [
            ("Gbit/s", "gbit_s", us),
            ("over no rules", lambda of: ratio(of, select(runs, "bulk", "none"), "gbit_s"), three),
            ("µs of CPU a MiB", cpu_us_per_mib, us),
            ("retransmits", total_retransmits, plain),
        ],
    )


def three(number):
    return plain(number, 3)


def total_retransmits(runs):
    return Spread.of([sum(value(run, "retransmits") or 0 for run in runs)]) if runs else None


def small(runs):
    section = Section(
        "small",
        "Small packets of an established flow",
        "64-byte datagrams to and fro, 16 under way at a time.",
        plot_text="Round trips per second of small packets",
    )
    return bar_section(
        section,
        runs,
        "per_s",
        rate,
        "round trips a second",
        [
            ("round trips/s", "per_s", rate),
            ("p50", "rtt_ns.p50", microseconds),
            ("µs of CPU a packet", "cpu_us_per_packet", us),
            ("lost", "lost", plain),
        ],
    )
