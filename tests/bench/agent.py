#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a real agent with two links at the default rates (rounds of 10 s) takes of its box.

CPU is utime + stime of two minutes, told as seconds an hour; memory is the kernel's smaps_rollup after them.
"""
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
from box import BIN, Box  # noqa: E402

WINDOW_S = 120


def cpu_s(pid):
    """By the scheduler's own count (ns): 12 rounds are too little for ticks of 10 ms."""
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as f:
        return int(f.read().split()[0]) / 1e9


def wakeups(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(r"\nvoluntary_ctxt_switches:\s+(\d+)", f.read()).group(1))


def memory_kb(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        got = {m.group(1): int(m.group(2)) for m in (re.match(r"(\w+): +(\d+) kB", l) for l in f) if m}
    return got["Rss"], got["Pss"], got["Private_Clean"] + got["Private_Dirty"]


def binary_kb():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["strip", "-o", folder + "/agent", BIN + "/nhip-agent"], check=True)
        return os.path.getsize(folder + "/agent") / 1024


def say(name, value, unit, goal=None, words=""):
    verdict = "" if goal is None else f"goal <= {goal}: {'met' if value <= goal else 'MISSED'}"
    note = "; ".join(w for w in (verdict, words) if w)
    print(f"{name} {value:.2f} {unit}{'  # ' + note if note else ''}")


def main():
    if os.geteuid() != 0:
        raise SystemExit("bench: agent needs root for network namespaces")
    with Box() as box:
        time.sleep(20)
        before, woken, t0 = cpu_s(box.agent.pid), wakeups(box.agent.pid), time.monotonic()
        time.sleep(WINDOW_S)
        cpu, took = cpu_s(box.agent.pid) - before, time.monotonic() - t0
        woken = wakeups(box.agent.pid) - woken
        rss, pss, private = memory_kb(box.agent.pid)
    say("agent_cpu", cpu / took * 3600, "s/h", 0.35, f"from {took:.0f} s")
    say("agent_wakeups", woken / took * 10, "1/round", None, f"{cpu / woken * 1e6:.0f} us each")
    say("agent_rss", rss / 1024, "MiB")
    say("agent_pss", pss / 1024, "MiB", 2.5)
    say("agent_private", private / 1024, "MiB", 2)
    say("agent_binary", binary_kb(), "KiB", None, "stripped")


main()
