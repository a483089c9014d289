#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Polling simulated devices: devices and rows a second of CPU, memory a device, net-snmp's own share.

The devices are copies of one recorded switch. snmpbulkwalk reads the same columns of the same devices in
the same run, a process a table as people call it; CPU is utime + stime of the pollers alone, not of the farm's.
"""
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time

import farm

LOAD = os.path.join(os.environ["NHIP_BUILD"], "tests", "snmp_load")
DEVICE = "hpe-2910al"
ROUNDS = 3
USER = "full:2:SHA-256:auth-pass-1:AES:priv-pass-1"
TABLES = ("1.3.6.1.2.1.1", "1.3.6.1.2.1.2.2.1.7", "1.3.6.1.2.1.2.2.1.8", "1.3.6.1.2.1.2.2.1.13", "1.3.6.1.2.1.2.2.1.14",
          "1.3.6.1.2.1.2.2.1.19", "1.3.6.1.2.1.2.2.1.20", "1.3.6.1.2.1.31.1.1.1.6", "1.3.6.1.2.1.31.1.1.1.10", "1.3.6.1.2.1.31.1.1.1.19")


def say(name, value, unit, words=""):
    print(f"{name} {value:.2f} {unit}{'  # ' + words if words else ''}", flush=True)


def load(name, address, version, count, who):
    out = subprocess.run([LOAD, address, str(version), str(count), str(ROUNDS), who], check=True,
                         capture_output=True, text=True).stdout.split()
    devices, rows, requests, cpu, memory, floor = (float(x) for x in out)
    say(f"{name}_devices", devices / cpu, "1/CPU-s", f"{requests / devices:.1f} requests a device and round")
    say(f"{name}_rows", rows / cpu, "1/CPU-s")
    say(f"{name}_memory", memory, "KB/device")
    say(f"{name}_floor", 100 * floor / cpu, "%", "as many requests, each of 96 objects, with nothing made of the answers")


def bulkwalk(address, count):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for i in range(count):
        for table in TABLES:
            subprocess.run(["snmpbulkwalk", "-v2c", "-c", f"{DEVICE}+{i + 1}", "-Cr25", "-On", address, table], check=True,
                           stdout=subprocess.DEVNULL, env={**os.environ, "MIBS": ""})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    say("snmpbulkwalk_devices", count / cpu, "1/CPU-s", f"{count} devices, {len(TABLES)} processes each")


def v3(folder):
    snmpd = shutil.which("snmpd", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if snmpd is None:
        print("snmp_v3: left out, there is no snmpd")
        return
    port = farm.free_port()
    with open(folder + "/snmpd.conf", "w", encoding="ascii") as f:
        f.write('createUser full SHA-256 "auth-pass-1" AES "priv-pass-1"\nrouser full priv\n'
                f"agentaddress udp:127.0.0.1:{port}\n")
    daemon = subprocess.Popen([snmpd, "-f", "-C", "-c", folder + "/snmpd.conf", "-Lf", folder + "/log", "-I", "-smux"],
                              env={**os.environ, "MIBS": "", "SNMP_PERSISTENT_DIR": folder + "/kept"})
    try:
        while not os.path.exists(folder + "/log") or "NET-SNMP version" not in open(folder + "/log", encoding="utf-8").read():
            assert daemon.poll() is None, "snmpd did not start"
            time.sleep(0.05)
        load("snmp_v3_authpriv_100", f"127.0.0.1:{port}", 3, 100, USER)
    finally:
        daemon.terminate()
        daemon.wait()


def main():
    if not os.path.isdir(farm.RECORDINGS):
        sys.exit("bench: the recordings are not beside the tree (../shared/recordings)")
    with tempfile.TemporaryDirectory() as folder:
        with farm.Farm(folder) as devices:
            for count in (100, 1000, 5000):
                load(f"snmp_v2c_{count}", devices.address, 2, count, DEVICE)
            bulkwalk(devices.address, 20)
        v3(folder)


if __name__ == "__main__":
    main()
