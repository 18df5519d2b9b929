# SPDX-License-Identifier: GPL-2.0-or-later
"""What a change costs that concerns nobody else: one client connects to one server all the time, the flow table is
long, and a pod that has nothing to do with either is relabelled and moved again and again."""
import json
import os
import socket
import threading
import time

from . import contenders, machine, process, world
from .flow_workloads import ends
from .world import PORT, World

KEY = "churn"


def make(context, key, build=None):
    """1 000 pods, 103 policies, all defaults; `build`: another build's program."""
    title = "podgate, all defaults" if build is None else f"podgate of {build}"
    made = contenders.Podgate(
        context,
        key,
        World(10, 10, 881, 100),
        settings={},
        pinned=False,
        title=title,
        about="1 000 pods, 103 policies; one pod is relabelled and moved.",
    )
    if build is not None:
        made.podgate = build / "podgate"
    made.folder.mkdir(parents=True, exist_ok=True)
    made.manifests.mkdir(parents=True, exist_ok=True)
    made.write("everybody.json", json.dumps(everybody_policy()))
    return made


def everybody_policy():
    """Admits everybody to the pod OPEN: whose flows fill the flow table."""
    policy = world.policy("everybody-to-open", world.OPEN, "", None)
    policy["spec"]["ingress"] = [{}]
    return policy


class Control:
    """The control socket, without a program for each question."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rw", encoding="utf-8")

    def status(self):
        self.file.write('{"command": "status"}\n')
        self.file.flush()
        return json.loads(self.file.readline())

    def close(self):
        self.file.close()
        self.socket.close()


class Changer(threading.Thread):
    """Writes the pod anew, so often a second, and asks what the last change took."""

    def __init__(self, run, rate, seconds):
        super().__init__(daemon=True)
        self.gate, self.rate, self.seconds = run.contender, rate, seconds
        self.addresses = run.addresses
        self.cpus = run.context.placement.cpus
        self.written, self.enforced, self.took, self.seen, self.error = 0, 0, 0.0, {}, None

    def write(self, number):
        pod = world.pod(
            "bench", "mover", {"app": "mover", "step": str(number % 7)}, self.addresses.ballast(1 + number % 200)
        )
        self.gate.write("mover.json", json.dumps(pod))

    def run(self):
        # Not behind the load, which never leaves its CPU.
        os.sched_setaffinity(0, self.cpus)
        try:
            self.change_all()
        except (OSError, ValueError, KeyError, TypeError) as error:
            self.error = error

    def change_all(self):
        control = Control(self.gate.folder / "control.sock")
        first = control.status()["publish"]["changes"]
        begin = time.monotonic()
        while self.rate and time.monotonic() < begin + self.seconds:
            self.write(self.written)
            self.written += 1
            # Asking takes podgate's time: not more than ten times a second.
            if self.rate <= 10:
                time.sleep(0.4 / self.rate)
                self.look(control.status()["publish"])
            time.sleep(max(0, begin + self.written / self.rate - time.monotonic()))
        self.enforced = control.status()["publish"]["changes"] - first
        self.took = time.monotonic() - begin
        control.close()

    def look(self, publish):
        self.seen[publish["changes"]] = {
            "total_ms": publish.get("total_ms", 0),
            "rename_to_judged_ms": publish.get("read_ms", 0) + publish.get("judged_ms", 0),
        }


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))] if values else None


def fill(run, entries):
    """Flows of other pods. Those of podgate's are judged before anything is measured."""
    if entries == 0:
        return
    process.output_of(
        [
            run.context.probe.parent / "podgate-fill-flows",
            entries,
            run.addresses.server(run.contender.world.servers + 1),
            PORT,
        ],
        run.contender.gateway,
        timeout=120,
    )
    if run.contender.pid is None:
        return
    gate = run.contender
    gate.await_status(lambda status: status["sweep"]["judged"] >= entries, timeout=60, every=0.5)


def churn_once(run, entries, rate):
    seconds = run.seconds
    run.serve("accept", PORT)
    fill(run, entries)
    changer = None
    arguments = ["connect", *ends(run, 1, 1), "--parallel", 1]
    run.start("client", run.context.placement.load, *arguments, "--seconds", min(0.3, seconds)).result()
    used_us = machine.family_cpu_us(run.contender.pid) if run.contender.pid else 0
    begin = time.monotonic()
    load = run.start("client", run.context.placement.load, *arguments, "--seconds", seconds)
    if run.contender.pid:
        changer = Changer(run, rate, seconds)
        changer.start()
    done = load.result()
    if done["connections"] == 0:
        raise process.ProcessError("no connection was made")
    run.values.update(done)
    if changer is None:
        return
    changer.join(60)
    if changer.error is not None:
        raise process.ProcessError(f"no changes were made: {changer.error}")
    lasted = time.monotonic() - begin
    used_us = machine.family_cpu_us(run.contender.pid) - used_us
    run.values.update(
        cpu_s_per_s=used_us / 1e6 / lasted,
        asked=changer.written,
        enforced=changer.enforced,
        enforced_per_s=changer.enforced / changer.took if changer.took else None,
        cpu_ms_per_change=used_us / 1e3 / changer.enforced if changer.enforced else None,
    )
    for name in ("total_ms", "rename_to_judged_ms"):
        values = [one[name] for one in changer.seen.values()]
        run.values[name] = {"p50": percentile(values, 0.5), "p99": percentile(values, 0.99)}


def churn(bench):
    """changes that concern nobody else, beside one client that connects all the time"""
    room = int(machine.first_line("/proc/sys/net/netfilter/nf_conntrack_max", "0"))
    makers = {"podgate": lambda: make(bench.context, "churn")}
    for number, build in enumerate(bench.builds):
        makers[f"before{number or ''}"] = lambda build=build, number=number: make(
            bench.context, f"before{number}", build
        )

    def get(key):
        return bench.contender(f"{KEY}-{key}", makers[key]) if key in makers else bench.standard(key)

    for entries in bench.scale.entries:
        if entries > room * 9 // 10:
            bench.say(f"churn with {entries} entries: not measured, nf_conntrack_max is {room}")
            continue
        for round_number in range(bench.scale.rounds("churn")):
            for rate in bench.scale.change_rates:
                keys = ["conntrack", *makers] if rate == 0 else list(makers)
                for key in bench.turns(keys, round_number):
                    bench.measure(
                        "churn",
                        key,
                        round_number,
                        lambda run, entries=entries, rate=rate: churn_once(run, entries, rate),
                        get,
                        entries=entries,
                        rate=rate,
                    )
    bench.drop(*(f"{KEY}-{key}" for key in makers))
