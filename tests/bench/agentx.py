# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows a second of a walk through snmpd, with snmpd's own table beside it in the same run.

The collector is real, its province is made here; nothing is measured, so each row has its state and its names.
Beside it a walk of what snmpd answers by itself, without AgentX: no floor, since it works those values out as it answers.
"""
import os
import re
import signal
import socket
import subprocess
import tempfile
import time

from snmplab import Snmpd, free_port, wait_for

BIN = os.environ["NHIP_BIN"]
TICKS = os.sysconf("SC_CLK_TCK")
LINK = "1.3.6.1.4.1.8072.9999.9999.847.1.3"
TABLE = "1.3.6.1.4.1.8072.9999.9999.847.1.4"


def conf(folder, sites, port):
    out = [f'province "bench" {{ name = "Bench" }}\ncollector {{ listen = "127.0.0.1:{port}" reflector = "" traps = "" '
           f'control = "{folder}/c.sock" data = "{folder}/data" user = "" agentx = "{folder}/master" }}',
           'carrier "vnpt" { name = "VNPT" }\ncarrier "viettel" { name = "Viettel" }']
    for n in range(sites):
        out.append(f'site "s{n}" {{ name = "Site {n}" agent = false')
        for k, carrier in enumerate(("vnpt", "viettel")):
            out.append(f'link "{carrier}" {{ carrier = "{carrier}" circuit = "C-{k}-{n}" bandwidth_mbps = 100 '
                       f'address = "10.{20 + 40 * k + n // 60000}.{n // 250 % 240}.{n % 250 + 1}" }}')
        out.append("}")
    return "\n".join(out) + "\n"


def cpu(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def rss(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return int(re.search(r"^Pss: +(\d+)", f.read(), re.M).group(1)) / 1024


def walk(snmpd, root, repeat):
    """(varbinds, wall seconds) of the fastest of `repeat` walks."""
    best, count = 1e9, 0
    for _ in range(repeat):
        began = time.monotonic()
        done = snmpd.ask("snmpbulkwalk", root, options=("-Onq", "-Cr50"))
        best = min(best, time.monotonic() - began)
        count = done.stdout.count("\n.1") + 1
    return count, best


def measure(name, sites, repeat):
    with tempfile.TemporaryDirectory(prefix="nhip-bench.") as folder:
        snmpd = Snmpd(folder)
        path = os.path.join(folder, "nhip.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(conf(folder, sites, free_port(socket.SOCK_STREAM)))
        running = []
        try:
            snmpd.start()
            for program, args in (("nhip-collector", ("-f",)), ("nhip-agentx", ())):
                running.append(subprocess.Popen([os.path.join(BIN, program), *args, "-c", path],
                                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            agentx = running[1].pid
            wait_for("every site is there", lambda: snmpd.ask("snmpget", f"{TABLE}.1.4.{len(f's{sites - 1}')}." +
                     ".".join(str(ord(c)) for c in f"s{sites - 1}"), options=("-Oqve",), retries=0).stdout.strip()
                     .isdigit(), 120)
            before = cpu(agentx), cpu(snmpd.proc.pid), time.monotonic()
            count, best = walk(snmpd, LINK, repeat)
            ours, theirs = cpu(agentx) - before[0], cpu(snmpd.proc.pid) - before[1]
            rows = 2 * sites
            print(f"agentx-{name}-walk {best * 1000:.1f} ms for {rows} links, {count} objects")
            print(f"agentx-{name}-rows {rows / best:.0f} rows/s")
            print(f"agentx-{name}-cpu {ours / repeat / count * 1e6:.1f} us/object in nhip-agentx, "
                  f"{theirs / repeat / count * 1e6:.1f} us/object in snmpd")
            print(f"agentx-{name}-memory {rss(agentx):.1f} MiB")
            floor_count, floor = walk(snmpd, "1.3.6.1.4.1.2021", repeat)
            print(f"agentx-{name}-snmpd {floor / floor_count * 1e6:.0f} us/object of what snmpd answers itself (UCD-SNMP-MIB), "
                  f"{best / count * 1e6:.0f} through AgentX")
        finally:
            for p in running:
                p.send_signal(signal.SIGKILL)
                p.wait()
            snmpd.stop()


if __name__ == "__main__":
    measure("province", 100, 5)
    measure("country", 3321, 2)
