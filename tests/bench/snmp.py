#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Polling simulated devices: devices and rows a second of CPU, memory a device, net-snmp's own share.

The devices are copies of one recorded switch, told apart by their communities (v2c) or behind an engine each (v3 authPriv,
tests/lab/snmp_v3_front.c). Beside us, in the same run: net-snmp alone (the floor, tests/lab/snmp_floor.c), and where they
are installed collectd's snmp plugin, prometheus-snmp-exporter and snmpbulkwalk, all of which read ten columns of each
interface. A round of ours is all that the poller does: the uptime, nine columns and the figures of the profile each time,
the system group and six more columns for names now and then (in fifteen rounds once); sensors and neighbours, which are
looked at every two minutes, are read before and not counted.
CPU is utime + stime of the pollers alone, not of the farm's. The rows of peers are counted by the farm, ten objects each.
By v3 collectd is asked for SHA-1, the best that it has, the others for SHA-256.
"""
import http.client
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

import farm
from snmplab import free_port, wait_for

TESTS = os.path.join(os.environ["NHIP_BUILD"], "tests")
DEVICE, INTERFACES = "hpe-2910al", 39
ROUNDS = 15  # names are read in one of them
COUNTS = (100, 1000, 5000)
V3_COUNTS_OF_PEERS = COUNTS[:2]
FULL, OLD = ("full", "SHA-256", "auth-pass-1", "priv-pass-1"), ("old", "SHA", "auth-pass-2", "priv-pass-2")
TICKS = os.sysconf("SC_CLK_TCK")
IF, IFX = "1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.31.1.1.1"
TEN = {"ifAdminStatus": IF + ".7", "ifOperStatus": IF + ".8", "ifInDiscards": IF + ".13", "ifInErrors": IF + ".14",
       "ifOutDiscards": IF + ".19", "ifOutErrors": IF + ".20", "ifHCInOctets": IFX + ".6", "ifHCOutOctets": IFX + ".10",
       "ifHighSpeed": IFX + ".15", "ifCounterDiscontinuityTime": IFX + ".19"}


def user(name, auth, auth_key, priv_key):
    return f"{name}:2:{auth}:{auth_key}:AES:{priv_key}"


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


def floor(name, address, count, who, ours):
    rows, objects, requests, cpu = run("snmp_floor", address, count, ROUNDS, 100, INTERFACES, who)
    say(f"{name}_rows", rows / cpu, "1/CPU-s", f"{objects / requests:.0f} objects an answer, {cpu / requests * 1e6:.1f} us a request")
    say(f"{name}_share", 100 * ours / (rows / cpu), "%", "our rows of net-snmp's")


def cpu_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(r"^VmRSS:\s+(\d+)", f.read(), re.M).group(1))


def collectd(name, folder, devices, count, host):
    """`host(n)`: where and who device n is."""
    program = shutil.which("collectd", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        print(f"{name}: left out, collectd-core is not installed")
        return
    interval = max(5, count // 80)
    with open(folder + "/types.db", "w", encoding="ascii") as f:
        f.write("ten " + ", ".join(f"c{i}:DERIVE:0:U" for i in range(len(TEN))) + "\n")
    hosts = [f'<Host "d{n}">\n{host(n)}\nBulkSize 10\nCollect "ten"\nInterval {interval}\n</Host>' for n in range(1, count + 1)]
    values = " ".join(f'"{oid}"' for oid in TEN.values())
    with open(folder + "/collectd.conf", "w", encoding="ascii") as f:
        f.write(f'BaseDir "{folder}"\nPIDFile "{folder}/pid"\nPluginDir "/usr/lib/collectd"\nTypesDB "{folder}/types.db"\n'
                f'Interval {interval}\nLoadPlugin snmp\n<Plugin snmp>\n<Data "ten">\nType "ten"\nTable true\nValues {values}\n</Data>\n'
                + "\n".join(hosts) + "\n</Plugin>\n")
    before_any = devices.varbinds()
    daemon = subprocess.Popen([program, "-f", "-C", folder + "/collectd.conf"], env={**os.environ, "MIBS": ""},
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        whole = count * INTERFACES * len(TEN)
        wait_for("collectd has asked all once", lambda: devices.varbinds() - before_any >= whole, 300)
        objects, cpu = devices.varbinds(), cpu_of(daemon.pid)
        wait_for("collectd has asked all again", lambda: devices.varbinds() - objects >= 2 * whole, 600)
        rows = (devices.varbinds() - objects) / len(TEN)
        cpu = cpu_of(daemon.pid) - cpu
        say(f"{name}_rows", rows / cpu, "1/CPU-s")
        say(f"{name}_memory", resident_kb(daemon.pid) / count, "KB/device")
    finally:
        daemon.kill()
        daemon.wait()


def is_listening(port):
    """Not found out by connecting: to a port that nobody has yet, TCP may connect to itself."""
    for table in ("tcp", "tcp6"):
        with open(f"/proc/net/{table}", encoding="ascii") as f:
            if re.search(rf"^ *\d+: \w+:{port:04X} \w+:0000 0A ", f.read(), re.M):
                return True
    return False


def exporter(name, folder, devices, port_of_devices, count, auth):
    program = shutil.which("prometheus-snmp-exporter")
    if program is None:
        print(f"{name}: left out, prometheus-snmp-exporter is not installed")
        return
    metrics = "".join(f"  - name: {column}\n    oid: {oid}\n    type: gauge\n    help: {column}\n    indexes:\n"
                      "    - labelname: ifIndex\n      type: gauge\n" for column, oid in TEN.items())
    with open(folder + "/snmp.yml", "w", encoding="ascii") as f:
        f.write("ten:\n  walk:\n" + "".join(f"  - {oid}\n" for oid in TEN.values()) + "  metrics:\n" + metrics +
                f"  max_repetitions: 40\n{auth}")
    port = free_port()
    daemon = subprocess.Popen([program, f"--config.file={folder}/snmp.yml", f"--web.listen-address=127.0.0.1:{port}"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def ask(n):
            wire = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            try:
                wire.request("GET", f"/snmp?module=ten&target=127.{n >> 16}.{n >> 8 & 255}.{n & 255}:{port_of_devices}")
                return wire.getresponse().read()
            finally:
                wire.close()
        wait_for("the exporter listens", lambda: is_listening(port))
        assert b"ifHCInOctets" in ask(1)
        objects, cpu = devices.varbinds(), cpu_of(daemon.pid)
        for n in range(1, count + 1):
            assert b"ifHCInOctets" in ask(n)
        say(f"{name}_rows", (devices.varbinds() - objects) / len(TEN) / (cpu_of(daemon.pid) - cpu), "1/CPU-s")
        say(f"{name}_memory", resident_kb(daemon.pid) / count, "KB/device")
    finally:
        daemon.kill()
        daemon.wait()


def bulkwalk(name, count, device):
    """A process a column as people call it; what one costs does not depend on how many devices there are."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for n in range(1, count + 1):
        for oid in TEN.values():
            subprocess.run(["snmpbulkwalk", "-Cr40", "-On", *device(n), oid], check=True, stdout=subprocess.DEVNULL,
                           env={**os.environ, "MIBS": ""})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    say(f"{name}_rows", count * INTERFACES / cpu, "1/CPU-s", f"{count} devices, {len(TEN)} processes each")


def v2c(folder, devices):
    for count in COUNTS:
        ours = load(f"snmp_v2c_{count}", devices.address, 2, count, ROUNDS, DEVICE)
        floor(f"net_snmp_{count}", devices.address, count, DEVICE, ours)
        collectd(f"collectd_{count}", folder, devices, count,
                 lambda n: f'Address "{devices.address}"\nVersion 2\nCommunity "{DEVICE}+{n}"')
        exporter(f"exporter_{count}", folder, devices, devices.port, count, "  version: 2\n  auth:\n    community: public\n")
    bulkwalk("snmpbulkwalk", 20, lambda n: ("-v2c", "-c", f"{DEVICE}+{n}", devices.address))


def v3(folder, devices, front):
    name, auth, auth_key, priv_key = FULL
    for count in COUNTS:
        ours = load(f"snmp_v3_{count}", front.address(1), 3, count, ROUNDS, user(*FULL))
        floor(f"net_snmp_v3_{count}", front.address(1), count, user(*FULL), ours)
        if count not in V3_COUNTS_OF_PEERS:
            continue
        collectd(f"collectd_v3_{count}", folder, devices, count,
                 lambda n: f'Address "{front.address(n)}"\nVersion 3\nSecurityLevel "authPriv"\nUsername "{OLD[0]}"\nAuthProtocol "{OLD[1]}"\n'
                           f'AuthPassphrase "{OLD[2]}"\nPrivacyProtocol "AES"\nPrivacyPassphrase "{OLD[3]}"')
        exporter(f"exporter_v3_{count}", folder, devices, front.port, count,
                 f"  version: 3\n  auth:\n    username: {name}\n    security_level: authPriv\n    password: {auth_key}\n"
                 f"    auth_protocol: {auth.replace('-', '')}\n    priv_protocol: AES\n    priv_password: {priv_key}\n")
    bulkwalk("snmpbulkwalk_v3", 20, lambda n: ("-v3", "-l", "authPriv", "-u", name, "-a", auth, "-A", auth_key, "-x", "AES", "-X", priv_key,
                                               front.address(n)))


def main():
    if not os.path.isdir(farm.RECORDINGS):
        sys.exit("bench: the recordings are not beside the tree (../shared/recordings)")
    with tempfile.TemporaryDirectory() as folder:
        with farm.Farm(folder, "-A", "-a", DEVICE) as devices:
            v2c(folder, devices)
        with farm.Farm(folder, "--max-pdu", farm.Front.MAX_PDU) as devices, \
                farm.Front(devices, [DEVICE], [user(*FULL), user(*OLD)]) as front:
            v3(folder, devices, front)


if __name__ == "__main__":
    main()
