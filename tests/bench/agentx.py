# SPDX-License-Identifier: GPL-3.0-or-later
"""Walks through snmpd, with a floor beside them in the same run.

The collector is real, its province is made here; nothing is measured, so each row has its state and its names.
The floor is tests/lab/agentx_floor.c: as many rows and columns of numbers that never change, offered by net-snmp's own
loop to the same snmpd. snmpd asks a sub-agent for one object at a time, so what it takes itself stands beside both.
A walk is snmpbulkwalk's from its start to its end, the fastest of several; what it takes for a single object is
told too.
"""
import os
import re
import signal
import socket
import subprocess
import tempfile
import time

from snmplab import Snmpd, free_port, mib_root, wait_for

BIN = os.environ["NHIP_BIN"]
BUILD = os.environ["NHIP_BUILD"]
ROOT = ".".join(map(str, mib_root()))
VERSION, LINK, TABLE = ROOT + ".1.1.2", ROOT + ".1.3", ROOT + ".1.4"
FLOOR = "1.3.6.1.4.1.8072.9999.9999.848"


def conf(folder, sites, port, bandwidth):
    """Of a link its site's name, role, circuit, state and reason are known, and its `bandwidth` if that is not ""."""
    out = [f'province "bench" {{ name = "Bench" }}\ncollector {{ listen = "127.0.0.1:{port}" reflector = "" traps = "" '
           f'control = "{folder}/c.sock" data = "{folder}/data" user = "" agentx = "{folder}/master" }}',
           'carrier "vnpt" { name = "VNPT" }\ncarrier "viettel" { name = "Viettel" }']
    for n in range(sites):
        out.append(f'site "s{n}" {{ name = "Site {n}" agent = false')
        for k, carrier in enumerate(("vnpt", "viettel")):
            out.append(f'link "{carrier}" {{ carrier = "{carrier}" circuit = "C-{k}-{n}" {bandwidth} '
                       f'address = "10.{20 + 40 * k + n // 60000}.{n // 250 % 240}.{n % 250 + 1}" }}')
        out.append("}")
    return "\n".join(out) + "\n"


def cpu(pid):
    """Of a process of one thread."""
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as f:
        return int(f.read().split()[0]) / 1e9


def rss(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return int(re.search(r"^Pss: +(\d+)", f.read(), re.M).group(1)) / 1024


def walk(snmpd, root):
    """(objects, wall seconds)."""
    command = ["snmpbulkwalk", "-v2c", "-cpublic", "-Onq", "-Cr50", f"127.0.0.1:{snmpd.port}", root]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=True,
                          env={**snmpd.env(), "MIBS": "", "MIBDIRS": ""})  # a management system has read its MIBs
    return done.stdout.count("\n"), time.monotonic() - began


class Walks:
    """Of one table: the fastest, and the CPU of the sub-agent and of snmpd in all of them."""

    def __init__(self, snmpd, pid, root):
        self.snmpd, self.pid, self.root = snmpd, pid, root
        self.best, self.objects, self.count = 1e9, 0, 0
        self.ours = self.theirs = 0

    def one(self):
        before = cpu(self.pid), cpu(self.snmpd.proc.pid)
        self.objects, seconds = walk(self.snmpd, self.root)
        self.ours += cpu(self.pid) - before[0]
        self.theirs += cpu(self.snmpd.proc.pid) - before[1]
        self.best = min(self.best, seconds)
        self.count += self.objects

    def us(self, seconds):
        return seconds / self.count * 1e6


def has(snmpd, oid):
    return snmpd.ask("snmpget", oid, options=("-Oqve",), retries=0).stdout.strip().isdigit()


def measure(name, sites, repeat, bandwidth="bandwidth_mbps = 100", goal=""):
    with tempfile.TemporaryDirectory(prefix="nhip-bench.") as folder:
        snmpd = Snmpd(folder)
        path = os.path.join(folder, "nhip.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(conf(folder, sites, free_port(socket.SOCK_STREAM), bandwidth))
        running = []

        def start(*command):
            running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                            start_new_session=True))
            return running[-1].pid
        try:
            snmpd.start()
            start(os.path.join(BIN, "nhip-collector"), "-f", "-c", path)
            agentx = start(os.path.join(BIN, "nhip-agentx"), "-c", path)
            last = f"s{sites - 1}"
            wait_for("every site is there", lambda: has(
                snmpd, f"{TABLE}.1.4.{len(last)}." + ".".join(str(ord(c)) for c in last)), 120)
            rows = 2 * sites
            full = Walks(snmpd, agentx, LINK)
            full.one()
            index = 3 + len("vnpt") + len(last) + len("vnpt")
            floor = start(os.path.join(BUILD, "tests/agentx_floor"), snmpd.agentx, str(rows), str(full.objects // rows),
                          str(index))
            wait_for("the floor is there", lambda: has(snmpd, f"{FLOOR}.1.1.{full.objects // rows}" + ".0" * index))
            least = Walks(snmpd, floor, FLOOR)
            start_s = 1e9
            for _ in range(repeat):
                full.one()
                least.one()
                start_s = min(start_s, walk(snmpd, VERSION)[1])
            if least.objects != full.objects:
                raise AssertionError(f"{full.objects} objects, and {least.objects} of the floor")
            columns = full.objects // rows
            print(f"agentx-{name}-walk {full.best * 1000:.1f} ms for {rows} links x {columns} columns{goal}, "
                  f"{least.best * 1000:.1f} ms for as many of the floor, {start_s * 1000:.1f} ms for one object")
            print(f"agentx-{name}-rows {rows / full.best:.0f} rows/s")
            print(f"agentx-{name}-cpu {full.us(full.ours):.1f} us/object in nhip-agentx, "
                  f"{least.us(least.ours):.1f} in the floor; in snmpd {full.us(full.theirs):.1f} and "
                  f"{least.us(least.theirs):.1f}")
            print(f"agentx-{name}-memory {rss(agentx):.1f} MiB, {rss(floor):.1f} of the floor")
        finally:
            for p in running:
                os.killpg(p.pid, signal.SIGKILL)  # with nhip-series, which would go on making its thousands of files
                p.wait()
            snmpd.stop()


if __name__ == "__main__":
    measure("table", 100, 10, bandwidth="", goal=" (goal 80 ms)")
    measure("province", 100, 10)
    measure("country", 3321, 2)
