#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 280
"""Tests on demand over a line of three routers, in network namespaces made here.

    box eth1 10.78.1.2 ── 10.78.1.1 r1 10.78.2.1 ── 10.78.2.2 r2 10.78.3.1 ── 10.78.3.2 far    line `vnpt`
    box up0  10.78.0.2 ── 10.78.0.1 far                                                         the uplink

Between r1 and r2 packets of at most 1,400 bytes go. Needs root.
"""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

BIN = os.environ.get("NHIP_BIN", os.path.join(os.path.dirname(__file__), "../../build/debug/bin"))
PATIENCE_S = 60
WIRES = (("box", "up0", "10.78.0.2", "far", "up0", "10.78.0.1"), ("box", "eth1", "10.78.1.2", "r1", "in", "10.78.1.1"),
         ("r1", "out", "10.78.2.1", "r2", "in", "10.78.2.2"), ("r2", "out", "10.78.3.1", "far", "in", "10.78.3.2"))
ROUTES = (("box", "10.78.2.0/23", "10.78.1.1"), ("r1", "10.78.3.0/24", "10.78.2.2"),
          ("r2", "10.78.1.0/24", "10.78.2.1"), ("far", "10.78.1.0/24", "10.78.3.1"))
CONF = """
province "lab" {{ name = "Lab" }}
collector {{ listen = "10.78.0.1:7443"  reflector = ""  traps = ""  control = "{dir}/c.sock"  data = "{dir}/data"  user = "" }}
carrier "vnpt" {{ name = "VNPT" }}
site "bao-lac" {{ name = "Bảo Lạc"  kind = "commune"
  link "vnpt" {{ carrier = "vnpt"  role = "primary"  interface = "eth1"  gateway = "10.78.1.1"  reflector = "10.78.3.2" }} }}
service "intake" {{ name = "Thu nhận"  owner = "TT"  tcp = "10.78.3.2:7444"  from = {{ "sites" }} }}
service "names" {{ name = "DNS"  owner = "TT"  dns = "10.78.3.2"  query = "a.vn"  from = {{ "sites" }} }}
"""
AGENT = """
user = ""
data = "{dir}/agent"
status = "{dir}/agent.sock"
journal {{ memory_dir = "{dir}/memory" }}
collector "lab" {{ address = {{ "10.78.0.1:7443" }} }}
"""
# A name server that knows every name, and a port that takes every call.
SERVER = """
import socket, struct, threading
tcp = socket.create_server(("10.78.3.2", 7444))
def take():
    while True:
        tcp.accept()[0].close()
threading.Thread(target=take, daemon=True).start()
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("10.78.3.2", 53))
print("ready", flush=True)
while True:
    q, who = udp.recvfrom(512)
    udp.sendto(q[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0) + q[12:] +
               struct.pack(">HHHIH", 0xc00c, 1, 1, 60, 4) + bytes((10, 0, 0, 1)), who)
"""


def wait_for(what, condition):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"never came true: {what}")
        time.sleep(0.05)


class Tests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="nhip-tests.")
        cls.running, cls.spaces = [], {n: f"nhip-{n}-{os.getpid()}" for n in ("box", "r1", "r2", "far")}
        cls.addClassCleanup(cls.clean_up)
        cls.log = open(cls.dir + "/log", "w+", encoding="utf-8")
        for name, text in (("nhip.conf", CONF), ("agent.conf", AGENT)):
            with open(f"{cls.dir}/{name}", "w", encoding="utf-8") as f:
                f.write(text.format(dir=cls.dir))
        cls.wire()
        server = cls.start("far", sys.executable, "-c", SERVER, stdout=subprocess.PIPE)
        assert server.stdout.readline() == b"ready\n"
        cls.start("far", BIN + "/nhip-collector", "-c", cls.dir + "/nhip.conf")
        wait_for("the collector", lambda: cls.ctl("status")[0] == 0)
        cls.join()
        cls.start("box", BIN + "/nhip-agent", "-c", cls.dir + "/agent.conf")
        wait_for("readings of the line", lambda: cls.path_check().get("at"))

    @classmethod
    def clean_up(cls):
        for p in reversed(cls.running):
            p.terminate()
            p.wait(20)
            if p.stdout:
                p.stdout.close()
        for name in cls.spaces.values():
            subprocess.run(["ip", "netns", "del", name], check=False, stderr=subprocess.DEVNULL)
        cls.log.close()
        shutil.rmtree(cls.dir, ignore_errors=True)

    @classmethod
    def wire(cls):
        def ip(space, *args):
            subprocess.run(["ip", "-n", cls.spaces[space], *args], check=True)
        for name in cls.spaces.values():
            subprocess.run(["ip", "netns", "add", name], check=True)
            subprocess.run(["ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.icmp_ratelimit=0",
                            "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0"], check=True)
        for a, an, aa, b, bn, ba in WIRES:
            ip(a, "link", "add", an, "type", "veth", "peer", "name", bn, "netns", cls.spaces[b])
            for space, name, address in ((a, an, aa), (b, bn, ba)):
                ip(space, "addr", "add", address + "/24", "dev", name)
                ip(space, "link", "set", name, "up")
        for space, name in (("r1", "out"), ("r2", "in")):
            ip(space, "link", "set", name, "mtu", "1400")
        for space, to, via in ROUTES:
            ip(space, "route", "add", to, "via", via)

    @classmethod
    def inside(cls, space, *args):
        return ["ip", "netns", "exec", cls.spaces[space], *args]

    @classmethod
    def start(cls, space, *args, stdout=None):
        p = subprocess.Popen(cls.inside(space, *args), stdout=stdout or cls.log, stderr=cls.log)
        cls.running.append(p)
        return p

    @classmethod
    def ctl(cls, *args):
        p = subprocess.run([BIN + "/nhipctl", "-s", cls.dir + "/c.sock", *args], capture_output=True, text=True,
                           check=False, timeout=PATIENCE_S + 30)
        return p.returncode, p.stdout, p.stderr

    @classmethod
    def join(cls):
        token = cls.ctl("agent", "add", "bao-lac", "10.78.0.1", "7443")[1].split()[0]
        subprocess.run(cls.inside("box", BIN + "/nhip-agent", "-c", cls.dir + "/agent.conf", "join", token), check=True,
                       stdout=subprocess.DEVNULL, stderr=cls.log, timeout=60)

    @classmethod
    def path_check(cls):
        return json.loads(cls.ctl("--json", "site", "bao-lac")[1])["links"][0]["checks"].get("path") or {}

    def lines(self, *args):
        status, out, err = self.ctl("--json", *args)
        return status, [json.loads(l) for l in out.splitlines()], err

    def test_trace(self):
        status, lines, err = self.lines("trace", "bao-lac/vnpt")
        self.assertEqual(status, 0, err)
        self.assertEqual([(l["hop"], l["address"], l["word"]) for l in lines[:-1]],
                         [(1, "10.78.1.1", "exceeded"), (2, "10.78.2.2", "exceeded"), (3, "10.78.3.2", "answer")])
        self.assertTrue(all(len(l["rtt_ms"]) == 3 and l["rtt_ms"][0] > 0 for l in lines[:-1]), lines)
        self.assertEqual(lines[-1], {"hops": 3, "reached": True})
        status, out, err = self.ctl("trace", "bao-lac/vnpt")
        self.assertEqual((status, out.splitlines()[-1]), (0, "reached"), err)

    def test_trace_that_ends_on_the_way(self):
        subprocess.run(self.inside("r2", "ip", "route", "add", "unreachable", "10.78.3.2/32"), check=True)
        try:
            status, lines, err = self.lines("trace", "bao-lac/vnpt")
        finally:
            subprocess.run(self.inside("r2", "ip", "route", "del", "unreachable", "10.78.3.2/32"), check=True)
        self.assertEqual((status, lines[-1].get("reached")), (1, False), err)
        # which request the kernel answers is its limiter's choice: the last hop is what counts
        self.assertEqual((lines[-2]["address"], lines[-2]["word"]), ("10.78.2.2", "unreachable"), lines)

    def test_mtu(self):
        status, lines, err = self.lines("test", "bao-lac/vnpt", "mtu")
        self.assertEqual((status, lines[-1]), (0, {"mtu": 1400}), (lines, err))
        self.assertIn({"bytes": 1500, "fits": False, "by": "10.78.1.1", "says": 1400}, lines)

    def test_train(self):
        status, lines, err = self.lines("test", "bao-lac/vnpt")
        self.assertEqual(status, 0, err)
        self.assertEqual((lines[0]["check"], lines[0]["values"]["sent"], lines[0]["values"]["lost"]), ("bao-lac/vnpt/path", 20, 0))
        self.assertIn("jitter_ms", lines[0]["values"])
        status, lines, err = self.lines("test", "bao-lac/vnpt", "train", "7")
        self.assertEqual((status, lines[0]["values"]["sent"]), (0, 7), err)

    def test_services(self):
        for args in (("service", "intake"), ("dns",), ("dns", "names")):
            status, lines, err = self.lines("test", "bao-lac/vnpt", *args)
            self.assertEqual((status, lines[-1]["values"]["up"]), (0, 1), err)
        self.assertEqual(self.lines("test", "bao-lac", "service", "intake")[0], 0)

    def test_refusals(self):
        for args, word in ((("trace", "nowhere/vnpt"), "no site with an agent 'nowhere'"), (("trace", "bao-lac/mobi"), "no link 'mobi'"),
                           (("trace", "bao-lac"), "'link' is missing"), (("test", "bao-lac/vnpt", "dns", "intake"), "does not test"),
                           (("test", "bao-lac/vnpt", "service", "none"), "does not test"), (("test", "bao-lac/vnpt", "scan"), "'test' is")):
            status, out, err = self.ctl(*args)
            self.assertEqual((status, out), (2, ""), err)
            self.assertIn(word, err)
        status, out, err = self.ctl("test", "bao-lac/vnpt", "throughput")
        self.assertEqual((status, out), (1, ""), err)
        self.assertIn("cannot do that", err)

    def test_a_client_that_leaves_frees_its_place(self):
        subprocess.run(self.inside("r1", "ip", "route", "add", "blackhole", "10.78.3.2/32"), check=True)
        try:
            left = []
            for _ in range(2):
                s = socket.socket(socket.AF_UNIX)
                s.connect(self.dir + "/c.sock")
                s.sendall(b'{"id":1,"do":"test","test":"trace","site":"bao-lac","link":"vnpt"}\n')
                self.assertIn("part", json.loads(s.makefile().readline()))
                left.append(s)
            status, _, err = self.ctl("test", "bao-lac", "service", "intake")
            self.assertEqual(status, 1)
            self.assertIn("other tests run there", err)
            for s in left:
                s.close()
        finally:
            subprocess.run(self.inside("r1", "ip", "route", "del", "blackhole", "10.78.3.2/32"), check=True)
        wait_for("a place", lambda: self.ctl("test", "bao-lac", "service", "intake")[0] == 0)


def has_namespaces():
    name = f"nhip-may-{os.getpid()}"
    ok = subprocess.run(["ip", "netns", "add", name], check=False, capture_output=True).returncode == 0
    subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
    return ok


if __name__ == "__main__":
    if os.geteuid() != 0 or not has_namespaces():
        print("skipped: network namespaces need root")
        sys.exit(77)
    unittest.main(verbosity=2)
