# SPDX-License-Identifier: GPL-2.0-or-later
import io
import unittest
from unittest import mock

from samples import rounds, run
from suite.bench import Bench
from suite.scale import SMOKE, with_rounds
from suite.spread import Spread, difference, in_order, ratio, select, spread, value


class Spreads(unittest.TestCase):
    def test_median_not_best_nor_mean(self):
        found = Spread.of([10, 1, 2, 3, 1000])
        self.assertEqual((found.median, found.least, found.most, found.count), (3, 1, 1000, 5))
        self.assertEqual((found.low, found.high), (2, 10))

    def test_one_value_is_its_own_spread(self):
        found = Spread.of([7])
        self.assertEqual((found.median, found.low, found.high, found.count), (7, 7, 7, 1))

    def test_nothing_known_is_nothing(self):
        self.assertIsNone(Spread.of([]))
        self.assertIsNone(Spread.of([None, None]))

    def test_unknown_values_do_not_count(self):
        self.assertEqual(Spread.of([None, 4, None, 6]).count, 2)


class Values(unittest.TestCase):
    def test_by_path(self):
        one = run("w", "c", values={"connect_ns": {"p50": 5}, "flag": True, "word": "x"})
        self.assertEqual(value(one, "connect_ns.p50"), 5)
        for path in ("connect_ns.p99", "nothing", "connect_ns.p50.deeper", "flag", "word", "connect_ns"):
            self.assertIsNone(value(one, path), path)

    def test_nought_is_a_value(self):
        self.assertEqual(value(run("w", "c", values={"lost": 0}), "lost"), 0)

    def test_select_by_parameters_and_without_failures(self):
        runs = [
            run("w", "a", size=1),
            run("w", "a", size=2),
            run("w", "b", size=1),
            run("v", "a", size=1),
            {**run("w", "a", size=1), "failed": "no"},
        ]
        self.assertEqual(len(select(runs, "w", "a", size=1)), 1)
        self.assertEqual(len(select(runs, "w")), 3)


class Pairs(unittest.TestCase):
    def test_ratios_are_made_within_a_round(self):
        # The machine was half as fast in the second round: for both.
        ours, theirs = rounds("w", "a", "v", [90, 45, 90]), rounds("w", "b", "v", [100, 50, 100])
        found = ratio(ours, theirs, "v")
        self.assertAlmostEqual(found.least, 0.9)
        self.assertAlmostEqual(found.most, 0.9)

    def test_median_of_ratios_is_not_ratio_of_medians(self):
        ours, theirs = rounds("w", "a", "v", [1, 10, 100]), rounds("w", "b", "v", [10, 1, 100])
        self.assertEqual(ratio(ours, theirs, "v").median, 1)

    def test_rounds_without_a_partner_do_not_count(self):
        found = difference(rounds("w", "a", "v", [5, 6, 7]), rounds("w", "b", "v", [1]), "v")
        self.assertEqual((found.count, found.median), (1, 4))

    def test_no_division_by_nought(self):
        self.assertIsNone(ratio(rounds("w", "a", "v", [5]), rounds("w", "b", "v", [0]), "v"))

    def test_no_runs_no_ratio(self):
        self.assertIsNone(ratio([], rounds("w", "b", "v", [1]), "v"))
        self.assertIsNone(spread([], "v"))


class Order(unittest.TestCase):
    def test_everybody_takes_every_place(self):
        keys = ["a", "b", "c"]
        orders = [in_order(keys, n) for n in range(6)]
        for place in range(3):
            self.assertEqual({order[place] for order in orders}, set(keys))
        for order in orders:
            self.assertEqual(sorted(order), keys)

    def test_guests_do_not_unbalance_who_is_compared_closely(self):
        bench, took = Bench(mock.Mock(), with_rounds(SMOKE, 6), log=io.StringIO()), []
        with mock.patch.object(bench, "measure", lambda workload, key, number, *_: took.append((number, key))):
            bench.alternate("w", ["g", "a", "b", "h"], None, seldom=("g", "h"))
        orders = ["".join(key for number, key in took if number == n) for n in range(6)]
        self.assertEqual(orders, ["ghab", "ba", "ab", "hgba", "ab", "ba"])


if __name__ == "__main__":
    unittest.main()
