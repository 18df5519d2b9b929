# SPDX-License-Identifier: GPL-2.0-or-later
"""Packet filter rules of the contenders, as texts for iptables-restore and ipset restore."""
from .world import PORT

# podgate's default bits of the connection mark.
MARK_ALLOW, MARK_MASK = "0x20000000", "0x60000000"


def mangle(lines, chain=None):
    """A transaction: our chain, and FORWARD's jump into it."""
    head = [f":{chain} - [0:0]", f"-A FORWARD -j {chain}"] if chain else []
    return "\n".join(["*mangle", *head, *lines, "COMMIT"]) + "\n"


def conntrack_only():
    """What any stateful gateway pays: one rule that lets established flows pass unless one bit of their mark says
    no."""
    return mangle(
        [f"-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -m connmark --mark 0x0/{MARK_MASK} -j ACCEPT"]
    )


def queue_shape(saved, queue):
    """podgate's own chain as iptables-save lists it, for a loop that knows no pods.

    The rules that look into ipsets are left out (which pods are isolated, which classes are learned): the kernel
    asks fewer questions for such a loop than for podgate, never more. All queues become its one queue. So whatever
    podgate's chain becomes, the loops are measured behind the same one."""
    lines = []
    for line in saved.splitlines():
        words = line.split()
        if words[:2] != ["-A", "PODGATE"] or "--match-set" in words:
            continue
        words[1] = "BENCH"
        for option in ("--queue-num", "--queue-balance"):
            if option in words:
                at = words.index(option)
                words[at : at + 2] = ["--queue-num", str(queue)]
        lines.append(" ".join(words))
    if not any("NFQUEUE" in line for line in lines):
        raise ValueError("podgate's chain was not found where it should be")
    return mangle(lines, "BENCH")


def plain(world, addresses):
    """Each policy as one rule of one chain: the pair of addresses, and the port. What established packets pay is
    one rule."""
    address = {kind: where for _, kind, where in world.pods(addresses)}
    lines = [
        "*filter",
        ":POLICIES - [0:0]",
        "-A FORWARD -j POLICIES",
        "-A POLICIES -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
    ]
    lines += [
        f"-A POLICIES -s {address[client]} -d {address[server]} -p tcp --dport {PORT} -j ACCEPT"
        for client, server in world.pairs()
    ]
    lines += [f"-A POLICIES -d {addresses.net(80)} -j DROP", "COMMIT"]
    return "\n".join(lines) + "\n"


def kube_router_sets(world, addresses):
    """Two sets a policy: whom it is for, whom it admits."""
    family = "inet6" if addresses.family == 6 else "inet"
    members = {}
    for _, kind, address in world.pods(addresses):
        members.setdefault(kind, []).append(address)
    lines = []
    for number, (client, server) in enumerate(world.pairs()):
        for end, kind in (("src", client), ("dst", server)):
            lines.append(f"create {end}-{number} hash:ip family {family}")
            lines += [f"add {end}-{number} {address}" for address in members[kind]]
    return "\n".join(lines) + "\n"


def kube_router(world, addresses):
    """The scheme of kube-router: FORWARD has a jump for each pod to the pod's chain, which goes through a chain for
    each policy that selects the pod; those match the policy's sets and set a mark; without the mark the pod's chain
    rejects.

    Left out, in its favour: the second jump a pod for bridged packets, comments, NFLOG.
    """
    chains, jumps, of_pods, of_policies = [], [], [], []
    policies_of = {}
    for number, (_, server) in enumerate(world.pairs()):
        policies_of.setdefault(server, []).append(number)
        chains.append(f":NWPLCY-{number} - [0:0]")
        of_policies += [
            (
                f"-A NWPLCY-{number} -m set --match-set src-{number} src -m set --match-set dst-{number} dst -p tcp"
                f" --dport {PORT} -j MARK --set-xmark 0x10000/0x10000"
            ),
            f"-A NWPLCY-{number} -m mark --mark 0x10000/0x10000 -j RETURN",
        ]
    for name, kind, address in world.pods(addresses):
        if kind not in policies_of:
            continue
        chain = f"POD-FW-{name}"
        chains.append(f":{chain} - [0:0]")
        jumps.append(f"-A KUBE-ROUTER-FORWARD -d {address} -j {chain}")
        of_pods += [
            f"-A {chain} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            f"-A {chain} -d {address} -m addrtype --src-type LOCAL -j ACCEPT",
        ]
        of_pods += [f"-A {chain} -j NWPLCY-{number}" for number in policies_of[kind]]
        of_pods += [
            f"-A {chain} -m mark ! --mark 0x10000/0x10000 -j REJECT",
            f"-A {chain} -j MARK --set-xmark 0x0/0x10000",
        ]
    return (
        "\n".join(
            [
                "*filter",
                ":KUBE-ROUTER-FORWARD - [0:0]",
                *chains,
                "-A FORWARD -j KUBE-ROUTER-FORWARD",
                *jumps,
                *of_pods,
                *of_policies,
                "COMMIT",
            ]
        )
        + "\n"
    )


def count(text):
    return sum(1 for line in text.splitlines() if line.startswith("-A"))
