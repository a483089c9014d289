# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 280
"""NHIP-MIB through the distribution's snmpd: beside a collector and beside an agent, killed, hung, by carrier."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from fake_snmpd import END_OF_VIEW, GET, GETNEXT, NO_SUCH_INSTANCE, NOT_WRITABLE, NOWHERE, PING, Gone, Master
from snmplab import PATIENCE_S, SNMPD, SOURCE, Snmpd, ber, example_views, free_port, mib_root, wait_for

BIN = os.environ.get("NHIP_BIN", os.path.join(SOURCE, "build/debug/bin"))


class Lab:
    """A collector with two sites of two carriers; the agent of alpha measures over lo."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="nhip-agentx.")
        self.port = free_port(socket.SOCK_STREAM)
        self.sock = self.path("c.sock")
        self.running = {}
        self.conf = self.file("nhip.conf", f'''
province "lab" {{ name = "Tỉnh" }}
collector {{ listen = "127.0.0.1:{self.port}"  reflector = ""  traps = ""  control = "{self.sock}"
    data = "{self.dir}/data"  user = ""  agentx = "{self.dir}/master"  agentx_notify = true }}
carrier "vnpt" {{ name = "VNPT"  hotline = "18001166" }}
carrier "viettel" {{ name = "Viettel" }}
site "alpha" {{ name = "Xã Bảo Lạc"  code = "01321"
    link "a" {{ carrier = "vnpt"  circuit = "CBG-0001"  interface = "lo"  address = "127.0.0.2"  gateway = "127.0.0.21"
        reflector = "127.0.0.1"  bandwidth_mbps = 200 }}
    link "b" {{ carrier = "viettel"  role = "standby"  interface = "nowhere0"  address = "127.0.0.3"  gateway = "127.0.0.22"
        reflector = "127.0.0.1" }} }}
site "beta" {{ name = "Beta"  agent = false
    link "a" {{ carrier = "viettel"  address = "127.0.0.4" }}
    device "switch" {{ address = "127.0.0.6"  kind = "switch" }} }}
service "port" {{ name = "Port"  tcp = "127.0.0.1:{self.port}"  from = {{ "sites", "collector" }}  every_s = 10 }}
''')
        self.agent_conf = self.file("agent.conf", f'''
user = ""
data = "{self.dir}/agent"
status = "{self.dir}/agent.sock"
agentx = "{self.dir}/master"
journal {{ memory_dir = "{self.dir}/memory" }}
collector "lab" {{ address = {{ "127.0.0.1:{self.port}" }} }}
''')

    def path(self, name):
        return os.path.join(self.dir, name)

    def file(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        return self.path(name)

    def start(self, name, *args):
        with open(self.path(name + ".log"), "ab") as log:
            self.running[name] = subprocess.Popen([os.path.join(BIN, name), *args], stdout=log, stderr=log)

    def stop(self):
        for p in self.running.values():
            p.kill()
            p.wait()

    def ctl(self, *args):
        p = subprocess.run([os.path.join(BIN, "nhipctl"), "-s", self.sock, *args], capture_output=True, text=True,
                           timeout=PATIENCE_S, check=False)
        return p.stdout if p.returncode == 0 else ""

    def site(self, name):
        return json.loads(self.ctl("--json", "site", name) or "{}")

    def path_values(self, name):
        links = self.site(name).get("links") or [{}]
        return ((links[0].get("checks") or {}).get("path") or {}).get("values")

    def start_collector(self):
        check = subprocess.run([os.path.join(BIN, "nhip-collector"), "-c", self.conf, "--check"], capture_output=True,
                               text=True, timeout=PATIENCE_S, check=False)
        if check.returncode != 0:
            raise AssertionError(check.stderr)
        self.start("nhip-collector", "-f", "-c", self.conf)
        wait_for("the control socket", lambda: self.ctl("status"))

    def start_agent(self):
        token = re.search(r"nhip1\.\S+", self.ctl("agent", "add", "alpha", "127.0.0.1", str(self.port))).group(0)
        subprocess.run([os.path.join(BIN, "nhip-agent"), "-c", self.agent_conf, "join", token], check=True,
                       capture_output=True, timeout=PATIENCE_S)
        self.start("nhip-agent", "-c", self.agent_conf)


class AgentX(unittest.TestCase):
    def setUp(self):
        self.lab = Lab()
        self.addCleanup(shutil.rmtree, self.lab.dir, ignore_errors=True)
        self.addCleanup(self.lab.stop)
        self.snmpd = None

    def start_snmpd(self, **more):
        self.snmpd = Snmpd(self.lab.dir, **more)
        self.addCleanup(self.snmpd.stop)
        self.snmpd.start()

    def offered(self):
        return self.snmpd.ask("snmpget", "NHIP-MIB::nhipVersion.0", options=("-OQv",), retries=0).stdout.startswith("0.")

    def test_the_province(self):
        self.start_snmpd()
        self.lab.start_collector()
        self.lab.start_agent()
        wait_for("a round over alpha's line", lambda: self.lab.path_values("alpha"))
        self.lab.start("nhip-agentx", "-c", self.lab.conf)
        wait_for("NHIP-MIB is there", self.offered)
        link = '"vnpt"."alpha"."a"'
        wait_for("readings of alpha", lambda: f"nhipLinkPathRtt.{link}" in self.snmpd.walk())
        got = self.snmpd.walk()
        self.assertEqual(got["nhipProvince.0"], "lab")
        self.assertEqual((got["nhipSites.0"], got["nhipLinks.0"]), ("2 sites", "3 links"))
        self.assertEqual(got[f"nhipLinkCircuit.{link}"], "CBG-0001")
        self.assertEqual(got[f"nhipLinkBandwidth.{link}"], "200000 kbit/s")
        self.assertEqual(got[f"nhipLinkRole.{link}"], "primary")
        self.assertEqual(got['nhipLinkRole."viettel"."alpha"."b"'], "standby")
        self.assertEqual(got[f"nhipLinkPathLoss.{link}"], "0 0.01 percent")
        self.assertEqual(got['nhipAgentConnected."alpha"'], "true")
        self.assertEqual(got['nhipCarrierHotline."vnpt"'], "18001166")
        self.assertEqual(got['nhipSiteCode."alpha"'], "01321")
        self.assertEqual(got['nhipDeviceKind."beta"."switch"'], "switch")
        self.assertNotIn('nhipAgentConnected."beta"', got)
        # what the inventory does not say has no instance
        for name in ('nhipSiteCode."beta"', 'nhipLinkCircuit."viettel"."beta"."a"', 'nhipCarrierHotline."viettel"',
                     'nhipServiceOwner."port"'):
            self.assertNotIn(name, got)
        wait_for("what is up is up", lambda: self.snmpd.walk().get(f"nhipLinkState.{link}") == "up")
        # the same as the document says
        rtt = self.lab.site("alpha")["links"][0]["checks"]["path"]["values"]["rtt_avg_ms"]
        self.assertLess(abs(int(self.snmpd.walk()[f"nhipLinkPathRtt.{link}"].split()[0]) - rtt * 1000), 50000)
        # this month's availability, as the collector's own report has it
        wait_for("the month's report", lambda: f"nhipLinkAvailabilityHigh.{link}" in self.snmpd.walk())
        high = int(self.snmpd.walk()[f"nhipLinkAvailabilityHigh.{link}"].split()[0])
        low = int(self.snmpd.walk()[f"nhipLinkAvailabilityLow.{link}"].split()[0])
        self.assertEqual(high, 100000)
        self.assertLess(low, 100000, "most of the month nobody measured")
        # GETNEXT comes by each object once and in order, whatever the packets hold
        bulk = self.snmpd.ask("snmpbulkwalk", "NHIP-MIB::nhipObjects", options=("-Onq", "-Cr3")).stdout
        oids = [tuple(int(n) for n in line.split(" ")[0].strip(".").split(".")) for line in bulk.splitlines()
                if line.startswith(".1")]
        self.assertEqual(oids, sorted(set(oids)))
        self.assertGreater(len(oids), 80)
        table = self.snmpd.ask("snmptable", "NHIP-MIB::nhipLinkTable", options=("-Ci",)).stdout
        self.assertIn("nhipLinkState", table)
        self.assertEqual(len(re.findall(r'"(?:vnpt|viettel)"\."', table)) % 3, 0)
        # a service from both ends, and UTF-8 as it is
        self.assertEqual(got['nhipProbeState."port"."collector"'], "up")
        self.assertEqual(got['nhipSiteName."alpha"'], "Xã Bảo Lạc")
        # nothing can be set
        self.assertNotEqual(self.snmpd.ask("snmpset", "NHIP-MIB::nhipProvince.0", "s", "x").returncode, 0)

    def test_a_carrier_sees_its_own_links(self):
        users = [f'createUser {u} SHA-256 "{u} passphrase" AES "{u} privacy"' for u in ("vnpt", "viettel", "province")]
        self.start_snmpd(conf="\n".join(example_views()), users=users)
        self.lab.start_collector()
        self.lab.start("nhip-agentx", "-c", self.lab.conf)

        def as_user(user, level="authPriv", password=None):
            return {"version": ("-v3", "-l", level, "-u", user, "-a", "SHA-256", "-A", password or user + " passphrase",
                                "-x", "AES", "-X", user + " privacy")}
        seen = {}
        for user in ("vnpt", "viettel", "province"):
            wait_for(f"{user} sees something", lambda u=user: self.snmpd.walk(**as_user(u)))
            seen[user] = self.snmpd.walk(**as_user(user))
        self.assertEqual({k.split(".", 1)[1] for k in seen["vnpt"]}, {'"vnpt"', '"vnpt"."alpha"."a"'})
        self.assertEqual({k.split(".", 1)[1] for k in seen["viettel"]},
                         {'"viettel"', '"viettel"."alpha"."b"', '"viettel"."beta"."a"'})
        self.assertIn('nhipLinkState."vnpt"."alpha"."a"', seen["vnpt"])
        self.assertIn("nhipSites.0", seen["province"])
        # by name too: neither the other's rows nor what is nobody's
        for oid in ('nhipLinkState."viettel"."alpha"."b"', 'nhipSiteName."alpha"', "nhipProvince.0"):
            answer = self.snmpd.ask("snmpget", "NHIP-MIB::" + oid, **as_user("vnpt")).stdout
            self.assertIn("No Such", answer, oid)
        self.assertIn("unknown", self.snmpd.ask("snmpget", 'NHIP-MIB::nhipLinkState."viettel"."alpha"."b"',
                                                **as_user("viettel")).stdout)
        # what a management system asks of any device first, and nothing else of this host
        for user in ("vnpt", "viettel"):
            host = self.snmpd.ask("snmpwalk", "1.3.6.1.2.1", options=("-On",), **as_user(user)).stdout
            self.assertEqual(re.findall(r"^\.1\.3\.6\.1\.2\.1\.(\S+) = [^N]", host, re.M), ["1.2.0", "1.3.0", "1.5.0"])
        # weaker or wrong keys, and no user at all
        self.assertEqual(self.snmpd.walk(**as_user("vnpt", level="authNoPriv")), {})
        self.assertEqual(self.snmpd.walk(**as_user("vnpt", password="viettel passphrase")), {})
        self.assertEqual(self.snmpd.walk(retries=0), {})

    def test_snmpd_comes_and_goes(self):
        self.lab.start_collector()
        self.lab.start("nhip-agentx", "-c", self.lab.conf)  # before snmpd
        self.start_snmpd()
        wait_for("NHIP-MIB is there", self.offered)
        for sig in (signal.SIGKILL, signal.SIGTERM):
            self.snmpd.stop(sig)
            self.snmpd.start()
            wait_for("NHIP-MIB is back", self.offered)
        self.snmpd.proc.send_signal(signal.SIGSTOP)

        def measured():
            at = (self.lab.site("beta")["links"][0]["checks"]["far"] or {}).get("at")
            return at or 0
        before = measured()
        wait_for("measuring goes on beside a hung snmpd", lambda: measured() > before + 5)
        self.snmpd.proc.send_signal(signal.SIGCONT)
        wait_for("NHIP-MIB is back", self.offered)
        # the collector goes and comes: what was known stays, and is taken anew
        self.lab.running["nhip-collector"].kill()
        self.lab.running["nhip-collector"].wait()
        self.assertTrue(self.offered())
        with open(self.lab.conf, encoding="utf-8") as f:
            text = f.read()
        self.lab.file("nhip.conf", text.replace('site "beta"', 'site "gamma"'))
        self.lab.start_collector()
        wait_for("the new site", lambda: 'nhipSiteName."gamma"' in self.snmpd.walk())
        self.assertNotIn('nhipSiteName."beta"', self.snmpd.walk())

    def test_requests_of_agentx(self):
        """What a search begins with, where it ends, and the same answers while nhip-agentx waits for one itself."""
        beyond = mib_root()[:-1] + (mib_root()[-1] + 1,)
        root = mib_root() + (1,)
        name = root + (4, 1, 2)  # nhipSiteName
        code = root + (4, 1, 3)
        alpha, beta = ((5, *b"alpha"), (4, *b"beta"))  # as they sort: the shorter one first
        sites = [(name + beta, 4, b"Beta"), (name + alpha, 4, "Xã Bảo Lạc".encode())]
        master = Master(self.lab.path("master"), PATIENCE_S)
        self.addCleanup(master.close)
        self.lab.start_collector()
        self.lab.start("nhip-agentx", "-c", self.lab.conf)
        master.accept()
        end = lambda *start: (start, END_OF_VIEW, None)

        def ask(kind, *ranges):
            return master.answer(master.ask(kind, *ranges))

        def asked_of():
            """Each question with what has to come."""
            return [
                (GET, [(name + beta, 0, NOWHERE)], sites[:1]),
                (GET, [(name + (1, 97), 0, NOWHERE), (name, 0, NOWHERE), (name + alpha, 0, NOWHERE)],
                 [(name + (1, 97), NO_SUCH_INSTANCE, None), (name, NO_SUCH_INSTANCE, None), sites[1]]),
                (GETNEXT, [(name, 0, code)], sites[:1]),
                (GETNEXT, [(name + beta, 0, code)], sites[1:]),
                (GETNEXT, [(name + beta, 1, code)], sites[:1]),
                (GETNEXT, [(name + alpha, 0, code)], [end(*name, *alpha)]),
                (GETNEXT, [(name + beta, 0, name + alpha)], [end(*name, *beta)]),  # the end is outside
                (GETNEXT, [(name + beta, 0, name + alpha + (0,))], sites[1:]),
                (GETNEXT, [(name + alpha, 0, NOWHERE)], [(code + alpha, 4, b"01321")]),
                (GETNEXT, [(name, 0, code), (name + alpha, 0, code), (name + beta, 0, NOWHERE)],
                 [sites[0], end(*name, *alpha), sites[1]]),
                (GETNEXT, [(beyond, 0, NOWHERE)], [end(*beyond)]),
            ]
        wait_for("the sites", lambda: ask(GET, (name + alpha, 0, NOWHERE))[2] == sites[1:])
        for order in (">", "<"):
            master.order = order
            for kind, ranges, want in asked_of():
                self.assertEqual(ask(kind, *ranges), (0, 0, want), (order, kind, ranges))
        numbers = [master.ask(GETNEXT, (name, 0, code)) for _ in range(3)]  # three at once
        self.assertEqual([master.answer(n)[2] for n in numbers], [sites[:1]] * 3)
        self.assertEqual(master.answer(master.test_set(name + alpha, b"x"))[:2], (NOT_WRITABLE, 1))

        def while_it_waits():
            """It waits for the answer to a ping of its own: the library has the requests now."""
            ping = master.until(lambda p: p.kind == PING)
            numbers = [master.ask(kind, *ranges) for kind, ranges, _ in asked_of()]
            answers = [master.read() for _ in numbers]
            master.agree(ping)
            return {a.number: a.response() for a in answers}, numbers
        try:
            answers, numbers = while_it_waits()
        except Gone:  # the machine stood still for the second that it waits
            master.accept()
            answers, numbers = while_it_waits()
        for number, (kind, ranges, want) in zip(numbers, asked_of()):
            self.assertEqual(answers[number], (0, 0, want), ("waiting", kind, ranges))

    def test_beside_an_agent(self):
        self.start_snmpd()
        self.lab.start_collector()
        self.lab.start_agent()
        self.lab.start("nhip-agentx", "--agent", "-c", self.lab.agent_conf)
        wait_for("NHIP-MIB is there", self.offered)
        wait_for("a path", lambda: any(k.startswith("nhipLinkPathRtt") for k in self.snmpd.walk()))
        wait_for("the host", lambda: 'nhipAgentUpTime."alpha"' in self.snmpd.walk(), seconds=100)
        got = self.snmpd.walk()
        self.assertIn('nhipLinkPathRtt.""."alpha"."a"', got)
        self.assertEqual(got['nhipLinkPortUp.""."alpha"."a"'], "true")
        self.assertIn('nhipAgentSpoolRecords."alpha"', got)
        self.assertEqual([k for k in got if "State" in k], [], "an agent judges nothing")
        wait_for("a service", lambda: 'nhipProbeTime."port"."alpha"' in self.snmpd.walk())
        # DISMAN-PING-MIB, by numbers: any NMS knows them
        done = self.snmpd.ask("snmpbulkwalk", "1.3.6.1.2.1.80.1.3", options=("-Onq",)).stdout
        index = ".4.110.104.105.112.6.97.47.112.97.116.104"  # "nhip", "a/path"
        rows = dict(line.split(" ", 1) for line in done.splitlines() if " " in line)
        self.assertEqual(rows[".1.3.6.1.2.1.80.1.3.1.1" + index].strip(), "1")
        self.assertEqual(rows[".1.3.6.1.2.1.80.1.3.1.7" + index], rows[".1.3.6.1.2.1.80.1.3.1.8" + index])
        self.assertIn(".1.3.6.1.2.1.80.1.3.1.6" + index, rows)

    def test_silent_agents_are_told(self):
        """After a minute without it, and when it is back; an agent that never was is not told."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
            sink.bind(("127.0.0.1", 0))
            sink.settimeout(100)
            self.start_snmpd(conf=f"rocommunity public\ntrap2sink 127.0.0.1:{sink.getsockname()[1]} public")
            self.lab.start_collector()
            self.lab.start_agent()
            self.lab.start("nhip-agentx", "-c", self.lab.conf)
            wait_for("it is connected", lambda: self.snmpd.walk().get('nhipAgentConnected."alpha"') == "true")
            self.lab.running["nhip-agent"].kill()
            self.lab.running["nhip-agent"].wait()
            arc = ber(mib_root() + (0,))  # nhipNotifications
            told = lambda number: wait_for(f"notification {number}", lambda: arc + number in sink.recv(2000))
            told(b"\x01")
            self.lab.start("nhip-agent", "-c", self.lab.agent_conf)
            told(b"\x02")

    def test_incidents(self):
        """Documents as docs/CONTROL.md has them, from a socket of the test's own."""
        def site(name, carrier):
            return {"id": name, "name": name, "state": "down", "links": [
                {"name": "a", "carrier": carrier, "state": "down", "checks": {}}]}

        def incident(number, **more):
            return {"incident": f"SC-{number:04}", "number": number, "title_en": f"Links down, {number}", "kind": "outage",
                    "cause": "last_mile", "confidence": "likely", "party": "carrier:vnpt", "opened": 1790000000.5,
                    "started": 1790000000, "closed": None, "acknowledged": None, "ticket": "T-7", "revision": 1,
                    "sites": ["alpha"], "links": ["alpha/a", "nowhere/a"], **more}
        server = socket.socket(socket.AF_UNIX)
        self.addCleanup(server.close)
        server.bind(self.lab.sock)
        server.listen()
        server.settimeout(PATIENCE_S)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
            sink.bind(("127.0.0.1", 0))
            sink.settimeout(PATIENCE_S)
            self.start_snmpd(conf=f"rocommunity public\ntrap2sink 127.0.0.1:{sink.getsockname()[1]} public")
            self.lab.start("nhip-agentx", "-c", self.lab.conf)
            client, _ = server.accept()
            self.addCleanup(client.close)
            say = lambda **line: client.sendall(json.dumps({"id": 1, **line}).encode() + b"\n")
            self.assertIn(b'"follow"', client.recv(1000))
            client.settimeout(PATIENCE_S)
            say(doc="overview", **{"is": {"timezone": "Asia/Ho_Chi_Minh"}})
            say(doc="site", **{"is": site("alpha", "vnpt")})
            say(doc="site", **{"is": site("beta", "viettel")})
            say(doc="incident", **{"is": incident(411)})
            say(ready=True)
            # the month's availability is asked for once, and not by each walk
            asked = json.loads(client.recv(1000))
            self.assertEqual((asked["do"], len(asked["month"])), ("report", 7))
            client.sendall(json.dumps({"id": asked["id"], "ok": True, "result": {"until": 1790000000, "links": [
                {"id": "alpha/a", "low_pct": 99.9247, "high_pct": 99.971},
                {"id": "beta/a", "low_pct": None, "high_pct": None}]}}).encode() + b"\n")
            low = 'nhipLinkAvailabilityLow."vnpt"."alpha"."a"'
            wait_for("the availability", lambda: low in self.snmpd.walk())
            say(doc="site", **{"is": site("alpha", "vnpt")})
            got = self.snmpd.walk()
            self.assertEqual((got[low], got[low.replace("Low", "High")]), ("99925 0.001 percent", "99971 0.001 percent"))
            self.assertTrue(got[low.replace("Low", "Time")].startswith("2026-9-21,14:13:20"))
            self.assertFalse([k for k in got if "Availability" in k and "beta" in k])
            client.setblocking(False)
            with self.assertRaises(BlockingIOError):
                client.recv(1000)
            client.settimeout(PATIENCE_S)
            wait_for("the incident", lambda: self.snmpd.walk().get("nhipIncidentCause.411") == "lastMile")
            got = self.snmpd.walk()
            self.assertEqual(got["nhipIncidentTitle.411"], "Links down, 411")
            self.assertEqual(got["nhipIncidentKind.411"], "outage")
            self.assertEqual(got["nhipIncidentAcknowledged.411"], "false")
            self.assertEqual(got["nhipIncidentLinks.411"], "2 links")
            self.assertNotIn("nhipIncidentClosed.411", got)
            self.assertEqual([k for k in got if k.startswith("nhipTroubleCause")], ['nhipTroubleCause."vnpt"."alpha"."a".411'])
            self.assertTrue(got["nhipIncidentStarted.411"].startswith("2026-9-21,14:13:20"), got["nhipIncidentStarted.411"])
            # 411 was there before: only what comes now is told, each change once
            arc = ber(mib_root() + (0,))
            heard = []

            def told():
                while True:
                    packet = sink.recv(3000)
                    if arc in packet:
                        heard.append(packet[packet.index(arc) + len(arc)])
                        return packet
            say(doc="incident", **{"is": incident(412, links=["beta/a"], party="carrier:viettel")})
            self.assertIn(b"Links down, 412", told())
            say(doc="incident", **{"is": incident(412, links=["beta/a"], acknowledged={"at": 1, "who": "x", "way": "page"})})
            say(doc="incident", **{"is": incident(411, revision=2, cause="power", party="power_company")})
            self.assertIn(b"power_company", told())
            say(doc="incident", **{"is": incident(411, revision=2, cause="power", closed=1790000600)})
            told()
            self.assertEqual(heard, [3, 4, 5])
            got = self.snmpd.walk()
            self.assertEqual(got["nhipIncidentAcknowledged.412"], "true")
            self.assertEqual(got['nhipTroubleCause."viettel"."beta"."a".412'], "lastMile")
            self.assertEqual(got['nhipTroubleCause."vnpt"."alpha"."a".411'], "power")
            self.assertIn("nhipIncidentClosed.411", got)
            # a link's cause is that of the open incident that covers it, the gravest one's
            self.assertEqual(got['nhipLinkCause."viettel"."beta"."a"'], "lastMile")
            self.assertNotIn('nhipLinkCause."vnpt"."alpha"."a"', got, "that one is over")
            cause = lambda: self.snmpd.walk().get('nhipLinkCause."viettel"."beta"."a"')
            say(doc="incident", **{"is": incident(410, links=["beta/a"], kind="degraded", cause="congestion")})
            say(doc="site", **{"is": site("beta", "viettel")})
            say(doc="incident", **{"is": incident(412, revision=2, links=["beta/a"], cause="carrier_node")})
            wait_for("the graver one's", lambda: cause() == "carrierNode")
            say(gone="incident", key="412")
            wait_for("the other's", lambda: cause() == "congestion")
            say(doc="incident", **{"is": incident(410, links=["alpha/a"], kind="degraded", cause="congestion")})
            wait_for("it covers another link now", lambda: cause() is None)
            self.assertEqual(self.snmpd.walk()['nhipLinkCause."vnpt"."alpha"."a"'], "congestion")
            # a line that changes hands takes its troubles with it, and one that goes leaves none
            trouble = lambda: [k for k in self.snmpd.walk() if k.startswith("nhipTroubleCause") and k.endswith(".411")]
            self.assertEqual(trouble(), ['nhipTroubleCause."vnpt"."alpha"."a".411'])
            say(doc="site", **{"is": site("alpha", "viettel")})
            wait_for("it is the other's", lambda: trouble() == ['nhipTroubleCause."viettel"."alpha"."a".411'])
            say(gone="site", key="alpha")
            wait_for("it is nobody's", lambda: trouble() == [])
            say(doc="site", **{"is": site("alpha", "vnpt")})
            wait_for("it is back", trouble)
            say(gone="incident", key="411")
            wait_for("it is gone", lambda: "nhipIncidentCause.411" not in self.snmpd.walk())
            self.assertNotIn('nhipTroubleCause."vnpt"."alpha"."a".411', self.snmpd.walk())


if __name__ == "__main__":
    if SNMPD is None or not all(shutil.which(t) for t in ("snmpbulkwalk", "snmptable", "snmpget")):
        print("skipped: no snmpd or no snmpbulkwalk here")
        sys.exit(77)
    unittest.main()
