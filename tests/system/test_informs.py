# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 400
"""Management systems are told of incidents: the distribution's snmptrapd takes v3 informs and v2c ones and traps,
is away and comes back, has other keys."""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

from snmplab import PATIENCE_S, SNMPTRAPD, SOURCE, Snmptrapd, free_port, wait_for

BIN = os.environ.get("NHIP_BIN", os.path.join(SOURCE, "build/debug/bin"))
DELIVER = os.path.join(os.environ.get("NHIP_BUILD", os.path.join(SOURCE, "build/debug")), "tests", "deliver")
CIRCUIT = 'nhipLinkCircuit."vnpt"."x"."a"'


class Informs(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="nhip-informs.")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.nms = Snmptrapd(self.dir, users=[("nms", "authentication", "encryption")])
        self.addCleanup(self.nms.stop)
        self.secret("community", "public")
        self.secret("auth", "authentication")
        self.secret("priv", "encryption")

    def secret(self, name, text):
        with open(os.open(os.path.join(self.dir, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w",
                  encoding="utf-8") as f:
            f.write(text + "\n")

    def conf(self, credential="v3", contact="", more=""):
        path = os.path.join(self.dir, "nhip.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(f'''
province "lab" {{ name = "Tỉnh" }}
collector {{ listen = "127.0.0.1:{free_port(socket.SOCK_STREAM)}"  reflector = ""  traps = ""  control = "{self.dir}/c.sock"
    data = "{self.dir}/data"  user = "" }}
snmp "v3" {{ version = 3  user = "nms"  auth_key_file = "auth"  priv_key_file = "priv" }}
snmp "v2" {{ version = 2  community_file = "community" }}
contact "nms" {{ name = "NMS"  snmp = "127.0.0.1:{self.nms.port}"  snmp_credential = "{credential}"  {contact} }}
carrier "vnpt" {{ name = "VNPT"  tell = {{ "nms" }} }}
carrier "viettel" {{ name = "Viettel" }}
site "x" {{ name = "X"  agent = false  link "a" {{ carrier = "vnpt"  circuit = "CBG-0001" }}
    link "b" {{ carrier = "viettel"  circuit = "VT-0009" }} }}
{more}''')
        return path

    def deliver(self, conf, *messages):
        os.makedirs(os.path.join(self.dir, "data"), exist_ok=True)
        done = subprocess.run([DELIVER, conf, os.path.join(self.dir, "data"), *messages], capture_output=True, text=True,
                              timeout=PATIENCE_S, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines()

    def starts(self):
        self.nms.start()
        wait_for("snmptrapd listens", self.listens)

    def listens(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            try:
                s.bind(("127.0.0.1", self.nms.port))
            except OSError:
                return True
            return False

    def one(self):
        wait_for("it is logged", self.nms.heard)
        got = self.nms.heard()
        self.assertEqual(len(got), 1, got)
        return got[0]

    def check_objects(self, got, notice="nhipIncidentOpenedNotice"):
        self.assertEqual(got["notice"], notice)
        self.assertEqual(got["nhipIncidentTitle.412"], "VNPT node: 6 sites without their line")
        self.assertEqual((got["nhipIncidentKind.412"], got["nhipIncidentCause.412"], got["nhipIncidentConfidence.412"]),
                         ("outage", "lastMile", "likely"))
        self.assertEqual(got["nhipIncidentParty.412"], "carrier:vnpt")
        self.assertTrue(got["nhipIncidentStarted.412"].startswith("2026-9-21,14:13:20"), got)
        self.assertEqual(got["nhipIncidentLinks.412"], "2 links")
        self.assertEqual(got[CIRCUIT], "CBG-0001")
        self.assertNotIn('nhipLinkCircuit."viettel"."x"."b"', got, "the other carrier's")

    def test_v3_inform(self):
        self.starts()
        out = self.deliver(self.conf(), "412:opened:nms:1", "nms", "snmp", "opened")
        self.assertEqual(out[0].split()[1:4], ["sent", "snmp", "1"])
        got = self.one()
        self.assertIn("INFORM", got["by"])
        self.assertIn("nms", got["by"])
        self.check_objects(got)
        self.assertEqual(got["nhipNoticeKey.0"], "412:opened:nms:1")

    def test_v2c_inform_and_trap(self):
        for more, word in (("", "INFORM"), ("snmp_trap = true", "TRAP2")):
            with self.subTest(word):
                self.nms.stop()
                if os.path.exists(self.nms.log):
                    os.unlink(self.nms.log)
                self.starts()
                out = self.deliver(self.conf("v2", more), word, "nms", "snmp", "closed")
                self.assertEqual(out[-1].split()[1:4], ["sent", "snmp", "1"])
                got = self.one()
                self.assertIn(word, got["by"])
                self.check_objects(got, "nhipIncidentClosedNotice")

    def test_a_digest_is_an_inform_for_each(self):
        """With one key; the one that has ended meanwhile says so by its date."""
        self.starts()
        out = self.deliver(self.conf(), "digest:nms:1", "nms", "snmp", "digest")
        self.assertEqual(out[0].split()[:4], ["digest:nms:1", "sent", "snmp", "1"])
        wait_for("both are logged", lambda: len(self.nms.heard()) == 2)
        first, second = self.nms.heard()
        self.check_objects(first)
        self.assertNotIn("nhipIncidentClosed.412", first)
        self.assertEqual(second["nhipIncidentTitle.413"], first["nhipIncidentTitle.412"])
        self.assertIn("nhipIncidentClosed.413", second)
        self.assertEqual([g["nhipNoticeKey.0"] for g in (first, second)], ["digest:nms:1"] * 2)

    def test_another_carriers_circuits(self):
        """An incident that turns out to be the other carrier's: told to the end, without the other's circuits."""
        self.starts()
        self.deliver(self.conf(), "412:revised:nms:2", "nms", "snmp", "revised")
        got = self.one()
        self.assertEqual((got["notice"], got["nhipIncidentParty.412"]), ("nhipIncidentRevisedNotice", "carrier:viettel"))
        self.assertEqual([k for k in got if "Circuit" in k], [])
        self.nms.stop()
        os.unlink(self.nms.log)
        self.starts()
        # the province's own system hears of them
        conf = self.conf(more='centre { name = "C"  tell = { "nms" } }')
        self.deliver(conf, "412:revised:nms:3", "nms", "snmp", "revised")
        self.assertEqual(self.one()['nhipLinkCircuit."viettel"."x"."b"'], "VT-0009")

    def sends(self, conf, key="k"):
        """One message on its way, and what is said of its first try."""
        run = subprocess.Popen([DELIVER, conf, self.dir, key, "nms", "snmp", "opened"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
        self.addCleanup(run.communicate)
        self.addCleanup(run.kill)
        for line in run.stderr:
            if "next try" in line:
                return run, line
        raise AssertionError("it said nothing of a next try")

    def test_it_is_away_and_comes_back(self):
        """It waits in the outbox, and is told once."""
        run, said = self.sends(self.conf())
        self.assertIn("no SNMP agent listens on this port", said)
        self.starts()
        out, _ = run.communicate(timeout=PATIENCE_S)
        key, state, channel, tries = out.split()[:4]
        self.assertEqual((key, state, channel), ("k", "sent", "snmp"))
        self.assertGreater(int(tries), 1)
        self.check_objects(self.one())

    def test_wrong_keys_are_told_in_words(self):
        """And are no refusal: once the file is put right it arrives."""
        self.starts()
        for what, right, want in (("auth", "authentication", "wrong authentication key"),
                                  ("priv", "encryption", "privacy key")):
            with self.subTest(what):
                self.secret(what, "another key")
                run, said = self.sends(self.conf(), what)
                self.assertIn(want, said)
                self.secret(what, right)
                out, _ = run.communicate(timeout=PATIENCE_S)
                self.assertIn(f"{what} sent snmp ", out)
        os.chmod(os.path.join(self.dir, "auth"), 0o644)
        _, said = self.sends(self.conf(), "open")
        self.assertIn("others may read it", said)

    def test_unknown_user(self):
        self.nms.configure(users=[("somebody", "authentication", "encryption")])
        self.starts()
        _, said = self.sends(self.conf())
        self.assertIn("does not know this user", said)

    def test_a_killed_sender_sends_again(self):
        """Whether it arrived is not known: with the same key, so that the receiver can tell."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as dumb:
            dumb.bind(("127.0.0.1", self.nms.port))
            dumb.settimeout(PATIENCE_S)
            run = subprocess.Popen([DELIVER, self.conf("v2"), self.dir, "k", "nms", "snmp", "opened"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.assertIn(b"carrier:vnpt", dumb.recv(2000))
            run.kill()
            run.wait()
        self.starts()
        done = subprocess.run([DELIVER, self.conf("v2"), self.dir], capture_output=True, text=True, timeout=PATIENCE_S,
                              check=True)
        self.assertEqual(done.stdout.split()[:3], ["k", "sent", "snmp"])
        self.assertEqual(self.one()["nhipNoticeKey.0"], "k")

    def test_a_service_that_falls(self):
        """The collector itself: opened, told, on the page, ended."""
        self.starts()
        port = free_port(socket.SOCK_STREAM)
        conf = self.conf(more=f'''
service "s" {{ name = "Một cửa"  tcp = "127.0.0.1:{port}"  from = {{ "collector" }}  every_s = 10  tell = {{ "nms" }} }}
alerts {{ outage_after_s = 0 }}
''')
        server = socket.create_server(("127.0.0.1", port))
        with open(os.path.join(self.dir, "log"), "ab") as log:
            run = subprocess.Popen([os.path.join(BIN, "nhip-collector"), "-f", "-c", conf], stdout=log, stderr=log)
        self.addCleanup(run.wait)
        self.addCleanup(run.kill)

        def ctl(*args):
            p = subprocess.run([os.path.join(BIN, "nhipctl"), "-s", f"{self.dir}/c.sock", "--json", *args],
                               capture_output=True, text=True, timeout=PATIENCE_S, check=False)
            return json.loads(p.stdout) if p.returncode == 0 and p.stdout else {}
        wait_for("the service is up", lambda: ctl("status").get("count", {}).get("services", {}).get("up") == 1)
        server.close()
        wait_for("it is told", self.nms.heard, 120)
        opened = self.one()
        self.assertEqual(opened["notice"], "nhipIncidentOpenedNotice")
        number = next(k.split(".")[1] for k in opened if k.startswith("nhipIncidentTitle."))
        self.assertEqual(opened[f"nhipIncidentCause.{number}"], "service")
        self.assertEqual(opened[f"nhipIncidentParty.{number}"], "service:s")
        wait_for("it is written down", lambda: [(n["channel"], n["state"]) for n in ctl("incident", number)["notifications"]]
                 == [("snmp", "sent")])
        server = socket.create_server(("127.0.0.1", port))
        self.addCleanup(server.close)
        wait_for("its end is told", lambda: len(self.nms.heard()) > 1, 120)
        closed = self.nms.heard()[-1]
        self.assertEqual(closed["notice"], "nhipIncidentClosedNotice")
        self.assertIn(f"nhipIncidentClosed.{number}", closed)


if __name__ == "__main__":
    if SNMPTRAPD is None:
        print("skipped: no snmptrapd here")
        sys.exit(77)
    unittest.main()
