# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is compared. Each contender has a rig of its own, its rules only in that rig's gateway, and stands still
(SIGSTOP) while another one is measured."""
import json
import signal
import time

from . import machine, process, rules
from .rig import Rig
from .world import World

QUEUE = 8610
QUEUE_LENGTH = 65536


class Context:
    """What all contenders share: where things are, and how this run was asked to be."""

    def __init__(self, root, work, prefix, family, backend, placement):
        self.root, self.work, self.prefix = root, work, prefix
        self.family, self.backend, self.placement = family, backend, placement
        self.podgate = root / "build/release/podgate"
        self.load = root / "build/release/bench/load/podgate-load"
        self.null = root / "build/release/bench/contenders/podgate-null"
        self.probe = root / "build/release/tests/podgate-probe"
        self.saved_chain = None

    def tables(self, verb):
        """iptables-restore or iptables-save of the family and back end asked for."""
        return f"{'ip6' if self.family == 6 else 'ip'}tables-{self.backend}-{verb}"

    def podgate_chain(self):
        """podgate's own chain, as listed while it runs: asked once."""
        if self.saved_chain is None:
            model = Podgate(self, "shape", World(1, 1, 1, 1), learn=False)
            try:
                model.up()
                self.saved_chain = process.output_of([self.tables("save"), "-t", "mangle"], model.gateway)
            finally:
                model.down()
        return self.saved_chain


class Contender:
    """up(), then resume() and pause() around each run, then down(). `pid` is None where the kernel does it all."""

    key = title = about = ""
    queued = False  # answers packets from a queue

    def __init__(self, context, world=None):
        self.context, self.world = context, world or World()
        self.rig = Rig(context.prefix, self.key, context.family)
        self.process = None

    @property
    def gateway(self):
        return self.rig.name("gw")

    @property
    def pid(self):
        return self.process.pid if self.process else None

    def up(self):
        self.rig.up()
        self.install()
        return self

    def install(self):
        """Rules, then the program."""

    def restore(self, text):
        process.output_of([self.context.tables("restore"), "--noflush"], self.gateway, stdin=text)

    def pause(self):
        """Stands still when this returns."""
        if self.process:
            self.process.stand_still()

    def resume(self):
        if self.process:
            if not self.process.alive():
                raise process.ProcessError(f"{self.title} has ended: {self.process.complaint()}")
            self.process.signal(signal.SIGCONT)

    def down(self):
        if self.process:
            self.process.end()
            self.process = None
        self.rig.down()


class NoRules(Contender):
    key, title = "none", "no rules"
    about = "An empty packet filter. Connections are not even tracked: plain forwarding."


class ConntrackRule(Contender):
    key, title = "conntrack", "conntrack rule only"
    about = (
        "One rule that lets established flows pass by their state and mark: the least that any stateful gateway does."
        " It enforces no policy."
    )

    def install(self):
        self.restore(rules.conntrack_only())


class QueueLoop(Contender):
    """A program on podgate's rules, less those that look into sets."""

    queued = True

    def install(self):
        self.restore(rules.queue_shape(self.context.podgate_chain(), QUEUE))
        self.process = self.program()
        self.await_queue()

    def program(self):
        raise NotImplementedError

    def await_queue(self, timeout=10):
        deadline = time.monotonic() + timeout
        while not machine.queue_is_bound(self.gateway, QUEUE):
            if not self.process.alive():
                raise process.ProcessError(f"{self.title} has ended: {self.process.complaint()}")
            if time.monotonic() > deadline:
                raise process.ProcessError(f"{self.title} has not taken queue {QUEUE} within {timeout} s")
            time.sleep(0.05)


class NullLoop(QueueLoop):
    def program(self):
        command = [self.context.null, self.key, "--queue", QUEUE, "--length", QUEUE_LENGTH]
        return process.Process(command, self.gateway, self.context.placement.gate).wait_ready()


class NullFloor(NullLoop):
    key, title = "floor", "null floor"
    about = (
        "The least a C program can do with a queue: takes no payload, parses nothing, accepts each burst with one"
        " verdict."
    )


class FairNull(NullLoop):
    key, title = "fair", "fair null"
    about = (
        "podgate's own reading and answering of bursts, with headers copied as podgate needs them, and a constant"
        " ACCEPT in between."
    )


class RecvSend(NullLoop):
    key, title = "recv-send", "one recv + one send"
    about = "One recv() and one send() a packet, and ACCEPT: the loop of most programs on NFQUEUE."


class Peer(QueueLoop):
    """A command line given with --peer."""

    def __init__(self, context, name, command):
        self.key = self.title = name
        self.command = command
        self.about = f"Given with --peer: {command}"
        super().__init__(context)

    def program(self):
        command = self.command.replace("{queue}", str(QUEUE)).replace("{length}", str(QUEUE_LENGTH))
        environment = {"PODGATE_BENCH_QUEUE": str(QUEUE), "PODGATE_BENCH_LENGTH": str(QUEUE_LENGTH)}
        return process.Process(["sh", "-c", f"exec {command}"], self.gateway, self.context.placement.gate, environment)


class Podgate(Contender):
    """The daemon, with one queue for new flows as long as the others', unless `settings` says otherwise: the load is of
    few sources and as fast as can be, and would else be kept apart as a flood."""

    queued = True

    def __init__(self, context, key, world=None, learn=True, settings=None, pinned=True, title=None, about=""):
        self.key, self.title, self.about = key, title or key, about
        super().__init__(context, world)
        self.folder = context.work / f"podgate-{self.rig.prefix}"
        self.manifests = self.folder / "manifests"
        self.settings = (
            {"workers": 1, "queue_length": QUEUE_LENGTH, "flood_rate": 0, "learn": str(learn).lower()}
            if settings is None
            else settings
        )
        self.pinned = pinned
        self.podgate = context.podgate

    def install(self):
        self.manifests.mkdir(parents=True, exist_ok=True)
        self.write_manifests()
        settings = {
            "manifests": [str(self.manifests)],
            "log_file": str(self.folder / "verdicts.jsonl"),
            "state_directory": str(self.folder / "state"),
            "control_socket": str(self.folder / "control.sock"),
            "backend": self.context.backend,
            **self.settings,
        }
        config = self.folder / "podgate.yaml"
        config.write_text(
            "".join(
                f"{name}: {json.dumps(value)}\n".replace('"true"', "true").replace('"false"', "false")
                for name, value in settings.items()
            ),
            encoding="utf-8",
        )
        cpus = self.context.placement.gate if self.pinned else self.context.placement.all
        self.process = process.Process([self.podgate, "run", "--config", config], self.gateway, cpus)
        self.await_status(lambda status: not status["pending"] and status["rules"]["intact"])

    def write_manifests(self):
        (self.manifests / "world.json").write_text(self.world.manifests(self.rig.addresses), encoding="utf-8")

    def status(self):
        # 1: it has a problem, such as no policies at all, which is what some measurements want.
        arguments = [self.podgate, "status", "--socket", self.folder / "control.sock", "-o", "json"]
        return json.loads(process.output_of(arguments, codes=(0, 1)))

    def await_status(self, condition, timeout=60, every=0.02):
        """Asks until the condition holds of what `podgate status` says; that."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                status = self.status()
                if condition(status):
                    return status
            except process.ProcessError as error:
                if not self.process.alive():
                    raise process.ProcessError(f"podgate has ended: {self.process.complaint()}") from error
            if time.monotonic() > deadline:
                raise process.ProcessError(
                    f"podgate was not as expected within {timeout} s: {self.process.complaint()}"
                )
            time.sleep(every)

    def write(self, name, text):
        """A manifest, whole at once."""
        new = self.folder / f"{name}.new"
        new.write_text(text, encoding="utf-8")
        new.rename(self.manifests / name)


class PlainRules(Contender):
    key, title = "plain", "plain iptables rules"
    about = "Each policy as one iptables rule: source, destination, port."

    def __init__(self, context, world, key=None):
        self.key = key or self.key
        super().__init__(context, world)

    def install(self):
        self.restore(rules.plain(self.world, self.rig.addresses))


class KubeRouterRules(Contender):
    key, title = "ipset", "ipset + iptables"
    about = "The same policies as kube-router writes them: a chain a pod, a chain and two ipsets a policy."

    def __init__(self, context, world, key=None):
        self.key = key or self.key
        super().__init__(context, world)

    def install(self):
        process.output_of(
            ["ipset", "restore"], self.gateway, stdin=rules.kube_router_sets(self.world, self.rig.addresses)
        )
        self.restore(rules.kube_router(self.world, self.rig.addresses))


def tier3(context, world=None, key="tier3"):
    return Podgate(
        context,
        key,
        world,
        learn=False,
        title="podgate, tier 3",
        about="podgate with learn: false: every first packet is judged in userspace by the compiled policies.",
    )


def tier2(context, world=None, key="tier2"):
    return Podgate(
        context,
        key,
        world,
        title="podgate",
        about="podgate as it is by default: kinds of flows that recur are answered in the kernel.",
    )


def as_installed(context, world=None, key="default"):
    return Podgate(
        context,
        key,
        world,
        settings={},
        pinned=False,
        title="podgate, all defaults",
        about="podgate with no setting but its folders: a worker for each CPU, placed by the scheduler.",
    )
