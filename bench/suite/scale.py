# SPDX-License-Identifier: GPL-2.0-or-later
"""How much is measured: all of it (about ten minutes), quick (about two), or a smoke test that only shows that it
works."""
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Scale:
    name: str
    default_rounds: int
    settle_s: float  # between waking a contender and measuring it
    seconds: float  # of a run that is measured by time
    flows: int  # that fill a queue
    offered: int  # flows sent at full speed
    policies: tuple
    pods: tuple
    large: tuple  # pods, policies
    special: dict = field(default_factory=dict)

    def rounds(self, workload):
        return self.special.get(workload, self.default_rounds)


FULL = Scale(
    "full",
    5,
    0.15,
    1.0,
    60000,
    150000,
    (10, 100, 1000, 10000),
    (10, 100, 1000, 10000),
    (15000, 10000),
    {
        "verdicts": 15,
        "connect-one": 9,
        "first-packet": 4,
        "bulk": 11,
        "flood": 5,
        "changes": 2,
        "policies": 3,
        "pods": 3,
        "memory": 1,
        "policy-micro": 3,
    },
)
# Without 10 000 policies: making their 20 000 ipsets takes longer than everything that is measured then.
QUICK = Scale(
    "quick",
    2,
    0.1,
    0.5,
    40000,
    100000,
    (10, 100, 1000),
    (10, 1000, 10000),
    (15000, 10000),
    {
        "verdicts": 5,
        "connect-one": 3,
        "first-packet": 1,
        "offered": 1,
        "bulk": 3,
        "small": 1,
        "changes": 1,
        "policies": 1,
        "pods": 1,
        "memory": 1,
        "policy-micro": 1,
    },
)
SMOKE = Scale("smoke", 1, 0.0, 0.05, 500, 500, (10,), (10,), (200, 200))


def with_rounds(scale, rounds):
    """As many rounds of everything."""
    return replace(scale, default_rounds=rounds, special={})
