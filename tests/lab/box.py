# SPDX-License-Identifier: GPL-3.0-or-later
"""One real agent on a box of its own: two network namespaces, three wires between them.

    box: up0 10.77.0.2 ── the uplink ── 10.77.0.1 :centre (collector)
         eth1 10.77.1.2 ── line `vnpt` ── 10.77.1.1     gateway and reflector
         eth2 10.77.2.2 ── line `viettel` ── 10.77.2.1

Probes go over their lines, so the uplink's counters hold what reporting costs and nothing else. Needs root.
"""
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BIN = os.environ.get("NHIP_BIN", os.path.join(HERE, "..", "..", "build", "release", "bin"))
PORT = 7443
CONF = """
province "bench" {{ name = "Bench" }}
collector {{ listen = "10.77.0.1:7443"  reflector = ""  traps = ""  control = "{dir}/c.sock"  data = "{dir}/data"  user = "" }}
carrier "vnpt" {{ name = "VNPT" }}
carrier "viettel" {{ name = "Viettel" }}
site "bao-lac" {{ name = "Bảo Lạc"  kind = "commune"
  link "vnpt" {{ carrier = "vnpt"  role = "primary"  interface = "eth1"  gateway = "10.77.1.1"  reflector = "10.77.1.1" }}
  link "viettel" {{ carrier = "viettel"  role = "standby"  interface = "eth2"  gateway = "10.77.2.1"  reflector = "10.77.2.1" }} }}
"""
AGENT = """
user = ""
data = "{dir}/agent"
status = "{dir}/agent.sock"
journal {{ memory_dir = "{dir}/memory" }}
collector "lab" {{ address = {{ "10.77.0.1:7443" }} }}
"""


def wait_for(what, condition, seconds=40):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = condition()
        if got:
            return got
        time.sleep(0.1)
    raise SystemExit("box: waited in vain for " + what)


class Box:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="nhip-box.")
        self.box, self.centre = f"nhip-box-{os.getpid()}", f"nhip-centre-{os.getpid()}"
        self.running, self.log = [], open(self.dir + "/log", "w+", encoding="utf-8")
        for name, text in (("nhip.conf", CONF), ("agent.conf", AGENT)):
            with open(f"{self.dir}/{name}", "w", encoding="utf-8") as f:
                f.write(text.format(dir=self.dir))

    def __enter__(self):
        try:
            self.wire()
            self.collector = self.start(self.centre, "nhip-collector", "-c", self.dir + "/nhip.conf")
            wait_for("the collector", lambda: self.ask("status"))
            token = self.ask("agent_add", site="bao-lac", host="10.77.0.1", port=PORT)["token"]
            subprocess.run(self.inside(self.box, "nhip-agent", "-c", self.dir + "/agent.conf", "join", token), check=True,
                           stdout=subprocess.DEVNULL, stderr=self.log, timeout=60)
            self.agent = self.start(self.box, "nhip-agent", "-c", self.dir + "/agent.conf")
            wait_for("readings of both lines", self.is_measuring)
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        for p in reversed(self.running):
            p.terminate()
            p.wait(20)
        for name in (self.box, self.centre):
            subprocess.run(["ip", "netns", "del", name], check=False, stderr=subprocess.DEVNULL)
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    @staticmethod
    def inside(space, program, *args):
        return ["ip", "netns", "exec", space, BIN + "/" + program, *args]

    def start(self, space, program, *args):
        p = subprocess.Popen(self.inside(space, program, *args), stdout=self.log, stderr=self.log)
        self.running.append(p)
        return p

    def wire(self):
        def ip(*args):
            subprocess.run(["ip", *args], check=True)
        for name in (self.box, self.centre):
            ip("netns", "add", name)
            for which in ("all", "default"):  # no neighbour or router discovery among what is counted
                subprocess.run(["ip", "netns", "exec", name, "sysctl", "-qw", f"net.ipv6.conf.{which}.disable_ipv6=1"], check=True)
            ip("-n", name, "link", "set", "lo", "up")
        for n, name in enumerate(("up0", "eth1", "eth2")):
            ip("-n", self.box, "link", "add", name, "type", "veth", "peer", "name", name, "netns", self.centre)
            for space, end in ((self.box, 2), (self.centre, 1)):
                ip("-n", space, "addr", "add", f"10.77.{n}.{end}/30", "dev", name)
                ip("-n", space, "link", "set", name, "up")
        for space, other in ((self.box, 1), (self.centre, 2)):  # no ARP either
            there = self.centre if space == self.box else self.box
            show = json.loads(subprocess.check_output(["ip", "-j", "-n", there, "link", "show", "up0"]))
            ip("-n", space, "neigh", "replace", f"10.77.0.{other}", "lladdr", show[0]["address"], "dev", "up0", "nud", "permanent")

    def ask(self, do, **keys):
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(20)
                s.connect(self.dir + "/c.sock")
                s.sendall(json.dumps({"id": 1, "do": do, **keys}).encode() + b"\n")
                return json.loads(s.makefile().readline())["result"]
        except (ConnectionError, FileNotFoundError):
            return None

    def is_measuring(self):
        links = self.ask("site", site="bao-lac")["links"]
        checks = [l["checks"].get(k) for l in links for k in ("path", "gateway", "port")]
        return len(links) == 2 and all(c and c["at"] and not c["live"] for c in checks)

    def uplink(self):
        """Bytes with IP headers and packets so far, both ways."""
        got = json.loads(subprocess.check_output(["ip", "-s", "-j", "-n", self.box, "link", "show", "up0"]))[0]["stats64"]
        packets = got["rx"]["packets"] + got["tx"]["packets"]
        return got["rx"]["bytes"] + got["tx"]["bytes"] - 14 * packets, packets

    def readings(self):
        """The collector's journal as replay lines."""
        out = subprocess.check_output([BIN + "/nhipctl", "journal", "cat", self.dir + "/data/journal"], text=True)
        return [l for l in map(json.loads, out.splitlines()) if l.get("check", "").startswith("bao-lac/")]
