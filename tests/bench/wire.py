#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes on the wire: a real agent with two links at the default rates (rounds of 10 s), for two minutes.

Counted at the uplink's interface, both ways: TCP and IP headers, TLS records, acknowledgements and pure ACK packets;
without the Ethernet header (14 bytes a packet). Not in it: the handshake and a PING each 10 minutes.
"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
from box import Box  # noqa: E402

ROUND_S, ROUNDS = 10, 12
HEADERS = 20 + 20 + 12
MONTH_S = 30 * 86400


def middle_of_a_round(box):
    """Sleep until nothing is under way: half a round after a boundary, by the readings' own times."""
    newest = max(l["at"] for l in box.readings())
    time.sleep((newest + ROUND_S / 2 - time.time()) % ROUND_S)


def main():
    if os.geteuid() != 0:
        raise SystemExit("bench: wire needs root for network namespaces")
    with Box() as box:
        time.sleep(2 * ROUND_S)  # the first rounds bring the dictionary and the key
        middle_of_a_round(box)
        (bytes0, packets0), t0 = box.uplink(), time.time()
        time.sleep(ROUND_S * ROUNDS)
        (bytes1, packets1), t1 = box.uplink(), time.time()
        time.sleep(1)
        lines = [l for l in box.readings() if t0 < l["at"] <= t1]
    values = sum(v is not None for l in lines for v in l["values"].values())
    rounds = len({round(l["at"]) for l in lines})
    a_value = (bytes1 - bytes0) / values
    print(f"wire_value {a_value:.2f} B  # goal <= 5: {'met' if a_value <= 5 else 'MISSED'}; {values} values, "
          f"{len(lines)} readings, {rounds} rounds of {ROUND_S} s")
    packets = packets1 - packets0
    print(f"wire_round {(bytes1 - bytes0) / rounds:.1f} B  # {packets / rounds:.1f} packets, of it "
          f"{packets * HEADERS / rounds:.0f} B headers of TCP (with timestamps) and IP")
    print(f"wire_month {(bytes1 - bytes0) / (t1 - t0) * MONTH_S / 1e6:.1f} MB  # an agent with two links, 30 days")


main()
