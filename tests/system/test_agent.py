#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 280
"""A real agent and a real collector on loopback: joined by a token, killed at random, cut off and restored.

Every record that the agent's journal took has to be in the collector's journal exactly once, without a hole in
the positions. NHIP_KILLS says how many kills (20).
"""
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
BIN = os.environ.get("NHIP_BIN", os.path.join(os.path.dirname(__file__), "../../build/debug/bin"))
KILLS = int(os.environ.get("NHIP_KILLS", "20"))
PATIENCE_S = 40


def sanitized(program):
    with open(os.path.join(BIN, program), "rb") as f:
        text = f.read()
    return b"libasan.so" in text or b"libtsan.so" in text


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, condition, seconds=PATIENCE_S):
    """Wait until condition() is true; its value. What it says when it never is."""
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(f"never came true: {what}")
        time.sleep(0.05)


class Lab:
    """A directory with both configurations, and the two daemons."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="nhip-agent-test.")
        self.port = free_port()
        self.sock = os.path.join(self.dir, "control.sock")
        self.conf = self.file("nhip.conf", f'''
province "lab" {{ name = "Lab" }}
collector {{ listen = "127.0.0.1:{self.port}"  reflector = ""  traps = ""  control = "{self.sock}"
    data = "{self.dir}/collector"  user = "" }}
carrier "vnpt" {{ name = "VNPT" }}
site "alpha" {{ name = "Alpha"  kind = "commune"
    link "vnpt" {{ carrier = "vnpt"  role = "primary"  interface = "lo"  address = "127.0.0.1"
        gateway = "127.0.0.1"  reflector = "127.0.0.1" }} }}
''')
        self.agent_conf = self.file("agent.conf", f'''
user = ""
data = "{self.dir}/agent"
status = "{self.dir}/agent.sock"
journal {{ memory_dir = "{self.dir}/memory" }}
collector "lab" {{ address = {{ "127.0.0.1:{self.port}" }} }}
''')
        self.running = {}

    def file(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def run(self, *args, check=True):
        return subprocess.run(args, check=check, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=PATIENCE_S)

    def start(self, name, **more):
        conf = self.conf if name == "nhip-collector" else self.agent_conf
        with open(os.path.join(self.dir, name + ".log"), "ab") as log:
            self.running[name] = subprocess.Popen([os.path.join(BIN, name), "-c", conf], stdout=log, stderr=log,
                                                  env={**os.environ, **more})

    def kill(self, name, sig=signal.SIGKILL):
        p = self.running.pop(name)
        p.send_signal(sig)
        p.wait(PATIENCE_S)

    def stop(self):
        for p in self.running.values():
            p.send_signal(signal.SIGCONT)
            p.kill()
            p.wait()

    def log(self, name):
        with open(os.path.join(self.dir, name + ".log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def ctl(self, *args):
        p = self.run(os.path.join(BIN, "nhipctl"), "-s", self.sock, *args, check=False)
        return p.stdout if p.returncode == 0 else ""

    def status(self):
        p = self.run(os.path.join(BIN, "nhip-agent"), "-c", self.agent_conf, "--json", "status", check=False)
        return json.loads(p.stdout) if p.returncode == 0 else None

    def uplink(self):
        s = self.status()
        return s["uplinks"][0] if s else None

    def streaming(self):
        u = self.uplink()
        return u and u["state"] == "streaming"

    def delivered(self):
        """Streaming, and what waits is only what the next acknowledgement (at most 10 s) covers."""
        u = self.uplink()
        return u and u["state"] == "streaming" and u["waiting"] <= 3

    def hurry(self):
        """The line is back: do not wait for the back-off."""
        if "nhip-agent" in self.running:
            self.running["nhip-agent"].send_signal(signal.SIGHUP)

    def cat(self):
        """(check, at) of every reading in the collector's journal, as replay lines tell it."""
        out = self.run(os.path.join(BIN, "nhipctl"), "journal", "cat", os.path.join(self.dir, "collector/journal"))
        lines = [json.loads(line) for line in out.stdout.splitlines()]
        return [(l["check"], round(l["at"], 1)) for l in lines if "check" in l and l["check"].startswith("alpha/")]


class AgentTest(unittest.TestCase):
    def setUp(self):
        self.lab = Lab()
        self.addCleanup(shutil.rmtree, self.lab.dir, ignore_errors=True)
        self.addCleanup(self.lab.stop)

    def tell(self):
        return "\n".join(f"--- {n}\n" + self.lab.log(n)[-3000:] for n in ("nhip-collector", "nhip-agent")
                         if os.path.exists(os.path.join(self.lab.dir, n + ".log")))

    def join(self):
        lab = self.lab
        lab.start("nhip-collector")
        wait_for("the control socket", lambda: os.path.exists(lab.sock))
        out = wait_for("a token", lambda: lab.ctl("agent", "add", "alpha", "127.0.0.1", str(lab.port)))
        token = re.search(r"nhip1\.\S+", out).group(0)
        p = lab.run(os.path.join(BIN, "nhip-agent"), "-c", lab.agent_conf, "join", token, check=False)
        self.assertEqual(p.returncode, 0, p.stdout + p.stderr + self.tell())
        key = os.path.join(lab.dir, "agent/lab.key")
        self.assertEqual(os.stat(key).st_mode & 0o777, 0o600)
        self.assertFalse(os.path.exists(key + ".next"))
        with open(key, encoding="ascii") as f:
            self.assertNotIn(f.read().split()[0], token, "the token's key was exchanged")
        again = lab.run(os.path.join(BIN, "nhip-agent"), "-c", lab.agent_conf, "--wait", "2", "join", token,
                        check=False)
        self.assertEqual(again.returncode, 1, "a token that was used is burnt")

    def assert_once(self):
        """What was measured, once each, and no round between first and last missing while the agent ran."""
        seen = self.lab.cat()
        self.assertGreater(len(seen), 0, self.tell())
        twice = sorted({s for s in seen if seen.count(s) > 1})
        self.assertEqual(twice, [], "readings that are there twice")
        self.assertNotIn("left out positions", self.lab.log("nhip-collector"), "a hole in the positions")

    def test_joins_and_survives(self):
        lab, rng = self.lab, random.Random(int(os.environ.get("NHIP_SEED", "1")))
        self.join()
        lab.start("nhip-agent")
        wait_for("the first session", lab.streaming)
        wait_for("checks assigned", lambda: len(lab.status()["checks"]) >= 3)
        wait_for("a reading at the collector", lambda: '"alpha/vnpt/path"' in (lab.ctl("--json", "site", "alpha")))

        for _ in range(KILLS):
            name = rng.choice(("nhip-agent", "nhip-collector"))
            lab.kill(name)
            lab.start(name)
            if name == "nhip-collector":
                wait_for("the control socket", lambda: lab.ctl("status"))
            wait_for("the agent's status", lab.status)
            lab.hurry()
            wait_for("a session after a kill of " + name, lab.streaming)

        before = len(lab.cat())
        lab.running["nhip-collector"].send_signal(signal.SIGSTOP)  # the line is dead, not closed
        records = lab.status()["spool"]["records"]
        wait_for("a round kept while the line is cut", lambda: lab.status()["spool"]["records"] > records)
        lab.running["nhip-collector"].send_signal(signal.SIGCONT)
        wait_for("the backlog delivered", lab.delivered)

        lab.kill("nhip-collector", signal.SIGTERM)  # the port is closed
        records = lab.status()["spool"]["records"]
        wait_for("a round kept while the port is closed", lambda: lab.status()["spool"]["records"] > records)
        lab.start("nhip-collector")
        wait_for("the control socket", lambda: lab.ctl("status"))
        lab.hurry()
        wait_for("everything delivered", lab.delivered)
        wait_for("the readings of both cuts", lambda: len(lab.cat()) > before)
        lab.kill("nhip-agent", signal.SIGTERM)
        lab.kill("nhip-collector", signal.SIGTERM)
        self.assert_once()

    def test_changes_its_key(self):
        """Rotation with either end killed in the middle of it: the agent always comes back, by one key in the end."""
        lab, rng = self.lab, random.Random(int(os.environ.get("NHIP_SEED", "1")))

        def key():
            with open(os.path.join(lab.dir, "agent/lab.key"), encoding="ascii") as f:
                return f.read().split()[0]

        def good_keys():
            out = lab.ctl("--json", "agent", "list")
            return [a["identity"] for a in json.loads(out)["agents"] if a["state"] in ("joined", "offered")] if out else None

        self.join()
        lab.start("nhip-agent")
        wait_for("the first session", lab.streaming)
        keys = [key()]
        for killed in (None, "nhip-agent", "nhip-collector") * 4:
            wait_for("the offer", lambda: lab.ctl("agent", "rotate", "alpha"))
            if killed:
                # somewhere in the few milliseconds from the offer to the first session by the new key
                end = time.monotonic() + rng.uniform(0, 0.05)
                while time.monotonic() < end and good_keys() == [keys[-1]]:
                    pass
                lab.kill(killed)
                lab.start(killed)
                wait_for("the control socket", lambda: lab.ctl("status"))
                wait_for("the agent's status", lab.status)

            def is_changed():
                lab.hurry()
                return lab.streaming() and good_keys() == [key()] and not os.path.exists(
                    os.path.join(lab.dir, "agent/lab.key.next"))
            wait_for(f"one key, in use at both ends, after {killed} was killed\n", is_changed)
            if killed is None:
                self.assertNotIn(key(), keys, "the key is another one")
            keys.append(key())
        self.assertGreater(len(set(keys)), 4, keys)

        lab.kill("nhip-collector")  # a key of 1970 is replaced in its session, by nobody's wish
        table = os.path.join(lab.dir, "collector/agents.keys")
        with open(table, encoding="ascii") as f:
            rows = [line.split() for line in f]
        with open(table, "w", encoding="ascii") as f:
            f.writelines(" ".join(row[:3] + ["1"] + row[4:] if row[2] == "joined" else row) + "\n" for row in rows)
        lab.start("nhip-collector")

        def has_a_new_one():
            lab.hurry()
            return key() != keys[-1] and lab.streaming() and good_keys() == [key()]
        wait_for("the old key to be replaced", has_a_new_one)
        lab.kill("nhip-agent")
        wait_for("its session has ended", lambda: not lab.ctl("agent", "rotate", "alpha"))
        out = lab.run(os.path.join(BIN, "nhipctl"), "-s", lab.sock, "agent", "rotate", "alpha", check=False)
        self.assertEqual(out.returncode, 1)
        self.assertIn("is not connected", out.stderr)

    @unittest.skipUnless(os.path.exists(FAKETIME), "no libfaketime here")
    @unittest.skipIf(sanitized("nhip-agent"), "a sanitizer's runtime must be loaded first; libfaketime would be")
    def test_a_wrong_clock_changes_nothing(self):
        """The agent's wall clock in 1970, in 2033 and stepping back between: readings are dated by the collector's."""
        lab = self.lab
        self.join()
        begun = time.time()
        for day in ("1970-01-02 00:00:00", "2033-05-18 03:33:20", "2001-01-01 00:00:00"):
            had = len(lab.cat())
            lab.start("nhip-agent", LD_PRELOAD=FAKETIME, FAKETIME="@" + day, FAKETIME_DONT_FAKE_MONOTONIC="1",
                      FAKETIME_DONT_RESET="1")
            wait_for("a session with the clock at " + day, lab.streaming)
            off_s = abs(lab.status()["clock"]["wall_ms"] / 1000 - time.time())
            self.assertGreater(off_s, 86400, "the agent's clock is right: this tests nothing")
            wait_for("a reading with the clock at " + day, lambda: len(lab.cat()) > had + 1)
            lab.kill("nhip-agent")
        for check, at in lab.cat():
            self.assertTrue(begun - 15 <= at <= time.time() + 5, f"{check} is dated {at}\n" + self.tell())
        self.assert_once()


if __name__ == "__main__":
    sys.exit(0 if unittest.main(exit=False, verbosity=2).result.wasSuccessful() else 1)
