# SPDX-License-Identifier: GPL-2.0-or-later
"""What machine this is, where on it each program runs, and what a run cost it."""
import os
import platform
import time
from pathlib import Path

from . import process

TICK_US = 1_000_000 // os.sysconf("SC_CLK_TCK")


class Placement:
    """Which CPUs load, servers and contenders run on: the same for every contender.

    On four CPUs or more each has its own. On two the contender has one and the load generator the other; servers share
    the contender's, because whatever they answer is handled there anyway once the contender has let it pass.
    """

    def __init__(self, cpus=None):
        self.cpus = sorted(cpus if cpus is not None else os.sched_getaffinity(0))
        count = len(self.cpus)
        self.all = ",".join(str(cpu) for cpu in self.cpus)
        self.load = str(self.cpus[0])
        self.gate = str(self.cpus[1 % count])
        self.server = str(self.cpus[2 % count]) if count >= 4 else self.gate
        # While one pod floods: it has a CPU to itself, and so have the other pods.
        self.flood = str(self.cpus[3]) if count >= 4 else self.load
        self.victim = self.load if count >= 4 else self.gate

    def describe(self):
        return {
            "cpus": len(self.cpus),
            "load": self.load,
            "contender": self.gate,
            "servers": self.server,
            "flood": self.flood,
            "pods beside a flood": self.victim,
        }


def pin_self(cpus):
    """This program waits while others work; where it does not, it is with the load generator."""
    os.sched_setaffinity(0, {int(cpus)})


def first_line(path, default=""):
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()[0]
    except (OSError, IndexError):
        return default


def cpu_model():
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith(("model name", "Model", "Hardware")):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def version_of(arguments):
    try:
        return process.output_of(arguments).splitlines()[0].strip()
    except (process.ProcessError, IndexError):
        return "unknown"


def describe(root):
    """What the report says of the machine."""
    memory = int(first_line("/proc/meminfo").split()[1]) // 1024
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    return {
        "cpu": cpu_model(),
        "cpus": os.cpu_count() or 1,
        "virtual": " hypervisor " in flags.replace("\n", " "),
        "memory_mib": memory,
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "system": next(
            (
                line.split("=", 1)[1].strip('"')
                for line in Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
                if line.startswith("PRETTY_NAME=")
            ),
            "unknown",
        ),
        "clocksource": first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource", "unknown"),
        "iptables": version_of(["iptables", "--version"]),
        "podgate": version_of([root / "build/release/podgate", "version"]),
        "commit": commit(root),
        "conntrack_max": int(first_line("/proc/sys/net/netfilter/nf_conntrack_max", "0")),
        "conntrack_buckets": int(first_line("/proc/sys/net/netfilter/nf_conntrack_buckets", "0")),
    }


def commit(root):
    try:
        name = process.output_of(["git", "-C", root, "describe", "--always", "--dirty", "--abbrev=10"]).strip()
    except process.ProcessError:
        return "unknown"
    return name


class CpuTime:
    """Time of all CPUs, in microseconds, from /proc/stat. Busy is what was neither idle nor taken by the
    hypervisor."""

    def __init__(self):
        fields = [int(field) for field in first_line("/proc/stat").split()[1:]]
        self.at_ns = time.monotonic_ns()
        self.idle = (fields[3] + fields[4]) * TICK_US
        self.steal = fields[7] * TICK_US

    def since(self, before, cpus):
        wall = (self.at_ns - before.at_ns) / 1000 * cpus
        steal = self.steal - before.steal
        return {
            "busy_us": max(0, round(wall - (self.idle - before.idle) - steal)),
            "steal_us": steal,
            "wall_us": round(wall / cpus),
        }


def family(pid):
    """A process, its children, and theirs."""
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            found += [int(child) for child in first_line(task).split()]
    return sorted(found)


def process_cpu_ns(pid):
    """CPU time of all threads that a process has, or had. Its clock is made as clock_getcpuclockid(3) makes it, which
    Python does not have (linux/posix-timers.h, CPUCLOCK_SCHED)."""
    return time.clock_gettime_ns((~pid << 3) | 2)


def reaped_cpu_ticks(pid):
    """Of the children that a process has waited for, and theirs: cutime and cstime (proc_pid_stat(5)), each rounded
    down."""
    return sum(int(field) for field in first_line(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()[13:15])


def family_cpu_us(pid, tries=50):
    """CPU time of a process and of all that descend from it: to the microsecond of those that live, in ticks of those
    that have ended and were waited for."""
    for _ in range(tries):
        members = family(pid)
        try:
            used_us = sum(process_cpu_ns(one) // 1000 + reaped_cpu_ticks(one) * TICK_US for one in members)
        except (OSError, IndexError):
            continue
        if family(pid) == members:  # else one has ended meanwhile: counted twice, or not at all
            return used_us
    raise process.ProcessError(f"the children of process {pid} come and go too fast to be counted")


def all_cpus():
    return os.cpu_count() or 1


def _proc(netns, path):
    """A file of /proc/net as a namespace has it; nothing where no module has made it."""
    try:
        return process.output_of(["cat", path], netns).splitlines()
    except process.ProcessError:
        return []


def _queues(netns):
    """Columns: number, port id, waiting, copy mode, copy range, dropped for want of room, dropped unsent
    (nfnetlink_queue.c, seq_show)."""
    return [[int(field) for field in line.split()] for line in _proc(netns, "/proc/net/netfilter/nfnetlink_queue")]


def queue_is_bound(netns, number):
    return any(queue[0] == number for queue in _queues(netns))


def queue_counters(netns):
    """Of all queues of a namespace: how many packets wait, and what the kernel dropped."""
    queues = _queues(netns)
    return {
        name: sum(queue[column] for queue in queues)
        for name, column in (("waiting", 2), ("queue_dropped", 5), ("user_dropped", 6))
    }


def await_empty_queues(netns, timeout=10):
    """A run that failed may have left some."""
    deadline = time.monotonic() + timeout
    while queue_counters(netns)["waiting"] > 0:
        if time.monotonic() > deadline:
            raise process.ProcessError("packets of an earlier run stay in the queue")
        time.sleep(0.05)


def conntrack_counters(netns):
    """Sums over all CPUs of what conntrack could not do."""
    lines = [line.split() for line in _proc(netns, "/proc/net/stat/nf_conntrack")]
    names = lines[0] if lines else []
    return {
        f"conntrack_{name}": sum(int(line[names.index(name)], 16) for line in lines[1:]) if name in names else 0
        for name in ("insert_failed", "drop", "early_drop")
    }


def resident_mib(pid):
    """(now, the most it ever was)."""
    found = {}
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(("VmRSS:", "VmHWM:")):
            found[line[:5]] = int(line.split()[1]) / 1024
    return found["VmRSS"], found["VmHWM"]
