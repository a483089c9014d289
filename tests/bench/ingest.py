#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Intake under 56 to 10,000 simulated agents on loopback: rate, CPU a reading and a value, memory an agent.

A real nhip-collector (with its nhip-series) and nhip-drill, two links a site, readings of path, gateway and port as
by default. About the same rate is offered at each size up to 1,000, real rounds of 10 s at 10,000; then 100
agents offer more than a core takes. Rounds are much shorter than a second there, and nhip-series keeps one row a
second: what it costs is measured with rounds of a second, and beside it bare librrd into the very same files, as many
rows a call. `--sustained` is another run: 300,000 values/s for ten minutes, what was lost, and how memory grew.

CPU is the collector's, all threads: TLS, decoding, journal with fdatasync, judge, acknowledgements.
"""
import base64
import json
import os
import resource
import secrets
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("NHIP_BUILD", os.path.join(HERE, "..", "..", "build", "release"))
BIN = os.environ.get("NHIP_BIN", os.path.join(BUILD, "bin"))
TICK = os.sysconf("SC_CLK_TCK")
PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024
CONF = """
province "bench" {{ name = "Bench"  drill = true }}
collector {{ listen = "127.0.0.1:{port}"  control = "{dir}/c.sock"  data = "{dir}/data"  user = ""
             reflector = ""  traps = ""  retention = "10s:10min" }}
carrier "vnpt" {{ name = "V" }}
carrier "viettel" {{ name = "W" }}
"""
SIZES = ((56, 22, 20), (100, 40, 20), (1000, 400, 25), (10000, 10000, 75))  # agents, ms a round, s to join
GROWTH_FROM, SERIES, WINDOW_S, ROWS = 100, 45, 7, 30
SUSTAINED_S, SUSTAINED_AGENTS, SUSTAINED_EVERY_MS = 600, 100, 12  # 100 x 39 values each 12 ms
REAL = "; in rounds of 10 s each record is alone in its wake-up and has an acknowledgement of its own"
SITE = """site "{id}" {{ name = "{id}"  kind = "commune"
  link "vnpt" {{ carrier = "vnpt"  role = "primary"  interface = "eth1"  gateway = "10.0.0.1"  reflector = "10.9.9.9" }}
  link "viettel" {{ carrier = "viettel"  role = "standby"  interface = "eth2"  gateway = "10.0.1.1"  reflector = "10.9.9.9" }} }}
"""


def say(name, value, unit, words=""):
    print(f"{name} {value} {unit}{'  # ' + words if words else ''}", flush=True)


def budget(value, goal):
    return f"goal <= {goal}: {'met' if value <= goal else 'MISSED'}"


def wait_for(what, condition, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = condition()
        if got:
            return got
        time.sleep(0.1)
    raise SystemExit("bench: waited in vain for " + what)


def cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def rss_kb(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * PAGE_KB


def child(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return next((int(c) for c in f.read().split()), None)


class Lab:
    """A collector that knows `count` sites and their keys, and the drill's file of the same keys."""

    def __init__(self, folder, count):
        self.dir, self.count, self.running = folder, count, []
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        os.mkdir(folder + "/data", 0o750)
        conf = open(folder + "/nhip.conf", "w", encoding="utf-8")
        ours = open(os.open(folder + "/data/agents.keys", os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii")
        theirs = open(os.open(folder + "/keys", os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii")
        with conf, ours, theirs:
            conf.write(CONF.format(port=self.port, dir=folder))
            now = int(time.time())
            for n in range(count):
                site, key = f"s{n:05}", secrets.token_bytes(32)
                conf.write(SITE.format(id=site))
                # the lines that joining would have left: identity site state created used expires from key
                ours.write(f"bench{n:05} {site} joined {now} {now} 0 - {key.hex()}\n")
                theirs.write(f"{site} bench{n:05} {base64.b32encode(key).decode().rstrip('=').lower()}\n")
        self.log = open(folder + "/log", "w+", encoding="utf-8")
        self.collector = self.start("nhip-collector", "-f", "-c", folder + "/nhip.conf")
        wait_for("the collector", lambda: self.ask("status"), 30)
        self.series = wait_for("nhip-series", lambda: child(self.collector.pid), 10)

    def start(self, name, *args, out=None):
        p = subprocess.Popen([BIN + "/" + name, *args], stdout=out or self.log, stderr=self.log, text=True)
        self.running.append(p)
        return p

    def drill(self, every_ms, seconds):
        return self.start("nhip-drill", "--keys", self.dir + "/keys", "--connect", f"127.0.0.1:{self.port}", "--every-ms",
                          str(every_ms), "--no-trouble", "--for", str(seconds), out=subprocess.PIPE)

    def ask(self, do):
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(20)
                s.connect(self.dir + "/c.sock")
                s.sendall(json.dumps({"id": 1, "do": do}).encode() + b"\n")
                return json.loads(s.makefile().readline())["result"]
        except (ConnectionError, FileNotFoundError, json.JSONDecodeError):
            if self.collector.poll() is not None:
                self.log.seek(0)
                raise SystemExit("bench: the collector has ended: " + self.log.read()[-600:]) from None
            return None

    def live(self):
        got = self.ask("status")
        return got["sessions"]["live"] if got else 0

    def durable(self):
        return int(self.ask("journal")["durable_pos"])

    def stop(self):
        for p in reversed(self.running):
            p.terminate()
            try:
                p.wait(20)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
            if p.stdout:
                p.stdout.close()
        self.log.close()


def totals(drill):
    """The drill's own count at its end, as a dictionary."""
    out, _ = drill.communicate(timeout=60)
    words = out.split()
    return {k: float(v) for k, v in zip(words[::2], words[1::2])}


def rrd_floor(folder):
    """CPU a value of bare librrd into the files that nhip-series has made, us; it has ended."""
    out = subprocess.run([BUILD + "/tests/rrd_floor", folder + "/data/rrd", str(ROWS)], check=True, timeout=120,
                         stdout=subprocess.PIPE, text=True).stdout.split()
    return float(out[3]) / float(out[1])


def measure(count, every_ms, warm_s, window_s, join_s, with_floor=False):
    """One size: figures of a window in which all agents are connected."""
    with tempfile.TemporaryDirectory(prefix="nhip-ingest.", dir=os.environ.get("TMPDIR")) as folder:
        lab = Lab(folder, count)
        try:
            got = {"empty_kb": rss_kb(lab.collector.pid)}
            begun = time.monotonic()
            drill = lab.drill(every_ms, join_s + warm_s + window_s)
            wait_for(f"{count} sessions", lambda: lab.live() == count, join_s)
            got["join_s"] = time.monotonic() - begun
            time.sleep(warm_s)
            pids = (lab.collector.pid, lab.series, drill.pid)
            t0, p0, c0 = time.monotonic(), lab.durable(), [cpu_s(p) for p in pids]
            time.sleep(window_s)
            t1, p1, c1 = time.monotonic(), lab.durable(), [cpu_s(p) for p in pids]
            got["rss_kb"] = rss_kb(lab.collector.pid)
            got["live"] = lab.live()
            drill.send_signal(2)
            sums = totals(drill)
            records, seconds = p1 - p0, t1 - t0
            got["records"] = records / seconds
            got["readings"] = records * sums["readings"] / sums["records"] / seconds
            got["values"] = records * sums["values"] / sums["records"] / seconds
            got["collector"], got["series"], got["drill"] = ((b - a) / seconds for a, b in zip(c0, c1))
            got["offered"] = sums["values"] / sums["seconds"]
            got["waiting"], got["dropped"] = sums["waiting"], sums["dropped"]
        finally:
            lab.stop()
        if with_floor:
            got["floor"] = rrd_floor(folder)
        return got


def report(count, got):
    tag = f"ingest_{count}"
    value_us = got["collector"] / got["values"] * 1e6
    say(tag + "_readings", f"{got['readings']:.0f}", "1/s", f"offered and taken, {got['live']} agents live")
    say(tag + "_values", f"{got['values']:.0f}", "1/s")
    say(tag + "_cpu_reading", f"{got['collector'] / got['readings'] * 1e6:.2f}", "us", "wire to synced journal and judge")
    say(tag + "_cpu_value", f"{value_us:.3f}", "us", budget(value_us, 0.3))
    say(tag + "_join", f"{got['join_s']:.1f}", "s", f"until all were live, as they come in over {max(5, count * 3 / 1000):.0f} s")
    return value_us


def sustained(seconds):
    """A rate held for long: nothing may be dropped or left waiting, and memory stays."""
    with tempfile.TemporaryDirectory(prefix="nhip-ingest.", dir=os.environ.get("TMPDIR")) as folder:
        lab = Lab(folder, SUSTAINED_AGENTS)
        try:
            drill = lab.drill(SUSTAINED_EVERY_MS, seconds + 30)
            wait_for("the sessions", lambda: lab.live() == SUSTAINED_AGENTS, 20)
            t0, p0, c0, rss = time.monotonic(), lab.durable(), cpu_s(lab.collector.pid), []
            while time.monotonic() - t0 < seconds:
                time.sleep(min(10, seconds))
                rss.append(rss_kb(lab.collector.pid))
            spent, records, cpu = time.monotonic() - t0, lab.durable() - p0, cpu_s(lab.collector.pid) - c0
            drill.send_signal(2)
            sums = totals(drill)
            values = records * sums["values"] / sums["records"]
            rate = values / spent
            say("ingest_sustained_values", f"{rate:.0f}", "1/s", f"for {spent:.0f} s, offered "
                f"{sums['values'] / sums['seconds']:.0f}; goal >= 300000: {'met' if rate >= 300000 else 'MISSED'}")
            say("ingest_sustained_cpu_value", f"{cpu / values * 1e6:.3f}", "us")
            say("ingest_sustained_dropped", f"{sums['dropped']:.0f}", "records", f"{sums['waiting']:.0f} waiting at the end")
            say("ingest_sustained_memory", f"{rss[-1] / rss[len(rss) // 10]:.3f}", "x", "the collector's at the end, to that "
                f"after a tenth of the time ({rss[len(rss) // 10]} KB)")
        finally:
            lab.stop()


def main():
    base_kb = cost = None
    for count, every_ms, join_s in SIZES:
        got = measure(count, every_ms, 2, WINDOW_S, join_s)
        value_us = report(count, got)
        if count == GROWTH_FROM:
            base_kb, cost = got["rss_kb"], value_us
        elif base_kb is not None and count > GROWTH_FROM:
            an_agent = (got["rss_kb"] - base_kb) / (count - GROWTH_FROM)
            say(f"ingest_{count}_memory_agent", f"{an_agent:.1f}", "KB",
                f"its site and {SERIES} series in: goal <= {25 + SERIES * 0.25:.0f}: "
                f"{'met' if an_agent <= 25 + SERIES * 0.25 else 'MISSED'}; a session alone "
                f"{(got['rss_kb'] - got['empty_kb']) / count:.1f} KB")
            say(f"ingest_{count}_growth", f"{value_us / cost:.2f}", "x",
                f"CPU a value beside {GROWTH_FROM} agents; " + budget(value_us / cost, 1.2) + (REAL if every_ms == 10000 else ""))
    got = measure(100, 5, 2, WINDOW_S, 20)
    say("ingest_most_values", f"{got['values']:.0f}", "1/s",
        f"offered {got['offered']:.0f}, collector {got['collector']:.2f} and drill {got['drill']:.2f} of a processor; "
        f"goal >= 300000: {'met' if got['values'] >= 300000 else 'MISSED'}")
    say("ingest_most_cpu_value", f"{got['collector'] / got['values'] * 1e6:.3f}", "us")
    # rows are written 30 at a time: warm up until each file was made, then one turn of all
    got = measure(1000, 1000, ROWS + 6, ROWS, 20, with_floor=True)
    series = got["series"] / got["values"] * 1e6
    say("ingest_series_cpu_value", f"{series:.3f}", "us", "nhip-series, journal to RRD files")
    say("ingest_series_floor", f"{got['floor']:.3f}", "us", f"bare rrd_updatex_r, the same files, {ROWS} rows a call")
    say("ingest_series_ratio", f"{series / got['floor']:.2f}", "x floor", budget(series / got["floor"], 1.3))
    both = (got["series"] + got["collector"]) / got["values"] * 1e6
    say("ingest_rrd_cpu_value", f"{both:.3f}", "us", f"wire to RRD, rounds of 1 s; {budget(both, 2.4)}")


if __name__ == "__main__":
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard != resource.RLIM_INFINITY and hard < 10300:
        raise SystemExit(f"bench: 10,000 sessions need 10,300 open files, the limit is {hard} (ulimit -Hn)")
    if sys.argv[1:2] == ["--sustained"]:
        sustained(int(sys.argv[2]) if len(sys.argv) > 2 else SUSTAINED_S)
    else:
        main()
