# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 900
"""Every recorded device is polled, and what is learnt of it compared with the recording itself."""
import json
import math
import os
import re
import shutil
import socket
import subprocess
import tempfile
import unittest

import farm
from snmplab import wait_for

POLL = os.path.join(os.environ["NHIP_BUILD"], "tests", "snmp_poll")
IF, IFX = "1.3.6.1.2.1.2.2.1.", "1.3.6.1.2.1.31.1.1.1."
SNMPD = shutil.which("snmpd", path=os.environ.get("PATH", "") + ":/usr/sbin")
GAP_MS = 3000
STATES = (IF + "7.", IF + "8.")
COUNTERS = [IF + n for n in ("10.", "13.", "14.", "16.", "19.", "20.")] + [IFX + "6.", IFX + "10."]
RATES = ("inOctets", "outOctets", "inErrors", "outErrors", "inDiscards", "outDiscards")


ANSWERS = ("it answers", "no answer: it is off, filtered, or knows no such community or privacy key", "it has no such object",
           "it reports an error of its own", "its answer makes no sense", "the answer does not fit into one of its packets",
           "access refused: the view of this community or user is too narrow",
           "it answers, but so slowly that it cannot be read in two minutes")


def poll(address, *devices, rounds=2, gap_ms=GAP_MS, version=2):
    done = subprocess.run([POLL, str(rounds), str(gap_ms), address, str(version), *devices],
                          capture_output=True, text=True, timeout=250, check=True)
    docs = [json.loads(line) for line in done.stdout.splitlines()]
    return docs[0], {d["who"]: d for d in docs[1:]}


def text(raw):
    raw = raw.rstrip(b"\0 ")[:255]
    raw = bytes(32 if b < 32 or b == 127 else b for b in raw)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return "".join(chr(b) if b < 128 else "?" for b in raw)


def expected(rows):
    """ifIndex -> what the recording says of the interface, worked out without any of our code."""
    found = {}
    for oid in rows:
        for prefix in (*STATES, *COUNTERS):
            if oid.startswith(prefix) and oid[len(prefix):].isdigit():
                found[int(oid[len(prefix):])] = None

    def number(oid):
        kind, value = rows.get(oid, (None, 0))
        return int(value) if kind in ("2", "65", "66", "67", "70") else 0

    for index in found:
        def string(prefix):
            kind, value = rows.get(f"{prefix}{index}", (None, b""))
            return text(value) if kind == "4" else ""
        speed, high = number(f"{IF}5.{index}"), number(f"{IFX}15.{index}")
        if speed >= 2**32 - 1:
            speed = 0
        if 0 < high < 10**7 and abs(speed - high * 10**6) > 5 * 10**5:
            speed = high * 10**6
        found[index] = {"name": string(IFX + "1."), "alias": string(IFX + "18."), "descr": string(IF + "2."),
                        "speed": speed, "admin": number(f"{IF}7.{index}"), "oper": number(f"{IF}8.{index}"),
                        "type": number(f"{IF}3.{index}")}
    return found


def has_counter(rows, index, rate):
    columns = {"inOctets": (IF + "10.", IFX + "6."), "outOctets": (IF + "16.", IFX + "10."),
               "inErrors": (IF + "14.",), "outErrors": (IF + "20."),
               "inDiscards": (IF + "13.",), "outDiscards": (IF + "19.",)}[rate]
    columns = (columns,) if isinstance(columns, str) else columns
    return any(rows.get(f"{c}{index}", ("", ""))[0] in ("65", "70") for c in columns)


def may_go_round(rows, index, rate, speed):
    """Only 32 bits, on a line so fast that they may go round more than once between two looks."""
    wide = {"inOctets": f"{IFX}6.{index}", "outOctets": f"{IFX}10.{index}"}.get(rate)
    return wide is not None and rows.get(wide, ("", ""))[0] != "70" and speed / 8 * GAP_MS / 1000 > 2**32 * 0.8


class Compared(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.dir.cleanup)

    def compare(self, name, doc, rates):
        rows = farm.rows(name)
        want = expected(rows)
        got = {i["index"]: i for i in doc["interfaces"]}
        self.assertEqual(sorted(got), sorted(want), name)
        for index, interface in want.items():
            where = f"{name}, interface {index}"
            for key, value in interface.items():
                self.assertEqual(got[index][key], value, f"{where}: {key}")
            if rates is None:
                continue
            for at, rate in enumerate(RATES):
                seen = got[index]["rates"][at]
                if not has_counter(rows, index, rate):
                    self.assertIsNone(seen, f"{where}: {rate} has no counter")
                    continue
                if may_go_round(rows, index, rate, interface["speed"]) and seen is None:
                    continue
                true = rates[index][rate]
                self.assertIsNotNone(seen, f"{where}: {rate} should be {true}")
                # a count more or less between two looks, and the way of the packets
                self.assertAlmostEqual(seen, true, delta=true * 0.15 + 1.5 / (GAP_MS / 1000), msg=f"{where}: {rate}")
        return len(want)


class Snmp(Compared):
    def test_every_recording(self):
        names = farm.names()
        with farm.Farm(self.dir.name) as devices:
            head, docs = poll(devices.address, *names)
            interfaces = 0
            for name in names:
                with self.subTest(name):
                    doc, rows = docs[name], farm.rows(name)
                    self.assertEqual(doc["words"], "it answers", name)
                    self.assertFalse(doc["backwards"] or doc["bounded"], name)
                    self.assertEqual(doc["object_id"], rows["1.3.6.1.2.1.1.2.0"][1].lstrip("."), name)
                    interfaces += self.compare(name, doc, devices.rates(name))
        self.assertGreater(interfaces, 3000)
        print(f"{len(names)} devices, {interfaces} interfaces, the loop stood still {head['stall_ms']} ms at most")

    def test_figures_of_profiles(self):
        """Processor, memory, temperature, battery: worked out from the recordings beside the profiles."""
        def mikrotik(r, name):
            used, total = (int(r[f"1.3.6.1.2.1.25.2.3.1.{c}.65536"][1]) for c in (6, 5))
            cpus = [int(v[1]) for o, v in r.items() if o.startswith("1.3.6.1.2.1.25.3.3.1.2.")]
            return {"mem_used_pct": 100 * used / total, "cpu_pct": sum(cpus) / len(cpus)}

        def linux(r, name):
            total, free, buffers, cached = (int(r[f"1.3.6.1.4.1.2021.4.{c}.0"][1]) for c in (5, 6, 14, 15))
            return {"cpu_pct": 100 - int(r["1.3.6.1.4.1.2021.11.11.0"][1]), "mem_used_pct": 100 * (1 - (free + buffers + cached) / total)}

        def cisco(r, name):
            used, free = (int(r[f"1.3.6.1.4.1.9.9.48.1.1.1.{c}.1"][1]) for c in (5, 6))
            temps = [int(v[1]) for o, v in r.items() if o.startswith("1.3.6.1.4.1.9.9.13.1.3.1.3.")]
            return {"mem_used_pct": 100 * used / (used + free), "temp_c": max(temps)}

        def ups(r, name):
            minutes = int(r["1.3.6.1.2.1.33.1.2.3.0"][1])
            return {"on_battery": int(r["1.3.6.1.2.1.33.1.4.1.0"][1]) == 5,
                    "charge_pct": int(r["1.3.6.1.2.1.33.1.2.4.0"][1]),
                    "runtime_s": 60 * minutes if minutes > 0 else None}  # on mains, 0 is "not known"

        def powers(column, is_one):
            """Ports that tell what light they receive."""
            def work_out(r, name):
                prefix = "1.3.6.1.4.1." + column + "."
                return {"ports_with_power": sum(o.startswith(prefix) and is_one(float(v[1])) for o, v in r.items())}
            return work_out

        def edgeswitch(r, name):
            load = r["1.3.6.1.4.1.4413.1.1.1.1.4.9.0"][1].decode()  # "5 Secs ( 31.1134%)   60 Secs ( 16.7571%) ..."
            return {"cpu_pct": float(load.split("60 Secs (")[1].split("%")[0])}

        def gauges(r, name):
            table = "1.3.6.1.4.1.14988.1.1.3.100.1."
            rows = {o.rsplit(".", 1)[1]: int(v[1]) for o, v in r.items() if o.startswith(table + "4.")}
            return {"temp_c": max(int(r[f"{table}3.{i}"][1]) for i, unit in rows.items() if unit == 1)}

        def highest(**columns):
            """metric=(column, factor): the highest of a column that is between 1 and 150."""
            def work_out(r, name):
                out = {}
                for metric, (column, factor) in columns.items():
                    prefix = "1.3.6.1.4.1." + column + "."
                    values = [float(v[1]) for o, v in r.items() if o.startswith(prefix)]
                    out[metric] = max(v for v in values if v > 0) * factor
                return out
            return work_out

        def airmax(r, name):
            total, free, buffers, cached = (int(r[f"1.3.6.1.4.1.10002.1.1.1.1.{c}.0"][1]) for c in (1, 2, 3, 4))
            return {"mem_used_pct": 100 * (1 - (free + buffers + cached) / total)}

        def ruijie(r, name):
            return {"cpu_pct": int(r["1.3.6.1.4.1.4881.1.1.10.2.36.1.1.2.0"][1]),
                    "mem_used_pct": int(r["1.3.6.1.4.1.4881.1.1.10.2.35.1.1.1.3.1"][1])}

        board = "2011.2.6.7.1.1.2.1."
        vsol = "37950.1.1.5.10.12."
        def also(*parts):
            return lambda r, name: {k: v for part in parts for k, v in part(r, name).items()}

        cases = {"huawei-olt-ma5603t": highest(cpu_pct=(board + "5", 1), mem_used_pct=(board + "6", 1), temp_c=(board + "10", 1)),
                 "vsol-olt-v1600d": highest(cpu_pct=(vsol + "3", 1), mem_used_pct=(vsol + "4", 1), temp_c=(vsol + "5.9", 1)),
                 "tplink-t1600g": highest(cpu_pct=("11863.6.4.1.1.1.1.3", 1), mem_used_pct=("11863.6.4.1.2.1.1.2", 1)),
                 "dlink-des3200": highest(cpu_pct=("171.12.1.1.6.3", 1), mem_used_pct=("171.12.1.1.9.1.4", 1), temp_c=("171.12.11.1.8.1.2", 1)),
                 "zte-olt-c320": highest(mem_used_pct=("3902.1082.10.1.2.4.1.11", 1)),
                 "zte-zxr10-9908": highest(cpu_pct=("3902.3.600.2.1.1.6", 1), mem_used_pct=("3902.3.600.2.1.1.4", 1),
                                            temp_c=("3902.3.600.2.4.1.3", 1)),
                 "draytek-vigor165": highest(mem_used_pct=("7367.3.7", 1)),
                 "fortigate-60f": highest(temp_c=("12356.101.4.3.2.1.3", 1)), "h3c-1317if": highest(cpu_pct=("2011.10.2.6.1.1.1.1.6", 1)),
                 "ups-huawei-gse200m": highest(charge_pct=("2011.6.174.1.6.100.1.3", 1), input_v=("2011.6.174.1.3.100.1.1", 0.1)),
                 "ubnt-airmax-m5": airmax, "ruijie-s5750": ruijie,
                 "mikrotik-rb750gr3": also(mikrotik, gauges), "mikrotik-crs317": mikrotik, "linux-centos7": linux,
                 "ubnt-edgerouter": linux, "cisco-c3560": cisco, "cisco-7206vxr": cisco, "ups-eaton-93e80": ups,
                 "ups-ingrasys": ups, "juniper-mx960-12": powers("2636.3.60.1.1.1.1.5", lambda n: n != 0),
                 "hpe-procurve-stack": powers("11.2.14.11.5.1.82.1.1.1.1.15", lambda n: n > -99999999),
                 "ubnt-edgeswitch24": edgeswitch}
        with farm.Farm(self.dir.name, "--frozen", "1") as devices:
            _, docs = poll(devices.address, *cases, rounds=1)
        for name, work_out in cases.items():
            for metric, value in work_out(farm.rows(name), name).items():
                if value is None:
                    self.assertNotIn(metric, docs[name], name)
                    continue
                self.assertAlmostEqual(docs[name].get(metric, -999), value, delta=0.01, msg=f"{name}: {metric}")
        self.assertNotIn("temp_c", docs["linux-centos7"])  # a virtual machine: exactly 100 for ever

    def test_optical_power_of_entities(self):
        """A module is an entity, and its name says at which port it is."""
        def huawei(r):
            table, names, out = "1.3.6.1.4.1.2011.5.25.31.1.1.3.1.", "1.3.6.1.2.1.47.1.1.1.1.7.", {}
            for i in [o.rsplit(".", 1)[1] for o in r if o.startswith(table + "8.")]:
                power, bias, lanes = int(r[f"{table}8.{i}"][1]), int(r[f"{table}7.{i}"][1]), r.get(f"{table}32.{i}", ("4", b""))[1]
                if lanes:
                    dbm = float(lanes.split(b",")[0]) / 100
                elif power > 0:
                    dbm = 10 * math.log10(power / 1000)
                elif power < -1:
                    dbm = power / 100
                else:
                    dbm = -40 if power == 0 and bias > 0 else None
                if dbm is not None:
                    out[r[names + i][1].decode()] = dbm
            return out

        def cisco(r):
            """Decimals and, three each, thousands; the module's place in its name."""
            table, names, out = "1.3.6.1.4.1.9.9.91.1.1.1.1.", "1.3.6.1.2.1.47.1.1.1.1.7.", {}
            for o, v in r.items():
                at = re.fullmatch(r"subslot (\d+)/(\d+) transceiver (\d+) Rx Power Sensor", v[1].decode()) if o.startswith(names) else None
                if at:
                    value, scale, decimals = (int(r[f"{table}{c}.{o.rsplit('.', 1)[1]}"][1]) for c in (4, 2, 3))
                    out["GigabitEthernet" + "/".join(at.groups())] = value * 10.0 ** (3 * (scale - 9) - decimals)
            return out

        cases = {"huawei-s12704": huawei, "huawei-ar169": huawei, "cisco-xe-isr4321": cisco}
        with farm.Farm(self.dir.name, "--frozen", "1") as devices:
            _, docs = poll(devices.address, *cases)
        for name, work_out in cases.items():
            want = work_out(farm.rows(name))
            got = {i["descr"]: i["rx_power_dbm"] for i in docs[name]["interfaces"] if i["rx_power_dbm"] is not None}
            self.assertTrue(want, name)
            self.assertEqual(set(got), set(want), name)
            for port, dbm in want.items():
                self.assertAlmostEqual(got[port], dbm, delta=0.01, msg=f"{name}: {port}")
        # no row of a profile is there, so that all comes from the sensors
        self.assertGreater(docs["cisco-xe-isr4321"].get("temp_c", 0), 20)

    def write_device(self, name, rows):
        """A recording of our own: (column with index, tag, value)."""
        folder = os.path.join(self.dir.name, "made-up")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, name + ".snmprec"), "w", encoding="ascii") as f:
            for oid, tag, value in sorted(rows, key=lambda r: [int(n) for n in r[0].split(".")]):
                f.write(f"{oid}|{tag}|{value}\n")
        return folder

    def test_odd_interfaces(self):
        """Types that are none of the MIB's, columns with other rows than their neighbours, numbers near 2^32."""
        system = [("1.3.6.1.2.1.1.2.0", "6", "1.3.6.1.4.1.9999.1"), ("1.3.6.1.2.1.1.3.0", "2", "700")]
        rows = system + [(IF + "2.1", "4x", "65746830000000"), (IF + "5.1", "66", 4294967295), (IFX + "15.1", "66", 0),  # eth0 with NULs
                         (IF + "7.1", "66", 1), (IF + "8.1", "66", 2),
                         (IF + "10.1", "2", 77), (IF + "16.1", "66", 78),
                         (IF + "2.2", "4", "both"), (IFX + "1.2", "4", "same"), (IFX + "1.3", "4", "same"),
                         (IF + "5.2", "66", 100000000), (IFX + "15.2", "66", 0), (IF + "8.2", "2", 7), (IF + "8.3", "2", 5),
                         (IFX + "15.3", "66", 40000), (IFX + "6.3", "65", 5),
                         (IFX + "6.4194316032", "70", 6), (IFX + "18.4194316032", "4x", "d6d0b9fa"),
                         (IFX + "6.9", "70", 7)]  # counts, and is in no column of names
        folder = self.write_device("odd", rows)
        with farm.Farm(self.dir.name, recordings=folder) as devices:
            _, docs = poll(devices.address, "odd", rounds=3)
        doc = docs["odd"]
        self.assertEqual((doc["words"], doc["uptime_s"]), ("it answers", 7))
        got = {i["index"]: i for i in doc["interfaces"]}
        self.assertEqual(sorted(got), [1, 2, 3, 9, 4194316032])
        self.assertEqual([(got[i]["name"] or got[i]["descr"], got[i]["speed"], got[i]["oper"]) for i in (1, 2, 3)],
                         [("eth0", 0, 2), ("same", 10**8, 7), ("same", 4 * 10**10, 5)])
        self.assertEqual((got[1]["admin"], got[1]["rates"][:2]), (1, [0, 0]))
        self.assertEqual(got[4194316032]["alias"], "????")
        self.assertFalse(got[3]["wide"])
        for index in (9, 4194316032):  # no speed is known: the farm counts all the same
            self.assertIsNotNone(got[index]["rates"][0], index)

    def test_tables_of_makers(self):
        """Tables of models that are not among the recordings, as their MIBs have them: figures, and the light by port."""
        e = "1.3.6.1.4.1."

        def ports(*indexes):
            return [(IF + f"2.{i}", "4", f"port{i}") for i in indexes] + [(IF + f"8.{i}", "2", 1) for i in indexes]
        made_up = {
            # gauges: a temperature, a voltage in tenths, a fan, a power supply's state; an optical module, and a cage without one
            "routeros": (e + "14988.1", ports(1, 2) + [
                *((e + f"14988.1.1.3.100.1.{c}.{i}", "2", v) for i, value, unit in ((13, 241, 3), (14, 45, 1), (17, 52, 1), (7001, 4200, 2), (7401, 0, 6))
                  for c, v in ((3, value), (4, unit))),
                (e + "14988.1.1.19.1.1.10.1", "2", -7412), (e + "14988.1.1.19.1.1.10.2", "2", 0)],
                {"temp_c": 52, "voltage_v": 24.1}, {"port1": -7.412}),
            "junos-lanes": (e + "2636.1.1.1.4.132", ports(510, 511) + [
                *((e + f"2636.3.60.1.2.1.1.6.{i}", "2", v) for i, v in (("510.0", -214), ("510.1", -230), ("511.0", 0))),
                *((e + f"2636.3.1.13.1.{c}.{i}", "2", v) for i, row in (("9.1.0.0", (41, 12, 67)), ("4.1.0.0", (0, 0, 0))) for c, v in zip((7, 8, 11), row))],
                {"temp_c": 41, "cpu_pct": 12, "mem_used_pct": 67}, {"port510": -2.14}),
            "comware": (e + "25506.11.1.172", ports(4, 5, 6) + [
                *((e + f"25506.2.70.1.1.1.12.{i}", "2", v) for i, v in ((4, -455), (5, 2147483647), (6, -3697))),
                *((e + f"25506.2.70.1.2.1.3.{i}", "2", v) for i, v in (("5.1", -321), ("5.2", -298), ("6.1", 2147483647))),
                *((e + f"25506.2.6.1.1.1.1.{c}.{i}", "2", v) for i, row in ((212, (14, 38, 48)), (213, (0, 0, 65535))) for c, v in zip((6, 8, 12), row))],
                {"cpu_pct": 14, "mem_used_pct": 38, "temp_c": 48}, {"port4": -4.55, "port5": -3.21, "port6": -36.97}),
            "dgs-1210": (e + "171.10.153.7.1", ports(49, 50) + [
                (e + "171.10.153.7.1.100.1.2.0", "2", 23), (e + "171.10.153.7.1.105.2.1.1.1.6.49", "4", "0.1000"),
                (e + "171.10.153.7.1.105.2.1.1.1.6.50", "4", "N/A")],
                {"cpu_pct": 23}, {"port49": -10}),
            # tenths of a microwatt; no light; a stack has a row of memory for each kind
            "dgs-3130": (e + "171.10.157.1.1", ports(25, 26) + [
                (e + "171.14.5.1.7.1.4.1.1", "66", 9), (e + "171.14.5.1.1.1.1.4.1.1", "2", 41),
                *((e + f"171.14.5.1.4.1.{c}.1.{kind}", "66", v) for kind, row in ((1, (512000, 128000)), (2, (64000, 60000))) for c, v in zip((3, 4), row)),
                (e + "171.14.72.1.4.1.1.25.25", "2", 2512), (e + "171.14.72.1.4.1.1.25.26", "2", 0)],
                {"cpu_pct": 9, "temp_c": 41, "mem_used_pct": 25}, {"port25": -6}),
            "dgs-1250": (e + "171.10.165.1.2", ports(51, 52) + [
                *((e + f"171.11.165.1000.5.1.7.1.{c}.1.1", "66", v) for c, v in ((3, 40), (4, 18), (5, 15))),
                (e + "171.11.165.1000.5.1.1.1.1.4.1.1", "2", 33),
                *((e + f"171.11.165.1000.5.1.4.1.{c}.1.{kind}", "66", v)
                  for kind, row in ((1, (240000, 96000)), (2, (45000, 44000))) for c, v in zip((3, 4), row)),
                (e + "171.11.165.1000.72.1.4.1.1.25.52", "2", 5012)],
                {"cpu_pct": 18, "temp_c": 33, "mem_used_pct": 40}, {"port52": -3}),
            "zxa10-c600": (e + "3902.1082.1001.650.1.1", ports(1) + [   # each card's 0 is no load of the device
                *((e + f"3902.1082.10.1.2.4.1.{c}.1.1.{card}", "2", 0) for c in (9, 11) for card in (1, 3, 4)),
                *((e + f"3902.3.6002.2.1.1.{c}.1.1.{card}.0", "2", v) for c, row in ((6, (41, 33)), (8, (7, 26))) for card, v in zip((1, 4), row)),
                (e + "3902.3.6002.2.4.1.3.1.1", "2", 29)],
                {"cpu_pct": 26, "mem_used_pct": 41, "temp_c": 29}, {}),
            "dgs-3700": (e + "171.10.102.1", ports(1) + [(e + "171.12.1.1.6.1.0", "2", 27), (e + "171.12.1.1.9.1.4.1", "2", 81)],
                {"cpu_pct": 27, "mem_used_pct": 81}, {}),
            "rg-s2910": (e + "4881.1.1.10.1.250", ports(1) + [
                *((e + f"4881.1.1.10.2.36.1.2.1.5.{node}", "66", v) for node, v in ((1, 6), (2, 14))),
                (e + "4881.1.1.10.2.35.1.1.1.6.1", "2", 500000), (e + "4881.1.1.10.2.35.1.1.1.7.1", "2", 205000)],
                {"cpu_pct": 14, "mem_used_pct": 41}, {}),
            "zxr10-5928": (e + "3902.3.100.20", ports(1) + [
                (e + "3902.3.3.1.1.4.1", "2", 44), (e + "3902.3.3.1.1.12.1", "2", 21),
                *((e + f"3902.3.2.3.1.10.0.0.{board}", "2", v) for board, v in ((1, 39), (2, 43), (3, 0)))],
                {"cpu_pct": 21, "mem_used_pct": 44, "temp_c": 43}, {}),
            "aos-cx": (e + "47196.4.1.1.1.353", ports(49, 50) + [
                (e + "47196.4.1.1.3.27.1.2.2.1.12.49.1", "4", "0.5012"), (e + "47196.4.1.1.3.27.1.2.2.1.12.49.2", "4", "0.2"),
                (e + "47196.4.1.1.3.27.1.2.2.1.12.50.1", "4", "0.00"),
                *((e + f"47196.4.1.1.3.11.3.1.1.7.1.{i}", "2", v) for i, v in (("1.2", 31500), ("1.3", 46250)))],
                {"temp_c": 46.25}, {"port49": -3}),
            "airos8": (e + "10002.1", ports(1) + [
                (e + "10002.1.1.1.1.1.0", "66", 61952), (e + "41112.1.4.8.3.0", "2", 606), (e + "41112.1.4.8.4.0", "2", 0)],
                {"cpu_pct": 6.06}, {}),
            "airfiber": (e + "10002.1", ports(1) + [
                (e + "41112.1.3.2.1.8.1", "2", 31), (e + "41112.1.3.2.1.10.1", "2", 29)], {"temp_c": 31}, {}),
            "airfiber60": (e + "10002.1", ports(1) + [(e + "41112.1.11.1.2.6.1", "2", 7)], {"cpu_pct": 7}, {}),
            "wave": (e + "41112", ports(1) + [
                (e + "41112.1.11.1.2.6.1", "2", 3), *((e + f"2021.4.{c}.0", "2", v) for c, v in ((5, 400000), (6, 200000), (14, 20000), (15, 40000)))],
                {"cpu_pct": 3, "mem_used_pct": 35}, {}),
            "ufiber": (e + "41112.1.5", ports(1) + [
                (e + "2021.11.11.0", "2", 80), *((e + f"41112.1.5.4.2.1.3.{i}", "2", v) for i, v in ((1, 42500), (2, 51250)))],
                {"cpu_pct": 20, "temp_c": 51.25}, {}),
            # an access point speaks for its cluster: rows by their address
            "instant": (e + "14823.1.2.59", ports(1) + [
                *((e + f"14823.2.3.3.1.2.1.1.{c}.104.40.207.1.2.{i}", "2", v)
                  for i, row in ((3, (6, 300, 400)), (4, (9, 100, 400))) for c, v in zip((7, 8, 10), row))],
                {"cpu_pct": 9, "mem_used_pct": 50}, {}),
            "ups-on-battery": (e + "534.1", [
                (e + "534.1.2.1.0", "2", 540), (e + "534.1.2.4.0", "2", 62), (e + "534.1.3.4.1.2.1", "2", 0), (e + "534.1.4.5.0", "2", 5)],
                {"on_battery": 1, "charge_pct": 62, "runtime_s": 540, "input_v": 0}, {}),
            # what of a module it is stands behind the ifIndex; the second port has no module, the third has a cable
            "catalyst-1300": (e + "9.1.3240", ports(49, 50, 51) + [
                (e + "9.6.1.101.1.8.0", "2", 17), *((e + f"9.6.1.101.83.5.1.1.2.{i}", "2", v) for i, v in ((1, 52), (2, 0))),
                *((e + f"9.6.1.101.90.1.2.1.3.{port}.{what}", "2", v) for port, row in ((49, ((5, 31), (6, 3287000), (8, -5120), (9, -7431))),
                                                                                     (50, ((5, 0), (8, 0), (9, 0))), (51, ((2, 1), (4, 3)))) for what, v in row)],
                {"cpu_pct": 17, "temp_c": 52}, {"port49": -7.431}),
            "nexus": (e + "9.12.3.1.3.1084", ports(1) + [(e + "9.9.305.1.1.1.0", "66", 12), (e + "9.9.305.1.1.2.0", "66", 61)],
                {"cpu_pct": 12, "mem_used_pct": 61}, {}),
            "controller": (e + "9.1.1069", ports(1) + [(e + f"14179.1.1.5.{c}.0", "2", v) for c, v in ((1, 4), (2, 1000000), (3, 400000))],
                {"cpu_pct": 4, "mem_used_pct": 60}, {}),
            "socomec": (e + "4555.1.1.7", [
                (e + "4555.1.1.7.1.2.3.0", "2", 65535), (e + "4555.1.1.7.1.2.4.0", "2", 88), (e + "4555.1.1.7.1.2.6.0", "2", 0), (e + "4555.1.1.7.1.2.7.0", "2", 245),
                (e + "4555.1.1.7.1.3.3.1.2.1", "2", 0), (e + "4555.1.1.7.1.4.1.0", "2", 3), (e + "4555.1.1.7.1.6.3.15.0", "2", 1)],
                {"on_battery": 1, "charge_pct": 88, "temp_c": 24.5, "input_v": 0}, {}),
            "eppc": (e + "935.10.1", [
                (e + "935.10.1.1.2.1.0", "2", 5), (e + "935.10.1.1.2.2.0", "2", 312), (e + "935.10.1.1.3.3.0", "2", 25), (e + "935.10.1.1.3.4.0", "2", 64),
                (e + "935.10.1.1.3.8.0", "2", -1), (e + "935.10.1.1.2.16.1.3.1", "2", 0)],
                {"on_battery": 1, "charge_pct": 64, "runtime_s": 1500, "temp_c": 31.2, "input_v": 0}, {}),
            "cyberpower": (e + "3808.1.1.1", [
                (e + "3808.1.1.1.2.2.1.0", "66", 97), (e + "3808.1.1.1.2.2.3.0", "66", 29), (e + "3808.1.1.1.2.2.4.0", "67", 150000),
                (e + "3808.1.1.1.3.2.1.0", "66", 2291), (e + "3808.1.1.1.4.1.1.0", "2", 2)],
                {"on_battery": 0, "charge_pct": 97, "runtime_s": 1500, "temp_c": 29, "input_v": 229.1}, {}),
            "sinetica": (e + "13891.101", [(e + f"13891.101.{c}", "2", v) for c, v in (
                ("2.3.0", 42), ("2.4.0", 88), ("2.7.0", 31), ("3.3.1.2.1", 500), ("3.3.1.3.1", 0), ("3.3.1.3.2", 2), ("4.1.0", 5))],
                {"on_battery": 1, "charge_pct": 88, "runtime_s": 2520, "temp_c": 31, "input_v": 2}, {}),
            "ita2": (e + "13400.2.54", [(e + f"13400.2.54.2.{c}.0", "2", v) for c, v in (
                ("1.2", 2), ("2.1", 0), ("5.7", 283), ("5.8", 65535), ("5.9", 247), ("5.10", 91))],
                {"on_battery": 1, "input_v": 0, "charge_pct": 91, "runtime_s": 1698, "temp_c": 24.7}, {}),
            # its own table tells, with no UPS-MIB beside it
            "huawei-ups": (e + "8072.3.2.10", [
                (e + "2011.6.174.1.2.101.1.1.1", "2", 4), (e + "2011.6.174.1.3.100.1.1.1", "66", 3),
                (e + "2011.6.174.1.6.100.1.3.1", "66", 71), (e + "2011.6.174.1.6.100.1.4.1", "66", 1980)],
                {"on_battery": 1, "charge_pct": 71, "runtime_s": 1980, "input_v": 0.3}, {}),
            "ups-that-guesses": (e + "9999.3", [
                ("1.3.6.1.2.1.33.1.2.3.0", "2", 0), ("1.3.6.1.2.1.33.1.2.4.0", "2", 100), ("1.3.6.1.2.1.33.1.2.7.0", "2", 0),
                ("1.3.6.1.2.1.33.1.3.3.1.3.1", "2", 2310), ("1.3.6.1.2.1.33.1.4.1.0", "2", 3)],
                {"on_battery": 0, "charge_pct": 100, "input_v": 231}, {}),
        }
        for name, (object_id, rows, _, _) in made_up.items():
            folder = self.write_device(name, [("1.3.6.1.2.1.1.2.0", "6", object_id), ("1.3.6.1.2.1.1.3.0", "67", 100), *rows])
        facts = {"cpu_pct", "mem_used_pct", "temp_c", "voltage_v", "on_battery", "charge_pct", "runtime_s", "input_v"}
        with farm.Farm(self.dir.name, recordings=folder) as devices:
            _, docs = poll(devices.address, *made_up, rounds=1)
        for name, (_, _, figures, light) in made_up.items():
            with self.subTest(name):
                doc = docs[name]
                self.assertEqual(set(doc) & facts, set(figures))
                self.assertFalse({m for m in doc if m.startswith("mem_")} - {"mem_used_pct"})  # their units are the makers' own
                for key, value in figures.items():
                    self.assertAlmostEqual(doc[key], value, delta=0.001, msg=key)
                got = {i["descr"]: i["rx_power_dbm"] for i in doc["interfaces"] if i["rx_power_dbm"] is not None}
                self.assertEqual(set(got), set(light))
                for port, dbm in light.items():
                    self.assertAlmostEqual(got[port], dbm, delta=0.001, msg=port)
        self.assertEqual(docs["comware"]["profile"], "HPE Comware")

    def test_lanes_of_huawei(self):
        """A text of lanes in hundredths of a dBm or, with YunShan, in dBm; the number beside it is microwatts or hundredths."""
        told = {1: (6000, 263, "-580.04"), 2: (6000, 968, "-14.12"), 3: (0, 0, "-Inf"), 4: (6000, 0, "-Inf"), 5: (7000, -1731, "-17.31,-17.02"),
                6: (7000, -87, "-0.87,-1.12"), 7: (7000, 31, "0.31,0.28"), 8: (0, -1, ""), 9: (7000, -1, "-24.45,-24.90"),
                10: (6000, -455, "-455.00,-460.00")}
        want = {"100GE1/0/1": -5.8004, "100GE1/0/2": -0.1412, "100GE1/0/4": -40, "100GE1/0/5": -17.31, "100GE1/0/6": -0.87, "100GE1/0/7": 0.31,
                "100GE1/0/9": -24.45, "100GE1/0/10": -4.55}
        rows = [("1.3.6.1.2.1.1.2.0", "6", "1.3.6.1.4.1.2011.2.23.999"), ("1.3.6.1.2.1.1.3.0", "67", 100)]
        for i, (bias, power, lanes) in told.items():
            rows += [(IF + f"2.{i}", "4", f"100GE1/0/{i}"), (IF + f"8.{i}", "2", 1), (f"1.3.6.1.2.1.47.1.1.1.1.7.{16850433 + i}", "4", f"100GE1/0/{i}")]
            rows += [(f"1.3.6.1.4.1.2011.5.25.31.1.1.3.1.{c}.{16850433 + i}", t, v) for c, t, v in ((7, "2", bias), (8, "2", power), (32, "4", lanes))]
        with farm.Farm(self.dir.name, recordings=self.write_device("lanes", rows)) as devices:
            _, docs = poll(devices.address, "lanes")
        got = {i["descr"]: i["rx_power_dbm"] for i in docs["lanes"]["interfaces"] if i["rx_power_dbm"] is not None}
        self.assertEqual(set(got), set(want))
        for port, dbm in want.items():
            self.assertAlmostEqual(got[port], dbm, delta=0.001, msg=port)

    def test_storage(self):
        """What holds data; not the file systems of a few kilobytes that are always full."""
        table, kinds = "1.3.6.1.2.1.25.2.3.1.", "1.3.6.1.2.1.25.2.1."
        rows = [("1.3.6.1.2.1.1.2.0", "6", "1.3.6.1.4.1.2636.1.1.1.2.39"), ("1.3.6.1.2.1.1.3.0", "67", 100), (IF + "8.1", "2", 1)]
        for i, row in enumerate((("4", "/dev/da0s1a, mounted on: /", 512, 600000, 300000), ("4", "devfs: dev file system, mounted on: /dev", 1024, 1, 1),
                                 ("2", "main memory", 1024, 65536, 16384), ("1", "nothing", 1024, 0, 0)), 1):
            rows += [(f"{table}{c}.{i}", t, v) for c, t, v in zip((2, 3, 4, 5, 6), ("6", "4", "2", "2", "2"), (kinds + row[0], *row[1:]))]
        with farm.Farm(self.dir.name, recordings=self.write_device("storage", rows)) as devices:
            _, docs = poll(devices.address, "storage")
        self.assertEqual([(s["name"], s["size_mb"], s["used_mb"]) for s in docs["storage"]["storage"]],
                         [("/dev/da0s1a, mounted on: /", 307.2, 153.6), ("main memory", 67.11, 16.78)])

    def test_neighbours(self):
        """Who is behind which port, in the numbers that each maker counts ports by."""
        lldp, station = "1.0.8802.1.1.2.1.", "1.3.6.1.2.1.17.4.3.1.2.0.0.0.0.0."

        def ports(**names):
            return [row for i, n in names.items()
                    for row in ((IFX + f"1.{i[1:]}", "4", n), (IF + f"8.{i[1:]}", "2", 1))]

        def seen(at, chassis, port, descr, name):
            return [(lldp + f"4.1.1.{c}.{at}", "4", v) for c, v in ((5, chassis), (7, port), (8, descr), (9, name))]
        made_up = {
            # RouterOS of before: by a number alone, or with a port 0; it learns addresses by ifIndex, where a bridge's port should be
            "routeros": ("14988.1", ports(_5="ether5", _7="trunk", _9="sfp1", _12="sfp2") + seen("3", "AA:BB:CC:00:11:22", "bridge/ether1", "", "kho") +
                         seen("0.0.8", "", "ether2", "", "") + seen("11", "AA:BB:CC:00:11:33", "", "", "") +
                         [(f"1.3.6.1.4.1.14988.1.1.11.1.1.8.{i}", "2", v) for i, v in ((3, 5), (8, 9))] +
                         [(f"1.3.6.1.2.1.17.1.4.1.2.{i}", "2", v) for i, v in ((9, 12), (22, 5), (23, 9))] +
                         [(station + str(i), "2", v) for i, v in enumerate((7, 7, 9, 12, 5))],
                         [("ether5", "kho", "bridge/ether1", None), ("sfp1", None, "ether2", None), (None, "AA:BB:CC:00:11:33", None, None),
                          ("trunk", None, None, 2), ("sfp1", None, None, 1), ("sfp2", None, None, 1), ("ether5", None, None, 1)]),
            # ports named by their number, by an address, by a remark
            "junos": ("2636.1.1.1.2.39", ports(_520="ge-0/0/0.0") + seen("7.520.1", "", "611", "len xa", "xa-1") + seen("7.521.1", "", "9", "-", "xa-2") +
                      [(lldp + f"3.7.1.{c}.{i}", "4", v) for i, row in ((520, ("520", "-")), (521, ("521", "cap quang"))) for c, v in zip((3, 4), row)],
                      [("ge-0/0/0.0", "xa-1", "len xa", None), ("cap quang", "xa-2", "9", None)]),
            "by-address": ("9999.1", ports(_2="eth2") + seen("0.2.1", "", "aa:bb:cc:dd:ee:ff", "NIC 1", "may-chu") +
                           seen("0.3.1", "", "gi3", "to core", "sw") +
                           [(lldp + f"3.7.1.3.{i}", "4", f"AA:BB:CC:DD:EE:0{i}") for i in (2, 3)],
                           [("eth2", "may-chu", "NIC 1", None), ("AA:BB:CC:DD:EE:03", "sw", "gi3", None)]),
            # both speak of the same neighbour, which may have a namesake or another line
            "twice": ("9.1.1208", ports(_10101="Gi0/1", _10102="Gi0/2") + seen("0.1.1", "", "Gi0/24", "to xa", "sw-1") +
                      seen("0.2.2", "0a:0b:0c:0d:0e:0f", "7", "", "") +
                      [(lldp + f"3.7.1.3.{i}", "4", f"Gi0/{i}") for i in (1, 2)] +
                      [(f"1.3.6.1.4.1.9.9.23.1.2.1.1.{c}.{i}", "4", v)
                       for i, row in (("10101.1", ("SW-1.xa.vn", "GigabitEthernet0/24")), ("10101.2", ("sw-1-b", "Gi0/24")),
                                      ("10102.1", ("sw-1", "GigabitEthernet0/23"))) for c, v in zip((6, 7), row)],
                      [("Gi0/1", "sw-1", "Gi0/24", None), ("Gi0/2", "0a:0b:0c:0d:0e:0f", "7", None), ("Gi0/1", "sw-1-b", "Gi0/24", None),
                       ("Gi0/2", "sw-1", "GigabitEthernet0/23", None)]),
            "procurve": ("11.2.3.7.11.84", ports(_8="8") + seen("0.8.1", "e8:39:35:00:00:99", "e8:39:35:00:00:99", "", "") +
                         [(f"1.3.6.1.4.1.9.9.23.1.2.1.1.{c}.8.1", "4", "e8:39:35:00:00:99") for c in (6, 7)],
                         [("8", "e8:39:35:00:00:99", None, None)]),
            # a bridge as the MIB has it, whose processor's port is not in its list
            "bridge": ("9999.2", ports(_101="p1", _102="p2") + [(f"1.3.6.1.2.1.17.1.4.1.2.{i}", "2", 100 + i) for i in (1, 2)] +
                       [(station + str(i), "2", v) for i, v in enumerate((1, 2, 49, 0))],
                       [("p1", None, None, 1), ("p2", None, None, 1), ("bridge port 49", None, None, 1)]),
        }
        for name, (object_id, rows, _) in made_up.items():
            folder = self.write_device(name, [("1.3.6.1.2.1.1.2.0", "6", "1.3.6.1.4.1." + object_id), ("1.3.6.1.2.1.1.3.0", "67", 100), *rows])
        with farm.Farm(self.dir.name, recordings=folder) as devices:
            _, docs = poll(devices.address, *made_up)
        for name, (_, _, want) in made_up.items():
            with self.subTest(name):
                got = [tuple(n.get(k) for k in ("local", "name", "port", "stations")) for n in docs[name]["neighbours"]]
                self.assertEqual(sorted(got, key=str), sorted(want, key=str))

    def test_sensors_told_twice(self):
        """ENTITY-SENSOR-MIB and Cisco's own beside it have the same sensors: each is there once, and dBm is Cisco's to know."""
        standard, cisco, names = "1.3.6.1.2.1.99.1.1.1.", "1.3.6.1.4.1.9.9.91.1.1.1.1.", "1.3.6.1.2.1.47.1.1.1.1.7."
        rows = [("1.3.6.1.2.1.1.2.0", "6", "1.3.6.1.4.1.9.1.2494"), ("1.3.6.1.2.1.1.3.0", "67", 100),
                (IF + "2.9", "4", "TenGigabitEthernet1/1/1"), (IFX + "1.9", "4", "Te1/1/1"), (IF + "8.9", "2", 1)]
        # type, scale, precision, value, status
        for index, name, of_standard, of_cisco in ((1010, "Switch 1 - Inlet Temp Sensor", (8, 9, 0, 29, 1), (8, 9, 0, 29, 1)),
                                                   (1121, "Te1/1/1 Receive Power Sensor", (1, 9, 1, -62, 1), (14, 9, 1, -62, 1)),
                                                   (1122, "Te1/1/1 Supply Voltage Sensor", (4, 9, 2, 331, 1), (4, 8, 0, 3312, 1))):
            rows.append((f"{names}{index}", "4", name))
            for table, row in ((standard, of_standard), (cisco, of_cisco)):
                rows += [(f"{table}{c}.{index}", "2", v) for c, v in enumerate(row, 1)]
        folder = self.write_device("twice", rows)
        with farm.Farm(self.dir.name, recordings=folder) as devices:
            _, docs = poll(devices.address, "twice", rounds=2)
        self.assertEqual((len(docs["twice"]["sensors"]), docs["twice"]["temp_c"]), (3, 29))
        self.assertEqual([i["rx_power_dbm"] for i in docs["twice"]["interfaces"]], [-6.2])

    def test_light_in_watts(self):
        """IOS-XR: a module's light in parts of a milliwatt, named after where it is; -32768 is nothing measured."""
        cisco, names = "1.3.6.1.4.1.9.9.91.1.1.1.1.", "1.3.6.1.2.1.47.1.1.1.1.7."
        ports = {11: "dwdm0/1/0/4", 12: "TenGigE0/1/0/4", 13: "TenGigE0/1/0/14", 14: "GigabitEthernet0/1/1/4",
                 15: "TenGigE0/1/0/5", 16: "TwentyFiveGigE0/0/0/20", 17: "TenGigE0/1/0/4.100"}
        rows = [("1.3.6.1.2.1.1.2.0", "6", "1.3.6.1.4.1.9.1.1762"), ("1.3.6.1.2.1.1.3.0", "67", 100)]
        for index, name in ports.items():
            rows += [(f"{IF}2.{index}", "4", name), (f"{IF}8.{index}", "2", 1)]
        for index, (name, *row) in enumerate((
                ("power Rx 0/1/CPU0/4", 6, 8, 4, 5012), ("power Tx 0/1/CPU0/4", 6, 8, 4, 7943), ("power Rx 0/1/0/5", 6, 8, 4, 0),
                ("power Rx 0/1/1/4", 6, 8, 4, -32768), ("temperature 0/1/1/4", 8, 9, 1, -32768), ("temperature 0/1/CPU0", 8, 9, 1, 384),
                ("TwentyFiveGigE0/0/0/20-Rx Power", 6, 8, 4, 3162), ("power-module 0/PS0/M0/SP", 6, 9, 0, 412)), 7000001):
            rows.append((f"{names}{index}", "4", name))
            rows += [(f"{cisco}{c}.{index}", "2", v) for c, v in enumerate(row, 1)]
        folder = self.write_device("watts", rows)
        with farm.Farm(self.dir.name, recordings=folder) as devices:
            _, docs = poll(devices.address, "watts", rounds=2)
        self.assertEqual((len(docs["watts"]["sensors"]), round(docs["watts"]["temp_c"], 1)), (6, 38.4))
        light = {i["descr"]: round(i["rx_power_dbm"], 1) for i in docs["watts"]["interfaces"] if i["rx_power_dbm"] is not None}
        self.assertEqual(light, {"TenGigE0/1/0/4": -3.0, "TenGigE0/1/0/5": -40.0, "TwentyFiveGigE0/0/0/20": -5.0})

    def test_neighbours_named_by_addresses(self):
        """LLDP: a port is named by an address whose bytes would be letters, or by a text that ends with NUL."""
        remote = "1.0.8802.1.1.2.1.4.1.1."
        rows = [("1.3.6.1.2.1.1.2.0", "6", "1.3.6.1.4.1.171.10.70.9"), ("1.3.6.1.2.1.1.3.0", "67", 100)]
        for port, (said, name) in enumerate((("001e58414243", "sw-a"), ("f8a1b2c3d4e5", "sw-b"), ("312f32350000", "sw-c"),
                                             ("4769302f3132", "sw-d"), ("312f323500", "sw-e")), 1):
            rows += [(f"{IF}2.{port}", "4", f"Port {port}"), (f"{IF}8.{port}", "2", 1), (f"{remote}7.55.{port}.1", "4x", said),
                     (f"{remote}9.55.{port}.1", "4", name), (f"1.0.8802.1.1.2.1.3.7.1.3.{port}", "4x", "001e58415000")]
        folder = self.write_device("beside", rows)
        with farm.Farm(self.dir.name, recordings=folder) as devices:
            _, docs = poll(devices.address, "beside", rounds=2)
        said = {n["name"]: n["port"] for n in docs["beside"]["neighbours"]}
        self.assertEqual(said, {"sw-a": "00:1e:58:41:42:43", "sw-b": "f8:a1:b2:c3:d4:e5", "sw-c": "1/25", "sw-d": "Gi0/12", "sw-e": "1/25"})
        self.assertEqual({n["local"] for n in docs["beside"]["neighbours"]}, {f"Port {i}" for i in range(1, 6)})

    def test_v1_only(self):
        with farm.Farm(self.dir.name, "--v1-only", "1", "--frozen", "1") as devices:
            names = ["mikrotik-rb750gr3", "draytek-vigor2920", "huawei-ar169"]
            _, docs = poll(devices.address, *names, rounds=1)
            for name in names:
                self.assertEqual((docs[name]["version"], docs[name]["words"]), (1, "it answers"))
                # v1 carries no 64-bit counters: rows that have nothing else are still there by their states
                got = {i["index"]: i["name"] for i in docs[name]["interfaces"]}
                want = {k: v["name"] for k, v in expected(farm.rows(name)).items()}
                self.assertEqual(got, {k: want[k] for k in got}, name)
                self.assertTrue(got, name)

    def test_awkward_devices(self):
        """Answers cut, small packets, few rows at a time, no GETBULK: all the same in the end."""
        for options in (["--max-pdu", "484"], ["--max-rep", "2"], ["--no-bulk", "1"], ["--dup-pct", "50"],
                        ["--loss-pct", "3"], ["--delay-ms", "30", "--jitter-ms", "50"]):
            with self.subTest(options), farm.Farm(self.dir.name, "--frozen", "1", *options) as devices:
                names = ["mikrotik-rb750gr3", "hpe-2910al", "fortigate-60f"]
                _, docs = poll(devices.address, *names, rounds=1)
                for name in names:
                    self.assertEqual(docs[name]["words"], "it answers", f"{name} {options}")
                    self.compare(name, docs[name], None)

    def test_lying_devices(self):
        """Endless walks and damaged answers end, say so, and cost the honest device beside them nothing."""
        for options in (["--loop-at", IF + "7.20"], ["--stuck-at", IF + "7.20"], ["--badid-pct", "100"],
                        ["--corrupt-pct", "100"], ["--truncate-pct", "100"], ["--file-order", "1"],
                        ["--dead-pct", "100"]):
            lying = [options[0], "cisco-c3560=" + options[1]]
            with self.subTest(options), farm.Farm(self.dir.name, "--frozen", "1", *lying) as devices:
                _, docs = poll(devices.address, "cisco-c3560", "hpe-2910al", rounds=1)
                self.assertEqual(docs["hpe-2910al"]["words"], "it answers")
                self.compare("hpe-2910al", docs["hpe-2910al"], None)
                liar = docs["cisco-c3560"]
                self.assertLess(liar["requests"], 400)
                if options[0] in ("--badid-pct", "--dead-pct", "--truncate-pct"):
                    self.assertIn("no answer", liar["words"])
                if options[0] in ("--loop-at", "--stuck-at"):
                    self.assertTrue(liar["backwards"] or liar["interfaces"], options)

    def test_every_recording_lies(self):
        """Each way of lying, all recordings at once: every device ends in a state that has words, the honest one is whole."""
        honest = "hpe-2910al"
        for option, value in (("--badid-pct", "100"), ("--corrupt-pct", "100"), ("--truncate-pct", "100"), ("--corrupt-pct", "20"),
                              ("--truncate-pct", "20"), ("--file-order", "1"), ("--loop-at", IF + "8"), ("--stuck-at", IF + "2"),
                              ("--hide", "1.3.6.1.2.1.1"), ("--hide", "1.3.6.1.2.1.2")):
            never = "1.9" if value.startswith("1.") else "0"  # what makes the honest one honest
            with self.subTest(f"{option} {value}"), farm.Farm(self.dir.name, "--frozen", "1", option, value, option, f"{honest}={never}") as devices:
                names = farm.names()
                head, docs = poll(devices.address, *names, rounds=1)
                self.assertEqual(set(docs), set(names))
                if option != "--hide":  # the farm hides it from all
                    self.assertEqual(docs[honest]["words"], "it answers")
                    self.compare(honest, docs[honest], None)
                for name, doc in docs.items():
                    self.assertIn(doc["words"], ANSWERS, name)
                    self.assertLess(doc["requests"], 6000, name)
                    if (option, value) in (("--badid-pct", "100"), ("--truncate-pct", "100")) and name != honest:
                        self.assertNotEqual(doc["words"], "it answers", name)

    def test_wrong_types(self):
        """A recording whose counters are texts and whose texts are numbers: nothing is made up of it."""
        swapped = {"65": "4", "70": "4", "66": "4", "67": "4", "2": "4", "4": "2", "4x": "70", "6": "65"}
        folder = self.dir.name + "/wrong"
        os.makedirs(folder, exist_ok=True)
        with open(f"{farm.RECORDINGS}/cisco-c3560.snmprec", encoding="latin-1", newline="\n") as source, \
                open(folder + "/liar.snmprec", "w", encoding="latin-1", newline="\n") as f:
            for line in source:
                part = line.rstrip("\r\n").split("|", 2)
                if len(part) == 3 and part[1] in swapped:
                    kind = swapped[part[1]]
                    f.write(f"{part[0]}|{kind}|{part[2] if kind == '4' else 7}\n")
        with farm.Farm(self.dir.name, recordings=folder) as devices:
            _, docs = poll(devices.address, "liar")
        liar = docs["liar"]
        self.assertEqual(liar["words"], "it answers")
        for i in liar["interfaces"]:
            self.assertEqual((i["name"], i["oper"], i["speed"], i["rates"]), ("", 0, 0, [None] * 6))
        self.assertFalse([k for k in ("cpu_pct", "temp_c", "mem_used_pct") if k in liar])

    def test_ten_thousand_interfaces(self):
        folder = self.dir.name + "/large"
        os.makedirs(folder, exist_ok=True)
        count = 10000
        columns = ((IF + "2.", "4", "eth{i}"), (IF + "3.", "2", "6"), (IF + "5.", "66", "1000000000"), (IF + "7.", "2", "1"),
                   (IF + "8.", "2", "1"), (IF + "13.", "65", "0"), (IF + "14.", "65", "0"), (IF + "19.", "65", "0"), (IF + "20.", "65", "0"),
                   (IFX + "1.", "4", "eth{i}"), (IFX + "6.", "70", "{i}"), (IFX + "10.", "70", "{i}"), (IFX + "15.", "66", "1000"))
        with open(folder + "/large.snmprec", "w", encoding="ascii") as f:
            f.write("1.3.6.1.2.1.1.1.0|4|large\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9.1.1\n1.3.6.1.2.1.1.3.0|67|100\n")
            for column, kind, value in columns:
                f.writelines(f"{column}{i}|{kind}|{value.format(i=i)}\n" for i in range(1, count + 1))
        with farm.Farm(self.dir.name, recordings=folder) as devices:
            head, docs = poll(devices.address, "large")
        doc = docs["large"]
        self.assertEqual(doc["words"], "it answers")
        self.assertEqual([i["name"] for i in doc["interfaces"]], [f"eth{i}" for i in range(1, count + 1)])
        self.assertTrue(all(i["rates"][0] is not None for i in doc["interfaces"]))
        print(f"{count} interfaces, {doc['requests']} requests, the loop stood still {head['stall_ms']} ms at most")

    def test_a_reboot_is_no_spike(self):
        with farm.Farm(self.dir.name, "--reboot-every", "4") as devices:
            _, docs = poll(devices.address, "cisco-c3560", rounds=6, gap_ms=900)
            doc = docs["cisco-c3560"]
            self.assertGreaterEqual(doc["reboots"], 1)
            true = devices.rates("cisco-c3560")
            for i in doc["interfaces"]:
                for at, rate in enumerate(RATES[:2]):
                    seen = i["rates"][at]
                    self.assertTrue(seen is None or seen <= true[i["index"]][rate] * 1.5 + 1, (i["name"], seen))

    def test_a_closed_port(self):
        _, docs = poll(f"127.0.0.1:{farm.free_port()}", "public", rounds=1)
        self.assertIn("no SNMP agent listens", docs["public"]["words"])


SIMULATOR = shutil.which("snmpsimd")
AT_ONCE = 6  # it answers some hundred questions a second, all one after the other
OF_THE_MOMENT = {"who", "uptime_s", "requests"}
OF_ITS_INTERFACES = {"object_id", "name", "descr", "profile", "version", "interfaces"}


def in_order(name):
    """The farm serves rows sorted, snmpsim as the file has them: then a table may end early there."""
    with open(f"{farm.RECORDINGS}/{name}.snmprec", encoding="latin-1", newline="\n") as f:
        oids = [tuple(map(int, line.partition("|")[0].strip(".").split("."))) for line in f if "|" in line]
    return all(a < b for a, b in zip(oids, oids[1:]))


class Simulator:
    """Stock snmpsim with the recordings line by line as they are, but that counters move at the farm's rates."""

    def __init__(self, folder, program):
        self.port, self.address = farm.free_port(), None
        self.data, self.cache, self.rates = folder + "/data", folder + "/cache", {}
        os.makedirs(self.data)
        os.makedirs(self.cache)
        moving = {f"{IF}{n}": rate for n, rate in zip((10, 16, 14, 20, 13, 19), RATES)} | {IFX + "6": "inOctets", IFX + "10": "outOctets"}
        most = {"65": 2**32 - 1, "70": 2**64 - 1}
        for name in farm.names():
            rates = self.rates[name] = farm.print_rates(program, name)
            with open(f"{farm.RECORDINGS}/{name}.snmprec", encoding="latin-1", newline="\n") as source, \
                    open(f"{self.data}/{name}.snmprec", "w", encoding="latin-1", newline="\n") as f:
                for line in source:
                    oid, kind, value = (line.rstrip("\r\n").split("|", 2) + ["", ""])[:3]
                    column, _, index = oid.rpartition(".")
                    if column in moving and kind in most and int(index) in rates:
                        line = (f"{oid}|{kind}:numeric|initial={value},rate={rates[int(index)][moving[column]]},wrap=1,"
                                f"max={most[kind]}\n")
                    f.write(line)

    def answers(self):
        assert self.process.poll() is None, "snmpsimd did not start"
        return subprocess.run(["snmpget", "-r0", "-t1", "-v2c", "-c", "hpe-2910al", self.address, "1.3.6.1.2.1.1.2.0"], check=False,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "MIBS": ""}).returncode == 0

    def __enter__(self):
        self.address = f"127.0.0.1:{self.port}"
        as_root = ["--process-user=root", "--process-group=root"] if os.getuid() == 0 else []
        # not --v2c-arch: of more rows than fit it never makes an end
        self.process = subprocess.Popen([SIMULATOR, f"--data-dir={self.data}", f"--cache-dir={self.cache}", *as_root,
                                         f"--agent-udpv4-endpoint={self.address}", "--logging-method=null"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for("snmpsim answers", self.answers, 120)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class StockSimulator(Compared):
    """A second opinion: another program, by other people, serves the same recordings."""

    def test_the_same_of_both(self):
        if SIMULATOR is None:
            self.skipTest("snmpsim is not installed")
        names, interfaces, whole = farm.names(), 0, 0
        with farm.Farm(self.dir.name) as devices, Simulator(self.dir.name + "/sim", devices.program) as simulator:
            _, of_farm = poll(devices.address, *names)
            for at in range(0, len(names), AT_ONCE):
                _, docs = poll(simulator.address, *names[at:at + AT_ONCE])
                for name, doc in docs.items():
                    with self.subTest(name):
                        self.assertEqual(doc["words"], "it answers", name)
                        interfaces += self.compare(name, doc, simulator.rates[name])
                        other = of_farm[name]
                        whole += in_order(name)
                        keys = (doc.keys() | other.keys()) - OF_THE_MOMENT if in_order(name) else OF_ITS_INTERFACES
                        for d in (doc, other):
                            for i in d["interfaces"]:
                                del i["rates"]
                        for key in keys:
                            self.assertEqual(doc.get(key), other.get(key), f"{name}: {key}")
        self.assertGreater(interfaces, 3000)
        self.assertGreater(whole, 40)
        print(f"{len(names)} devices, {interfaces} interfaces: of snmpsim what the farm says")


SNMPD_CONF = """createUser full SHA-256 "auth-pass-1" AES "priv-pass-1"
createUser half SHA "auth-pass-2"
createUser none
createUser tall SHA-512 "auth-pass-3" AES-256 "priv-pass-3"
rouser full priv
rouser half auth
rouser none noauth
rouser tall priv
rocommunity public 127.0.0.1
rocommunity narrow 127.0.0.1 .1.3.6.1.2.1.1
"""


class V3(unittest.TestCase):
    """Against the distribution's snmpd: levels, protocols, and what a person is told when a key is wrong."""

    def start(self, engine):
        with open(f"{self.dir.name}/snmpd.conf", "w", encoding="utf-8") as f:
            f.write(SNMPD_CONF + f'exactEngineID {engine}\nagentaddress udp:127.0.0.1:{self.port}\n')
        self.daemon = subprocess.Popen(
            [SNMPD, "-f", "-C", "-c", f"{self.dir.name}/snmpd.conf", "-Le", "-I", "-smux"],
            env={**os.environ, "MIBS": "", "SNMP_PERSISTENT_DIR": f"{self.dir.name}/kept"},
            stderr=subprocess.PIPE, text=True)
        for line in self.daemon.stderr:
            if "NET-SNMP version" in line:
                return

    def stop(self):
        self.daemon.terminate()
        self.daemon.communicate()

    def setUp(self):
        if SNMPD is None:
            self.skipTest("snmpd is not installed")
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)
        self.port = farm.free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.start("0x8000000001020304")

    def test_levels_and_wrong_keys(self):
        users = {
            "full:2:SHA-256:auth-pass-1:AES:priv-pass-1": "it answers",
            "tall:2:SHA-512:auth-pass-3:AES-256:priv-pass-3": "it answers",
            "half:1:SHA:auth-pass-2": "it answers",
            "none:0": "it answers",
            "full:2:SHA-256:auth-wrong-1:AES:priv-pass-1": "wrong authentication key",
            "stranger:2:SHA-256:auth-pass-1:AES:priv-pass-1": "does not know this user",
            "full:2:SHA-256:auth-pass-1:AES:priv-wrong-1": "no answer",
            "half:2:SHA:auth-pass-2:AES:auth-pass-2": "security level",
        }
        try:
            for user, words in users.items():
                with self.subTest(user):
                    head, docs = poll(self.address, user, rounds=1, version=3)
                    self.assertIn(words, docs[user]["words"])
                    if words == "it answers":
                        self.assertEqual(docs[user]["engine"], 8)
                        self.assertIn("lo", [i["name"] for i in docs[user]["interfaces"]])
        finally:
            self.stop()

    def test_what_a_person_is_told(self):
        """nhipctl snmp test: what works, or what to mend."""
        def secret(text):
            path = f"{self.dir.name}/{text}"
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as f:
                f.write(text + "\n")
            return path

        def v3(user, auth, priv):
            return f"user={user}", f"auth_key_file={secret(auth)}", f"priv_key_file={secret(priv)}"

        tries = (
            (0, (), ("it answers (SNMP v2)", "profile   net-snmp", "  ports  ")),
            (0, v3("full", "auth-pass-1", "priv-pass-1"), ("it answers (SNMP v3)", "engine    known")),
            (1, ("community=other",), ("an SNMP agent is there, but does not answer this community",)),
            (1, ("community=narrow",), ("it answers (SNMP v2)", "its view is too narrow: it shows no port")),
            (1, v3("full", "auth-wrong-1", "priv-pass-1"), ("wrong authentication key",)),
            (1, v3("full", "auth-pass-1", "priv-wrong-1"), ("wrong privacy key or protocol",)),
            (1, v3("stranger", "auth-pass-1", "priv-pass-1"), ("does not know this user",)),
            # net-snmp refuses a level that its view does not take by the same error as a view that is too narrow
            (1, v3("full", "auth-pass-1", "priv-pass-1")[:2], ("access refused", "a higher level of this user than authNoPriv")),
            (1, ("user=half", "level=noAuthNoPriv"), ("access refused", "a higher level of this user than noAuthNoPriv")),
            (1, ("user=none", v3("none", "auth-pass-1", "priv-pass-1")[1]), ("does not allow this user this security level",)),
        )

        def told(address, *words):
            return subprocess.run([os.path.join(os.environ["NHIP_BIN"], "nhipctl"), "snmp", "test", address, *words],
                                  capture_output=True, text=True, timeout=100, check=False)
        try:
            for status, words, said in tries:
                with self.subTest(words):
                    done = told(self.address, *words)
                    self.assertEqual((done.returncode, done.stderr), (status, ""), done.stdout)
                    for text_of in said:
                        self.assertIn(text_of, done.stdout)
        finally:
            self.stop()
        done = told(self.address)
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertIn("no SNMP agent listens on this port", done.stdout)

    def test_nobody_blocks_the_loop(self):
        """Users whose engine never answers, beside the beat of the loop."""
        self.stop()
        silent = farm.free_port()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", silent))
            head, docs = poll(f"127.0.0.1:{silent}", *[f"u{i}:2:SHA-256:auth-pass-1:AES:priv-pass-1" for i in range(40)],
                              rounds=1, version=3)
        self.assertEqual({d["words"][:9] for d in docs.values()}, {"no answer"})
        # one blocking probe of net-snmp's would be its whole timeout of 2,100 ms
        self.assertLess(head["stall_ms"], 1500)

    def test_another_engine_at_the_same_address(self):
        user = "full:2:SHA-256:auth-pass-1:AES:priv-pass-1"
        process = subprocess.Popen([POLL, "12", "300", self.address, "3", user], stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        try:
            self.stop()
            self.start("0x8000000099999999")
            doc = [json.loads(line) for line in process.communicate(timeout=200)[0].splitlines()][1]
            self.assertEqual(doc["words"], "it answers")
        finally:
            self.stop()


if __name__ == "__main__":
    farm.need()
    unittest.main()
