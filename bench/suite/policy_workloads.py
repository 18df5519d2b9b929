# SPDX-License-Identifier: GPL-2.0-or-later
"""What policies cost: their number and that of pods, their changes under load, memory, and one pod that floods the
gate."""
import json
import shutil
import statistics
import time

from . import contenders, machine, process, world
from .flow_workloads import connect_everywhere, ends
from .queue_workloads import capacity
from .world import PORT, World

# --- one pod floods -------------------------------------------------------------------------------------------------


def others_connect(run, flood):
    """Other pods connect at a rate that presses nobody, while one pod starts new flows as fast as it can: each to
    another port, so that no two are of one kind. On two CPUs the flood has one of them; the other pods and their
    servers have the other."""
    seconds = 2 * run.seconds
    place = run.context.placement
    run.serve("accept", PORT, cpus=place.victim)
    run.start("client", place.victim, "connect", *ends(run, 20), "--rate", 500, "--seconds", min(0.3, seconds)).result()
    flooder = None
    if flood != "quiet":
        target = f"{run.addresses.hole()},16" if flood == "allowed" else f"{run.addresses.server()},100"
        flooder = run.start(
            "rogue",
            place.flood,
            "flows",
            "--from",
            run.addresses.rogue(),
            "--to",
            target,
            "--port",
            "1-65535",
            "--seconds",
            1.2 * seconds + 0.1,
        )
        time.sleep(0.05 + seconds / 20)
    with run.costed():
        done = run.start(
            "client", place.victim, "connect", *ends(run, 20), "--rate", 500, "--parallel", 8, "--seconds", seconds
        ).result()
    run.values.update(done)
    if flooder:
        flooded = flooder.result()
        run.values["flood_per_s"] = flooded["sent"] / ((flooded["end_ns"] - flooded["start_ns"]) / 1e9)


def flood(bench):
    """other pods' connects while one pod floods new flows, denied and allowed"""
    kinds = {"conntrack": ("quiet", "allowed"), "default": ("quiet", "denied", "allowed")}
    for round_number in range(bench.scale.rounds("flood")):
        for key in ("conntrack", "default") if round_number % 2 == 0 else ("default", "conntrack"):
            for kind in kinds[key]:
                bench.measure("flood", key, round_number, lambda run, kind=kind: others_connect(run, kind), flood=kind)


# --- policies change under load -------------------------------------------------------------------------------------

STALL_MS = 20
HELD_PORT = 7000  # of the connection that is to be cut; the load has another


def admit(gate):
    """Lets clients reach the pod OPEN, which is isolated otherwise. The status once that is in force."""
    return change(
        gate,
        lambda: gate.write(
            "open.json",
            json.dumps(
                world.policy("clients-to-open", world.OPEN, "client-000", [world.ports("TCP", HELD_PORT, HELD_PORT)])
            ),
        ),
    )


def change(gate, act):
    before = gate.status()["publish"]["changes"]
    act()
    return gate.await_status(lambda status: status["publish"]["changes"] > before and not status["pending"], timeout=30)


def cut(run, gate):
    """Milliseconds from removing the policy until a connection that it admitted, and that sends all the time, falls
    silent."""
    address = run.addresses.server(gate.world.servers + 1)
    held = process.Process(
        [run.context.probe, "hold", "--every", 1, "--stall", STALL_MS, address, HELD_PORT],
        run.rig.name("client"),
        run.context.placement.load,
    )
    run.started.append(held)
    if held.line_within(10) != "open":
        raise process.ProcessError("the connection that was to be cut did not open")
    time.sleep(0.05)
    before = gate.status()["publish"]["changes"]
    begin = time.monotonic()
    (gate.manifests / "open.json").unlink()
    said = held.line_within(10) or ""
    silent = (time.monotonic() - begin) * 1000 - STALL_MS
    held.end()
    if not said.startswith("stalled"):
        raise process.ProcessError(f"the connection was to be cut: {said or 'it ended'}")
    status = gate.await_status(
        lambda status: status["publish"]["changes"] > before and not status["pending"], timeout=30
    )
    return silent, status["publish"]


def under_changes(run, changing):
    """Connections as fast as they come, while a policy comes and goes."""
    gate = run.contender
    run.started.append(
        process.Process(
            [run.context.probe, "serve", f"tcp/{HELD_PORT}"], run.rig.name("server"), run.context.placement.server
        ).wait_ready()
    )
    run.serve("accept", PORT)
    seconds = 3 * run.seconds
    load = run.start("client", run.context.placement.load, "connect", *ends(run), "--parallel", 4, "--seconds", seconds)
    seen = []
    until = time.monotonic() + seconds
    while changing and (not seen or time.monotonic() < until - 0.5):
        admit(gate)
        silent, publish = cut(run, gate)
        seen.append(
            {
                "cut_ms": silent,
                **{name: publish[name] for name in ("wait_ms", "compile_ms", "publish_ms", "sweep_ms", "total_ms")},
            }
        )
    done = load.result()
    if done["connections"] == 0:
        raise process.ProcessError("no connection was made")
    run.values.update(done, changes=2 * len(seen))
    if seen:
        run.values["change"] = {name: statistics.median(one[name] for one in seen) for name in seen[0]}


def changes(bench):
    """policies that change under load, and how soon a change is in force"""
    for round_number in range(bench.scale.rounds("changes")):
        for mode in ("quiet", "changing"):
            bench.measure(
                "changes",
                "default",
                round_number,
                lambda run, mode=mode: under_changes(run, mode == "changing"),
                mode=mode,
            )


# --- how many policies, how many pods -------------------------------------------------------------------------------


def policies(bench):
    """connections/s by number of policies, beside the same policies as packet filter rules"""
    makers = {
        "plain": contenders.PlainRules,
        "ipset": contenders.KubeRouterRules,
        "tier3": contenders.tier3,
        "tier2": contenders.tier2,
    }
    rounds = bench.scale.rounds("policies")
    for count in bench.scale.policies:
        of = World.of_policies(count)

        def get(key, count=count, of=of):
            if key not in makers:
                return bench.standard(key)
            return bench.contender(f"{key}@{count}", lambda: makers[key](bench.context, of, key=f"{key}{count}"))

        def body(run, count=count, of=of):
            # Every kind of flow must have been seen twice before it is learned.
            first = run.contender.key.startswith("tier2") and run.contender.key not in warm
            warm.add(run.contender.key)
            connect_everywhere(run, of.clients, of.servers, warm_s=0.2 + count / 4000 if first else 0.1)

        warm = set()
        for round_number in range(rounds):
            for key in bench.turns(["conntrack", *makers], round_number):
                bench.measure("policies", key, round_number, body, get, policies=count)
        bench.drop(*(f"{key}@{count}" for key in makers))


def scaled_ends(run):
    of = run.contender.world
    return [
        "--from",
        f"{run.addresses.client()},{of.clients}",
        "--to",
        f"{run.addresses.server()},{of.servers}",
        "--port",
        f"{PORT}-{world.LAST_PORT}",
    ]


def pods(bench):
    """verdicts/s and memory by number of pods"""
    for count in bench.scale.pods:
        of = World.of_pods(count)

        def body(run):
            capacity(run, scaled_ends(run))
            run.values["rss_mib"] = machine.resident_mib(run.contender.pid)[0]

        for round_number in range(bench.scale.rounds("pods")):
            bench.measure(
                "pods",
                "tier3",
                round_number,
                body,
                lambda key: bench.contender(
                    f"pods@{count}", lambda: contenders.tier3(bench.context, of, f"pods{count}")
                ),
                pods=count,
            )
        bench.drop(f"pods@{count}")


# --- memory and changes of big clusters -----------------------------------------------------------------------------


class Realistic(contenders.Podgate):
    """The daemon with all defaults on a cluster as `kubectl get -o yaml` prints it."""

    def __init__(self, context, size, pod_count, policy_count):
        self.pod_count, self.policy_count = pod_count, policy_count
        super().__init__(context, f"rss{size}", settings={}, pinned=False, title="podgate, all defaults")

    def write_manifests(self):
        world.write_realistic(self.manifests, self.pod_count, self.policy_count, self.rig.addresses)


def resident(run, gate):
    """At rest after the start, and at rest after one pod was added: the larger is the figure, both are shown."""
    time.sleep(min(1.0, run.seconds))
    run.values["rss_started_mib"], _ = machine.resident_mib(gate.pid)
    added = world.realistic_pod(gate.pod_count, run.addresses)
    status = change(gate, lambda: gate.write("one-more.yaml", added))
    run.values["one_pod"] = {
        name: status["publish"][name] for name in ("compile_ms", "publish_ms", "sweep_ms", "total_ms")
    }
    time.sleep(min(1.0, run.seconds))
    run.values["rss_changed_mib"], run.values["rss_peak_mib"] = machine.resident_mib(gate.pid)
    run.values.update(
        rss_mib=max(run.values["rss_started_mib"], run.values["rss_changed_mib"]),
        pods=status["pods"],
        policies=status["policies"],
        isolated=status["isolated"],
    )


def memory(bench):
    """resident memory, and one pod added, on clusters of manifests"""
    sizes = {"small": (100, 100), "large": bench.scale.large}
    for round_number in range(bench.scale.rounds("memory")):
        for size, counts in sizes.items():
            key = f"memory-{size}"
            bench.measure(
                "memory",
                "default",
                round_number,
                lambda run: resident(run, run.contender),
                lambda _, key=key, size=size, counts=counts: bench.contender(
                    key, lambda: Realistic(bench.context, size, *counts)
                ),
                size=size,
                asked_pods=counts[0],
                asked_policies=counts[1],
            )
            if key in bench.pool:
                folder = bench.pool[key].folder
                bench.drop(key)
                shutil.rmtree(folder, ignore_errors=True)


# --- without packets ------------------------------------------------------------------------------------------------


def start_policy_micro(bench, cpus):
    return process.Process([bench.context.root / "build/release/bench/bench_policy", "--json"], cpus=cpus)


def policy_micro(bench):
    """judging and compiling alone: bench_policy"""
    for round_number in range(bench.scale.rounds("policy-micro")):
        program = bench.early.pop("bench_policy", None) or start_policy_micro(bench, bench.context.placement.gate)
        bench.note("policy-micro", "podgate", round_number, lambda program=program: policy_values(program.result(120)))


def policy_values(report):
    """What the figures need of bench_policy's report; and the report."""
    by_count = {str(one["policies"]): one for one in report["evaluation"]}
    values = {
        name: {count: one[name] for count, one in by_count.items()} for name in ("judge_ns", "lookup_ns", "naive_ns")
    }
    big = next(
        one for one in report["compilation"] if one["shape"] == "realistic" and one["pods"] == one["policies"] == 10000
    )
    values |= {name: big[name] for name in ("compile_ms", "pod_add_ms") if name in big}
    if "pod_add_ms" in report:
        values["pod_add_ms"] = report["pod_add_ms"]
    return {**values, "compilation": report["compilation"]}


MICRO = {  # arguments in full, quick and smoke runs; None: not in those
    "bench_packet": ((), (), None, "reading a packet's headers"),
    "bench_queue": ((), None, None, "verdicts without a gateway around them"),
    "bench_sweep": (("100000", "5"), ("20000", "3"), ("1000", "1"), "judging every flow that is open"),
    "bench_manifest": ((), ("2000",), ("100",), "reading manifests"),
}


def micro(bench):
    """the other micro-benchmarks, in their own words"""
    column = ("full", "quick", "smoke").index(bench.scale.name)
    for name, (*arguments, about) in MICRO.items():
        if arguments[column] is None:
            continue
        try:
            text = process.output_of(
                [bench.context.root / "build/release/bench" / name, *arguments[column]],
                cpus=bench.context.placement.all,
                timeout=180,
            )
            bench.texts[name] = {"about": about, "text": text}
        except process.ProcessError as error:
            bench.problem("micro", name, error)
