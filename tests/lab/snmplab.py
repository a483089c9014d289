# SPDX-License-Identifier: GPL-3.0-or-later
"""The distribution's snmpd on a free port, with a directory and an AgentX socket of its own."""
import os
import shutil
import signal
import socket
import subprocess
import time

SNMPTRAPD = shutil.which("snmptrapd", path=os.environ.get("PATH", "") + ":/usr/sbin")
SNMPD = shutil.which("snmpd", path=os.environ.get("PATH", "") + ":/usr/sbin")
SOURCE = os.environ.get("NHIP_SOURCE", os.path.join(os.path.dirname(__file__), "../.."))
BUILD = os.environ.get("NHIP_BUILD", os.path.join(SOURCE, "build/debug"))
MIBDIRS = f"{BUILD}/share/nhip-mibs:{SOURCE}/mibs/stubs:/usr/share/snmp/mibs"
PATIENCE_S = 40
MIB_ENV = {"MIBS": "NHIP-MIB", "MIBDIRS": MIBDIRS}


def mib_root():
    """nhipMIB of this build, which may have an enterprise number of its own."""
    done = subprocess.run(["snmptranslate", "-On", "NHIP-MIB::nhipMIB"], capture_output=True, text=True, check=True,
                          env={**os.environ, **MIB_ENV, "SNMP_PERSISTENT_DIR": "/dev/null/none"})
    return tuple(int(n) for n in done.stdout.strip(" .\n").split("."))


def ber(oid):
    """The content of an object identifier in BER."""
    out = bytes([oid[0] * 40 + oid[1]])
    for number in oid[2:]:
        sevens = [number >> shift & 0x7f for shift in range(28, -1, -7)]
        first = next((i for i, n in enumerate(sevens) if n), 4)
        out += bytes(n | 0x80 for n in sevens[first:-1]) + bytes(sevens[-1:])
    return out


def example_views():
    """Views and users of examples/snmpd.conf, moved to the root of this build as its comment says."""
    playpen, root = "1.3.6.1.4.1.8072.9999.9999.847", mib_root()
    earlier = len(playpen.split(".")) - len(root)
    out = []
    with open(os.path.join(SOURCE, "examples/snmpd.conf"), encoding="utf-8") as f:
        for line in f.read().splitlines():
            if not line.startswith(("view", "rouser")):
                continue
            words = line.replace(playpen, ".".join(map(str, root))).split()
            if playpen in line and len(words) == 5:
                bits = "".join(f"{int(octet, 16):08b}" for octet in words[4].split(":"))[earlier:] + "0" * earlier
                words[4] = ":".join(f"{int(bits[i:i + 8], 2):02x}" for i in range(0, len(bits), 8))
            out.append(" ".join(words))
    return out


def free_port(kind=socket.SOCK_DGRAM):
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


class Snmpd:
    """`conf`: lines beside those that this makes; `users`: createUser lines."""

    def __init__(self, folder, conf="rocommunity public", users=()):
        self.dir = folder
        self.state = os.path.join(folder, "snmpd-state")  # not the folder of its configuration
        self.port = free_port()
        self.agentx = os.path.join(folder, "master")
        self.proc = None
        os.makedirs(self.state, exist_ok=True)
        with open(os.path.join(folder, "snmpd.conf"), "w", encoding="utf-8") as f:
            f.write(f"master agentx\nagentXSocket {self.agentx}\nagentAddress udp:127.0.0.1:{self.port}\n"
                    "agentXTimeout 2\nagentXRetries 1\n" + conf + "\n" + "\n".join(users) + "\n")

    def env(self):
        return {**os.environ, **MIB_ENV, "SNMP_PERSISTENT_DIR": self.state,
                "SNMPCONFPATH": os.path.join(self.dir, "none")}

    def start(self):
        self.proc = subprocess.Popen(
            [SNMPD, "-f", "-C", "-c", os.path.join(self.dir, "snmpd.conf"), "-I", "-smux", "-Lf",
             os.path.join(self.dir, "snmpd.log"), "-p", os.path.join(self.dir, "snmpd.pid")],
            env={**self.env(), "MIBS": ""}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self, sig=signal.SIGKILL):
        if self.proc:
            self.proc.send_signal(signal.SIGCONT)
            self.proc.send_signal(sig)
            self.proc.wait(PATIENCE_S)
            self.proc = None

    def ask(self, tool, *args, version=("-v2c", "-c", "public"), options=(), retries=2):
        return subprocess.run([tool, *version, *options, "-r", str(retries), "-t", "2", f"127.0.0.1:{self.port}", *args],
                              capture_output=True, text=True, timeout=120, check=False, env=self.env())

    def walk(self, root="NHIP-MIB::nhipMIB", **more):
        """name -> value of what there is."""
        lines = self.ask("snmpbulkwalk", root, options=("-OQ",), **more).stdout.splitlines()
        pairs = [line.partition(" = ") for line in lines if " = " in line]
        return {k.replace("NHIP-MIB::", ""): v for k, _, v in pairs if not v.startswith("No ")}


class Snmptrapd:
    """A management system: the distribution's receiver of traps and informs. `users`: (name, SHA-256 key, AES key)."""

    def __init__(self, folder, community="public", users=()):
        self.dir = os.path.join(folder, "trapd")
        self.port = free_port()
        self.log = os.path.join(self.dir, "log")
        self.proc = None
        os.makedirs(os.path.join(self.dir, "state"))
        self.configure(community, users)

    def configure(self, community="public", users=()):
        shutil.rmtree(os.path.join(self.dir, "state"))
        os.makedirs(os.path.join(self.dir, "state"))
        with open(os.path.join(self.dir, "conf"), "w", encoding="utf-8") as f:
            f.write(f"authCommunity log {community}\ndoNotRetainNotificationLogs yes\nformat2 %P\\t%v\\n\n")
            for name, auth, priv in users:
                f.write(f'createUser {name} SHA-256 "{auth}" AES "{priv}"\nauthUser log {name} authPriv\n')

    def start(self):
        self.proc = subprocess.Popen(
            [SNMPTRAPD, "-f", "-C", "-c", os.path.join(self.dir, "conf"), "-Lf", self.log, "-A", "-OQ", "-p",
             os.path.join(self.dir, "pid"), "-x", os.path.join(self.dir, "none"), f"udp:127.0.0.1:{self.port}"],
            env={**os.environ, **MIB_ENV, "SNMP_PERSISTENT_DIR": os.path.join(self.dir, "state"), "SNMPCONFPATH": self.dir},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self):
        if self.proc:
            self.proc.kill()
            self.proc.wait(PATIENCE_S)
            self.proc = None

    def heard(self):
        """What came, each as {name: value} with its own name as "notice" and how it was secured as "by"."""
        out = []
        with open(self.log, encoding="utf-8", errors="replace") if os.path.exists(self.log) else open(os.devnull) as f:
            for line in f.read().splitlines():
                by, *pairs = line.split("\t")
                got = dict(p.partition(" = ")[::2] for p in pairs if " = " in p)
                got = {k.replace("NHIP-MIB::", ""): v.replace("NHIP-MIB::", "") for k, v in got.items()}
                notice = got.get("SNMPv2-SMI::snmpModules.1.1.4.1.0")  # snmpTrapOID.0
                if notice:
                    out.append({**got, "notice": notice, "by": by})
        return out
