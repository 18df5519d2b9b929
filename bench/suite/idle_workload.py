# SPDX-License-Identifier: GPL-2.0-or-later
"""What podgate takes when nothing happens: every second it looks at its rules, which is to ask the kernel whether
anybody changed them. Once in 64 looks all of them are read back; a run of 10 s may not have that in it."""
import time

from . import machine

AWAKE_S = 2  # after it stood still, all that was due meanwhile is done first


def rest(run):
    """No packet, no change; the daemon with its children."""
    time.sleep(min(AWAKE_S, run.seconds))
    begin, before = time.monotonic(), machine.family_cpu_us(run.contender.pid)
    time.sleep(run.seconds)
    seconds = time.monotonic() - begin
    used_us = machine.family_cpu_us(run.contender.pid) - before
    run.values.update(
        seconds=seconds,
        cpu_ms=used_us / 1000,
        idle_cpu_percent=100 * used_us / 1e6 / seconds,
        processes=len(machine.family(run.contender.pid)),
    )


def idle(bench):
    """CPU time of podgate when nothing happens"""
    bench.alternate("idle", ["default"], rest)
