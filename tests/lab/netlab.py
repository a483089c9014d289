# SPDX-License-Identifier: GPL-3.0-or-later
"""A small province in network namespaces: a real collector, a real agent a site, lines that can be cut.

    :centre eth0 ── :router ══ one wire a carrier ══ :CARRIER ── node (a bridge in :street) ── eth1, eth2 of :SITE

A node or a wire of the centre is cut by its veth; a line is taken off its node's bridge, so that the site's port
keeps its carrier, as at a modem whose cable is broken. A site's host can lose its power: its agent is killed, what
it had in memory is gone, and it comes back with another boot id and a short uptime (a time namespace and a file
mounted over the kernel's boot id). Mail server and HTTP endpoint listen inside :centre. Needs root.
"""
import ctypes
import email
import email.policy
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid

import receivers

BIN = os.environ.get("NHIP_BIN", "build/debug/bin")
CARRIERS = {"vnpt": 1, "viettel": 2}
PATIENCE_S = 100
LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
CONF = """
province "lab" {{ name = "Lab"  language = "en" }}
collector {{ listen = "10.0.0.10:7443"  reflector = ""  traps = ""  control = "{dir}/c.sock"  data = "{dir}/data"
             user = ""  retention = "10s:1h" }}
web {{ base_url = "https://status.example.vn/" }}
centre {{ name = "Centre"  tell = {{ "duty" }}
  uplink "vnpt" {{ carrier = "vnpt"  gateway = "10.9.1.2" }}
  uplink "viettel" {{ carrier = "viettel"  gateway = "10.9.2.2" }}
  device "router" {{ address = "10.0.0.1"  kind = "router"  from = "collector" }} }}
carrier "vnpt" {{ name = "VNPT"  tell = {{ "vnpt-noc" }} }}
carrier "viettel" {{ name = "Viettel"  tell = {{ "viettel-noc" }} }}
contact "technician" {{ name = "T"  email = "technician@example.vn" }}
contact "boss" {{ name = "B"  email = "boss@example.vn" }}
contact "duty" {{ name = "D"  email = "duty@example.vn" }}
contact "vnpt-noc" {{ name = "N"  webhook = "http://127.0.0.1:{hook}/vnpt" }}
contact "viettel-noc" {{ name = "N"  webhook = "http://127.0.0.1:{hook}/viettel" }}
alerts {{ outage_after_s = 30  together = 3  quiet = ""  smtp = "smtp://127.0.0.1:{mail}"  from = "nhip@example.vn"
          escalate = {{ {escalate} }} }}
"""
AGENT = """
user = ""
data = "{dir}/{site}"
status = "{dir}/{site}.sock"
journal {{ memory_dir = "{dir}/{site}.memory" }}
collector "lab" {{ address = {{ "10.0.0.10:7443" }} }}
"""


def wait_for(what, condition, seconds=PATIENCE_S):
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError("waited in vain for " + what)
        time.sleep(0.1)


def uptime_s():
    return int(time.clock_gettime(time.CLOCK_BOOTTIME))


class Province:
    """`sites`: id -> {carrier: node}. `extra`: more of nhip.conf; `quality`: that section for the lines of a site.

    `before`: called with the province when its namespaces stand, before anything measures.
    """

    def __init__(self, name, sites, extra="", escalate="", quality=None, before=None):
        self.dir = tempfile.mkdtemp(prefix=f"nhip-{name}.")
        self.tag, self.sites = f"nhip-{os.getpid()}-{name}", list(sites)
        self.lines, self.nodes = {}, {}  # (site, carrier): (node, its number); node: (carrier, number)
        for n, (site, nodes) in enumerate(sites.items()):
            for carrier, node in nodes.items():
                self.nodes.setdefault(node, (carrier, len(self.nodes) + 1))
                self.lines[site, carrier] = (node, 10 + n)
        self.extra, self.escalate, self.quality, self.before = extra, escalate, quality or {}, before
        self.running, self.agents, self.spaces = [], {}, []
        self.collector = self.mail = self.hook = None
        self.log = open(self.dir + "/log", "w+", encoding="utf-8")

    # --- namespaces ---

    def space(self, name):
        return f"{self.tag}-{name}"

    def ip(self, name, *lines):
        """Commands of ip(8), one a line, inside :name."""
        subprocess.run(["ip", "-n", self.space(name), "-batch", "-"], input="\n".join(lines), text=True, check=True)

    def make_space(self, name):
        subprocess.run(["ip", "netns", "add", self.space(name)], check=True)
        self.spaces.append(name)
        subprocess.run(["ip", "netns", "exec", self.space(name), "sysctl", "-qw", "net.ipv4.ip_forward=1",
                        "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0",
                        "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"], check=True)
        self.ip(name, "link set lo up")

    def wire(self, a, a_name, a_addr, b, b_name, b_addr):
        self.ip(a, f"link add {a_name} type veth peer name {b_name} netns {self.space(b)}", f"link set {a_name} up",
                *([f"addr add {a_addr} dev {a_name}"] if a_addr else []))
        self.ip(b, f"link set {b_name} up", *([f"addr add {b_addr} dev {b_name}"] if b_addr else []))

    def build(self):
        for name in ("centre", "router", "street", *CARRIERS):
            self.make_space(name)
        self.wire("centre", "eth0", "10.0.0.10/24", "router", "lan", "10.0.0.1/24")
        self.ip("centre", "route add default via 10.0.0.1")
        for carrier, v in CARRIERS.items():
            self.wire("router", carrier, f"10.9.{v}.1/30", carrier, "centre", f"10.9.{v}.2/30")
            self.ip("router", f"route add 10.{v}.0.0/16 via 10.9.{v}.2")
            self.ip(carrier, f"route add default via 10.9.{v}.1")
        for carrier, p in self.nodes.values():
            self.ip("street", f"link add node{p} type bridge", f"link set node{p} up")
            self.wire(carrier, f"node{p}", f"10.{CARRIERS[carrier]}.{p}.1/24", "street", f"up{p}", None)
            self.ip("street", f"link set up{p} master node{p}")
        for site in self.sites:
            self.make_space(site)
        for (site, carrier), (node, n) in self.lines.items():
            v, p = CARRIERS[carrier], self.nodes[node][1]
            self.wire(site, f"eth{v}", f"10.{v}.{p}.{n}/24", "street", f"l{n}-{v}", None)
            self.ip("street", f"link set l{n}-{v} master node{p}")
            self.ip(site, f"route add default via 10.{v}.{p}.1 dev eth{v} metric {v}",
                    f"route add default via 10.{v}.{p}.1 dev eth{v} table {v}", f"rule add from 10.{v}.{p}.{n} table {v}")

    def inside(self, name, make):
        """make() by a thread that lives in :name: what it opens stays there."""
        got = []

        def run():
            with open("/run/netns/" + self.space(name), encoding="ascii") as f:
                if LIBC.setns(f.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            got.append(make())
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        return got[0]

    # --- what happens to it ---

    def cut_line(self, site, carrier, restore=False):
        node, n = self.lines[site, carrier]
        to = f"master node{self.nodes[node][1]}" if restore else "nomaster"
        self.ip("street", f"link set l{n}-{CARRIERS[carrier]} {to}")

    def cut_node(self, node, restore=False):
        carrier, p = self.nodes[node]
        self.ip(carrier, f"link set node{p} {'up' if restore else 'down'}")

    def cut_centre(self, restore=False):
        self.ip("router", f"link set lan {'up' if restore else 'down'}")
        if restore:
            self.hurry()

    def power(self, site, on):
        """The whole site dark, or lit again."""
        if not on:
            self.agents[site].kill()
            shutil.rmtree(f"{self.dir}/{site}.memory", ignore_errors=True)
        for s, carrier in self.lines:
            if s == site:
                self.cut_line(s, carrier, on)
        if on:
            self.agents[site] = Agent(self, site, 3)

    def hurry(self):
        """Back-off is for provinces, not for tests: who has no session tries again at once."""
        for agent in self.agents.values():
            agent.signal(signal.SIGHUP)

    # --- programs ---

    def write_conf(self, leave_out=()):
        with open(self.dir + "/nhip.conf.new", "w", encoding="utf-8") as f:
            f.write(CONF.format(dir=self.dir, mail=self.mail.port, hook=self.hook.port, escalate=self.escalate))
            for node, (carrier, p) in self.nodes.items():
                f.write(f'pop "{node}" {{ carrier = "{carrier}"  name = "Node {node}" }}\n')
            for site in self.sites:
                if site in leave_out:
                    continue
                f.write(f'site "{site}" {{ name = "{site.title()}"  technicians = {{ "technician" }}\n')
                for carrier, v in CARRIERS.items():
                    if (site, carrier) in self.lines:
                        node, n = self.lines[site, carrier]
                        net = f"10.{v}.{self.nodes[node][1]}"
                        f.write(f'  link "{carrier}" {{ carrier = "{carrier}"  pop = "{node}"  interface = "eth{v}"\n'
                                f'    role = "{"standby" if v > 1 else "primary"}"  address = "{net}.{n}"\n'
                                f'    gateway = "{net}.1"  reflector = "10.0.0.10"\n'
                                f'    {self.quality.get(site, "")} }}\n')
                f.write("}\n")
            f.write(self.extra)
        os.rename(self.dir + "/nhip.conf.new", self.dir + "/nhip.conf")

    def start(self, space, *command):
        p = subprocess.Popen(["ip", "netns", "exec", self.space(space), *command], stdout=self.log, stderr=self.log)
        self.running.append(p)
        return p

    def start_collector(self):
        self.collector = self.start("centre", BIN + "/nhip-collector", "-f", "-c", self.dir + "/nhip.conf")
        wait_for("the collector", lambda: self.ask("status"))

    def stop_collector(self, sig=signal.SIGTERM):
        self.collector.send_signal(sig)
        status = self.collector.wait(PATIENCE_S)
        self.running.remove(self.collector)
        assert status == (0 if sig == signal.SIGTERM else -sig), f"the collector's exit status {status}"

    def join(self, site):
        with open(f"{self.dir}/{site}.conf", "w", encoding="utf-8") as f:
            f.write(AGENT.format(dir=self.dir, site=site))
        token = self.ask("agent_add", site=site, host="10.0.0.10", port=7443)["token"]
        subprocess.run(["ip", "netns", "exec", self.space(site), BIN + "/nhip-agent", "-c", f"{self.dir}/{site}.conf",
                        "join", token], check=True, stdout=subprocess.DEVNULL, stderr=self.log, timeout=PATIENCE_S)
        self.agents[site] = Agent(self, site, 3600)

    def __enter__(self):
        try:
            self.build()
            self.mail, self.hook = self.inside("centre", receivers.Mail), self.inside("centre", receivers.Hook)
            if self.before:
                self.before(self)
            self.write_conf()
            self.start_collector()
            for site in self.sites:
                self.join(site)
            wait_for("all lines to be up", lambda: all(self.link(*line)["state"] == "up" and self.sees(*line) for line in self.lines))
            return self
        except BaseException:
            self.__exit__(True)
            raise

    def __exit__(self, failed, *_):
        for agent in self.agents.values():
            agent.kill()
        for p in self.running:
            if p.poll() is None:
                p.terminate()
                p.wait(PATIENCE_S)
        for receiver in (self.mail, self.hook):
            if receiver is not None:
                receiver.close()
        for name in self.spaces:
            subprocess.run(["ip", "netns", "del", self.space(name)], check=False)
        self.log.close()
        if failed and "NHIP_KEEP" in os.environ:
            print("kept:", self.dir)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    # --- what is seen of it ---

    def waiting(self, site):
        """Records that the site's agent has not delivered."""
        out = subprocess.run([BIN + "/nhip-agent", "-c", f"{self.dir}/{site}.conf", "--json", "status"],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
        return json.loads(out)["uplinks"][0]["waiting"] if out else 0

    def ask_whole(self, do, **keys):
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(20)
                s.connect(self.dir + "/c.sock")
                s.sendall(json.dumps({"id": 1, "do": do, **keys}).encode() + b"\n")
                return json.loads(s.makefile().readline())
        except (OSError, ValueError):
            return {"ok": False, "code": "away"}

    def ask(self, do, **keys):
        return self.ask_whole(do, **keys).get("result")

    def link(self, site, carrier):
        got = self.ask("site", site=site)
        return next(l for l in got["links"] if l["name"] == carrier) if got else {"state": "", "checks": {}}

    def sees(self, site, carrier, after=0.0):
        """Have both ends told of the line since then, by the journal?"""
        checks = self.link(site, carrier)["checks"]
        return all((checks.get(k) or {}).get("at") and checks[k]["at"] > after and not checks[k]["live"]
                   for k in ("path", "gateway", "far"))

    def incidents(self, **keys):
        got = self.ask("incidents", **{"from": 0, "to": int(time.time()) + 10, "lang": "en", **keys})
        return None if got is None else sorted(got["incidents"], key=lambda i: i["number"])

    def incident(self, number):
        return self.ask("incident", number=number, lang="en")

    def open_of(self, what):
        """The open incident that names this site or link."""
        return next((i for i in self.incidents(open=1) or () if what in i["sites"] + i["links"] or what == i["object"]), None)

    def letters(self):
        """What the mail server took: addressee, key, about, subject, text, thread."""
        out = []
        for to, raw, _ in list(self.mail.letters):
            m = email.message_from_bytes(raw, policy=email.policy.default)
            out.append({"to": to[0].split("@")[0], "key": m["X-Nhip-Key"], "about": m["X-Nhip-Key"].split(":")[1],
                        "subject": m["Subject"], "text": m.get_content().replace("\r\n", "\n"), "thread": m["References"],
                        "id": m["Message-ID"], "incident": m["X-Nhip-Incident"]})
        return out

    def posts(self):
        out = []
        for path, headers, body, _ in list(self.hook.posts):
            got = json.loads(body)
            out.append({"to": path[1:] + "-noc", "key": headers["X-Nhip-Event"], "about": got["about"], "text": got["text"],
                        "thread": got["incident"], "incident": got["incident"]})
        return out

    def received(self):
        return self.letters() + self.posts()

    def told(self, number, about):
        """Who got which letters or posts about it."""
        return sorted(m["to"] for m in self.received() if m["key"].startswith(f"{number}:{about}:"))

    def replay(self):
        """The incidents that --replay makes of the collector's own journal."""
        cat = subprocess.Popen([BIN + "/nhipctl", "journal", "cat", self.dir + "/data/journal"], stdout=subprocess.PIPE)
        out = subprocess.run([BIN + "/nhip-collector", "-c", self.dir + "/nhip.conf", "--replay", "-"], stdin=cat.stdout,
                             stdout=subprocess.PIPE, check=True, timeout=PATIENCE_S).stdout
        cat.stdout.close()
        assert cat.wait() == 0
        return [i for i in map(json.loads, out.splitlines()) if "incident" in i]


class Agent:
    """One life of a site's host: its agent, with a boot id of its own and an uptime that begins at `uptime`."""

    def __init__(self, province, site, uptime):
        self.pid_file, boot = f"{province.dir}/{site}.pid", f"{province.dir}/{site}.boot"
        with open(boot, "w", encoding="ascii") as f:
            f.write(str(uuid.uuid4()) + "\n")
        if os.path.exists(self.pid_file):
            os.unlink(self.pid_file)
        script = f'mount --bind {boot} /proc/sys/kernel/random/boot_id && echo $$ > {self.pid_file}.new && ' \
                 f'mv {self.pid_file}.new {self.pid_file} && exec {BIN}/nhip-agent -c {province.dir}/{site}.conf'
        self.proc = province.start(site, "unshare", "--time", "--fork", "--boottime", str(uptime - uptime_s()), "sh", "-c", script)
        wait_for("the agent of " + site, lambda: os.path.exists(self.pid_file))
        with open(self.pid_file, encoding="ascii") as f:
            self.pid = int(f.read())

    def signal(self, sig):
        if self.proc.poll() is None:
            try:
                os.kill(self.pid, sig)
            except ProcessLookupError:
                pass

    def kill(self):
        self.signal(signal.SIGKILL)
        self.proc.wait(PATIENCE_S)


def ack_token(text):
    """The token of the address to acknowledge that a letter holds."""
    found = re.search(r"https://status\.example\.vn/ack/(\S+)", text)
    return found and found.group(1)
