# SPDX-License-Identifier: GPL-2.0-or-later
"""First packets of one-packet flows: how many verdicts a second, what gets lost when more is offered, and how long
one waits."""
import time

from . import machine
from .process import ProcessError
from .world import LAST_PORT, PORT

PORTS = f"{PORT}-{LAST_PORT}"
LOOPS = ("floor", "tier3", "fair", "recv-send")  # in this order, so that podgate runs beside those it is held to
SELDOM = ("floor", "recv-send")  # podgate is near neither of them


def many(run):
    """From all client pods to all server pods of the standard world."""
    world = run.contender.world
    return [
        "--from",
        f"{run.addresses.client()},{world.clients}",
        "--to",
        f"{run.addresses.server()},{world.servers}",
        "--port",
        PORTS,
    ]


def one_pair(run):
    return ["--from", run.addresses.client(), "--to", run.addresses.server(), "--port", PORTS]


def capacity(run, ends):
    """Verdicts a second at no loss, with no generator beside it: the contender is stopped, its queue is filled, and
    the time is taken from waking it until the last packet has arrived at its server."""
    count = run.bench.scale.flows
    sink = run.serve("sink", "--expect", count, "--idle", 5000, PORTS, cpus=run.context.placement.load)
    machine.await_empty_queues(run.contender.gateway)
    run.contender.pause()
    filled = run.load("flows", *ends, "--count", count)
    waiting = machine.queue_counters(run.contender.gateway)["waiting"]
    begin = time.monotonic_ns()
    with run.costed():
        run.contender.resume()
        seen = sink.result()
    run.values.update(sent=filled["sent"], waiting=waiting, received=seen["received"])
    if waiting != count or seen["received"] != count:
        raise ProcessError(
            f"{count} flows, but {waiting} in the queue and {seen['received']} passed: not a run at no loss"
        )
    run.values["verdicts_per_s"] = count / ((seen["last_ns"] - begin) / 1e9)


def verdicts(bench):
    """verdicts/s at no loss, many addresses"""
    bench.alternate("verdicts", bench.with_peers(*LOOPS), lambda run: capacity(run, many(run)), seldom=SELDOM)


def pair(bench):
    """verdicts/s at no loss, one pair of addresses"""
    bench.alternate("pair", bench.with_peers(*LOOPS), lambda run: capacity(run, one_pair(run)))


def offer(run):
    """One-packet flows as fast as they can be sent, while the contender works beside the sender."""
    count = run.bench.scale.offered
    sink = run.serve("sink", "--expect", count, "--idle", 300, PORTS)
    with run.costed():
        sent = run.load("flows", *many(run), "--count", count)
        seen = sink.result()
    received = seen["received"]
    seconds = (seen["last_ns"] - sent["start_ns"]) / 1e9 if received else 0
    run.values.update(
        sent=sent["sent"],
        received=received,
        lost=sent["sent"] - received,
        offered_per_s=sent["sent"] / ((sent["end_ns"] - sent["start_ns"]) / 1e9),
        delivered_per_s=received / seconds if seconds > 0 else None,
        cpu_us_per_flow=run.per_flow(received),
    )


def offered(bench):
    """one-packet flows at full speed: delivered and lost"""
    bench.alternate("offered", bench.with_peers("none", "conntrack", *LOOPS, "tier2"), offer)


def wait(run):
    """Each first packet of a new flow is answered; the round trip is timed, at a rate that nobody is pressed by.
    Client and server share a CPU: so nobody but the contender waits for another CPU to wake up."""
    run.serve("echo", PORT, cpus=run.context.placement.load)
    sent = run.load(
        "latency",
        "--from",
        f"{run.addresses.client()},50",
        "--to",
        run.addresses.server(),
        "--port",
        PORT,
        "--seconds",
        run.seconds,
        "--rate",
        2000,
    )
    if sent["answered"] == 0:
        raise ProcessError("no first packet was answered")
    run.values.update(sent)


def first_packet(bench):
    """first-packet latency, 2 000 new flows/s"""
    bench.alternate("first-packet", bench.with_peers("none", "conntrack", *LOOPS, "tier2"), wait)
