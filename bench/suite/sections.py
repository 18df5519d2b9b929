# SPDX-License-Identifier: GPL-2.0-or-later
"""The sections of the report, in their order."""
from . import policy_sections, traffic_sections
from .spread import select

SECTIONS = {
    "verdicts": traffic_sections.verdicts,
    "pair": traffic_sections.pair,
    "connect-one": traffic_sections.connect_one,
    "connect": traffic_sections.connect,
    "first-packet": traffic_sections.first_packet,
    "offered": traffic_sections.offered,
    "bulk": traffic_sections.bulk,
    "small": traffic_sections.small,
    "flood": policy_sections.flood,
    "changes": policy_sections.changes,
    "churn": policy_sections.churn,
    "policies": policy_sections.policies,
    "pods": policy_sections.pods,
    "memory": policy_sections.memory,
    "idle": policy_sections.idle,
    "policy-micro": policy_sections.policy_micro,
}


def sections(runs):
    """Of every workload that has runs."""
    return [make(runs) for name, make in SECTIONS.items() if select(runs, name)]
