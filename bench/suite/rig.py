# SPDX-License-Identifier: GPL-2.0-or-later
"""The network that a contender is measured in: client pods, a gateway, server pods, and one pod that misbehaves.

    client (10.70.0.0/16) --- veth --- gw --- veth --- server (10.80.0.0/16; 10.90.0.0/24 swallows what it gets)
                                       |
                                       +----- veth --- rogue (10.60.0.2)

Every contender has a rig of its own, of the same make, so that taking turns needs no changing of rules. A namespace
stands for many pods: all its network's addresses are local to it (a `local` route), so a program may bind any of
them. What matters to a gateway is alike: addresses, routes, one hop to either side. Everything is named by a random
prefix, and nothing outside these namespaces is touched."""
import re

from . import process

NODES = ("client", "gw", "server", "rogue")
LINKS = {1: "client", 2: "server", 3: "rogue"}  # their numbers, and who is at the other end from the gateway


class Addresses:
    """The addresses of one family. Pods are numbered from 1."""

    def __init__(self, family):
        self.family = family
        self.bits = 32 if family == 4 else 128

    def _of(self, net, number):
        if self.family == 4:
            return f"10.{net}.{number // 256}.{number % 256}"
        return f"fd00:{net}::{number:x}"

    def net(self, net):
        return f"10.{net}.0.0/16" if self.family == 4 else f"fd00:{net}::/64"

    def client(self, number=1):
        return self._of(70, number)

    def server(self, number=1):
        return self._of(80, number)

    def hole(self, number=1):
        """In the server's namespace: gets what is sent to it and answers nothing, not even that nobody listens."""
        return self._of(90, number)

    def rogue(self):
        return self._of(60, 2)

    def ballast(self, number):
        """Pods that exist only in manifests."""
        return (
            f"10.{100 + number // 65536}.{number // 256 % 256}.{number % 256}"
            if self.family == 4
            else f"fd00:100::{number:x}"
        )

    def link(self, number, end):
        return f"10.255.{number}.{end}" if self.family == 4 else f"fd00:255:{number}::{end}"


SYSCTLS = {
    # As a gateway and its pods have them, but for duplicate address detection, which would only make us wait.
    "all": {"ipv6/conf/all/accept_dad": 0, "ipv6/conf/default/accept_dad": 0},
    "gw": {"ipv4/ip_forward": 1, "ipv6/conf/all/forwarding": 1},
    # Many connections from few addresses: all ports, and any address of a `local` route.
    # And a connection that has had to wait for its turn goes on as it was.
    "client": {
        "ipv4/ip_local_port_range": "1024 65535",
        "ipv4/ip_nonlocal_bind": 1,
        "ipv6/ip_nonlocal_bind": 1,
        "ipv4/tcp_slow_start_after_idle": 0,
    },
    "server": {
        "ipv4/ip_nonlocal_bind": 1,
        "ipv6/ip_nonlocal_bind": 1,
        "core/somaxconn": 65535,
        "ipv4/tcp_max_syn_backlog": 65535,
    },
    "rogue": {"ipv4/ip_local_port_range": "1024 65535", "ipv4/ip_nonlocal_bind": 1, "ipv6/ip_nonlocal_bind": 1},
}


class Rig:
    """Four namespaces. up() makes them, down() removes them with whatever runs inside; both may be called twice."""

    def __init__(self, prefix, name, family):
        self.prefix = f"{prefix}-{re.sub('[^a-z0-9]', '', name.lower())}"
        self.addresses = Addresses(family)
        self.made = []

    def name(self, node):
        return f"{self.prefix}-{node}"

    def up(self):
        if self.made:
            return self
        self.made = list(NODES)
        ip_batch(f"netns add {self.name(node)}" for node in NODES)
        for node in NODES:
            self._sysctls(node, {**SYSCTLS["all"], **SYSCTLS[node]})
        gateway = self.name("gw")
        ip_batch(
            f"link add eth0 netns {self.name(node)} type veth peer name {node} netns {gateway}"
            for node in LINKS.values()
        )
        for node, commands in self._addresses_and_routes().items():
            self._ip(node, "link set lo up", *commands)
        return self

    def _addresses_and_routes(self):
        """Of each node, as commands of ip(8)."""
        nets = self.addresses
        width = 24 if nets.family == 4 else 64
        of = {"gw": []}
        for number, node in LINKS.items():
            of["gw"] += [f"addr add {nets.link(number, 1)}/{width} dev {node}", f"link set {node} up"]
            of[node] = [
                f"addr add {nets.link(number, 2)}/{width} dev eth0",
                "link set eth0 up",
                f"route add default via {nets.link(number, 1)}",
            ]
        of["gw"] += [
            f"route add {nets.net(net)} via {nets.link(number, 2)}"
            for net, number in ((70, 1), (80, 2), (90, 2), (60, 3))
        ]
        of["client"] += [
            f"addr add {nets.client()}/{nets.bits} dev eth0",
            # Who does not choose a source is the first client.
            f"route replace default via {nets.link(1, 1)} src {nets.client()}",
            f"route add local {nets.net(70)} dev lo",
        ]
        of["server"] += [f"route add local {nets.net(80)} dev lo", f"route add blackhole {nets.net(90)}"]
        of["rogue"] += [f"addr add {nets.rogue()}/{nets.bits} dev eth0"]
        return of

    def _ip(self, node, *commands):
        family = [] if self.addresses.family == 4 else ["-6"]
        if family:  # usable at once
            commands = [f"{command} nodad" if command.startswith("addr add") else command for command in commands]
        ip_batch(commands, *family, "-n", self.name(node))

    def _sysctls(self, node, values):
        script = "\n".join(f'echo "{value}" >/proc/sys/net/{name}' for name, value in values.items())
        process.output_of(["sh", "-ec", script], self.name(node))

    def flush_flows(self):
        """An empty flow table. Where nothing tracks connections there is none to empty, which is no error."""
        try:
            process.output_of(["conntrack", "-F"], self.name("gw"))
        except process.ProcessError:
            pass

    def down(self):
        while self.made:
            remove(self.name(self.made.pop()))


def ip_batch(commands, *options):
    process.output_of(["ip", *options, "-batch", "-"], stdin="\n".join(commands) + "\n")


def remove(name):
    """A namespace and all that runs in it: it is ours."""
    try:
        pids = process.output_of(["ip", "netns", "pids", name]).split()
        if pids:
            process.output_of(["kill", "-KILL", *pids])
    except process.ProcessError:
        pass
    try:
        process.output_of(["ip", "netns", "del", name])
    except process.ProcessError:
        pass


def remove_all(prefix):
    """Whatever a run of that prefix has left."""
    for line in process.output_of(["ip", "netns", "list"]).splitlines():
        name = line.split()[0]
        if name.startswith(f"{prefix}-"):
            remove(name)
