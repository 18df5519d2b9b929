# SPDX-License-Identifier: GPL-2.0-or-later
"""The pods and policies that contenders enforce, as manifests; and the big clusters that podgate has to hold in
memory.

A world has C kinds of clients and S kinds of servers, and one policy for each pair: C x S policies. Each admits the
pods of one kind of clients to those of one kind of servers, so every client may reach every server, for a reason
that has to be found among all policies; and a translation into packet filter rules has one rule a policy."""
import json
from dataclasses import dataclass

PORT = 8000
LAST_PORT = 8063

ROGUE, HOLE, OPEN = "rogue", "hole", "open"


@dataclass
class World:
    """client_kinds * server_kinds policies. More pods than kinds: each kind has several pods."""

    client_kinds: int = 10
    server_kinds: int = 10
    clients: int = 1000
    servers: int = 100
    holes: int = 16
    last_port: int = LAST_PORT

    @property
    def policies(self):
        return self.client_kinds * self.server_kinds

    @classmethod
    def of_policies(cls, count, last_port=PORT):
        """As square as can be, one pod a kind: so that as many pairs of addresses need as many policies."""
        clients = next(n for n in range(int(count**0.5), 0, -1) if count % n == 0)
        return cls(clients, count // clients, clients, count // clients, last_port=last_port)

    @classmethod
    def of_pods(cls, count):
        half = count // 2
        return cls(min(10, half), min(10, half), half, half)

    def pods(self, addresses):
        """(name, kind, address) of each."""
        for i in range(self.clients):
            yield f"client-{i:05}", f"client-{i % self.client_kinds:03}", addresses.client(i + 1)
        for i in range(self.servers):
            yield f"server-{i:05}", f"server-{i % self.server_kinds:03}", addresses.server(i + 1)
        yield ROGUE, ROGUE, addresses.rogue()
        yield OPEN, OPEN, addresses.server(self.servers + 1)
        for i in range(self.holes):
            yield f"hole-{i:02}", HOLE, addresses.hole(i + 1)

    def pairs(self):
        """(client kind, server kind), one a policy."""
        for client in range(self.client_kinds):
            for server in range(self.server_kinds):
                yield f"client-{client:03}", f"server-{server:03}"

    def manifests(self, addresses):
        """The whole as one List."""
        items = [namespace("bench")]
        items += [pod("bench", name, {"app": kind}, address) for name, kind, address in self.pods(addresses)]
        items += [
            policy(
                f"{client}-to-{server}",
                server,
                client,
                [ports("TCP", PORT, self.last_port), ports("UDP", PORT, self.last_port)],
            )
            for client, server in self.pairs()
        ]
        items += [policy("rogue-to-hole", HOLE, ROGUE, None), closed_policy("open-closed", OPEN)]
        return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=1)


def namespace(name):
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
    }


def pod(namespace_name, name, labels, address):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace_name, "labels": labels},
        "spec": {"containers": [{"name": "main", "image": "bench"}]},
        "status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]},
    }


def ports(protocol, first, last):
    return {"protocol": protocol, "port": first, **({"endPort": last} if last > first else {})}


def policy(name, to_kind, from_kind, allowed_ports):
    rule = {"from": [{"podSelector": {"matchLabels": {"app": from_kind}}}]}
    if allowed_ports is not None:
        rule["ports"] = allowed_ports
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": "bench"},
        "spec": {"podSelector": {"matchLabels": {"app": to_kind}}, "policyTypes": ["Ingress"], "ingress": [rule]},
    }


def closed_policy(name, kind):
    """Isolates a kind of pods and admits nobody."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": "bench"},
        "spec": {"podSelector": {"matchLabels": {"app": kind}}, "policyTypes": ["Ingress"]},
    }


# --- big clusters, as `kubectl get -o yaml` prints them -----------------------------------------------------------------

POD_TEXT = """\
apiVersion: v1
kind: Pod
metadata:
  name: {name}
  namespace: {team}
  resourceVersion: "{number}"
  creationTimestamp: "2026-05-01T10:00:00Z"
  labels:
    app: {app}
    pod-template-hash: 5d{workload:08}
    tier: {tier}
  ownerReferences:
  - apiVersion: apps/v1
    kind: ReplicaSet
    name: {app}-5d{workload:08}
    controller: true
spec:
  nodeName: gateway
  serviceAccountName: default
  containers:
  - name: main
    image: registry.example/{app}:1
    ports:
    - name: http
      containerPort: 8080
      protocol: TCP
    - name: metrics
      containerPort: 9090
      protocol: TCP
    resources: {{}}
status:
  phase: Running
  podIP: {address}
  podIPs:
  - ip: {address}
---
"""

POLICY_HEAD = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: policy-{number:05}
  namespace: {team}
spec:
  podSelector:
    matchLabels:
      {selected}
  policyTypes:
  - {direction}
"""

FROM_APP = """\
  ingress:
  - from:
    - podSelector:
        matchLabels:
          app: {peer}
    ports:
    - protocol: TCP
      port: {port}
"""

FROM_NAMESPACE = """\
  ingress:
  - from:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {peer_team}
    ports:
    - protocol: TCP
      port: metrics
"""

OUT = """\
  egress:
  - to:
    - ipBlock:
        cidr: 0.0.0.0/0
        except:
        - 10.0.0.0/8
        - 172.16.0.0/12
        - 192.168.0.0/16
    ports:
    - protocol: TCP
      port: 443
  - to:
    - podSelector:
        matchLabels:
          app: {peer}
    ports:
    - protocol: TCP
      port: http
"""

FROM_BLOCKS = """\
  ingress:
  - from:
    - ipBlock:
        cidr: {block}.0/24
    - ipBlock:
        cidr: {block_two}.0.0/16
    ports:
    - protocol: TCP
      port: 30000
      endPort: 30150
"""

PODS_A_NAMESPACE, PODS_A_WORKLOAD = 50, 10
TIERS = ("frontend", "backend", "database", "cache", "queue")


def realistic_pod(number, addresses):
    workload = number // PODS_A_WORKLOAD
    return POD_TEXT.format(
        name=f"pod-{number:05}",
        number=number,
        team=f"team-{number // PODS_A_NAMESPACE:05}",
        app=f"app-{workload:05}",
        workload=workload,
        tier=TIERS[workload % 5],
        address=addresses.ballast(number + 1),
    )


def realistic_policy(number, pods):
    """The usual policies in the usual shares, spread by a fixed pattern: the mixture of bench_clusters.c's realistic one."""
    teams = (pods + PODS_A_NAMESPACE - 1) // PODS_A_NAMESPACE
    team = number % teams
    apps = PODS_A_NAMESPACE // PODS_A_WORKLOAD
    draw = number * 7919 % 100
    words = {
        "number": number,
        "team": f"team-{team:05}",
        "direction": "Egress" if 70 <= draw < 85 else "Ingress",
        "selected": "tier: backend" if 70 <= draw < 85 else f"app: app-{team * apps + number * 31 % apps:05}",
        "peer": f"app-{team * apps + number * 17 % apps:05}",
        "port": (80, 443, 5432, 6379, 8080)[number % 5],
        "peer_team": f"team-{number * 6151 % teams:05}",
        "block": f"{11 + number % 200}.{number * 13 % 256}.{number * 29 % 256}",
        "block_two": f"{11 + number * 3 % 200}.{number * 11 % 256}",
    }
    if draw < 5:
        text = POLICY_HEAD
    elif draw < 55:
        text = POLICY_HEAD + FROM_APP
    elif draw < 70:
        text = POLICY_HEAD + FROM_NAMESPACE
    elif draw < 85:
        text = POLICY_HEAD + OUT
    else:
        text = POLICY_HEAD + FROM_BLOCKS
    return text.format(**words) + "---\n"


def realistic_namespaces(pods):
    for number in range((pods + PODS_A_NAMESPACE - 1) // PODS_A_NAMESPACE):
        name = f"team-{number:05}"
        yield (
            f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n  labels:\n    kubernetes.io/metadata.name:"
            f" {name}\n    stage: {'production' if number % 3 == 0 else 'staging'}\n---\n"
        )


def write_realistic(folder, pods, policies, addresses):
    """One file a kind of object."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "namespaces.yaml").write_text("".join(realistic_namespaces(pods)), encoding="utf-8")
    (folder / "pods.yaml").write_text("".join(realistic_pod(i, addresses) for i in range(pods)), encoding="utf-8")
    (folder / "policies.yaml").write_text("".join(realistic_policy(i, pods) for i in range(policies)), encoding="utf-8")
