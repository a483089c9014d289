#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Polling simulated devices: devices and rows a second of CPU, memory a device, net-snmp's own share.

The devices are copies of one recorded switch. Beside us, in the same run: net-snmp alone (the floor, tests/lab/
snmp_floor.c), and where they are installed collectd's snmp plugin, prometheus-snmp-exporter and snmpbulkwalk, all of which
read ten columns of each interface. A round of ours is all that the poller does: the uptime, nine columns and the
figures of the profile each time, the system group and six more columns for names now and then (in fifteen rounds once); sensors
and neighbours, which are looked at every two minutes, are read before and not counted.
CPU is utime + stime of the pollers alone, not of the farm's. The rows of peers are counted by the farm, ten objects each.
"""
import http.client
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import farm
from snmplab import SNMPD, free_port, wait_for

TESTS = os.path.join(os.environ["NHIP_BUILD"], "tests")
DEVICE, INTERFACES = "hpe-2910al", 39
ROUNDS = 15  # names are read in one of them
COUNTS = (100, 1000, 5000)
USER = "full:2:SHA-256:auth-pass-1:AES:priv-pass-1"
TICKS = os.sysconf("SC_CLK_TCK")
IF, IFX = "1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.31.1.1.1"
TEN = {"ifAdminStatus": IF + ".7", "ifOperStatus": IF + ".8", "ifInDiscards": IF + ".13", "ifInErrors": IF + ".14",
       "ifOutDiscards": IF + ".19", "ifOutErrors": IF + ".20", "ifHCInOctets": IFX + ".6", "ifHCOutOctets": IFX + ".10",
       "ifHighSpeed": IFX + ".15", "ifCounterDiscontinuityTime": IFX + ".19"}


def say(name, value, unit, words=""):
    print(f"{name} {value:.2f} {unit}{'  # ' + words if words else ''}", flush=True)


def run(program, *args):
    out = subprocess.run([os.path.join(TESTS, program), *map(str, args)], check=True, capture_output=True, text=True).stdout
    return [float(x) for x in out.split()]


def load(name, address, version, count, rounds, who):
    """Rows a second of CPU."""
    devices, rows, requests, cpu, memory = run("snmp_load", address, version, count, rounds, who)
    say(f"{name}_devices", devices / cpu, "1/CPU-s", f"{requests / devices:.1f} requests a device and round, load {os.getloadavg()[0]:.1f}")
    say(f"{name}_rows", rows / cpu, "1/CPU-s")
    say(f"{name}_request", cpu / requests * 1e6, "us")
    say(f"{name}_memory", memory, "KB/device", f"{rows / devices:.0f} interfaces each")
    return rows / cpu


def floor(name, address, count, ours):
    rows, objects, requests, cpu = run("snmp_floor", address, count, ROUNDS, 100, INTERFACES, DEVICE)
    say(f"{name}_rows", rows / cpu, "1/CPU-s", f"{objects / requests:.0f} objects an answer, {cpu / requests * 1e6:.1f} us a request")
    say(f"{name}_share", 100 * ours / (rows / cpu), "%", "our rows of net-snmp's")


def cpu_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(r"^VmRSS:\s+(\d+)", f.read(), re.M).group(1))


def varbinds(devices):
    """How many objects the farm has answered with so far."""
    devices.process.send_signal(signal.SIGUSR1)
    while True:
        found = re.search(r"answers, (\d+) varbinds", devices.process.stdout.readline())
        if found:
            return int(found.group(1))


def collectd(folder, devices, count):
    program = shutil.which("collectd", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        print(f"collectd_{count}: left out, collectd-core is not installed")
        return
    interval = max(5, count // 80)
    with open(folder + "/types.db", "w", encoding="ascii") as f:
        f.write("ten " + ", ".join(f"c{i}:DERIVE:0:U" for i in range(len(TEN))) + "\n")
    hosts = [f'<Host "d{n}">\nAddress "{devices.address}"\nVersion 2\nCommunity "{DEVICE}+{n}"\nBulkSize 10\nCollect "ten"\n'
             f"Interval {interval}\n</Host>" for n in range(1, count + 1)]
    values = " ".join(f'"{oid}"' for oid in TEN.values())
    with open(folder + "/collectd.conf", "w", encoding="ascii") as f:
        f.write(f'BaseDir "{folder}"\nPIDFile "{folder}/pid"\nPluginDir "/usr/lib/collectd"\nTypesDB "{folder}/types.db"\n'
                f'Interval {interval}\nLoadPlugin snmp\n<Plugin snmp>\n<Data "ten">\nType "ten"\nTable true\nValues {values}\n</Data>\n'
                + "\n".join(hosts) + "\n</Plugin>\n")
    before_any = varbinds(devices)
    daemon = subprocess.Popen([program, "-f", "-C", folder + "/collectd.conf"], env={**os.environ, "MIBS": ""},
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        whole = count * INTERFACES * len(TEN)
        wait_for("collectd has asked all once", lambda: varbinds(devices) - before_any >= whole, 300)
        objects, cpu = varbinds(devices), cpu_of(daemon.pid)
        wait_for("collectd has asked all again", lambda: varbinds(devices) - objects >= 2 * whole, 600)
        rows = (varbinds(devices) - objects) / len(TEN)
        cpu = cpu_of(daemon.pid) - cpu
        say(f"collectd_{count}_rows", rows / cpu, "1/CPU-s")
        say(f"collectd_{count}_memory", resident_kb(daemon.pid) / count, "KB/device")
    finally:
        daemon.kill()
        daemon.wait()


def exporter(folder, devices, count):
    program = shutil.which("prometheus-snmp-exporter")
    if program is None:
        print(f"exporter_{count}: left out, prometheus-snmp-exporter is not installed")
        return
    metrics = "".join(f"  - name: {name}\n    oid: {oid}\n    type: gauge\n    help: {name}\n    indexes:\n"
                      "    - labelname: ifIndex\n      type: gauge\n" for name, oid in TEN.items())
    with open(folder + "/snmp.yml", "w", encoding="ascii") as f:
        f.write("ten:\n  walk:\n" + "".join(f"  - {oid}\n" for oid in TEN.values()) + "  metrics:\n" + metrics +
                "  version: 2\n  max_repetitions: 40\n  auth:\n    community: public\n")
    port = free_port()
    daemon = subprocess.Popen([program, f"--config.file={folder}/snmp.yml", f"--web.listen-address=127.0.0.1:{port}"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def ask(n):
            wire = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            try:
                wire.request("GET", f"/snmp?module=ten&target=127.{n >> 16}.{n >> 8 & 255}.{n & 255}:{devices.port}")
                return wire.getresponse().read()
            except ConnectionError:
                return b""
            finally:
                wire.close()
        wait_for("the exporter answers", lambda: b"ifHCInOctets" in ask(1))
        objects, cpu = varbinds(devices), cpu_of(daemon.pid)
        for n in range(1, count + 1):
            assert b"ifHCInOctets" in ask(n)
        say(f"exporter_{count}_rows", (varbinds(devices) - objects) / len(TEN) / (cpu_of(daemon.pid) - cpu), "1/CPU-s")
        say(f"exporter_{count}_memory", resident_kb(daemon.pid) / count, "KB/device")
    finally:
        daemon.kill()
        daemon.wait()


def bulkwalk(devices, count):
    """A process a column as people call it; what one costs does not depend on how many devices there are."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for i in range(count):
        for oid in TEN.values():
            subprocess.run(["snmpbulkwalk", "-v2c", "-c", f"{DEVICE}+{i + 1}", "-Cr40", "-On", devices.address, oid], check=True,
                           stdout=subprocess.DEVNULL, env={**os.environ, "MIBS": ""})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    say("snmpbulkwalk_rows", count * INTERFACES / cpu, "1/CPU-s", f"{count} devices, {len(TEN)} processes each")


def v3(folder):
    if SNMPD is None:
        print("snmp_v3: left out, there is no snmpd")
        return
    port = free_port()
    with open(folder + "/snmpd.conf", "w", encoding="ascii") as f:
        f.write('createUser full SHA-256 "auth-pass-1" AES "priv-pass-1"\nrouser full priv\n'
                f"agentaddress udp:127.0.0.1:{port}\n")
    daemon = subprocess.Popen([SNMPD, "-f", "-C", "-c", folder + "/snmpd.conf", "-Lf", folder + "/log", "-I", "-smux"],
                              env={**os.environ, "MIBS": "", "SNMP_PERSISTENT_DIR": folder + "/kept"})

    def is_up():
        assert daemon.poll() is None, "snmpd did not start"
        return os.path.exists(folder + "/log") and "NET-SNMP version" in open(folder + "/log", encoding="utf-8").read()
    try:
        wait_for("snmpd is up", is_up)
        for count in COUNTS[:1]:  # snmpd is slower than the poller: more overrun it
            load(f"snmp_v3_authpriv_{count}", f"127.0.0.1:{port}", 3, count, 3, USER)
    finally:
        daemon.terminate()
        daemon.wait()


def main():
    if not os.path.isdir(farm.RECORDINGS):
        sys.exit("bench: the recordings are not beside the tree (../shared/recordings)")
    with tempfile.TemporaryDirectory() as folder:
        with farm.Farm(folder, "-A", "-a", DEVICE) as devices:
            for count in COUNTS:
                ours = load(f"snmp_v2c_{count}", devices.address, 2, count, ROUNDS, DEVICE)
                floor(f"net_snmp_{count}", devices.address, count, ours)
                collectd(folder, devices, count)
                exporter(folder, devices, count)
            bulkwalk(devices, 20)
        v3(folder)


if __name__ == "__main__":
    main()
