# SPDX-License-Identifier: GPL-3.0-or-later
"""Agent, collector and nhip-series killed at random while the line between them is cut: was anything lost?

Three oracles that know nothing of one another. The chain: the agent's own numbers and chain values, as its journal
gave them, in the collector's journal (tests/lab/origins.c). The server: a request that the agent completed is one
reading of that life of the agent. The rebuilt files: RRD files made anew from the journal alone.
"""
import collections
import filecmp
import json
import os
import random
import re
import selectors
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

BIN = os.environ.get("NHIP_BIN", "build/debug/bin")
BUILD = os.environ.get("NHIP_BUILD", os.path.dirname(BIN))
SERVICES = 8
ARCHIVES = "10s:1h, 1min:6h:max"
PATIENCE_S = float(os.environ.get("NHIP_PATIENCE_S", "60"))
SERIES_LOCK_S = 3  # a collector that starts no nhip-series in this time is itself killed

CONF = """
province "lab" {{ name = "Lab" }}
collector {{ listen = "127.0.0.1:{port}"  reflector = ""  traps = ""  control = "{dir}/c.sock"
             data = "{dir}/collector"  user = ""  retention = "{archives}" }}
carrier "vnpt" {{ name = "V" }}
site "a" {{ name = "A"  kind = "commune"
  link "vnpt" {{ carrier = "vnpt"  interface = "lo"  address = "127.0.0.1"  gateway = "127.0.0.1"
                 reflector = "127.0.0.1" }} }}
"""
SERVICE = """service "s{n}" {{ name = "S{n}"  url = "http://127.0.0.1:{port}/{n}"  from = {{ "sites" }}  every_s = 10 }}
"""
AGENT = """
user = ""
data = "{dir}/agent"
status = "{dir}/agent.sock"
journal {{ memory_dir = "{dir}/memory"  sync = "{sync}" }}
collector "lab" {{ address = {{ "127.0.0.1:{port}" }} }}
"""


def boot_ms():
    return time.clock_gettime(time.CLOCK_BOOTTIME) * 1000


def wait_for(what, condition, seconds=PATIENCE_S):
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError("waited in vain for " + what)
        time.sleep(0.02)


class Server(threading.Thread):
    """Counts requests, one after the other, so that an answer to the test comes after all that came before it."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.life, self.hits = 0, collections.Counter()  # by (life of the agent, service)
        self.start()

    def run(self):
        while True:
            s, _ = self.listener.accept()
            with s:
                s.settimeout(2)
                try:
                    asked = b""
                    while b"\r\n\r\n" not in asked:
                        more = s.recv(4096)
                        if not more:
                            break
                        asked += more
                    path = re.match(rb"GET /(\d+) ", asked)
                    if path:
                        self.hits[self.life, int(path.group(1))] += 1
                    s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
                except OSError:
                    pass

    def drain(self):
        """The agent is dead: count what it still had in the queue."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as s:
            s.sendall(b"GET /drain HTTP/1.1\r\n\r\n")
            while s.recv(4096):
                pass


class Line(threading.Thread):
    """The line between agent and collector: passes bytes on, breaks in the middle of them, stalls, is cut."""

    def __init__(self, rng):
        super().__init__(daemon=True)
        self.rng = random.Random(rng.random())
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self.to = None
        self.cut, self.stalled, self.breaks = False, False, False
        self.count, self.idle_since, self.broken = 0, time.monotonic(), 0
        self.selector = selectors.DefaultSelector()
        self.pairs = {}  # socket: the other one
        self.left = {}  # socket: bytes until it breaks
        self.start()

    def close(self, s):
        other = self.pairs.pop(s, None)
        for one in (s, other):
            if one is None:
                continue
            self.pairs.pop(one, None)
            self.left.pop(one, None)
            self.selector.unregister(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.close()
        self.count = len(self.pairs)
        if not self.pairs:
            self.idle_since = time.monotonic()

    def accept(self):
        try:
            a, _ = self.listener.accept()
        except BlockingIOError:
            return
        b = None
        try:
            if not self.cut:
                b = socket.create_connection(self.to, timeout=1)
        except OSError:
            pass
        if b is None:
            a.close()
            return
        for one, other in ((a, b), (b, a)):
            one.settimeout(5)
            self.pairs[one] = other
            self.left[one] = self.rng.choice((300, 1500, 6000)) * self.rng.random() * 2 \
                if self.breaks and self.rng.random() < 0.4 else float("inf")
            self.selector.register(one, selectors.EVENT_READ)
        self.count = len(self.pairs)

    def pass_on(self, s):
        try:
            data = s.recv(16384)
            if data and len(data) >= self.left[s]:
                self.pairs[s].sendall(data[:int(self.left[s])])
                self.broken += 1
                data = b""
            if data:
                self.left[s] -= len(data)
                self.pairs[s].sendall(data)
        except OSError:
            data = b""
        if not data:
            self.close(s)

    def run(self):
        self.selector.register(self.listener, selectors.EVENT_READ)
        while True:
            ready = self.selector.select(0.02)
            if self.cut:
                for s in list(self.pairs):
                    if s in self.pairs:
                        self.close(s)
            elif self.stalled:
                time.sleep(0.01)
                continue
            for key, _ in ready:
                if key.fileobj is self.listener:
                    self.accept()
                elif key.fileobj in self.pairs:
                    self.pass_on(key.fileobj)


def text(raw, at):
    """A length as varint and that many bytes: where it ends."""
    n, at = varint(raw, at)
    return at + n


def varint(raw, at):
    n = shift = 0
    while True:
        n |= (raw[at] & 0x7F) << shift
        shift += 7
        at += 1
        if raw[at - 1] < 0x80:
            return n, at


def put_varint(n):
    out = b""
    while n > 0x7F:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


class Lab:
    def __init__(self, directory, seed):
        self.dir, self.rng = directory, random.Random(seed)
        self.server, self.line = Server(), Line(self.rng)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.line.to = s.getsockname()
        self.sync, self.env = "always" if seed % 4 == 0 else "lag", None
        self.write_conf(self.line.to[1], self.line.port, self.server.port, self.sync)
        self.running, self.begun, self.kills, self.lives = {}, {}, collections.Counter(), []
        self.strays = set()  # every nhip-series that was ever seen
        self.ending, self.calm = False, True
        self.charts = self.rebuilds = 0
        # A child is born deaf to SIGHUP until it listens to it, so that "the line is back" never kills it.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self.helpers = [threading.Thread(target=work, daemon=True) for work in (self.hurry, self.look_at_charts)]
        for helper in self.helpers:
            helper.start()

    # --- programs ---

    def write_conf(self, listen, connect, service, sync):
        with open(self.dir + "/nhip.conf", "w", encoding="utf-8") as f:
            f.write(CONF.format(port=listen, dir=self.dir, archives=ARCHIVES))
            f.writelines(SERVICE.format(n=n, port=service) for n in range(SERVICES))
        with open(self.dir + "/agent.conf", "w", encoding="utf-8") as f:
            f.write(AGENT.format(port=connect, dir=self.dir, sync=sync))

    def start(self, name):
        if name == "agent":
            self.lives.append([boot_ms(), None])
            self.server.life = len(self.lives) - 1
        self.spawn(name)

    def spawn(self, name):
        conf = {"collector": "nhip.conf", "agent": "agent.conf"}[name]
        with open(f"{self.dir}/{name}.log", "ab") as log:
            self.running[name] = subprocess.Popen([f"{BIN}/nhip-{name}", "-f", "-c", f"{self.dir}/{conf}"] if name == "collector"
                                                  else [f"{BIN}/nhip-{name}", "-c", f"{self.dir}/{conf}"],
                                                  stdout=log, stderr=log, env=self.env)
        self.begun[name] = time.monotonic()

    def end(self, name, sig):
        p = self.running[name]
        assert p.poll() in (None, -signal.SIGKILL), f"{name} ended by itself, status {p.returncode}"
        p.send_signal(sig)
        status = p.wait(PATIENCE_S)
        del self.running[name]
        if name == "agent":
            self.lives[-1][1] = boot_ms()
            self.server.drain()
        assert status == (-sig if sig == signal.SIGKILL else 0), f"{name}: exit status {status}"

    def series(self):
        """The pid of nhip-series; None while there is none."""
        p = self.running.get("collector")
        try:
            with open(f"/proc/{p.pid}/task/{p.pid}/children", encoding="ascii") as f:
                for pid in f.read().split():
                    if self.alive(pid):
                        self.strays.add(int(pid))
                        return int(pid)
        except (OSError, AttributeError):
            pass
        return None

    @staticmethod
    def alive(pid, states="^ZX"):
        """Is it an nhip-series, in one of these states of proc(5)?"""
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as f:
                return re.search(rf"\(nhip-series\) [{states}]", f.read()) is not None
        except OSError:
            return False

    def hurry(self):
        """Back-off is for provinces, not for tests: an agent without a connection tries again at once."""
        said = 0
        while not self.ending:
            time.sleep(0.02)
            now, p = time.monotonic(), self.running.get("agent")
            if p is not None and self.line.count == 0 and not self.line.cut and not self.line.stalled and \
                    now - self.line.idle_since > 0.1 and now - said > 0.3 and now - self.begun["agent"] > 0.1:
                p.send_signal(signal.SIGHUP)
                said = now

    def look_at_charts(self):
        """What is asked for is written to its file at once, and so lies there when nhip-series dies."""
        rng = random.Random(self.rng.random())
        checks = [f"service/s{n}/a" for n in range(SERVICES)] + ["a/host", "a/vnpt/port", "a/vnpt/path"]
        while not self.ending:
            time.sleep(0.02)
            if self.calm:
                continue
            check, now = rng.choice(checks), int(time.time())
            if rng.random() < 0.05:
                self.rebuilds += self.ask("series_rebuild", check=check) is not None
            else:
                self.charts += self.ask("series", check=check, **{"from": now - 600, "to": now}) is not None

    def ask(self, do, **keys):
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(10)
                s.connect(self.dir + "/c.sock")
                s.sendall(json.dumps({"id": 1, "do": do, **keys}).encode() + b"\n")
                return json.loads(s.makefile().readline())["result"]
        except (OSError, ValueError, KeyError):
            return None

    def status(self):
        p = subprocess.run([BIN + "/nhip-agent", "-c", self.dir + "/agent.conf", "--json", "status"],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        return json.loads(p.stdout) if p.returncode == 0 else None

    def waiting(self):
        """Records not yet acknowledged; None while no session runs."""
        status = self.status()
        up = status and status["uplinks"][0]
        return up["waiting"] if up and up["state"] == "streaming" else None

    # --- assignments ---

    def reassign(self, fast):
        """The list that the collector handed down, under its generation: with the shortest rounds, or empty."""
        path = self.dir + "/agent/assignments-lab"
        with open(path, "rb") as f:
            raw = f.read()
        body, at, n = raw[8:16], 16, 0
        while fast and at < len(raw):
            end = text(raw, text(raw, text(raw, at)))
            _, params = varint(raw, end)
            after = text(raw, params)
            body += raw[at:end] + put_varint(100 + 10 * n) + raw[params:after]
            at, n = after, n + 1
        h = 2166136261
        for byte in body:
            h = (h ^ byte) * 16777619 & 0xFFFFFFFF
        with open(path, "wb") as f:
            f.write(raw[:4] + struct.pack(">I", h) + body)
        return n

    def begin(self):
        self.start("collector")
        token = wait_for("a token", lambda: self.ask("agent_add", site="a", host="127.0.0.1", port=self.line.port))
        token = re.sub(r"^nhip1\.127\.0\.0\.1\.\d+", f"nhip1.127.0.0.1.{self.line.port}", token["token"])
        self.on_token(token)
        subprocess.run([BIN + "/nhip-agent", "-c", self.dir + "/agent.conf", "join", token], check=True,
                       stdout=subprocess.DEVNULL, timeout=PATIENCE_S, env=self.env)
        self.on_joined()
        self.start("agent")
        wait_for("assignments", lambda: (self.status() or {}).get("checks"))
        self.end("agent", signal.SIGTERM)
        assert self.reassign(fast=True) > SERVICES
        self.start("agent")
        wait_for("readings", lambda: self.server.hits[self.server.life, 0] > 2)

    def on_token(self, token):
        pass

    def on_joined(self):
        pass

    # --- disturbing ---

    def pause(self, since):
        """Up to a random instant after `since`: every other time while it still starts."""
        after = self.rng.uniform(0, 0.12) if self.rng.random() < 0.5 else self.rng.uniform(0, 1)
        left = since + after - time.monotonic()
        if left > 0:
            time.sleep(left)

    def kill(self, name):
        if name == "series":
            end = time.monotonic() + SERIES_LOCK_S
            while self.series() is None and time.monotonic() < end:
                time.sleep(0.005)
            pid = self.series()
            if pid is not None:
                self.pause(time.monotonic())
                if pid == self.series():
                    os.kill(pid, signal.SIGKILL)
                    self.kills[name] += 1
                    return
            name = "collector"
        self.pause(self.begun[name])
        self.series()
        self.end(name, signal.SIGKILL)
        self.kills[name] += 1
        if self.rng.random() < 0.2:
            time.sleep(self.rng.uniform(0, 0.5))
        self.start(name)

    def kill_all(self):
        """At the same instant, as a power cut would, but for the disks."""
        self.pause(self.begun["collector"])
        pid = self.series()
        for p in self.running.values():
            p.kill()
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            self.kills["series"] += 1
        for name in ("agent", "collector"):
            self.end(name, signal.SIGKILL)
            self.kills[name] += 1
        for name in self.rng.sample(("agent", "collector"), 2):
            self.start(name)

    def slow_end(self):
        """The collector dies, and its nhip-series takes so long over its end that the next one comes before."""
        old = self.series()
        if old is None:
            return
        os.kill(old, signal.SIGSTOP)
        wait_for("it to stand still", lambda: self.alive(old, "T") or not self.alive(old))
        if not self.alive(old, "T"):
            return  # it was about to end anyway
        self.end("collector", signal.SIGKILL)
        self.kills["collector"] += 1
        self.start("collector")
        end = time.monotonic() + SERIES_LOCK_S
        while self.series() is None and time.monotonic() < end:
            time.sleep(0.005)
        self.pause(time.monotonic())
        assert self.alive(old, "T"), "a process that stands still has ended"
        os.kill(old, signal.SIGCONT)

    def outlast(self):
        """A cut that outlasts the agent's patience: it dies about when it moves its records from memory to disk."""
        self.line.cut, self.line.stalled = True, False
        self.kill("agent")
        at = self.begun["agent"] + self.rng.uniform(15, 17)
        while at - time.monotonic() > 2 * SERIES_LOCK_S:
            self.kill(self.rng.choice(("collector", "series")))
        time.sleep(max(0, at - time.monotonic()))
        self.kill("agent")
        for _ in range(5):
            self.kill(self.rng.choice(("agent", "collector", "series")))
        self.line.cut = False

    def disturb(self, kills):
        """At least `kills` times, with the line as it comes."""
        until, outlast = 0, min(kills // 2, 100)
        self.line.breaks, self.calm = True, False
        while sum(self.kills.values()) < kills:
            if sum(self.kills.values()) >= outlast:
                self.outlast()
                outlast += 200
            if time.monotonic() > until:
                what = self.rng.random()
                self.line.cut, self.line.stalled = what < 0.1, 0.1 <= what < 0.2
                until = time.monotonic() + self.rng.uniform(0.2, 2)
            what = self.rng.random()
            if what < 0.05:
                self.kill_all()
            elif what < 0.1:
                self.slow_end()
            else:
                self.kill(self.rng.choice(("agent", "collector", "series")))
            if self.rng.random() < 0.1:  # and now and then all gets through
                self.line.cut = self.line.stalled = self.line.breaks = False
                wait_for("everything to get through", lambda: (self.waiting() or 1000) < 1000)
                self.line.breaks = True
        self.line.cut = self.line.stalled = self.line.breaks = False
        self.calm = True

    def settle(self):
        """Deliver everything, with nothing new being measured, and end. What the agent's journal says its end is."""
        wait_for("the collector", lambda: self.ask("status"))
        wait_for("a session", lambda: self.waiting() is not None)
        self.end("agent", signal.SIGTERM)
        self.reassign(fast=False)
        self.start("agent")
        wait_for("everything to be delivered", lambda: self.waiting() == 0)
        for _ in range(2):  # the next opening writes down where the journal ended
            self.end("agent", signal.SIGTERM)
            self.start("agent")
            wait_for("the agent", self.status)
        self.end("agent", signal.SIGTERM)
        self.end("collector", signal.SIGTERM)
        wait_for("nhip-series to end", lambda: not any(self.alive(pid) for pid in self.strays))
        self.ending = True
        for helper in self.helpers:
            helper.join()
        return self.head()

    def head(self):
        """(chain, counter of the last record) as the agent's journal was opened the last time."""
        best = (0, None)
        with open(self.dir + "/agent/journal/head", "rb") as f:
            raw = f.read()
        for slot in (raw[:8192], raw[8192:]):
            if slot[:4] == b"nhjs":
                number, = struct.unpack(">Q", slot[8:16])
                _, chain = struct.unpack(">II", slot[36:44])
                counter, at = 0, 44
                counter, = struct.unpack(">Q", slot[at:at + 8])
                best = max(best, (number, (chain, counter - 1)))
        return best[1]

    def stop(self):
        self.ending = True
        for p in self.running.values():
            if p.poll() is None:
                p.kill()
                p.wait()
        for pid in self.strays:
            if self.alive(pid):
                os.kill(pid, signal.SIGKILL)

    def log(self, name):
        with open(f"{self.dir}/{name}.log", encoding="utf-8", errors="replace") as f:
            return f.read()

    # --- the oracles ---

    def origins(self, *options):
        p = subprocess.run([BUILD + "/tests/origins", *options, self.dir + "/collector/journal"], check=False,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert p.returncode in (0, 1), p.stderr
        lines = [json.loads(line) for line in p.stdout.splitlines()]
        return p.returncode == 0, lines[-1], lines[:-1], p.stderr

    def requests(self, readings):
        """(lost, doubled, excused) by what the server has seen, a life of the agent after the other."""
        lost = doubled = excused = 0
        seen = collections.Counter((r["check"], r["mono_ms"]) for r in readings)
        doubled += sum(n - 1 for n in seen.values())
        by_life = collections.Counter()
        good = collections.Counter()
        for r in readings:
            service = re.match(r"service/s(\d+)/", r["check"])
            if not service:
                continue
            life = [i for i, (a, b) in enumerate(self.lives) if a <= r["mono_ms"] <= b]
            assert len(life) == 1, f"{r} is of no life of the agent"
            by_life[life[0], int(service.group(1))] += 1
            good[life[0], int(service.group(1))] += r["first"]
        for key, hits in self.server.hits.items():
            missing = hits - by_life[key]
            if missing > 1:  # more than the round that was under way when it died
                print("life", key[0], "service", key[1], ":", hits, "requests,", by_life[key], "readings", file=sys.stderr)
                lost += missing - 1
            excused += missing > 0
        for key, n in good.items():
            if n > self.server.hits[key]:
                print("life", key[0], "service", key[1], ":", self.server.hits[key], "requests,", n, "readings", file=sys.stderr)
                doubled += n - self.server.hits[key]
        return lost, doubled, excused

    def rebuild(self):
        """(RRD files, those that differ from what the journal alone makes)"""
        new, kept = self.dir + "/rebuilt", self.dir + "/collector/rrd"
        for data in (self.dir + "/collector", new):  # the disturbed ones are brought up to the journal's end first
            subprocess.run([BIN + "/nhip-series", "--journal", self.dir + "/collector/journal", "--data", data,
                            "--archives", ARCHIVES, "--once"], check=True)
        names = set()
        for root in (kept, new + "/rrd"):
            for folder, _, files in os.walk(root):
                names.update(os.path.relpath(os.path.join(folder, f), root) for f in files if f.endswith(".rrd"))
        differing = [n for n in sorted(names) if not (os.path.exists(f"{kept}/{n}") and os.path.exists(f"{new}/rrd/{n}") and
                                                      filecmp.cmp(f"{kept}/{n}", f"{new}/rrd/{n}", shallow=False))]
        return len(names), differing

    def verify(self, end="collector"):
        p = subprocess.run([BIN + "/nhipctl", "journal", "verify", f"{self.dir}/{end}/journal"], check=False,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return p.returncode == 0, p.stdout


def run(directory, kills, seed):
    """Disturb, settle, compare: what came of it. Problems are in `wrong`, in words."""
    lab, wrong = Lab(directory, seed), []
    try:
        lab.begin()
        lab.disturb(kills)
        end = lab.settle()
    except BaseException:
        for name in ("collector", "agent"):
            print(f"--- {name}\n" + lab.log(name)[-4000:], file=sys.stderr)
        raise
    finally:
        lab.stop()
    good, chain, readings, faults = lab.origins("--readings")
    if not good:
        wrong.append("the chain: " + faults)
    if (chain["chain"], chain["counter"]) != end:
        wrong.append(f"the collector's last record is {chain['counter']}, the agent's {end[1]}")
    if chain["gaps"] > 0:
        wrong.append(f"the agent's journal lost something: {chain['gaps']} gaps")
    for option, name in (("--leave-out", "lost"), ("--twice", "doubled"), ("--alter", "unlinked")):
        at = random.Random(seed).randrange(2, chain["records"])
        if lab.origins(option, str(at))[1][name] != chain[name] + 1:
            wrong.append(f"{option} {at} went unnoticed: the oracle is blind")
    lost, doubled, excused = lab.requests(readings)
    if lost or doubled:
        wrong.append(f"the server: {lost} readings lost, {doubled} doubled")
    files, differing = lab.rebuild()
    if differing or files <= SERVICES:
        wrong.append(f"of {files} RRD files differ: {differing}")
    sound, words = lab.verify()
    if not sound:
        wrong.append("nhipctl journal verify: " + words)
    for phrase in ("left out positions", "ALARM", "assert", "damaged"):
        for name in ("collector", "agent"):
            said = [line for line in lab.log(name).splitlines() if phrase in line]
            if said:
                wrong.append(f"{name} said: {said[0]} ({len(said)} times)")
    return {"kills": dict(lab.kills), "breaks": lab.line.broken, "lives": len(lab.lives), "records": chain["records"],
            "epochs": chain["epochs"], "readings": chain["readings"], "requests": sum(lab.server.hits.values()),
            "in_flight": excused, "charts": lab.charts, "rebuilds": lab.rebuilds, "lost": chain["lost"] + chain["unlinked"] + lost, "doubled": chain["doubled"] + doubled,
            "files": files, "differing": len(differing), "wrong": wrong}
