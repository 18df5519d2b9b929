# SPDX-License-Identifier: GPL-2.0-or-later
"""TCP connections opened and closed, and what flows pay once they are established."""
from . import slices
from .process import ProcessError
from .world import PORT

CLIENTS, SERVERS = 50, 10  # 500 kinds of flows, each of which recurs: what a gateway's pods do all day


def ends(run, clients=CLIENTS, servers=SERVERS):
    return [
        "--from",
        f"{run.addresses.client()},{clients}",
        "--to",
        f"{run.addresses.server()},{servers}",
        "--port",
        PORT,
    ]


def connect_in_turn(run):
    """One connection opened and closed after the other."""
    run.serve("accept", PORT)
    connections(run, run.context.placement.load, ["--parallel", 1, *ends(run)], 0.1)


def connect_everywhere(run, clients=CLIENTS, servers=SERVERS, warm_s=0.1):
    """Clients on all CPUs, eight connections at a time each, and servers on all of them: as much as the machine can
    do."""
    place = run.context.placement
    run.serve("accept", "--threads", len(place.cpus), PORT, cpus=place.all)
    threads = ["--threads", len(place.cpus), "--parallel", 8 * len(place.cpus)]
    connections(run, place.all, [*threads, *ends(run, clients, servers)], warm_s)


def connections(run, cpus, arguments, warm_s):
    """First for a moment unmeasured: kinds of flows are learned once. Their flows are forgotten then, so that all
    are new again."""
    seconds = run.seconds
    if warm_s:
        run.start("client", cpus, "connect", *arguments, "--seconds", min(warm_s, 5 * seconds)).result()
        run.rig.flush_flows()
    with run.costed():
        done = run.start("client", cpus, "connect", *arguments, "--seconds", seconds).result()
    if done["connections"] == 0:
        raise ProcessError("no connection was made")
    run.values.update(done, cpu_us_per_flow=run.per_flow(done["connections"]))


def connect_one(bench):
    """TCP connect and close, one at a time: connections/s, and how long a connect takes"""
    bench.alternate(
        "connect-one",
        bench.with_peers("none", "conntrack", "tier2", "fair", "tier3", "recv-send"),
        connect_in_turn,
    )


def connect(bench):
    """TCP connect and close from every CPU at once: connections/s of the whole machine"""
    bench.alternate(
        "connect", bench.with_peers("none", "conntrack", "tier2", "fair", "tier3", "recv-send"), connect_everywhere
    )


def open_pour(run):
    """Both ends on one CPU, so that the figure is of the work that a byte is. With a CPU each, it is of how often one
    waits for the other, and differs twofold from run to run."""
    cpu = run.context.placement.load
    run.serve("drain", PORT, cpus=cpu)
    ends_at = ["--to", run.addresses.server(), "--port", PORT]
    return run.start("client", cpu, "pour", "--turns", *ends_at, told=True).wait_ready()


def bulk(bench):
    """one established TCP connection at full speed"""
    slices.take_turns(bench, "bulk", ["conntrack", "none", "tier2"], open_pour)


def ping(run):
    run.serve("echo", PORT)
    with run.costed():
        done = run.load(
            "pingpong",
            "--to",
            run.addresses.server(),
            "--port",
            PORT,
            "--seconds",
            run.seconds,
            "--size",
            64,
            "--window",
            16,
            "--proto",
            "udp",
        )
    run.values.update(
        done, cpu_us_per_packet=run.cost["busy_us"] / (2 * done["round_trips"]) if done["round_trips"] else None
    )


def small(bench):
    """small packets of an established flow, to and fro"""
    bench.alternate("small", ["none", "conntrack", "tier2"], ping)
