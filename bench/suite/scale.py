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
    entries: tuple  # of the flow table, while pods change
    change_rates: tuple  # changes of pods a second
    special: dict = field(default_factory=dict)  # rounds of workloads that need more or less
    lengths: dict = field(default_factory=dict)  # seconds of workloads whose runs are shorter

    def rounds(self, workload):
        return self.special.get(workload, self.default_rounds)

    def length(self, workload):
        return self.lengths.get(workload, self.seconds)


# What is compared closely has many short rounds, so that whoever is compared runs close together.
FULL = Scale(
    "full",
    5,
    0.1,
    1.0,
    60000,
    200000,
    (10, 100, 1000, 10000),
    (10, 100, 1000, 10000),
    (15000, 10000),
    (0, 100_000, 1_000_000),
    (0, 1, 10, 100),
    {
        "verdicts": 45,
        "connect-one": 19,
        "connect": 4,
        "first-packet": 4,
        "offered": 3,
        "bulk": 120,
        "idle": 1,
        "small": 4,
        "flood": 9,
        "changes": 2,
        "churn": 3,
        "policies": 3,
        "pods": 3,
        "memory": 1,
        "policy-micro": 3,
    },
    {"connect-one": 0.4, "bulk": 0.1, "idle": 10, "policies": 0.7, "churn": 5},
)
# Without 10 000 policies: making their 20 000 ipsets takes longer than everything that is measured then.
QUICK = Scale(
    "quick",
    2,
    0.1,
    0.5,
    40000,
    150000,
    (10, 100, 1000),
    (10, 1000, 10000),
    (15000, 10000),
    (100_000,),
    (0, 10, 100),
    {
        "verdicts": 9,
        "connect-one": 3,
        "first-packet": 1,
        "offered": 1,
        "bulk": 20,
        "idle": 1,
        "small": 1,
        "changes": 1,
        "churn": 1,
        "policies": 1,
        "pods": 1,
        "memory": 1,
        "policy-micro": 1,
    },
    {"connect-one": 0.3, "bulk": 0.1, "idle": 3, "churn": 3},
)
SMOKE = Scale("smoke", 1, 0.0, 0.05, 500, 500, (10,), (10,), (200, 200), (0,), (0, 10, 100), lengths={"idle": 0.3, "churn": 0.5})


def with_rounds(scale, rounds):
    """As many rounds of everything."""
    return replace(scale, default_rounds=rounds, special={})
