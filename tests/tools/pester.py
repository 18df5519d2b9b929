#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
An HTTP server's worst clients, all at once, for so many seconds: pester.py ADDRESS PORT SECONDS

Noise instead of requests; heads without end; a byte now and then; asking and never reading; and connections, as many
as go. Bounded: 24 threads, 400 connections open at a time. Prints how many connections each kind made.
"""

import os
import socket
import sys
import threading
import time

HOST, PORT, SECONDS = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
END = time.monotonic() + SECONDS
COUNTS = {}


def connect():
    sock = socket.create_connection((HOST, PORT), timeout=2)
    sock.settimeout(2)
    return sock


def noise():
    with connect() as sock:
        sock.sendall(os.urandom(4096))
        sock.recv(100)


def endless_head():
    with connect() as sock:
        sock.sendall(b"GET /metrics HTTP/1.1\r\n")
        for _ in range(10000):
            sock.sendall(b"X-Nothing: " + 1000 * b"a" + b"\r\n")


def slow():
    with connect() as sock:
        for byte in b"GET /metrics HTTP/1.1\r\nHost: " + 1000 * b"a":
            sock.sendall(bytes([byte]))
            time.sleep(0.1)
            if time.monotonic() > END:
                return


def deaf():
    with connect() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(1)


def greedy():
    with connect() as sock:
        sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        while sock.recv(65536):
            pass


def flood():
    socks = []
    try:
        for _ in range(100):
            socks.append(connect())
    finally:
        for sock in socks:
            sock.close()


def keep_on(client, number):
    done = 0
    while time.monotonic() < END:
        try:
            client()
        except OSError:
            pass
        done += 1
    COUNTS[client.__name__] = COUNTS.get(client.__name__, 0) + done


def main():
    threads = [threading.Thread(target=keep_on, args=(client, number), daemon=True)
               for client in (noise, endless_head, slow, deaf, greedy, flood) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS + 15)
    print(" ".join(f"{name} {count}" for name, count in sorted(COUNTS.items())))


if __name__ == "__main__":
    main()
