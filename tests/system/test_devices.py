#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 600
"""Devices end to end: agent, collector, pages and nhipctl over a farm of recorded devices.

All of it runs in a network namespace made here, where the devices answer at port 161 of
127.0.0.0/8, told apart by their communities. Needs root.
"""
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest

import farm

BIN = os.environ.get("NHIP_BIN", "build/debug/bin")
PATIENCE_S = 180  # rounds of health are a minute apart
CONF = """
province "lab" {{ name = "Lab"  language = "vi" }}
collector {{ listen = "127.0.0.1:7443"  reflector = ""  traps = ""  control = "{dir}/c.sock"  data = "{dir}/data"  user = "" }}
carrier "vnpt" {{ name = "VNPT" }}
centre {{ name = "Trung tâm"  device "core" {{ address = "127.0.0.2"  snmp = "core"  kind = "router" }} }}
site "bao-lac" {{ name = "Bảo Lạc"  kind = "commune"
  device "router" {{ address = "127.0.0.3"  snmp = "router"  kind = "router" }}
  device "switch" {{ address = "127.0.0.4"  snmp = "switch"  kind = "switch" }}
  device "ups" {{ address = "127.0.0.5"  snmp = "ups"  kind = "ups" }}
  device "dead" {{ address = "127.0.0.6"  snmp = "dead"  kind = "switch" }}
  link "vnpt" {{ carrier = "vnpt"  role = "primary"  interface = "lo"  gateway = "127.0.0.1"  device = "router"  port = "{port}" }} }}
"""
AGENT = """
user = ""
data = "{dir}/agent"
status = "{dir}/agent.sock"
journal {{ memory_dir = "{dir}/memory" }}
collector "lab" {{ address = {{ "127.0.0.1:7443" }} }}
"""
DEVICES = {"core": "juniper-srx240", "router": "mikrotik-rb750gr3", "switch": "cisco-c3560", "ups": "ups-apc-smt750",
           "dead": "nobody-of-this-name"}
CENTRE, SITE = ("core",), ("router", "switch", "ups", "dead")


def wait_for(what, condition, patience_s=PATIENCE_S):
    end = time.monotonic() + patience_s
    while True:
        last = condition()
        if last:
            return last
        if time.monotonic() > end:
            raise AssertionError(f"never came true: {what}")
        time.sleep(0.3)


def renumbered(name, by):
    """The lines of a recording with every ifIndex moved by `by`."""
    tables = re.compile(r"(1\.3\.6\.1\.2\.1\.(?:2\.2\.1|31\.1\.1\.1)\.\d+)\.(\d+)\|(.*)")
    with open(f"{farm.RECORDINGS}/{name}.snmprec", encoding="latin-1", newline="\n") as f:
        for line in f:
            m = tables.fullmatch(line.rstrip("\r\n"))
            if m is None:
                yield line
                continue
            value = m[3]
            if m[1].endswith("2.2.1.1"):
                value = f"2|{int(m[2]) + by}"
            yield f"{m[1]}.{int(m[2]) + by}|{value}\n"


class Devices(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="nhip-devices.")
        cls.space, cls.running, cls.farm = f"nhip-dev-{os.getpid()}", [], None
        cls.addClassCleanup(cls.clean_up)
        cls.log = open(cls.dir + "/log", "w+", encoding="utf-8")
        subprocess.run(["ip", "netns", "add", cls.space], check=True)
        subprocess.run(["ip", "-n", cls.space, "link", "set", "lo", "up"], check=True)
        cls.recordings = cls.dir + "/recordings"
        os.mkdir(cls.recordings)
        for name in DEVICES.values():
            if os.path.exists(f"{farm.RECORDINGS}/{name}.snmprec"):
                shutil.copy(f"{farm.RECORDINGS}/{name}.snmprec", cls.recordings)
        cls.program = farm.build(cls.dir)
        cls.start_farm()
        rates = farm.print_rates(cls.program, DEVICES["router"], cls.recordings)
        cls.index = max(rates, key=lambda i: rates[i]["inOctets"])
        cls.rate = rates[cls.index]
        cls.port = farm.rows(DEVICES["router"])[f"1.3.6.1.2.1.31.1.1.1.1.{cls.index}"][1].decode()
        for device, community in DEVICES.items():
            cls.write(device, community)
        text = CONF.format(dir=cls.dir, port=cls.port)
        cls.write_file("nhip.conf", text + "".join(f'snmp "{d}" {{ version = 2  community_file = "{d}" }}\n' for d in DEVICES))
        cls.write_file("agent.conf", AGENT.format(dir=cls.dir) +
                       "".join(f'snmp "{d}" {{ version = 2  community_file = "{cls.dir}/{d}" }}\n' for d in SITE))
        collector = cls.start("nhip-collector", "-c", cls.dir + "/nhip.conf")
        wait_for("the collector", lambda: cls.ctl("status")[0] == 0 or collector.poll() is not None)
        assert collector.poll() is None, "the collector has ended"
        token = cls.ctl("agent", "add", "bao-lac", "127.0.0.1", "7443")[1].split()[0]
        subprocess.run(cls.inside(BIN + "/nhip-agent", "-c", cls.dir + "/agent.conf", "join", token), check=True,
                       stdout=subprocess.DEVNULL, stderr=cls.log, timeout=60)
        cls.agent = cls.start("nhip-agent", "-c", cls.dir + "/agent.conf")
        cls.said = open(cls.dir + "/tail", "w", encoding="utf-8")
        cls.start("nhipctl", "-s", cls.dir + "/c.sock", "tail", "bao-lac", stdout=cls.said)
        wait_for("rates of the link's port", lambda: (cls.check("port") or {}).get("values", {}).get("rx_bps"))

    @classmethod
    def clean_up(cls):
        for p in reversed(cls.running):
            p.terminate()
            p.wait(20)
        cls.stop_farm()
        subprocess.run(["ip", "netns", "del", cls.space], check=False, stderr=subprocess.DEVNULL)
        cls.log.close()
        if hasattr(cls, "said"):
            cls.said.close()
        shutil.rmtree(cls.dir, ignore_errors=True)

    @classmethod
    def write_file(cls, name, text):
        path = f"{cls.dir}/{name}"
        with open(path, "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, 0o600)) as f:
            f.write(text)

    @classmethod
    def write(cls, device, community):
        cls.write_file(device, community + "\n")

    @classmethod
    def inside(cls, *args):
        return ["ip", "netns", "exec", cls.space, *args]

    @classmethod
    def start(cls, program, *args, stdout=None):
        p = subprocess.Popen(cls.inside(f"{BIN}/{program}", *args), stdout=stdout or cls.log, stderr=cls.log)
        cls.running.append(p)
        return p

    @classmethod
    def start_farm(cls, *options):
        cls.farm = subprocess.Popen(cls.inside(cls.program, "-A", "-p", "161", *options, cls.recordings), stdout=subprocess.PIPE, text=True)
        while not cls.farm.stdout.readline().startswith("snmpfarm: ready"):
            assert cls.farm.poll() is None, "the farm did not start"

    @classmethod
    def stop_farm(cls):
        if cls.farm is not None:
            cls.farm.terminate()
            cls.farm.communicate()
        cls.farm = None

    @classmethod
    def ctl(cls, *args):
        p = subprocess.run(cls.inside(BIN + "/nhipctl", "-s", cls.dir + "/c.sock", *args), capture_output=True, text=True,
                           check=False, timeout=60)
        return p.returncode, p.stdout, p.stderr

    @classmethod
    def site(cls):
        return json.loads(cls.ctl("--json", "site", "bao-lac")[1])

    @classmethod
    def check(cls, kind):
        """The link's check of that kind."""
        return cls.site()["links"][0]["checks"].get(kind)

    @classmethod
    def device(cls, name):
        status, out, err = cls.ctl("--json", "device", name)
        assert status == 0, err
        return json.loads(out)

    def spikes(self):
        """Readings of the port that say more than the device can have sent."""
        found, most = [], self.rate["inOctets"] * 8 * 1.6 + 1000
        with open(self.dir + "/tail", encoding="utf-8") as f:
            for line in f:
                if '"bao-lac/vnpt/port"' in line:
                    value = re.search(r'"rx_bps":(\d+)', line)
                    if value and int(value[1]) > most:
                        found.append(line)
        return found

    def test_1_the_port_of_a_link(self):
        values = self.check("port")["values"]
        self.assertEqual(values["oper"], 1)
        self.assertAlmostEqual(values["rx_bps"], self.rate["inOctets"] * 8, delta=self.rate["inOctets"] * 8 * 0.15)
        self.assertAlmostEqual(values["tx_bps"], self.rate["outOctets"] * 8, delta=self.rate["outOctets"] * 8 * 0.15)

    def test_2_health_and_power(self):
        def settled():
            site = self.site()
            devices = {d["id"]: d for d in site["devices"]}
            return site if (site["power"] or {}).get("values") and all((devices[d]["snmp"] or {}).get("values") for d in ("router", "switch")) else None
        site = wait_for("health of the site's devices, and its power", settled)
        devices = {d["id"]: d for d in site["devices"]}
        used, total = (int(farm.rows(DEVICES["router"])[f"1.3.6.1.2.1.25.2.3.1.{c}.65536"][1]) for c in (6, 5))
        self.assertAlmostEqual(devices["router"]["snmp"]["values"]["mem_used_pct"], 100 * used / total, delta=0.1)
        self.assertEqual(devices["router"]["snmp"]["state"], "up")
        ups = farm.rows(DEVICES["ups"])
        self.assertEqual(site["power"]["values"]["on_battery"], int(ups["1.3.6.1.4.1.318.1.1.1.4.1.1.0"][1]) == 3)
        self.assertAlmostEqual(site["power"]["values"]["charge_pct"], int(ups["1.3.6.1.4.1.318.1.1.1.2.3.1.0"][1]) / 10, delta=0.1)
        # the dead one is said to be dead, and the others were asked at their own pace all the while
        self.assertNotEqual((devices["dead"]["snmp"] or {}).get("state"), "up")

    def test_3_documents(self):
        router = wait_for("what the agent has learnt", lambda: self.device("bao-lac/router") if self.device("bao-lac/router")["learnt"] else None)
        self.assertEqual((router["asked_by"], router["why"], router["learnt"]["says"]), ("agent", "", "snmp_answers"))
        indexes = {int(o.rsplit(".", 1)[1]) for o in farm.rows(DEVICES["router"]) if o.startswith("1.3.6.1.2.1.2.2.1.8.")}
        self.assertEqual({i["index"] for i in router["learnt"]["interfaces"]}, indexes)
        self.assertEqual(router["links"], [{"link": "bao-lac/vnpt", "port": self.port}])
        port = next(i for i in router["learnt"]["interfaces"] if i["index"] == self.index)
        self.assertAlmostEqual(port["rx_bps"], self.rate["inOctets"] * 8, delta=self.rate["inOctets"] * 8 * 0.15)
        core = wait_for("what the collector has learnt", lambda: self.device("centre/core") if self.device("centre/core")["learnt"] else None)
        self.assertEqual((core["asked_by"], core["learnt"]["profile"]), ("collector", "Juniper"))
        dead = wait_for("the dead device's words", lambda: self.device("bao-lac/dead") if self.device("bao-lac/dead")["learnt"] else None)
        self.assertEqual(dead["learnt"]["says"], "snmp_silent")
        status, out, err = self.ctl("device", "bao-lac/router")
        self.assertEqual(status, 0, err)
        self.assertIn(f"link bao-lac/vnpt is at port {self.port}", out)
        for wrong in ("bao-lac/none", "nowhere/router", "router"):
            self.assertEqual(self.ctl("device", wrong)[0], 2)

    def test_4_pages(self):
        """Read from inside the namespace."""
        self.start("nhip-web", "-s", self.dir + "/c.sock", "-l", "127.0.0.1:8080")

        def get(path):
            p = subprocess.run(self.inside("curl", "-s", f"http://127.0.0.1:8080{path}"), capture_output=True, text=True, check=False)
            return p.stdout
        wait_for("the pages", lambda: get("/healthz") == "ok\n")
        page = get("/device/bao-lac/router?lang=vi")
        for word in ("Các cổng", f"<b>{self.port}</b>", "bộ định tuyến", "MikroTik", 'href="/link/bao-lac/vnpt"', "Mbps", 'href="/site/bao-lac"'):
            self.assertIn(word, page)
        self.assertIn("no answer to SNMP", get("/device/bao-lac/dead?lang=en"))
        self.assertIn("Health", get("/device/bao-lac/ups?lang=en"))
        self.assertIn('href="/device/bao-lac/switch"', get("/site/bao-lac"))
        self.assertIn("404", get("/device/bao-lac/none"))

    def test_5_a_credential_that_changes(self):
        self.write("core", "wrong")
        self.assertEqual(self.ctl("reload")[0], 0)
        wait_for("the wrong community is noticed", lambda: self.device("centre/core")["learnt"]["says"] == "snmp_silent")
        self.write("core", DEVICES["core"])
        self.assertEqual(self.ctl("reload")[0], 0)
        wait_for("it answers again", lambda: self.device("centre/core")["learnt"]["says"] == "snmp_answers")

    def test_6_a_reboot_with_other_numbers(self):
        """The farm away, then back with counters begun anew and every ifIndex another: followed by name, no spike."""
        self.stop_farm()
        wait_for("silence is noticed", lambda: self.device("bao-lac/router")["learnt"]["says"] in ("snmp_silent", "snmp_refused"))
        with open(f"{self.recordings}/{DEVICES['router']}.snmprec", "w", encoding="latin-1", newline="\n") as f:
            f.writelines(renumbered(DEVICES["router"], 300))
        self.start_farm()

        def back():
            learnt = self.device("bao-lac/router")["learnt"]
            rows = [i for i in learnt["interfaces"] if i["name"] == self.port]
            return rows[0] if learnt["says"] == "snmp_answers" and rows and rows[0].get("rx_bps") is not None and rows[0]["index"] > 300 else None
        row = wait_for("the port under its new number", back)
        self.assertEqual(row["index"], self.index + 300)
        wait_for("readings of the port again", lambda: self.check("port")["values"].get("rx_bps"))
        self.assertEqual(self.spikes(), [])

    def test_7_the_agent_away(self):
        self.agent.terminate()
        self.agent.wait(30)
        wait_for("the session's end", lambda: not self.site()["agent"]["connected"])
        document = self.device("bao-lac/router")
        self.assertEqual((document["learnt"], document["why"]), (None, "why_device_agent_away"))


if __name__ == "__main__":
    farm.need()
    if os.geteuid() != 0:
        print("skipped: network namespaces need root")
        raise SystemExit(77)
    unittest.main()
