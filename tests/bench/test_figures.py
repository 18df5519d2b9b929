# SPDX-License-Identifier: GPL-2.0-or-later
import unittest

from samples import good, rounds, run
from suite.figures import AT_LEAST, AT_MOST, FIGURES, LESS_THAN, MORE_THAN, Figure, Result, results
from suite.spread import Spread

NAMES = [
    "verdicts_vs_fair_null",
    "verdicts_vs_null_floor",
    "verdicts_vs_recv_send",
    "conns_tier2_vs_conntrack",
    "conns_tier2_vs_fair_null",
    "connect_p50_tier2_extra_us",
    "bulk_vs_none",
    "eval_growth",
    "eval_ns",
    "compile_ms",
    "pod_add_ms",
    "rss_small_mib",
    "rss_large_mib",
    "churn_cpu_vs_before",
    "churn_conns_vs_quiet",
    "churn_p50_extra_us",
    "churn_rate",
    "churn_cpu",
    "churn_total_p50_ms",
    "churn_total_p99_ms",
    "churn_read_p50_ms",
    "flood_p99_ratio",
]


def by_name(runs):
    return {result.figure.name: result for result in results(runs)}


def single(sense, target, measured):
    return Result(Figure("f", "f", target, sense, "", None), None if measured is None else Spread.of([measured])).met


class Targets(unittest.TestCase):
    def test_names_are_the_agreed_ones(self):
        self.assertEqual([figure.name for figure in FIGURES], NAMES)

    def test_each_sense_at_its_border(self):
        self.assertTrue(single(AT_LEAST, 0.97, 0.97))
        self.assertFalse(single(AT_LEAST, 0.97, 0.9699))
        self.assertFalse(single(MORE_THAN, 1.0, 1.0))
        self.assertTrue(single(MORE_THAN, 1.0, 1.001))
        self.assertTrue(single(AT_MOST, 2, 2))
        self.assertFalse(single(AT_MOST, 2, 2.001))
        self.assertFalse(single(LESS_THAN, 100, 100))

    def test_missing_is_never_met(self):
        for sense in (AT_LEAST, MORE_THAN, AT_MOST, LESS_THAN):
            self.assertFalse(single(sense, 0, None))

    def test_nothing_measured_meets_nothing(self):
        for result in results([]):
            self.assertIsNone(result.value, result.figure.name)
            self.assertFalse(result.met, result.figure.name)
            self.assertEqual(set(result.summary()), {"name", "value", "target", "met"})

    def test_failed_runs_measure_nothing(self):
        for result in results([{**one, "failed": "it broke"} for one in good()]):
            self.assertFalse(result.met, result.figure.name)
            self.assertIsNone(result.value, result.figure.name)

    def test_good_runs_meet_everything(self):
        for result in results(good()):
            self.assertTrue(result.met, f"{result.figure.name}: {result.value}")

    def test_each_figure_needs_runs_of_its_own(self):
        """Without the runs of one workload, exactly its figures are gone."""
        gone = {
            "verdicts": NAMES[0:3],
            "connect-one": NAMES[3:6],
            "bulk": NAMES[6:7],
            "policy-micro": NAMES[7:11],
            "memory": NAMES[11:13],
            "churn": NAMES[13:21],
            "flood": NAMES[21:],
        }
        for workload, names in gone.items():
            left = by_name([one for one in good() if one["workload"] != workload])
            # One that needs a peer's runs is no figure without them.
            missing = [name for name in NAMES if name not in left or left[name].value is None]
            self.assertEqual(missing, names)


class Measures(unittest.TestCase):
    def test_values(self):
        found = by_name(good())
        self.assertAlmostEqual(found["verdicts_vs_fair_null"].value, 640 / 650)
        self.assertAlmostEqual(found["connect_p50_tier2_extra_us"].value, 1.0)
        self.assertAlmostEqual(found["conns_tier2_vs_fair_null"].value, 24.5 / 12)
        self.assertAlmostEqual(found["eval_growth"].value, 1.5)

    def test_the_worse_flood_counts(self):
        self.assertAlmostEqual(by_name(good())["flood_p99_ratio"].value, 1.5)

    def test_one_flood_alone_is_no_figure(self):
        runs = [one for one in good() if one["parameters"].get("flood") != "allowed"]
        self.assertIsNone(by_name(runs)["flood_p99_ratio"].value)

    def test_flood_of_another_contender_does_not_count(self):
        runs = good() + [run("flood", "conntrack", 0, {"connect_ns": {"p99": 1e9}}, flood="denied")]
        self.assertAlmostEqual(by_name(runs)["flood_p99_ratio"].value, 1.5)

    def test_pod_add_is_not_made_of_the_compile_time(self):
        runs = good()
        for one in runs:
            one["values"].pop("pod_add_ms", None)
        found = by_name(runs)
        self.assertIsNone(found["pod_add_ms"].value)
        self.assertFalse(found["pod_add_ms"].met)
        self.assertTrue(found["compile_ms"].met)

    def test_a_slow_machine_changes_no_ratio(self):
        runs = rounds("verdicts", "fair", "verdicts_per_s", [600e3, 60e3, 600e3]) + rounds(
            "verdicts", "tier3", "verdicts_per_s", [594e3, 59.4e3, 594e3]
        )
        self.assertAlmostEqual(by_name(runs)["verdicts_vs_fair_null"].value, 0.99)


if __name__ == "__main__":
    unittest.main()
