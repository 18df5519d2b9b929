# SPDX-License-Identifier: GPL-2.0-or-later
"""Turns of a tenth of a second, for what is compared to a hundredth.

The speed of a virtual machine has modes that last about a second and differ by more than what is compared. Runs of half
a second, apart by the making of connections and the waking of daemons, fall into different ones. So here everybody is
connected and awake from the first round to the last, and a turn is nothing but a word to the program that has the
connection: a round of three is over within a third of a second, and mostly in one mode.

Nobody is stopped between turns: what a daemon does in its own time, it does in everybody's turns. That is right where
packets pay nothing for it; what it takes is measured by itself (the workload idle).
"""
import time

from .bench import Run, difference
from .process import ProcessError
from .spread import in_order

REST_S = 0.002  # what a turn leaves unread is read before the next one
TROUBLE = (ProcessError, OSError, KeyError, ValueError, TypeError)


class Seat:
    """Who takes part: a contender, and the program that pours through it."""

    def __init__(self, bench, workload, key):
        self.bench, self.contender = bench, bench.standard(key)
        self.run = Run(bench, self.contender, workload)

    def begin(self, open_program):
        self.contender.resume()
        self.contender.rig.flush_flows()
        self.program = open_program(self.run)
        self.turn()  # one that does not count: windows open, caches fill
        self.counters = self.bench.counters(self.contender)

    def turn(self):
        with self.run.costed():
            values = self.program.tell(round(self.run.seconds * 1000))
        time.sleep(REST_S)
        if values["bytes"] == 0:
            raise ProcessError("nothing was carried")
        return values

    def lost(self):
        """Since it was asked last: nobody but this contender's turn has sent through its gateway since then."""
        before, self.counters = self.counters, self.bench.counters(self.contender)
        return difference(before, self.counters)

    def leave(self):
        try:
            self.run.end()
        finally:
            self.contender.pause()


class Table:
    """Everybody who takes part. Who fails is told, recorded as a run that failed, and has left."""

    def __init__(self, bench, workload):
        self.bench, self.workload = bench, workload
        self.seats = {}

    def trouble(self, key, record, error):
        record |= {"failed": f"{type(error).__name__}: {error}", "values": {}}
        self.bench.problem(self.workload, key, record["failed"])
        if key in self.seats:
            self.dismiss(key)

    def dismiss(self, key):
        """Who fails to leave is told, and keeps nobody else from it."""
        try:
            self.seats.pop(key).leave()
        except TROUBLE as error:
            self.bench.problem(self.workload, key, f"does not leave: {type(error).__name__}: {error}")

    def join(self, key, open_program):
        record = self.bench.record(self.workload, key, 0)
        try:
            self.seats[key] = Seat(self.bench, self.workload, key)
            self.seats[key].begin(open_program)
        except TROUBLE as error:
            self.trouble(key, record, error)
            self.bench.runs.append(record)

    def take_round(self, keys, number):
        """First all turns, and then what they lost: asking for that takes longer than a round should. A turn that was
        taken is with the runs at once, whatever becomes of the round."""
        records = {}
        for key in keys:
            if key in self.seats:
                records[key] = self.bench.record(self.workload, key, number)
                self.take(key, records[key], self.turn)
                self.bench.runs.append(records[key])
        for key, record in records.items():
            if key in self.seats:
                self.take(key, record, lambda seat: {"lost": seat.lost()})

    @staticmethod
    def turn(seat):
        return {"values": seat.turn(), "cpu": seat.run.cost}

    def take(self, key, record, what):
        try:
            record |= what(self.seats[key])
        except TROUBLE as error:
            self.trouble(key, record, error)

    def leave(self):
        for key in list(self.seats):
            self.dismiss(key)


def take_turns(bench, workload, keys, open_program):
    """open_program(run) starts what answers a number of milliseconds with what it did in them. Each turn is a run."""
    table = Table(bench, workload)
    try:
        for key in keys:
            table.join(key, open_program)
        time.sleep(bench.scale.settle_s)
        for number in range(bench.scale.rounds(workload)):
            table.take_round(in_order(keys, number), number)
    finally:
        table.leave()
