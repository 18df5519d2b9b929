# SPDX-License-Identifier: GPL-2.0-or-later
"""One run of the suite: keeps the contenders, lets them take turns, and writes down what each run gave and what was
lost."""
import contextlib
import sys
import time

from . import contenders, machine, process, spread

GIVE_UP_AFTER = 2  # failures of one contender in one workload


def difference(before, after):
    """Of counters."""
    return {name: after[name] - before[name] for name in after}


class Run:
    """One measurement under way: how a workload starts programs, and what it costs."""

    def __init__(self, bench, contender, workload):
        self.seconds = bench.scale.length(workload)
        self.bench, self.contender, self.context = bench, contender, bench.context
        self.rig, self.addresses = contender.rig, contender.rig.addresses
        self.values, self.cost = {}, {}
        self.started = []

    def start(self, node, cpus, *arguments, told=False):
        """podgate-load in the background; ended with the run."""
        program = process.Process([self.context.load, *arguments], self.rig.name(node), cpus, told=told)
        self.started.append(program)
        return program

    def serve(self, *arguments, node="server", cpus=None):
        return self.start(node, cpus or self.context.placement.server, *arguments).wait_ready()

    def load(self, *arguments, node="client", timeout=90):
        return self.start(node, self.context.placement.load, *arguments).result(timeout)

    @contextlib.contextmanager
    def costed(self):
        """What the machine's CPUs do in here is what the run costs."""
        before = machine.CpuTime()
        yield
        self.cost = machine.CpuTime().since(before, machine.all_cpus())

    def per_flow(self, flows):
        """CPU time of all CPUs for each of so many flows, in microseconds."""
        return self.cost["busy_us"] / flows if flows else None

    def end(self):
        for program in self.started:
            program.end()


class Bench:
    def __init__(self, context, scale, log=sys.stderr):
        self.context, self.scale, self.log = context, scale, log
        self.runs, self.problems, self.texts = [], [], {}
        self.pool, self.failures = {}, {}
        self.peers, self.builds = [], []
        self.early = {}  # programs begun before their workload, where times do not matter
        self.used = {}  # contenders by title, for the report
        self.begin = time.monotonic()

    def say(self, text):
        print(f"{time.monotonic() - self.begin:6.1f} s  {text}", file=self.log, flush=True)

    def problem(self, workload, contender, reason):
        self.problems.append({"workload": workload, "contender": contender, "reason": str(reason)})
        self.say(f"FAILED {workload}, {contender}: {reason}")

    # --- contenders -------------------------------------------------------------------------------------------------

    def contender(self, key, make):
        """The one of that key; made and brought up, standing still, when it is asked for first."""
        if key not in self.pool:
            made = make()
            try:
                made.up()
            except BaseException:
                made.down()
                raise
            made.pause()
            self.pool[key] = made
            self.used.setdefault(made.title, made)
        return self.pool[key]

    def standard(self, key):
        """A contender on the standard world."""
        makers = {
            one.key: one
            for one in (
                contenders.NoRules,
                contenders.ConntrackRule,
                contenders.NullFloor,
                contenders.FairNull,
                contenders.RecvSend,
            )
        }
        makers |= {"tier2": contenders.tier2, "tier3": contenders.tier3, "default": contenders.as_installed}
        makers |= {
            name: lambda context, name=name, command=command: contenders.Peer(context, name, command)
            for name, command in self.peers
        }
        return self.contender(key, lambda: makers[key](self.context))

    def with_peers(self, *keys):
        return [*keys, *(name for name, _ in self.peers)]

    def contenders_used(self):
        return list(self.used.values())

    def drop(self, *keys):
        for key in keys:
            if key in self.pool:
                self.pool.pop(key).down()

    def close(self):
        self.drop(*list(self.pool))

    # --- runs -------------------------------------------------------------------------------------------------------

    def measure(self, workload, key, round_number, body, get=None, **parameters):
        """Runs body(run) against a contender and records run.values. A failure is recorded, and after a few the
        contender sits out."""
        if self.failures.get((workload, key), 0) >= GIVE_UP_AFTER:
            return
        record = self.record(workload, key, round_number, parameters)
        run = contender = None
        try:
            contender = (get or self.standard)(key)
            run = Run(self, contender, workload)
            contender.resume()
            contender.rig.flush_flows()
            time.sleep(self.scale.settle_s)
            before = self.counters(contender)
            body(run)
            record["lost"] = difference(before, self.counters(contender))
        except (process.ProcessError, KeyError, ValueError, OSError, TypeError) as error:
            record["failed"] = f"{type(error).__name__}: {error}"
            self.failures[workload, key] = self.failures.get((workload, key), 0) + 1
            self.problem(workload, key, record["failed"])
        finally:
            if run is not None:
                run.end()
                record |= {"values": run.values, "cpu": run.cost}
            if contender is not None:
                contender.pause()
        self.runs.append(record)

    def record(self, workload, key, round_number, parameters=None):
        """One that is to be filled in, and put with the runs."""
        return {
            "workload": workload,
            "contender": key,
            "round": round_number,
            "parameters": parameters or {},
            "at_s": round(time.monotonic() - self.begin, 3),
            "values": {},
            "cpu": {},
            "lost": {},
        }

    @staticmethod
    def counters(contender):
        """Of what a gateway may lose."""
        queues = machine.queue_counters(contender.gateway)
        return {name: queues[name] for name in ("queue_dropped", "user_dropped")} | machine.conntrack_counters(
            contender.gateway
        )

    def note(self, workload, contender, round_number, get_values):
        """A run without a rig: get_values() gives what it measured."""
        record = self.record(workload, contender, round_number)
        try:
            record["values"] = get_values()
        except (process.ProcessError, KeyError, ValueError, StopIteration) as error:
            record["failed"] = f"{type(error).__name__}: {error}"
            self.problem(workload, contender, record["failed"])
        self.runs.append(record)

    @staticmethod
    def turns(keys, round_number):
        return spread.in_order(keys, round_number)

    def alternate(self, workload, keys, body, get=None, rounds=None, seldom=(), **parameters):
        """Everybody once a round, in an order that rotates. Who is compared with no one closely has his turn `seldom`:
        every third round, before the others, of whom each is first as often as the next."""
        for round_number in range(rounds or self.scale.rounds(workload)):
            guests = [key for key in keys if key in seldom and round_number % 3 == 0]
            usual = [key for key in keys if key not in seldom]
            for key in self.turns(guests, round_number) + self.turns(usual, round_number):
                self.measure(workload, key, round_number, body, get, **parameters)
