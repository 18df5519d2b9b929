# SPDX-License-Identifier: GPL-2.0-or-later
import json
import unittest

from suite import rules
from suite.rig import Addresses
from suite.world import World, realistic_pod, realistic_policy

SAVED = """\
*mangle
:FORWARD ACCEPT [0:0]
:PODGATE - [0:0]
-A FORWARD -j PODGATE
-A PODGATE ! -p icmp -m connmark --mark 0x20000000/0x60000000 -m conntrack --ctstatus CONFIRMED -j RETURN
-A PODGATE -m set ! --match-set podgate-pods4 dst -m set ! --match-set podgate-pods4 src -j RETURN
-A PODGATE -m conntrack --ctdir ORIGINAL -m set --match-set podgate-allowed4 src,dst,dst -j RETURN
-A PODGATE -m conntrack --ctdir ORIGINAL -j NFQUEUE --queue-balance 8610:8613 --queue-bypass
-A PODGATE -j NFQUEUE --queue-num 8614
-A OTHER -j NFQUEUE --queue-num 1
COMMIT
"""


class QueueShape(unittest.TestCase):
    def test_podgates_chain_less_its_sets(self):
        lines = rules.queue_shape(SAVED, 7).splitlines()
        self.assertEqual(
            lines,
            [
                "*mangle",
                ":BENCH - [0:0]",
                "-A FORWARD -j BENCH",
                (
                    "-A BENCH ! -p icmp -m connmark --mark 0x20000000/0x60000000 -m conntrack --ctstatus CONFIRMED -j"
                    " RETURN"
                ),
                "-A BENCH -m conntrack --ctdir ORIGINAL -j NFQUEUE --queue-num 7 --queue-bypass",
                "-A BENCH -j NFQUEUE --queue-num 7",
                "COMMIT",
            ],
        )

    def test_no_chain_is_an_error(self):
        with self.assertRaises(ValueError):
            rules.queue_shape("*mangle\nCOMMIT\n", 7)


class Translations(unittest.TestCase):
    def setUp(self):
        self.addresses = Addresses(4)

    def test_a_world_has_as_many_policies_as_asked_for(self):
        for count in (10, 100, 1000, 10000):
            world = World.of_policies(count)
            self.assertEqual(world.policies, count)
            self.assertEqual(len(set(world.pairs())), count)

    def test_plain_has_one_rule_a_policy(self):
        world = World.of_policies(100)
        text = rules.plain(world, self.addresses)
        self.assertEqual(text.count(" -s "), 100)
        pods = {kind: address for _, kind, address in world.pods(self.addresses)}
        for client, server in world.pairs():
            self.assertEqual(text.count(f"-s {pods[client]} -d {pods[server]} "), 1)

    def test_kube_router_has_a_chain_a_policy_and_a_pod(self):
        world = World.of_policies(100)
        text = rules.kube_router(world, self.addresses)
        self.assertEqual(text.count(":NWPLCY-"), 100)
        self.assertEqual(text.count(":POD-FW-"), world.servers)
        for number in range(100):
            self.assertEqual(text.count(f" -j NWPLCY-{number}\n"), 1)
        self.assertEqual(rules.kube_router_sets(world, self.addresses).count("create "), 200)


class Worlds(unittest.TestCase):
    def test_manifests_hold_what_the_world_says(self):
        world = World(2, 3, 4, 6)
        items = json.loads(world.manifests(Addresses(6)))["items"]
        kinds = [one["kind"] for one in items]
        self.assertEqual(kinds.count("NetworkPolicy"), 2 * 3 + 2)
        self.assertEqual(kinds.count("Pod"), 4 + 6 + 1 + 1 + world.holes)
        ips = [one["status"]["podIP"] for one in items if one["kind"] == "Pod"]
        self.assertEqual(len(set(ips)), len(ips))

    def test_addresses_are_all_different(self):
        for family in (4, 6):
            addresses = Addresses(family)
            self.assertEqual(len({addresses.ballast(n) for n in range(1, 15001)}), 15000)
            self.assertEqual(len({addresses.client(n) for n in range(1, 10001)}), 10000)

    def test_realistic_objects_are_what_they_say(self):
        policies = "".join(realistic_policy(n, 1000) for n in range(1000))
        self.assertEqual(policies.count("kind: NetworkPolicy"), 1000)
        self.assertNotIn("{", policies)
        self.assertNotIn("}", realistic_pod(7, Addresses(4)).replace("{}", ""))
        for part in ("podSelector", "namespaceSelector", "ipBlock", "except", "endPort", "- Egress"):
            self.assertIn(part, policies)


if __name__ == "__main__":
    unittest.main()
