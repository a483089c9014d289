# SPDX-License-Identifier: GPL-3.0-or-later
"""The farm of simulated devices beside the tree: built, started, stopped, and its recordings read."""
import errno
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile

SOURCE = os.environ.get("NHIP_SOURCE", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SHARED = os.path.join(SOURCE, "..", "shared")
RECORDINGS = os.path.realpath(os.path.join(SHARED, "recordings"))


def need():
    if not os.path.isdir(RECORDINGS):
        print("skipped: the recordings are not beside the tree (../shared/recordings)")
        sys.exit(77)


def free_port():
    """One below those that the kernel deals out: pollers take thousands of these until the port is used."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            try:
                s.bind(("0.0.0.0", random.randrange(10000, 32768)))
                return s.getsockname()[1]
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise


def names():
    return sorted(f[:-len(".snmprec")] for f in os.listdir(RECORDINGS) if f.endswith(".snmprec"))


def rows(name):
    """oid -> (type, value as bytes or int) of a recording; of a repeated OID the first, as the farm has it."""
    out = {}
    with open(f"{RECORDINGS}/{name}.snmprec", encoding="latin-1", newline="\n") as f:
        for line in f:
            part = line.rstrip("\r\n").split("|", 2)
            if len(part) != 3 or ":" in part[1]:
                continue
            oid, kind, value = part
            if kind.endswith("x"):
                try:
                    out.setdefault(oid, (kind[:-1], bytes.fromhex(value)))
                except ValueError:
                    pass
            elif kind == "4":
                out.setdefault(oid, (kind, value.encode("latin-1")))
            else:
                out.setdefault(oid, (kind, value))
    return out


def build(build_dir):
    """The farm's program, made in `build_dir` when it is not there."""
    program = os.path.join(build_dir, "snmpfarm")
    if not os.path.exists(program):
        subprocess.run(["make", "-s", "-C", f"{SHARED}/tools/snmpfarm", "B=" + build_dir], check=True,
                       stdout=subprocess.DEVNULL)
    return program


def print_rates(program, name, recordings=RECORDINGS):
    """ifIndex -> column name -> true rate a second."""
    file = name.partition("+")[0] + ".snmprec"
    with tempfile.TemporaryDirectory() as alone:  # the farm reads all recordings of a folder, which takes seconds
        os.symlink(os.path.join(recordings, file), os.path.join(alone, file))
        out = subprocess.run([program, "--print-rates", name, alone], check=True,
                             capture_output=True, text=True).stdout.splitlines()
    head = out[0].split("\t")
    return {int(r[0]): dict(zip(head[2:], map(float, r[2:])))
            for r in (line.split("\t") for line in out[1:])}


class Farm:
    """`with Farm(build_dir, "--frozen", "1") as farm`: answers on 127.0.0.1, farm.address."""

    def __init__(self, build_dir, *options, recordings=RECORDINGS, inside=()):
        self.recordings, self.inside = recordings, inside  # a network namespace
        self.program = build(build_dir)
        self.options, self.port = options, free_port()
        self.address = f"127.0.0.1:{self.port}"

    def __enter__(self):
        self.process = subprocess.Popen([*self.inside, self.program, "-p", str(self.port), *self.options, self.recordings],
                                        stdout=subprocess.PIPE, text=True)
        while not self.process.stdout.readline().startswith("snmpfarm: ready"):
            if self.process.poll() is not None:
                raise SystemExit("farm: did not start")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate()

    def rates(self, name):
        return print_rates(self.program, name)

    def varbinds(self):
        """How many objects it has answered with so far."""
        self.process.send_signal(signal.SIGUSR1)
        while True:
            found = re.search(r"answers, (\d+) varbinds", self.process.stdout.readline())
            if found:
                return int(found.group(1))


class Front:
    """`with Front(farm, names, users)`: the farm by SNMPv3, an engine at each address (tests/lab/snmp_v3_front.c).

    Device N plays instance N of names[(N - 1) % len(names)]. The farm's packets have to leave room: --max-pdu MAX_PDU.
    """
    MAX_PDU = "1300"

    def __init__(self, devices, names, users, *options, port=0):
        self.port, self.process = port or free_port(), None
        self.program = [*devices.inside, os.path.join(os.environ["NHIP_BUILD"], "tests", "snmp_v3_front"), *options, str(self.port),
                        devices.address, ",".join(names), *users]

    def __enter__(self):
        """Again after stop(): the same engines with the boots that they began with."""
        self.process = subprocess.Popen(self.program, stdout=subprocess.PIPE, text=True)
        self.wait_line("ready")
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Its counts, by name; it has to end well."""
        if self.process is None:
            return {}
        self.process.terminate()
        out, _ = self.process.communicate()
        code, self.process = self.process.returncode, None
        if code != 0:
            raise AssertionError(f"the front ended with {code}")
        words = out.splitlines()[-1].partition(": ")[2].split(", ")
        return {w.rpartition(" ")[0]: int(w.rpartition(" ")[2]) for w in words}

    def wait_line(self, words):
        for line in self.process.stdout:
            if line.strip().endswith(words):
                return
        raise AssertionError(f"the front ended before it said: {words}")

    def address(self, device):
        return f"127.{device >> 16}.{device >> 8 & 255}.{device & 255}:{self.port}"

    def replace_engines(self):
        self.process.send_signal(signal.SIGUSR1)
        self.wait_line("engines replaced")

    def reboot_engines(self):
        self.process.send_signal(signal.SIGUSR2)
        self.wait_line("engines rebooted")
