# SPDX-License-Identifier: GPL-3.0-or-later
"""Readings judged per CPU second, and how fast a replay runs, at 56 and at 3,321 sites.

The stream is made here: every site has two links, measured from both ends, all fine
but for a node that falls in the middle, or one carrier's whole core. Reading and parsing are part of the figure.
"""
import os
import resource
import subprocess
import tempfile
import time

COLLECTOR = os.path.join(os.environ["NHIP_BIN"], "nhip-collector")


def conf(sites):
    out = ['province "bench" { name = "Bench" }', 'carrier "a" { name = "A" }', 'carrier "b" { name = "B" }']
    pops = (sites + 6) // 7
    out += ['pop "a%d" { carrier = "a" name = "A%d" }\npop "b%d" { carrier = "b" name = "B%d" }' % (p, p, p, p) for p in range(pops)]
    for n in range(sites):
        out.append('site "s%d" { name = "S %d"' % (n, n))
        for k, c in enumerate("ab"):
            net = "10.%d.%d.%d" % (20 + 40 * k + n // 8192, n // 32 % 256, n % 32 * 8)
            at = lambda x: net.rsplit(".", 1)[0] + ".%d" % (int(net.rsplit(".", 1)[1]) + x)
            out.append('link "%s" { carrier = "%s" pop = "%s%d" role = "%s" interface = "e%d" address = "%s" gateway = "%s" reflector = "10.0.0.10" }'
                       % (c, c, c, n // 7, "standby" if k else "primary", k, at(2), at(1)))
        out.append("}")
    out.append('quality { degraded = { "rtt_ms>100", "loss_pct>1" } window_s = 300 down_after = 3 }')
    return "\n".join(out) + "\n"


def stream(f, sites, minutes, core):
    t0, lines = 1795000000, 0
    for n in range(sites):
        f.write('{"at":%d,"event":"session_up","site":"s%d","boot":"aa","uptime_s":1000000}\n' % (t0, n))
    for r in range(minutes * 6):
        for n in range(sites):
            for c in "ab":
                dead = (core or n // 7 == 1) and c == "a" and minutes * 2 <= r < minutes * 4
                for kind, sent in (("path", 10), ("gateway", 5), ("far", 5)):
                    values = '"sent":%d,"lost":%d' % (sent, sent if dead else 0) + ("" if dead else ',"rtt_avg_ms":8.%d' % (n % 10))
                    f.write('{"at":%.1f,"check":"s%d/%s/%s","values":{%s}}\n' % (t0 + r * 10 + 5 + n * 4.9 / sites, n, c, kind, values))
                    lines += 1
    return lines


def measure(name, sites, minutes, core=False):
    with tempfile.TemporaryDirectory() as tmp:
        with open(os.path.join(tmp, "nhip.conf"), "w", encoding="utf-8") as f:
            f.write(conf(sites))
        with open(os.path.join(tmp, "stream.jsonl"), "w", encoding="utf-8") as f:
            lines = stream(f, sites, minutes, core)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.monotonic()
        subprocess.run([COLLECTOR, "-c", f.name.replace("stream.jsonl", "nhip.conf"), "--replay", f.name], check=True, stdout=subprocess.DEVNULL)
        wall = time.monotonic() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print("judge-%s-readings %.0f readings/CPU-s" % (name, lines / cpu))
    print("judge-%s-replay %.2f virtual-h/s" % (name, minutes / 60 / wall))
    print("judge-%s-realtime %.0f x" % (name, minutes * 60 / wall))


measure("56", 56, 180)
measure("3321", 3321, 15)
measure("3321-core-down", 3321, 15, True)
