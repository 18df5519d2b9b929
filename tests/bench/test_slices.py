# SPDX-License-Identifier: GPL-2.0-or-later
import io
import os
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
    """Loses a packet in each of its turns, and notes when it is woken and stopped; or does not stop."""

    def __init__(self, key, said, stops=True):
        self.key, self.said, self.stops = key, said, stops
        self.rig = mock.Mock()
        self.lost = 0

    def resume(self):
        self.said.append(f"{self.key} wakes")

    def pause(self):
        self.said.append(f"{self.key} stops")
        if not self.stops:
            raise ProcessError(f"{self.key} does not stop")


class Program:
    def __init__(self, contender, breaks_at=None, error=None):
        self.contender, self.breaks_at, self.turns = contender, breaks_at, 0
        self.error = error or ProcessError("it broke")

    def tell(self, milliseconds):
        self.turns += 1
        if self.turns == self.breaks_at:
            raise self.error
        self.contender.said.append(self.contender.key)
        self.contender.lost += 1
        return {"bytes": 1000, "gbit_s": 8.0 if self.contender.key == "none" else 6.0, "told": milliseconds}


class Turns(unittest.TestCase):
    def take(self, rounds, breaks=None, absent=(), stay=(), error=None, counters=None):
        """breaks: {key: the turn at which it breaks, the one that does not count being the first}; stay: who does not
        stop; error: how it breaks. `self.bench` is there whatever is raised."""
        self.said = []
        keys = ("a", "b", "none")
        contenders = {key: Contender(key, self.said, key not in stay) for key in keys if key not in absent}
        bench = self.bench = Bench(mock.Mock(), with_rounds(SMOKE, rounds), log=io.StringIO())

        def standard(key):
            if key not in contenders:
                raise ProcessError("it is not there")
            return contenders[key]

        def open_program(run):
            return Program(run.contender, (breaks or {}).get(run.contender.key), error)

        with mock.patch.object(bench, "standard", standard), mock.patch.object(
            Bench, "counters", staticmethod(counters or (lambda contender: {"queue_dropped": contender.lost}))
        ):
            slices.take_turns(bench, "bulk", list(keys), open_program)
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

    def test_who_does_not_stop_keeps_nobody(self):
        bench = self.take(2, stay="a")
        self.assertEqual(self.said[-3:], ["a stops", "b stops", "none stops"])
        self.assertEqual(len(select(bench.runs, "bulk")), 6)
        self.assertEqual([one["contender"] for one in bench.problems], ["a"])
        self.assertIn("a does not stop", bench.problems[0]["reason"])

    def test_who_breaks_and_does_not_stop(self):
        bench = self.take(3, {"b": 3}, stay="b")
        self.assertEqual([len(select(bench.runs, "bulk", key)) for key in ("a", "b", "none")], [3, 1, 3])
        self.assertEqual(["it broke" in one["reason"] for one in bench.problems], [True, False])
        self.assertEqual([self.said.count(f"{key} stops") for key in ("a", "b", "none")], [1, 1, 1])

    def test_who_cannot_begin_and_does_not_stop(self):
        bench = self.take(2, {"a": 1}, stay="a")
        self.assertEqual([len(select(bench.runs, "bulk", key)) for key in ("a", "b", "none")], [0, 2, 2])
        self.assertEqual([one["contender"] for one in bench.problems], ["a", "a"])
        self.assertEqual(self.said[-2:], ["b stops", "none stops"])

    def test_a_turn_whose_losses_are_not_known_has_no_values(self):
        def counters(contender):
            if contender.key == "b" and contender.lost == 3:  # after its second turn that counts
                raise ProcessError("not told")
            return {"queue_dropped": contender.lost}

        bench = self.take(3, counters=counters)
        self.assertEqual([len(select(bench.runs, "bulk", key)) for key in ("a", "b", "none")], [3, 1, 3])
        failed = [one for one in bench.runs if one.get("failed")]
        self.assertEqual([(one["contender"], one["round"], one["values"]) for one in failed], [("b", 1, {})])

    def test_an_interrupt_leaves_whole_turns_and_nobody_awake(self):
        with self.assertRaises(SystemExit):
            self.take(4, {"b": 3}, error=SystemExit(130), stay="a")
        self.assertEqual(
            [(one["contender"], one["round"]) for one in self.bench.runs], [("a", 0), ("b", 0), ("none", 0)]
        )
        self.assertEqual(self.said[-3:], ["a stops", "b stops", "none stops"])

    def test_an_interrupt_in_mid_round_keeps_its_turns(self):
        with self.assertRaises(SystemExit):
            self.take(4, {"a": 3}, error=SystemExit(130))
        self.assertEqual(
            [(one["contender"], one["round"], one["values"]["bytes"]) for one in self.bench.runs[3:]],
            [("b", 1, 1000), ("none", 1, 1000)],
        )

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
# Told milliseconds: burns so many, and answers.
BURN_WHEN_TOLD = """
import threading, time
def burn(line):
    end = time.thread_time() + int(line) / 1000
    while time.thread_time() < end: pass
for line in iter(input, "end"):
    burn(line)
    print([int(line)], flush=True)
"""
BURN_IN_A_THREAD = BURN_WHEN_TOLD.replace(
    "    burn(line)", "    thread = threading.Thread(target=burn, args=(line,))\n    thread.start()\n    thread.join()"
)


class Family(unittest.TestCase):
    """CPU time of a process with its children: at least what was burnt, less what ticks hide of those that ended."""

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
        self.assertGreater(before, 200_000)
        time.sleep(0.05)
        self.assertLess(machine.family_cpu_us(pid) - before, 40_000)

    def test_less_than_a_tick_counts(self):
        program = Process([sys.executable, "-c", BURN_WHEN_TOLD], told=True)
        self.addCleanup(program.end)
        program.tell(1)
        before = machine.family_cpu_us(program.pid)
        self.assertEqual(program.tell(2), [2])
        used = machine.family_cpu_us(program.pid) - before
        self.assertGreaterEqual(used, 2_000)
        self.assertLess(used, 10_000)

    def test_threads_that_have_ended_count(self):
        program = Process([sys.executable, "-c", BURN_IN_A_THREAD], told=True)
        self.addCleanup(program.end)
        self.assertEqual(program.tell(30), [30])
        deadline = time.monotonic() + 10
        while len(os.listdir(f"/proc/{program.pid}/task")) > 1:  # it is joined a moment before it is gone
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.001)
        self.assertGreaterEqual(machine.family_cpu_us(program.pid), 30_000)

    def test_who_has_ended_is_an_error(self):
        program = subprocess.Popen(["true"])
        program.wait()
        with self.assertRaises(ProcessError):
            machine.family_cpu_us(program.pid)

    def test_others_do_not_count(self):
        pid = self.start("echo done; read -r _", BURN)
        before = machine.family_cpu_us(pid)
        subprocess.run([sys.executable, "-c", BURN], check=True)
        self.assertLess(machine.family_cpu_us(pid) - before, 40_000)


if __name__ == "__main__":
    unittest.main()
