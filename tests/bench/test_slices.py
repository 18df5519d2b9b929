# SPDX-License-Identifier: GPL-2.0-or-later
import io
import subprocess
import sys
import time
import unittest
from unittest import mock

from suite import machine, slices
from suite.bench import Bench
from suite.figures import FIGURES
from suite.process import Process, ProcessError
from suite.scale import SMOKE, with_rounds
from suite.spread import select


class Contender:
    """Loses a packet in each of its turns, and notes when it is woken and stopped."""

    def __init__(self, key, said):
        self.key, self.said = key, said
        self.rig = mock.Mock()
        self.lost = 0

    def resume(self):
        self.said.append(f"{self.key} wakes")

    def pause(self):
        self.said.append(f"{self.key} stops")


class Program:
    def __init__(self, contender, breaks_at=None):
        self.contender, self.breaks_at, self.turns = contender, breaks_at, 0

    def tell(self, milliseconds):
        self.turns += 1
        if self.turns == self.breaks_at:
            raise ProcessError("it broke")
        self.contender.said.append(self.contender.key)
        self.contender.lost += 1
        return {"bytes": 1000, "gbit_s": 8.0 if self.contender.key == "none" else 6.0, "told": milliseconds}


class Turns(unittest.TestCase):
    def take(self, rounds, breaks=None, absent=()):
        """breaks: {key: the turn at which it breaks, the one that does not count being the first}"""
        self.said = []
        contenders = {key: Contender(key, self.said) for key in "abc" if key not in absent}
        contenders["none"] = Contender("none", self.said)
        bench = Bench(mock.Mock(), with_rounds(SMOKE, rounds), log=io.StringIO())

        def standard(key):
            if key not in contenders:
                raise ProcessError("it is not there")
            return contenders[key]

        def open_program(run):
            return Program(run.contender, (breaks or {}).get(run.contender.key))

        with mock.patch.object(bench, "standard", standard), mock.patch.object(
            Bench, "counters", staticmethod(lambda contender: {"queue_dropped": contender.lost})
        ):
            slices.take_turns(bench, "bulk", ["a", "b", "none"], open_program)
        return bench

    def test_order_rotates_and_nobody_stops_in_between(self):
        self.take(3)
        self.assertEqual(
            self.said,
            ["a wakes", "a", "b wakes", "b", "none wakes", "none"]
            + ["a", "b", "none"]
            + ["b", "none", "a"]
            + ["none", "a", "b"]
            + ["a stops", "b stops", "none stops"],
        )

    def test_each_turn_is_a_run(self):
        bench = self.take(4)
        self.assertEqual(len(bench.runs), 12)
        for key in ("a", "b", "none"):
            of = select(bench.runs, "bulk", key)
            self.assertEqual([one["round"] for one in of], [0, 1, 2, 3])
            for one in of:
                self.assertEqual(one["values"]["told"], 50)
                self.assertEqual(one["lost"], {"queue_dropped": 1})
                self.assertIn("busy_us", one["cpu"])
        self.assertEqual(bench.problems, [])

    def test_figure_of_turns(self):
        bench = self.take(3)
        runs = [{**one, "contender": "tier2" if one["contender"] == "a" else one["contender"]} for one in bench.runs]
        figure = next(one for one in FIGURES if one.name == "bulk_vs_none")
        self.assertEqual((figure.measure(runs).median, figure.measure(runs).count), (0.75, 3))

    def test_who_breaks_is_told_and_the_others_go_on(self):
        bench = self.take(4, {"b": 3})
        self.assertEqual([len(select(bench.runs, "bulk", key)) for key in ("a", "b", "none")], [4, 1, 4])
        failed = [one for one in bench.runs if one.get("failed")]
        self.assertEqual([(one["contender"], one["round"]) for one in failed], [("b", 1)])
        self.assertEqual(len(bench.problems), 1)
        self.assertEqual(self.said.count("b stops"), 1)

    def test_who_cannot_begin_is_told_and_stopped(self):
        bench = self.take(2, {"a": 1})
        self.assertEqual([len(select(bench.runs, "bulk", key)) for key in ("a", "b", "none")], [0, 2, 2])
        self.assertEqual(bench.problems[0]["contender"], "a")
        self.assertEqual(self.said.count("a stops"), 1)

    def test_who_is_not_there(self):
        bench = self.take(1, absent="b")
        self.assertEqual([one["contender"] for one in bench.problems], ["b"])
        self.assertEqual(len(select(bench.runs, "bulk")), 2)

    def test_nothing_carried_is_a_failure(self):
        with mock.patch.object(Program, "tell", lambda self, milliseconds: {"bytes": 0}):
            bench = self.take(2)
        self.assertEqual(len(bench.problems), 3)
        self.assertEqual(select(bench.runs, "bulk"), [])


class Told(unittest.TestCase):
    def test_answers_and_ends(self):
        echo = Process(
            [sys.executable, "-c", "for line in iter(input, 'end'): print([int(line)], flush=True)"], told=True
        )
        self.addCleanup(echo.end)
        self.assertEqual([echo.tell(5), echo.tell(70)], [[5], [70]])
        with self.assertRaisesRegex(ProcessError, "told end"):
            echo.tell("end")
        echo.end()
        with self.assertRaises((ProcessError, ValueError)):
            echo.tell(5)


BURN = "import time\nwhile time.process_time() < 0.2: pass"
STAY = BURN + "\nprint('done', flush=True)\ninput()"


class Family(unittest.TestCase):
    """CPU time of a process with its children: at least what was burnt, less what ticks hide."""

    def start(self, script, python_script):
        program = subprocess.Popen(
            ["sh", "-c", script, "sh", sys.executable, python_script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.addCleanup(program.communicate, b"\n")
        self.assertEqual(program.stdout.readline(), b"done\n")
        return program.pid

    def test_children_that_have_ended_count(self):
        pid = self.start('"$1" -c "$2"; "$1" -c "$2"; echo done; read -r _', BURN)
        self.assertEqual(machine.family(pid), [pid])
        self.assertGreater(machine.family_cpu_us(pid), 360_000)

    def test_grandchildren_that_live_count(self):
        pid = self.start('sh -c \'"$1" -c "$2"; :\' sh "$1" "$2"; :', STAY)
        self.assertEqual(len(machine.family(pid)), 3)
        before = machine.family_cpu_us(pid)
        self.assertGreater(before, 160_000)
        time.sleep(0.05)
        self.assertLess(machine.family_cpu_us(pid) - before, 40_000)

    def test_others_do_not_count(self):
        pid = self.start("echo done; read -r _", BURN)
        before = machine.family_cpu_us(pid)
        subprocess.run([sys.executable, "-c", BURN], check=True)
        self.assertLess(machine.family_cpu_us(pid) - before, 40_000)


if __name__ == "__main__":
    unittest.main()
