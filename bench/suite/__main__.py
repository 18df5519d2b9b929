# SPDX-License-Identifier: GPL-2.0-or-later
"""The command behind bench/run.sh."""
import argparse
import datetime
import signal
import sys
import time
from pathlib import Path

from . import (
    churn_workload,
    contenders,
    flow_workloads,
    idle_workload,
    machine,
    policy_workloads,
    process,
    queue_workloads,
    report,
    rig,
    scale,
)
from .bench import Bench

# In the order in which they run and stand in the report.
WORKLOADS = {
    "verdicts": queue_workloads.verdicts,
    "pair": queue_workloads.pair,
    "connect-one": flow_workloads.connect_one,
    "connect": flow_workloads.connect,
    "first-packet": queue_workloads.first_packet,
    "offered": queue_workloads.offered,
    "bulk": flow_workloads.bulk,
    "small": flow_workloads.small,
    "flood": policy_workloads.flood,
    "changes": policy_workloads.changes,
    "churn": churn_workload.churn,
    "policies": policy_workloads.policies,
    "pods": policy_workloads.pods,
    "memory": policy_workloads.memory,
    "idle": idle_workload.idle,
    "policy-micro": policy_workloads.policy_micro,
    "micro": policy_workloads.micro,
}


def peer(text):
    name, equals, command = text.partition("=")
    if not equals or not name.isidentifier() and not name.replace("-", "").isalnum() or not command:
        raise argparse.ArgumentTypeError(f"{text}: expected NAME=COMMAND")
    return name, command


def arguments():
    parser = argparse.ArgumentParser(
        prog="bench/run.sh", description="podgate's benchmark suite: measures, and writes a report."
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--quick", dest="scale", action="store_const", const=scale.QUICK, help="about two minutes rather than ten"
    )
    size.add_argument(
        "--smoke",
        dest="scale",
        action="store_const",
        const=scale.SMOKE,
        help="a moment of everything, to see that it works; the figures mean nothing",
    )
    parser.add_argument(
        "--only", action="append", metavar="NAME", choices=WORKLOADS, help="just this workload; may be repeated"
    )
    parser.add_argument("--list", action="store_true", help="name the workloads")
    parser.add_argument("--rounds", type=int, metavar="N", help="how often each contender takes its turn")
    parser.add_argument(
        "--peer",
        action="append",
        type=peer,
        default=[],
        metavar="NAME=COMMAND",
        help="one more contender: a program that answers queue {queue} (also $PODGATE_BENCH_QUEUE)",
    )
    parser.add_argument(
        "--peer-podgate",
        action="append",
        type=Path,
        default=[],
        metavar="BUILD",
        help="podgate of another build (a folder such as build/release of an older commit), in the workload churn",
    )
    parser.add_argument("--backend", choices=("nft", "legacy"), default="nft", help="which iptables (nft)")
    parser.add_argument("--family", type=int, choices=(4, 6), default=4, help="which internet protocol (4)")
    parser.add_argument(
        "--out", type=Path, default=Path("bench-report"), metavar="DIR", help="where the report goes (bench-report)"
    )
    parser.add_argument("--root", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--prefix", required=True, help=argparse.SUPPRESS)
    parser.set_defaults(scale=scale.FULL)
    return parser.parse_args()


def command(options):
    """What was asked for, as one would write it."""
    words = [] if options.scale.name == "full" else [f"--{options.scale.name}"]
    words += [f"--only {name}" for name in options.only or ()] + [
        f"--peer {name}={line!r}" for name, line in options.peer
    ]
    words += [f"--peer-podgate {build}" for build in options.peer_podgate]
    words += [f"--rounds {options.rounds}"] if options.rounds else []
    words += ["--backend legacy"] if options.backend == "legacy" else []
    return " ".join(words + (["--family 6"] if options.family == 6 else []))


def stop(number, _frame):
    raise SystemExit(128 + number)


def measure(bench, names):
    for name in names:
        bench.say(f"{name}: {WORKLOADS[name].__doc__}")
        try:
            WORKLOADS[name](bench)
        except (process.ProcessError, OSError, KeyError, ValueError) as error:
            bench.problem(name, "all", error)


def main():
    options = arguments()
    if options.list:
        for name, workload in WORKLOADS.items():
            print(f"{name:14}{workload.__doc__}")
        return 0
    if options.rounds:
        options.scale = scale.with_rounds(options.scale, options.rounds)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    names = options.only or list(WORKLOADS)
    placement = machine.Placement()
    begun = datetime.datetime.now().astimezone()
    start = time.monotonic()
    context = contenders.Context(options.root, options.work, options.prefix, options.family, options.backend, placement)
    bench = Bench(context, options.scale)
    bench.peers = options.peer
    bench.builds = [build.resolve() for build in options.peer_podgate]
    try:
        machine.pin_self(placement.load)
        if options.scale.name == "smoke" and "policy-micro" in names:
            bench.early["bench_policy"] = policy_workloads.start_policy_micro(bench, placement.all)
        measure(bench, names)
    finally:
        process.end_all()
        bench.close()
        rig.remove_all(options.prefix)
    facts = {
        "machine": machine.describe(options.root),
        "placement": placement.describe(),
        "begun": begun.isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - start),
        "scale": options.scale.name,
        "backend": options.backend,
        "family": options.family,
        "workloads": {name: WORKLOADS[name].__doc__ for name in names},
        "command": command(options),
        "partial": options.only is not None,
    }
    return report.write(options.out, facts, bench)


if __name__ == "__main__":
    sys.exit(main())
