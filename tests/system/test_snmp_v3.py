# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 600
"""Recorded devices behind SNMPv3, an engine each: polled as by v2c, with all that engines do to their pollers.

One test runs in a network namespace made here, where devices answer at port 161. It needs root.
"""
import json
import os
import random
import socket
import subprocess
import unittest

import farm
import test_snmp
from snmplab import wait_for

AUTHS, PRIVS = ("SHA", "SHA-224", "SHA-256", "SHA-384", "SHA-512"), ("AES", "AES-192", "AES-256")
USERS = [f"u{i}:2:{AUTHS[i % 5]}:auth-pass-{i}:{PRIVS[i % 3]}:priv-pass-{i}" for i in range(15)]  # each with each
FULL, PLAIN = "full:2:SHA-256:auth-pass-1:AES:priv-pass-1", "plain:0"
SWITCH = "hpe-2910al"
OFFERED = ("unsupported_level", "not_in_time", "unknown_user", "wrong_digest", "not_decrypted", "malformed", "too_big")


def wait_for_rest(devices):
    """A round is over. In one, an answer with an engine's new boots would do what its report has to."""
    seen = []

    def rests():
        seen.append(devices.varbinds())
        return seen[-1] > 0 and seen[-3:] == seen[-1:] * 3
    wait_for("it has polled", rests)


class Behind(test_snmp.Compared):
    def farm(self, *options, **more):
        return farm.Farm(self.dir.name, "--max-pdu", farm.Front.MAX_PDU, *options, **more)

    def poll(self, front, users, **more):
        """Device k + 1 by users[k]; the documents in that order."""
        words = [f"{user}@{front.address(k + 1)}" for k, user in enumerate(users)]
        _, docs = test_snmp.poll(front.address(1), *words, version=3, **more)
        return [docs[w] for w in words]


class Engines(Behind):
    def test_every_recording(self):
        """Names, states, speeds and rates as by v2c, with every pair of protocols that we offer."""
        names, interfaces = farm.names(), 0
        with self.farm() as devices:
            with farm.Front(devices, names, USERS) as front:
                docs = self.poll(front, [USERS[k % len(USERS)] for k in range(len(names))])
                counts = front.stop()
            for k, (name, doc) in enumerate(zip(names, docs)):
                with self.subTest(name):
                    self.assertEqual((doc["words"], doc["version"]), ("it answers", 3), name)
                    self.assertEqual((doc["engine"], doc["shared"]), (12, False), name)
                    interfaces += self.compare(name, doc, devices.rates(f"{name}+{k + 1}"))
        self.assertGreater(interfaces, 3000)
        self.assertEqual({k: counts[k] for k in OFFERED}, dict.fromkeys(OFFERED, 0))
        print(f"{len(names)} devices, {interfaces} interfaces by v3: {counts}")

    def poll_and_upset(self, upset):
        """Three rounds of two devices; after the first answers `upset` their engines."""
        names = [SWITCH, "cisco-c3560"]
        with self.farm() as devices, farm.Front(devices, names, [FULL]) as front:
            words = [f"{FULL}@{front.address(k)}" for k in (1, 2)]
            poller = subprocess.Popen([test_snmp.POLL, "3", str(test_snmp.GAP_MS), front.address(1), "3", *words],
                                      stdout=subprocess.PIPE, text=True)
            try:
                wait_for_rest(devices)
                upset(front)
                out, _ = poller.communicate(timeout=200)
            finally:
                poller.kill()
                poller.wait()
            docs = [json.loads(line) for line in out.splitlines()][1:]
            counts = front.stop()
            for k, (name, doc) in enumerate(zip(names, docs)):
                self.assertEqual((doc["words"], doc["rounds"]), ("it answers", 3), name)
                self.compare(name, doc, devices.rates(f"{name}+{k + 1}"))
        return docs, counts

    def test_engines_reboot(self):
        """Boots and time are others: told by a signed report, and the same request is sent again."""
        _, counts = self.poll_and_upset(farm.Front.reboot_engines)
        self.assertGreaterEqual(counts["not_in_time"], 2)
        self.assertEqual(counts["unknown_engine"], 2)  # each found once

    def test_engines_are_replaced(self):
        """Other ids, so other keys: found anew."""
        docs, counts = self.poll_and_upset(farm.Front.replace_engines)
        self.assertGreaterEqual(counts["unknown_engine"], 4)
        self.assertEqual(counts["wrong_digest"], 0)

    def test_fewer_boots(self):
        """Another machine with the configuration, and so the engine id, of the one that it replaces."""
        with self.farm() as devices, farm.Front(devices, [SWITCH], [FULL]) as front:
            poller = subprocess.Popen([test_snmp.POLL, "12", "300", front.address(1), "3", FULL], stdout=subprocess.PIPE, text=True)
            try:
                wait_for_rest(devices)
                front.reboot_engines()
                before = devices.varbinds()
                wait_for("it polls on", lambda: devices.varbinds() > before + 500)
                self.assertEqual(front.stop()["not_in_time"], 1)
                with front:
                    doc = json.loads(poller.communicate(timeout=200)[0].splitlines()[1])
            finally:
                poller.kill()
                poller.wait()
        self.assertEqual(doc["words"], "it answers")
        self.assertEqual(doc["reprobed"], 1)

    def test_twins(self):
        """Two devices with one engine id, as copies of a virtual machine have: polled both, and told; the third is not."""
        with self.farm() as devices:
            with farm.Front(devices, [SWITCH], [FULL], "-t") as front:
                docs = self.poll(front, [FULL] * 3, rounds=3)
                counts = front.stop()
            for k, doc in enumerate(docs):
                self.assertEqual((doc["words"], doc["shared"], doc["reprobed"]), ("it answers", k > 0, 0))
                self.compare(SWITCH, doc, devices.rates(f"{SWITCH}+{k + 1}"))
        self.assertLessEqual(counts["not_in_time"], 1)  # the clocks are kept apart


class Told(Behind):
    @unittest.skipIf(os.geteuid() != 0, "network namespaces need root")
    def test_people_are_told_of_twins(self):
        """The collector asks devices of the centre by v3, and nhipctl says of which the engine id is another's too."""
        for name in ("auth", "priv"):
            with open(os.open(f"{self.dir.name}/{name}", os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as f:
                f.write(f"{name}-pass-1\n")
        control, space = self.dir.name + "/control", f"nhip-v3-{os.getpid()}"
        inside = ["ip", "netns", "exec", space]  # where port 161 is free
        subprocess.run(["ip", "netns", "add", space], check=True)
        self.addCleanup(subprocess.run, ["ip", "netns", "del", space], check=True)
        subprocess.run(["ip", "-n", space, "link", "set", "lo", "up"], check=True)

        def ctl(*args):
            return subprocess.run([f"{os.environ['NHIP_BIN']}/nhipctl", "-s", control, *args], capture_output=True, text=True, timeout=60, check=False)

        def learnt(device):
            done = ctl("--json", "device", device)
            return json.loads(done.stdout)["learnt"] if done.returncode == 0 else None
        with self.farm(inside=inside) as devices, farm.Front(devices, [SWITCH], [FULL], "-t", port=161):
            with open(self.dir.name + "/nhip.conf", "w", encoding="utf-8") as f:
                f.write(f'''
province "lab" {{ name = "Lab" }}
collector {{ listen = "127.0.0.1:7443"  reflector = ""  traps = ""
    control = "{control}"  data = "{self.dir.name}/data"  user = "" }}
snmp "v3" {{ version = 3  user = "full"  auth_key_file = "{self.dir.name}/auth"  priv_key_file = "{self.dir.name}/priv" }}
centre {{ name = "Centre"
''' + "".join(f'    device "d{k}" {{ address = "127.0.0.{k}"  snmp = "v3"  kind = "switch" }}\n' for k in (1, 2, 3)) + "}\n")
            with open(self.dir.name + "/log", "w", encoding="utf-8") as log:
                daemon = subprocess.Popen([*inside, f"{os.environ['NHIP_BIN']}/nhip-collector", "-f", "-c", self.dir.name + "/nhip.conf"],
                                          stdout=log, stderr=log)
            try:
                found = {}
                for k in (1, 2, 3):
                    found[k] = wait_for(f"device {k} is learnt", lambda: daemon.poll() is not None or learnt(f"centre/d{k}"), 180)
                with open(self.dir.name + "/log", encoding="utf-8") as log:
                    self.assertIsNone(daemon.poll(), log.read())
                for k in (1, 2, 3):
                    is_ = learnt(f"centre/d{k}")
                    self.assertEqual((is_["says"], is_["version"], is_["name"][-2:]), ("snmp_answers", 3, f"-{k}"))
                    self.assertEqual(is_["notes"], ["snmp_twin"] if k > 1 else [])
                self.assertIn("the same SNMP engine id", ctl("device", "centre/d3").stdout)
            finally:
                daemon.terminate()
                daemon.wait()


def ber(tag, *parts):
    body = b"".join(parts)
    size = bytes([len(body)]) if len(body) < 128 else b"\x82" + len(body).to_bytes(2, "big")
    return bytes([tag]) + size + body


def integer(n):
    return ber(2, n.to_bytes(n.bit_length() // 8 + 1, "big"))


def question(engine, number):
    """GET sysUpTime.0 of a user without keys."""
    pdu = ber(0xa0, integer(number), integer(0), integer(0), ber(0x30, ber(0x30, ber(6, bytes.fromhex("2b06010201010300")), ber(5))))
    usm = ber(0x30, ber(4, engine), integer(0), integer(0), ber(4, b"plain"), ber(4), ber(4))
    return ber(0x30, integer(3), ber(0x30, integer(number), integer(65507), ber(4, b"\4"), integer(3)), ber(4, usm),
               ber(0x30, ber(4, engine), ber(4), pdu))


class TheFront(Behind):
    """The peer itself: others' programs find it right, and what is no message does not bring it down."""

    def test_net_snmp_finds_it_right(self):
        said = {("full", "SHA-256", "auth-pass-1", "AES", "priv-pass-1"): "Timeticks",
                ("full", "SHA-256", "auth-wrong-1", "AES", "priv-pass-1"): "Authentication failure",
                ("full", "SHA-256", "auth-pass-1", "AES", "priv-wrong-1"): "Timeout",
                ("nobody", "SHA-256", "auth-pass-1", "AES", "priv-pass-1"): "Unknown user name",
                ("plain", "SHA-256", "auth-pass-1", "AES", "priv-pass-1"): "Unsupported security level",
                **{(f"u{i}", AUTHS[i % 5], f"auth-pass-{i}", PRIVS[i % 3], f"priv-pass-{i}"): "Timeticks" for i in range(14)}}
        with self.farm() as devices, farm.Front(devices, [SWITCH], [FULL, PLAIN, *USERS[:14]]) as front:
            for who, words in said.items():
                name, auth, auth_key, priv, priv_key = who
                done = subprocess.run(["snmpget", "-r0", "-t3", "-v3", "-l", "authPriv", "-u", name, "-a", auth, "-A", auth_key, "-x", priv,
                                       "-X", priv_key, front.address(7), "1.3.6.1.2.1.1.3.0"], capture_output=True, text=True, check=False,
                                      env={**os.environ, "MIBS": ""})
                self.assertIn(words, done.stdout + done.stderr, who)

    def test_garbage(self):
        """Damaged questions, and damaged answers of the farm's: the honest device beside them answers on."""
        dice = random.Random(3414)
        with self.farm("--corrupt-pct", "cisco-c3560=50", "--truncate-pct", "cisco-c3560=50") as devices, \
                farm.Front(devices, [SWITCH, "cisco-c3560"], [FULL, PLAIN]) as front, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as honest, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            for wire, device in ((honest, 1), (other, 2)):
                wire.connect(("127.0.0.%d" % device, front.port))
                wire.settimeout(10)
            honest.send(question(b"", 1))
            engine = honest.recv(2000).partition(bytes.fromhex("80001f8805"))
            engine = engine[1] + engine[2][:7]
            second = engine[:8] + b"\2" + engine[9:]
            for number in range(2, 400):
                for k in range(20):
                    damaged = bytearray(question(second, number))
                    for _ in range(dice.randrange(4)):
                        damaged[dice.randrange(len(damaged))] = dice.choice((0, 1, 4, 0x30, 0x7f, 0x80, 0x84, 0xff, dice.randrange(256)))
                    if dice.random() < 0.2:
                        del damaged[dice.randrange(len(damaged)):]
                    other.send(damaged)
                honest.send(question(engine, number))
                self.assertIn(integer(number), honest.recv(2000))
            counts = front.stop()
        self.assertGreater(counts["malformed"], 500)
        self.assertGreater(counts["answered"], 600)


if __name__ == "__main__":
    farm.need()
    unittest.main()
