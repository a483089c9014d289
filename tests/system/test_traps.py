# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 200
"""The distribution's snmptrap and snmpinform, v1, v2c and v3, against a running collector."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

BIN = os.environ.get("NHIP_BIN", os.path.join(os.path.dirname(__file__), "../../build/debug/bin"))
PATIENCE_S = 30
ENGINE = "0x80001f880501020304050607"
V3 = ["-u", "nhip", "-a", "SHA-256", "-A", "authentic-secret", "-x", "AES", "-X", "private-secret"]
SNMP_TRAPS = "1.3.6.1.6.3.1.1.5."


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, condition, seconds=PATIENCE_S):
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(f"never came true: {what}")
        time.sleep(0.05)


class Lab:
    """A collector with devices at 127.0.0.2 (v2c), .3 (v3), .5 (a UPS) and .6, whose port carries a link."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="nhip-traps.")
        self.traps = free_port(socket.SOCK_DGRAM)
        self.sock = os.path.join(self.dir, "c.sock")
        for name, secret in (("community", "public-but-ours"), ("auth", "authentic-secret"), ("priv", "private-secret")):
            with open(os.open(self.path(name), os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as f:
                f.write(secret + "\n")
        self.conf = self.path("nhip.conf")
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(f'''
province "lab" {{ name = "Lab" }}
collector {{ listen = "127.0.0.1:{free_port(socket.SOCK_STREAM)}"  reflector = ""  traps = "127.0.0.1:{self.traps}"
    control = "{self.sock}"  data = "{self.dir}/data"  user = "" }}
carrier "vnpt" {{ name = "VNPT" }}
snmp "v2" {{ version = 2  community_file = "{self.path('community')}" }}
snmp "v3" {{ version = 3  user = "nhip"  level = "authPriv"  auth_key_file = "{self.path('auth')}"
    priv_key_file = "{self.path('priv')}" }}
centre {{ name = "Centre"  device "core" {{ address = "127.0.0.7"  snmp = "v3"  from = "collector" }} }}
site "alpha" {{ name = "Alpha"  agent = false
    link "vnpt" {{ carrier = "vnpt"  role = "primary"  address = "127.0.0.1"  device = "router"  port = "ether1" }}
    device "switch" {{ address = "127.0.0.2"  snmp = "v2" }}
    device "modern" {{ address = "127.0.0.3"  snmp = "v3" }}
    device "plain" {{ address = "127.0.0.4" }}
    device "ups" {{ address = "127.0.0.5"  snmp = "v2"  kind = "ups" }}
    device "router" {{ address = "127.0.0.6"  snmp = "v2" }} }}
site "beta" {{ name = "Beta"  agent = false
    link "vnpt" {{ carrier = "vnpt"  role = "primary"  address = "127.0.0.10" }}
    device "router" {{ address = "127.0.0.9"  snmp = "v2" }} }}
''')
        self.proc = None

    def path(self, name):
        return os.path.join(self.dir, name)

    def start(self):
        log = open(self.path("log"), "ab")
        self.proc = subprocess.Popen([os.path.join(BIN, "nhip-collector"), "-f", "-c", self.conf], stdout=log, stderr=log)
        log.close()
        wait_for("the collector listens", self.listens)

    def listens(self):
        if self.proc.poll() is not None:
            with open(self.path("log"), encoding="utf-8") as f:
                raise AssertionError("the collector ended: " + f.read())
        return (self.status() or {}).get("traps", {}).get("listening")

    def stop(self, sig=signal.SIGTERM):
        if self.proc:
            self.proc.send_signal(sig)
            self.proc.wait(PATIENCE_S)
            self.proc = None

    def ctl(self, *args):
        return subprocess.run([os.path.join(BIN, "nhipctl"), "-s", self.sock, *args], capture_output=True, text=True,
                              timeout=PATIENCE_S, check=False)

    def status(self):
        done = self.ctl("--json", "status")
        return json.loads(done.stdout) if done.returncode == 0 else None

    def count(self, name):
        return self.status()["traps"][name]

    def events(self):
        """What is on the disk, and not what the running collector remembers."""
        done = subprocess.run([os.path.join(BIN, "nhipctl"), "journal", "cat", self.path("data/journal")],
                              capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return [l for l in lines if "event" in l and l["event"] != "collector_up"]


class Tools(unittest.TestCase):
    lab_of = Lab

    def setUp(self):
        self.lab = self.lab_of()
        self.addCleanup(shutil.rmtree, self.lab.dir, ignore_errors=True)
        self.addCleanup(self.lab.stop, signal.SIGKILL)
        self.lab.start()

    def run_tool(self, tool, source, *args):
        """From 127.0.0.`source`; its exit status: snmpinform's says whether it was answered."""
        return subprocess.run([tool, "--clientaddr=127.0.0." + str(source), *args], capture_output=True, text=True,
                              timeout=PATIENCE_S, check=False,
                              env={**os.environ, "MIBS": "", "SNMP_PERSISTENT_DIR": self.lab.path("persist"),
                                   "SNMPCONFPATH": self.lab.path("none")}).returncode

    def trap(self, source, oid, *objects, tool="snmptrap", community="public-but-ours"):
        return self.run_tool(tool, source, "-v2c", "-c", community, "-r", "1", "-t", "2",
                             f"127.0.0.1:{self.lab.traps}", "", oid, *objects)

    def trap_v1(self, source, enterprise, agent, generic, specific, *objects, community="public-but-ours"):
        return self.run_tool("snmptrap", source, "-v1", "-c", community, f"127.0.0.1:{self.lab.traps}", enterprise,
                             agent, str(generic), str(specific), "", *objects)

    def trap_v3(self, source, oid, *objects, tool="snmptrap", user=V3, level="authPriv", engine=ENGINE):
        more = ["-e", engine] if tool == "snmptrap" else []
        return self.run_tool(tool, source, "-v3", "-l", level, *user, *more, "-r", "1", "-t", "2",
                             f"127.0.0.1:{self.lab.traps}", "", oid, *objects)

    def one(self, name, **keys):
        """Wait until the journal on disk holds exactly one such event."""
        def found():
            return [e for e in self.lab.events() if e["event"] == name and all(e.get(k) == v for k, v in keys.items())]
        wait_for(f"{name} {keys}", found)
        self.assertEqual(len(found()), 1, (name, keys))
        return found()[0]


class Traps(Tools):
    def test_traps_of_each_version(self):
        self.assertEqual(self.trap_v1(2, "1.3.6.1.4.1.8072.3", "127.0.0.2", 0, 0), 0)
        self.one("cold_start", site="alpha", text="coldStart")
        self.trap_v1(2, "1.3.6.1.4.1.8072.9", "0.0.0.0", 6, 17, "1.3.6.1.2.1.1.5.0", "s", "tủ mạng")
        self.one("trap", site="alpha", link="switch", text='1.3.6.1.4.1.8072.9.0.17 sysName.0="tủ mạng"')
        self.trap(2, SNMP_TRAPS + "2")
        self.one("trap", link="switch", text="warmStart")
        self.trap_v3(3, SNMP_TRAPS + "3", "1.3.6.1.2.1.2.2.1.1.7", "i", "7")
        self.one("trap", link="modern", text="linkDown ifIndex.7=7")  # that port carries no link of ours
        self.trap_v3(7, SNMP_TRAPS + "1", engine="0x80001f88050a0b0c0d0e0f")
        self.one("cold_start", site="centre")
        self.assertEqual(self.lab.count("told"), 5)
        self.assertEqual(self.lab.count("events"), 5)

    def test_links_and_power(self):
        self.trap(6, SNMP_TRAPS + "3", "1.3.6.1.2.1.2.2.1.1.4", "i", "4", "1.3.6.1.2.1.31.1.1.1.1.4", "s", "ether1")
        self.one("link_down", site="alpha", link="vnpt")
        self.trap(6, SNMP_TRAPS + "4", "1.3.6.1.2.1.2.2.1.1.4", "i", "4", "1.3.6.1.2.1.2.2.1.2.4", "s", "ether1")
        self.one("link_up", site="alpha", link="vnpt")
        for _ in range(3):  # RFC 1628: every minute, as long as it lasts
            self.trap(5, "1.3.6.1.2.1.33.2.1", "1.3.6.1.2.1.33.1.2.3.0", "i", "25")
        wait_for("told again", lambda: self.lab.count("again") == 2)
        self.one("on_battery", site="alpha")
        self.trap(5, "1.3.6.1.2.1.33.2.3", "1.3.6.1.2.1.33.1.6.2.1.2.9", "o", "1.3.6.1.2.1.33.1.6.3.3")
        self.one("battery_low", site="alpha")
        self.trap(5, "1.3.6.1.2.1.33.2.4", "1.3.6.1.2.1.33.1.6.2.1.2.8", "o", "1.3.6.1.2.1.33.1.6.3.2")
        self.one("on_mains", site="alpha")
        self.trap_v1(5, "1.3.6.1.4.1.318", "127.0.0.5", 6, 5)
        wait_for("APC's says it too", lambda: len([e for e in self.lab.events() if e["event"] == "on_battery"]) == 2)

    def test_whose_trap_it_is(self):
        # the switch forwards a trap of the router's, by v1's agent-addr and by RFC 3584's snmpTrapAddress
        self.trap_v1(2, "1.3.6.1.4.1.8072.9", "127.0.0.6", 6, 1)
        self.one("trap", site="alpha", link="router", text="1.3.6.1.4.1.8072.9.0.1")
        self.trap(2, "1.3.6.1.4.1.8072.9.0.2", "1.3.6.1.6.3.18.1.3.0", "a", "127.0.0.6")
        self.one("trap", site="alpha", link="router", text="1.3.6.1.4.1.8072.9.0.2")
        # but no device speaks for another site's, nor for one that nobody knows
        self.trap_v1(2, "1.3.6.1.4.1.8072.9", "127.0.0.9", 6, 3)
        self.one("trap", site="alpha", link="switch", text="1.3.6.1.4.1.8072.9.0.3")
        self.trap_v1(2, "1.3.6.1.4.1.8072.9", "203.0.113.1", 6, 4)
        self.one("trap", site="alpha", link="switch", text="1.3.6.1.4.1.8072.9.0.4")

    def test_strangers_and_wrong_keys(self):
        self.trap(8, SNMP_TRAPS + "1")
        self.trap(4, SNMP_TRAPS + "1")  # a device without credentials
        wait_for("strangers", lambda: self.lab.count("stranger") == 2)
        self.trap(2, SNMP_TRAPS + "1", community="wrong")
        self.trap_v1(2, "1.3.6.1.4.1.8072.3", "127.0.0.2", 0, 0, community="wrong")
        self.trap(3, SNMP_TRAPS + "1")  # a device of v3 does not speak v2c
        self.trap_v3(3, SNMP_TRAPS + "1", level="noAuthNoPriv")
        self.trap_v3(3, SNMP_TRAPS + "1", user=["-u", "other"] + V3[2:])
        self.trap_v3(3, SNMP_TRAPS + "1", user=V3[:5] + ["another-secret"] + V3[6:])
        self.assertNotEqual(self.trap_v3(3, SNMP_TRAPS + "1", user=V3[:4] + ["-A", "another-secret"] + V3[6:],
                                         tool="snmpinform"), 0)
        wait_for("wrong keys", lambda: self.lab.count("auth") >= 7)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.2", 0))
            for garbage in (b"", b"\x30", b"\x30\x82\xff\xff\x02\x01\x01", os.urandom(1400), b"\x30\x84\xff\xff\xff\xff",
                            # a head that is right, and a PDU that is none
                            b"\x30\x1c\x02\x01\x01\x04\x0fpublic-but-ours\xa7\x06\x02\x04\xff\xff\xff\xff"):
                s.sendto(garbage, ("127.0.0.1", self.lab.traps))
        wait_for("garbage", lambda: self.lab.count("garbage") == 6)
        self.assertEqual((self.lab.count("told"), self.lab.events()), (0, []))
        # and a GET is not answered
        self.assertNotEqual(self.run_tool("snmpget", 2, "-v2c", "-c", "public-but-ours", "-r", "0", "-t", "1",
                                          f"127.0.0.1:{self.lab.traps}", "1.3.6.1.2.1.1.3.0"), 0)
        self.assertEqual(self.lab.count("garbage"), 7)
        self.trap(2, SNMP_TRAPS + "1")
        self.one("cold_start", site="alpha")

    def test_informs_are_answered_when_safe(self):
        self.assertEqual(self.trap(2, SNMP_TRAPS + "1", tool="snmpinform"), 0)
        self.assertEqual(len(self.lab.events()), 1, "answered, and so on the disk")
        self.assertEqual(self.trap_v3(3, SNMP_TRAPS + "2", tool="snmpinform"), 0)
        self.lab.stop(signal.SIGKILL)
        self.assertEqual(sorted(e.get("text") for e in self.lab.events()), ["coldStart", "warmStart"])
        self.lab.start()  # our engine's boots have risen: senders go on
        self.assertEqual(self.trap_v3(3, "1.3.6.1.4.1.8072.9.0.5", tool="snmpinform"), 0)
        self.one("trap", text="1.3.6.1.4.1.8072.9.0.5")
        with open(self.lab.path("data/snmp-engine"), encoding="ascii") as f:
            self.assertEqual(f.read().split()[1], "2")

    def test_repeated_informs_are_one_event(self):
        # one inform, byte for byte, sent before and after its answer
        oid = bytes.fromhex("2b0601060301010502")
        binding = b"\x30\x0e\x06\x08\x2b\x06\x01\x02\x01\x01\x03\x00\x43\x02\x00\x64"
        trap = b"\x06\x0a\x2b\x06\x01\x06\x03\x01\x01\x04\x01\x00" + b"\x06" + bytes([len(oid)]) + oid
        binding += b"\x30" + bytes([len(trap)]) + trap
        pdu = b"\x02\x02\x12\x34\x02\x01\x00\x02\x01\x00\x30" + bytes([len(binding)]) + binding
        message = b"\x02\x01\x01\x04\x0fpublic-but-ours\xa6" + bytes([len(pdu)]) + pdu
        inform = b"\x30" + bytes([len(message)]) + message
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.2", 0))
            s.settimeout(PATIENCE_S)
            for _ in range(3):
                s.sendto(inform, ("127.0.0.1", self.lab.traps))
            answer = s.recv(1500)
            self.assertIn(b"\xa2", answer)
            self.assertIn(b"\x02\x02\x12\x34", answer)
            s.sendto(inform, ("127.0.0.1", self.lab.traps))
            self.assertEqual(s.recv(1500), answer)
        self.one("trap", text="warmStart")
        self.assertEqual(self.lab.count("repeated"), 3)

    def test_authentication_failures_are_counted(self):
        for _ in range(5):
            self.trap(2, SNMP_TRAPS + "5")
        wait_for("five of them", lambda: self.lab.count("auth_failures") == 5)
        self.one("trap", site="alpha", link="switch")

    def test_a_flood_is_cut(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.2", 0))
            oid = b"\x2b\x06\x01\x04\x01\xbf\x08\x09"  # 1.3.6.1.4.1.8072.9
            pdu = b"\x06\x08" + oid + b"\x40\x04\x00\x00\x00\x00\x02\x01\x06\x02\x01\x07\x43\x01\x00\x30\x00"
            message = b"\x02\x01\x00\x04\x0fpublic-but-ours\xa4" + bytes([len(pdu)]) + pdu
            message = b"\x30" + bytes([len(message)]) + message
            for _ in range(1000):
                s.sendto(message, ("127.0.0.1", self.lab.traps))
        wait_for("all are accounted for",
                 lambda: self.lab.count("told") + self.lab.count("overflow") == 1000)
        self.assertGreaterEqual(self.lab.count("events"), 50)
        self.assertEqual(self.lab.count("events") + self.lab.count("limited"), self.lab.count("told"))
        self.assertLess(self.lab.count("events"), 200)
        self.trap(6, SNMP_TRAPS + "1")  # nobody else's are
        self.one("cold_start", site="alpha")


class AgentLab(Lab):
    """The same devices behind the agent of alpha, which listens; the collector does not."""

    def __init__(self):
        super().__init__()
        self.collector_port = free_port(socket.SOCK_STREAM)
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(f'''
province "lab" {{ name = "Lab" }}
collector {{ listen = "127.0.0.1:{self.collector_port}"  reflector = ""  traps = ""  control = "{self.sock}"
    data = "{self.dir}/data"  user = "" }}
carrier "vnpt" {{ name = "VNPT" }}
snmp "v2" {{ version = 2  community_file = "{self.path('community')}" }}
snmp "v3" {{ version = 3  user = "nhip"  level = "authPriv"  auth_key_file = "{self.path('auth')}"
    priv_key_file = "{self.path('priv')}" }}
site "alpha" {{ name = "Alpha"
    link "vnpt" {{ carrier = "vnpt"  interface = "lo"  address = "127.0.0.20"  reflector = "127.0.0.1"  device = "router"
        port = "ether1" }}
    device "switch" {{ address = "127.0.0.2"  snmp = "v2" }}
    device "modern" {{ address = "127.0.0.3"  snmp = "v3" }}
    device "plain" {{ address = "127.0.0.4" }}
    device "router" {{ address = "127.0.0.6"  snmp = "v2" }} }}
site "beta" {{ name = "Beta"  agent = false  link "vnpt" {{ carrier = "vnpt" }}
    device "router" {{ address = "127.0.0.9"  snmp = "v2" }} }}
''')
        self.agent_conf = self.path("agent.conf")
        self.agent = None
        self.configure_agent()

    def configure_agent(self, community="community"):
        with open(self.agent_conf, "w", encoding="utf-8") as f:
            f.write(f'''
user = ""
data = "{self.dir}/agent"
status = "{self.dir}/agent.sock"
traps = "127.0.0.1:{self.traps}"
journal {{ memory_dir = "{self.dir}/memory" }}
collector "lab" {{ address = {{ "127.0.0.1:{self.collector_port}" }} }}
snmp "v2" {{ version = 2  community_file = "{self.path(community)}" }}
snmp "v3" {{ version = 3  user = "nhip"  level = "authPriv"  auth_key_file = "{self.path('auth')}"
    priv_key_file = "{self.path('priv')}" }}
''')

    def listens(self):
        return self.proc.poll() is None and self.status() is not None

    def join(self):
        token = re.search(r"nhip1\.\S+", self.ctl("agent", "add", "alpha", "127.0.0.1", str(self.collector_port)).stdout)
        subprocess.run([os.path.join(BIN, "nhip-agent"), "-c", self.agent_conf, "join", token.group(0)], check=True,
                       capture_output=True, timeout=PATIENCE_S)

    def start_agent(self):
        with open(self.path("agent.log"), "ab") as log:
            self.agent = subprocess.Popen([os.path.join(BIN, "nhip-agent"), "-c", self.agent_conf], stdout=log, stderr=log)
        wait_for("the agent knows its devices", lambda: self.agent_status().get("traps", {}).get("listening") and
                 "alpha/router/snmp" in [c["id"] for c in self.agent_status()["checks"]])

    def agent_status(self):
        done = subprocess.run([os.path.join(BIN, "nhip-agent"), "-c", self.agent_conf, "--json", "status"],
                              capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        return json.loads(done.stdout) if done.returncode == 0 else {}

    def count(self, name):
        return self.agent_status()["traps"][name]

    def said(self, words):
        def found():
            with open(self.path("agent.log"), encoding="utf-8") as f:
                return words in f.read()
        wait_for(words, found)

    def stop_agent(self, sig=signal.SIGKILL):
        if self.agent:
            self.agent.send_signal(sig)
            self.agent.wait(PATIENCE_S)
            self.agent = None

    def events(self):
        return [e for e in super().events() if e["event"] not in ("session_up", "session_down")]


class BehindAnAgent(Tools):
    lab_of = AgentLab

    def setUp(self):
        super().setUp()
        self.addCleanup(self.lab.stop_agent)
        self.lab.join()
        self.lab.start_agent()

    def test_they_reach_the_collectors_journal(self):
        self.trap(6, SNMP_TRAPS + "3", "1.3.6.1.2.1.2.2.1.1.4", "i", "4", "1.3.6.1.2.1.31.1.1.1.1.4", "s", "ether1")
        self.one("link_down", site="alpha", link="vnpt")
        self.trap_v1(2, "1.3.6.1.4.1.8072.9", "0.0.0.0", 6, 17, "1.3.6.1.2.1.1.5.0", "s", "tủ mạng")
        self.one("trap", site="alpha", link="switch", text='1.3.6.1.4.1.8072.9.0.17 sysName.0="tủ mạng"')
        self.trap_v3(3, SNMP_TRAPS + "2")
        self.one("trap", link="modern", text="warmStart")
        # strangers, another site's device, one without credentials, wrong keys
        for source in (4, 8, 9):
            self.trap(source, SNMP_TRAPS + "1")
        wait_for("strangers", lambda: self.lab.count("stranger") == 3)
        self.trap(2, SNMP_TRAPS + "1", community="wrong")
        wait_for("a wrong key", lambda: self.lab.count("auth") == 1)
        self.assertEqual((self.lab.count("told"), self.lab.count("events"), len(self.lab.events())), (3, 3, 3))

    def test_an_inform_is_answered_when_it_is_on_the_disk(self):
        self.assertEqual(self.trap(2, "1.3.6.1.4.1.8072.9.0.5", tool="snmpinform"), 0)
        self.one("trap", text="1.3.6.1.4.1.8072.9.0.5")
        self.lab.stop()
        self.assertEqual(self.trap_v3(3, "1.3.6.1.4.1.8072.9.0.6", tool="snmpinform"), 0)
        self.lab.stop_agent()
        shutil.rmtree(self.lab.path("memory"))  # as a power cut leaves it
        self.lab.start()
        self.lab.start_agent()
        self.one("trap", link="modern", text="1.3.6.1.4.1.8072.9.0.6")

    def test_a_new_community_by_sighup(self):
        with open(os.open(self.lab.path("new"), os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as f:
            f.write("a-new-community\n")
        self.lab.configure_agent("new")
        self.assertEqual(self.trap(2, "1.3.6.1.4.1.8072.9.0.1", tool="snmpinform"), 0, "the one of before, until then")
        self.lab.agent.send_signal(signal.SIGHUP)
        again = lambda: self.trap(2, "1.3.6.1.4.1.8072.9.0.2", tool="snmpinform", community="a-new-community") == 0
        wait_for("the new one is known", again)
        self.trap(2, SNMP_TRAPS + "1")
        wait_for("the old one is not", lambda: self.lab.count("auth") >= 1)
        # a secret that cannot be read, and a file that is wrong, change nothing
        os.chmod(self.lab.path("new"), 0o644)
        self.lab.agent.send_signal(signal.SIGHUP)
        self.lab.said("it stays as it was")
        self.assertEqual(self.trap(2, "1.3.6.1.4.1.8072.9.0.3", tool="snmpinform", community="a-new-community"), 0)
        with open(self.lab.agent_conf, "a", encoding="utf-8") as f:
            f.write("nonsense = 1\n")
        self.lab.agent.send_signal(signal.SIGHUP)
        self.lab.said("SNMP credentials stay as they were")
        self.assertEqual(self.trap(2, "1.3.6.1.4.1.8072.9.0.4", tool="snmpinform", community="a-new-community"), 0)


if __name__ == "__main__":
    if not all(shutil.which(t) for t in ("snmptrap", "snmpinform")):
        print("skipped: no snmptrap here")
        sys.exit(77)
    unittest.main()
