# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs run inside a network namespace, on chosen CPUs: each prints `ready` if it serves, and one JSON line at
its end.

Every process started here is remembered until it has ended, so that end_all() leaves none behind.
"""
import json
import os
import select
import signal
import subprocess
import tempfile
import time
from pathlib import Path

RUNNING = set()


class ProcessError(Exception):
    """A program failed, or did not do in time what it was to do."""


def command_line(arguments, netns=None, cpus=None):
    """Only the network namespace changes, so files stay as they are. Both prefixes exec: the pid is the program's
    own."""
    line = []
    if netns is not None:
        line += ["nsenter", f"--net=/run/netns/{netns}"]
    if cpus is not None:
        line += ["taskset", "-c", cpus]
    return line + [str(argument) for argument in arguments]


def output_of(arguments, netns=None, cpus=None, stdin=None, timeout=60, codes=(0,)):
    """Runs to the end; its standard output. What it says on stderr is in the error when it ends with none of the codes."""
    line = command_line(arguments, netns, cpus)
    try:
        done = subprocess.run(line, input=stdin, capture_output=True, text=True, timeout=timeout, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProcessError(f"{' '.join(line)}: {error}") from error
    if done.returncode not in codes:
        complaint = (done.stderr or done.stdout).strip()[-400:]
        raise ProcessError(f"{' '.join(line)}: exit code {done.returncode}: {complaint}")
    return done.stdout


class Process:
    """A program in the background."""

    def __init__(self, arguments, netns=None, cpus=None, environment=None, told=False):
        """`told`: it takes lines from tell()."""
        self.line = command_line(arguments, netns, cpus)
        self.name = os.path.basename(str(arguments[0]))
        self.stderr = tempfile.TemporaryFile()
        self.pending, self.complained = b"", ""
        try:
            self.popen = subprocess.Popen(
                self.line,
                stdin=subprocess.PIPE if told else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self.stderr,
                env={**os.environ, **(environment or {})},
            )
        except OSError as error:
            raise ProcessError(f"{' '.join(self.line)}: {error}") from error
        self.pid = self.popen.pid
        RUNNING.add(self)

    def alive(self):
        return self.popen.poll() is None

    def signal(self, number):
        """Harmless when it has ended: its pid is not reused before it is waited for."""
        if self.alive():
            self.popen.send_signal(number)

    def stand_still(self, timeout=5):
        """Stops all its threads, and waits until they have stopped: one inside the kernel does so on its way out."""
        self.signal(signal.SIGSTOP)
        deadline = time.monotonic() + timeout
        while self.alive() and not all(state == "T" for state in thread_states(self.pid)):
            if time.monotonic() > deadline:
                raise ProcessError(f"{self.name} does not stop")
            time.sleep(0.001)

    def complaint(self):
        """The end of what it said on stderr; after its end, what that was then."""
        if not self.stderr.closed:
            self.stderr.seek(0)
            self.complained = self.stderr.read().decode(errors="replace").strip()[-400:]
        return self.complained

    def line_within(self, timeout):
        """The next line of its standard output; None when it ended without one."""
        deadline = time.monotonic() + timeout
        stdout = self.popen.stdout
        while b"\n" not in self.pending:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([stdout], [], [], left)[0]:
                raise ProcessError(f"{' '.join(self.line)}: said nothing for {timeout:g} s {self.complaint()}")
            got = os.read(stdout.fileno(), 65536)
            if not got:
                return None
            self.pending += got
        line, self.pending = self.pending.split(b"\n", 1)
        return line.decode(errors="replace")

    def tell(self, line, timeout=10):
        """Its answer to that line: one of JSON."""
        try:
            os.write(self.popen.stdin.fileno(), f"{line}\n".encode())
            return json.loads(self.line_within(timeout) or "")
        except (OSError, json.JSONDecodeError) as error:
            raise ProcessError(f"{' '.join(self.line)}: told {line}: {error} {self.complaint()}") from error

    def wait_ready(self, timeout=10):
        line = self.line_within(timeout)
        if line is None or not line.startswith("ready"):
            self.end()
            raise ProcessError(f"{' '.join(self.line)}: not ready: {line or ''} {self.complaint()}")
        return self

    def result(self, timeout=60):
        """Waits for its end. Its JSON line."""
        found = None
        deadline = time.monotonic() + timeout
        try:
            while (line := self.line_within(max(deadline - time.monotonic(), 0.01))) is not None:
                if line.startswith("{"):
                    found = json.loads(line)
            code = self.popen.wait(timeout=5)
        except (subprocess.TimeoutExpired, json.JSONDecodeError) as error:
            raise ProcessError(f"{' '.join(self.line)}: {error}") from error
        finally:
            self.end()
        if code not in (0, -signal.SIGTERM, -signal.SIGINT) or found is None:
            raise ProcessError(f"{' '.join(self.line)}: exit code {code}: {self.complaint()}")
        return found

    def stop(self, timeout=10):
        """Asks a server to end; what it said then, or {} when that was nothing."""
        self.signal(signal.SIGTERM)
        try:
            return self.result(timeout)
        except ProcessError:
            return {}

    def end(self):
        """Ends it if it runs still. May be called twice."""
        if self not in RUNNING:
            return
        RUNNING.discard(self)
        if self.alive():
            self.popen.send_signal(signal.SIGCONT)
            self.popen.terminate()
            try:
                self.popen.wait(timeout=3)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
        self.complaint()
        if self.popen.stdin:
            self.popen.stdin.close()
        self.popen.stdout.close()
        self.stderr.close()


def thread_states(pid):
    """The letter of each thread, as in /proc/PID/stat; none when it has ended meanwhile."""
    states = []
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        try:
            states.append(stat.read_text(encoding="utf-8", errors="replace").rsplit(")", 1)[1].split()[0])
        except OSError:
            pass
    return states


def end_all():
    for process in list(RUNNING):
        process.end()
