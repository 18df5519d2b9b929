#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the seeds of fuzz_packet and fuzz_nfqueue: one packet of each kind, good and hostile, and the queue messages they come in."""
import socket
import struct
from pathlib import Path

A4, B4, R4 = (socket.inet_aton(a) for a in ("10.0.0.1", "10.0.0.2", "192.0.2.1"))
A6, B6, R6 = (socket.inet_pton(socket.AF_INET6, a) for a in ("fd00::1", "fd00::2", "fd00::ff"))
TCP, UDP, SCTP, ICMP, ICMP6, GRE, ESP, AH = 6, 17, 132, 1, 58, 47, 50, 51
HOP, ROUTING, FRAGMENT, NONE, OPTIONS, MOBILITY = 0, 43, 44, 59, 60, 135
PORTS = struct.pack("!HH", 40000, 443) + bytes(4)


def ipv4(protocol, payload, src=A4, dst=B4, options=b"", flags=0x4000, total=None, ihl=None):
    length = 20 + len(options) + len(payload) if total is None else total
    first = 0x40 | (5 + len(options) // 4 if ihl is None else ihl)
    return struct.pack("!BBHHHBBH", first, 0, length, 1, flags, 64, protocol, 0) + src + dst + options + payload


def ipv6(following, payload, src=A6, dst=B6, length=None):
    size = len(payload) if length is None else length
    return struct.pack("!IHBB", 6 << 28, size, following, 64) + src + dst + payload


def extension(following, length, payload):
    return bytes([following, length // 8 - 1]) + bytes(length - 2) + payload


def auth(following, length, payload):
    return bytes([following, length // 4 - 2]) + bytes(length - 2) + payload


def fragment(following, offset, payload):
    return struct.pack("!BBHI", following, 0, offset, 7) + payload


def icmp(kind, quoted=b""):
    return bytes([kind]) + bytes(7) + quoted


PACKETS = {
    "empty": b"",
    "version-0": b"\x00" * 40,
    "ipv4-tcp": ipv4(TCP, PORTS),
    "ipv4-udp": ipv4(UDP, PORTS),
    "ipv4-sctp": ipv4(SCTP, PORTS),
    "ipv4-gre": ipv4(GRE, bytes(8)),
    "ipv4-options": ipv4(TCP, PORTS, options=b"\x01" * 40),
    "ipv4-short-header": ipv4(TCP, PORTS, ihl=4),
    "ipv4-header-past-end": ipv4(TCP, PORTS, ihl=15),
    "ipv4-total-short": ipv4(TCP, PORTS, total=22),
    "ipv4-total-zero": ipv4(TCP, PORTS, total=0),
    "ipv4-padding": ipv4(UDP, PORTS) + bytes(18),
    "ipv4-first-fragment": ipv4(UDP, PORTS, flags=0x2000),
    "ipv4-later-fragment": ipv4(UDP, PORTS, flags=0x2001),
    "ipv4-short-udp": ipv4(UDP, b"\x01\x02\x03"),
    "ipv4-ping": ipv4(ICMP, icmp(8)),
    "ipv4-unreachable": ipv4(ICMP, icmp(3, ipv4(TCP, PORTS)), src=R4, dst=A4),
    "ipv4-unreachable-stranger": ipv4(ICMP, icmp(3, ipv4(TCP, PORTS, src=B4)), src=R4, dst=A4),
    "ipv4-unreachable-garbage": ipv4(ICMP, icmp(3, b"\xff" * 28), src=R4, dst=A4),
    "ipv4-unreachable-cut": ipv4(ICMP, icmp(3, ipv4(TCP, b"\x01")), src=R4, dst=A4),
    "ipv4-unreachable-about-icmp": ipv4(ICMP, icmp(11, ipv4(ICMP, icmp(3))), src=R4, dst=A4),
    "ipv4-unreachable-quotes-ipv6": ipv4(ICMP, icmp(3, ipv6(TCP, PORTS)), src=R4, dst=A4),
    "ipv6-tcp": ipv6(TCP, PORTS),
    "ipv6-udp": ipv6(UDP, PORTS),
    "ipv6-esp": ipv6(ESP, PORTS),
    "ipv6-none": ipv6(NONE, b""),
    "ipv6-mobility": ipv6(MOBILITY, extension(TCP, 8, PORTS)),
    "ipv6-length-zero": ipv6(TCP, PORTS, length=0),
    "ipv6-length-short": ipv6(TCP, PORTS, length=3),
    "ipv6-chain": ipv6(HOP, extension(ROUTING, 8, extension(OPTIONS, 24, extension(AH, 16,
        auth(FRAGMENT, 24, fragment(SCTP, 0, PORTS)))))),
    "ipv6-chain-cut": ipv6(HOP, extension(ROUTING, 8, extension(OPTIONS, 64, PORTS)))[:60],
    "ipv6-chain-past-end": ipv6(OPTIONS, bytes([TCP, 255]) + bytes(14)),
    "ipv6-chain-long": ipv6(OPTIONS, bytes([OPTIONS, 0, 0, 0, 0, 0, 0, 0]) * 12),
    "ipv6-first-fragment": ipv6(FRAGMENT, fragment(TCP, 1, PORTS)),
    "ipv6-later-fragment": ipv6(FRAGMENT, fragment(TCP, 0x0009, PORTS)),
    "ipv6-ping": ipv6(ICMP6, icmp(128)),
    "ipv6-too-big": ipv6(ICMP6, icmp(2, ipv6(OPTIONS, extension(UDP, 8, PORTS))), src=R6, dst=A6),
    "ipv6-too-big-garbage": ipv6(ICMP6, icmp(2, b"\x60" + b"\xff" * 47), src=R6, dst=A6),
}


def attribute(kind, value):
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def message(*attributes, kind=0x0300, queue=8610, version=0, length=None):
    body = struct.pack("!BBH", 2, version, queue) + b"".join(attributes)
    return struct.pack("=IHHII", 16 + len(body) if length is None else length, kind, 0, 0, 0) + body


IDENTITY = attribute(1, struct.pack("!IHB", 5, 0x0800, 2))
INDEX = attribute(5, struct.pack("!I", 3)) + attribute(6, struct.pack("!I", 4)) + attribute(7, struct.pack("!I", 5))
MESSAGES = {
    "packet-ipv4": message(IDENTITY, INDEX, attribute(10, PACKETS["ipv4-tcp"])),
    "packet-ipv6": message(IDENTITY, INDEX, attribute(10, PACKETS["ipv6-chain"])),
    "packet-other-attributes": message(IDENTITY, attribute(3, bytes(4)), attribute(13, bytes(4)), attribute(10, PACKETS["ipv4-ping"])),
    "no-id": message(INDEX, attribute(10, PACKETS["ipv4-tcp"])),
    "no-payload": message(IDENTITY, INDEX),
    "short-id": message(attribute(1, b"\0\0\0\5")),
    "short-index": message(IDENTITY, attribute(5, b"\0\3"), attribute(10, PACKETS["ipv4-tcp"])),
    "attribute-past-end": message(IDENTITY, struct.pack("=HH", 500, 10) + bytes(8)),
    "attribute-too-short": message(IDENTITY, struct.pack("=HH", 3, 10) + bytes(8)),
    "length-past-end": message(IDENTITY, attribute(10, PACKETS["ipv4-tcp"]), length=4096),
    "length-zero": message(IDENTITY, length=0),
    "other-queue": message(IDENTITY, queue=1),
    "other-version": message(IDENTITY, version=1),
    "ack": struct.pack("=IHHIIiIHHII", 36, 2, 0, 0, 0, 0, 32, 0x0301, 1, 0, 0),
    "refusal": struct.pack("=IHHIIiIHHII", 36, 2, 0, 0, 0, -2, 32, 0x0301, 1, 0, 0),
}

for target, seeds in (("fuzz_packet", PACKETS), ("fuzz_nfqueue", MESSAGES)):
    folder = Path(__file__).parent / "seeds" / target
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in seeds.items():
        (folder / name).write_bytes(content)
