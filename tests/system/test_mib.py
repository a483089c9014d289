# SPDX-License-Identifier: GPL-3.0-or-later
"""NHIP-MIB: smilint at its strictest has nothing to say, snmptranslate knows its names, with either root."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.environ.get("NHIP_SOURCE", os.path.join(os.path.dirname(__file__), "../.."))
BUILD = os.environ.get("NHIP_BUILD", os.path.join(SOURCE, "build/debug"))
STUBS = os.path.join(SOURCE, "mibs/stubs")
NET_SNMP = "/usr/share/snmp/mibs"


class Mib(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="nhip-mib.")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        with open(os.path.join(BUILD, "share/nhip-mibs/NHIP-MIB.txt"), encoding="utf-8") as f:
            self.text = f.read()

    def write(self, text):
        path = os.path.join(self.dir, "NHIP-MIB.txt")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def lint(self, text):
        """Its exit status is 0 whatever it says, so what it says counts."""
        done = subprocess.run(["smilint", "-l", "9", "-s", self.write(text)], capture_output=True, text=True, check=True,
                              env={**os.environ, "SMIPATH": f"{STUBS}:{NET_SNMP}"})
        return done.stdout + done.stderr

    def translate(self, name, text):
        self.write(text)
        return subprocess.run(["snmptranslate", "-On", "NHIP-MIB::" + name], capture_output=True, text=True, check=False,
                              env={**os.environ, "MIBS": "NHIP-MIB", "MIBDIRS": f"{self.dir}:{STUBS}:{NET_SNMP}",
                                   "SNMP_PERSISTENT_DIR": self.dir}).stdout.strip()

    def own(self, number):
        """The MIB as a build with one's own enterprise number makes it."""
        build = os.path.join(self.dir, "build")
        script = os.path.join(self.dir, "make.cmake")
        with open(script, "w", encoding="utf-8") as f:
            f.write(f'cmake_minimum_required(VERSION 3.25)\nproject(own NONE)\nset(CMAKE_SOURCE_DIR "{SOURCE}")\n'
                    f'include("{SOURCE}/cmake/NhipMib.cmake")\nnhip_mib("{build}/NHIP-MIB.txt")\n'
                    f'file(WRITE "{build}/root" "${{NHIP_MIB_ROOT}}")\n')
        os.makedirs(os.path.join(self.dir, "tree"))
        shutil.move(script, os.path.join(self.dir, "tree/CMakeLists.txt"))
        subprocess.run(["cmake", f"-DNHIP_ENTERPRISE={number}", "-S", os.path.join(self.dir, "tree"), "-B",
                        os.path.join(self.dir, "make")], capture_output=True, check=True)
        with open(os.path.join(build, "NHIP-MIB.txt"), encoding="utf-8") as f:
            mib = f.read()
        with open(os.path.join(build, "root"), encoding="utf-8") as f:
            return mib, f.read()

    def test_smilint_has_nothing_to_say(self):
        self.assertEqual(self.lint(self.text), "")
        # and it would: a name that is used and not defined, an object in no group
        self.assertIn("nhipNowhere", self.lint(self.text.replace("{ nhipMIB 1 }", "{ nhipNowhere 1 }")))
        self.assertIn("nhipLinkCircuit", self.lint(self.text.replace("        nhipLinkCircuit,\n", "")))

    def test_names(self):
        playpen = ".1.3.6.1.4.1.8072.9999.9999.847"
        mib, _ = self.own("")
        self.assertEqual(self.translate("nhipMIB", mib), playpen)
        self.assertEqual(self.translate("nhipAgentSilent", mib), playpen + ".0.1")
        self.assertEqual(self.translate('nhipLinkState."vnpt"."bao-lac"."a"', mib),
                         playpen + ".1.3.1.8.4.118.110.112.116.7.98.97.111.45.108.97.99.1.97")

    def test_ones_own_number(self):
        mib, root = self.own(55555)
        self.assertEqual(self.lint(mib), "")
        self.assertEqual(root, "1, 3, 6, 1, 4, 1, 55555")
        self.assertEqual(self.translate("nhipLinkState", mib), ".1.3.6.1.4.1.55555.1.3.1.8")

    def test_columns_are_those_of_the_program(self):
        """mibs/columns.h says what is answered; the MIB says what that is."""
        with open(os.path.join(SOURCE, "mibs/columns.h"), encoding="utf-8") as f:
            rows = re.findall(r'COLUMN\((\w+), (\d+), (\w+), "(\w+)"\)', f.read())
        types = {"INTEGER": ("INTEGER", "Integer32", "NhipState", "TruthValue"), "GAUGE": ("Gauge32",),
                 "COUNTER64": ("Counter64",), "STRING": ("SnmpAdminString",), "DATE": ("DateAndTime",)}
        objects = {}
        for name, syntax, access, number in re.findall(
                r"^(\w+) OBJECT-TYPE\n    SYNTAX +(\w+).*?MAX-ACCESS +([\w-]+).*?::= \{ \w+ (\d+) \}", self.text,
                re.M | re.S):
            objects[name] = (syntax, access, number)
        readable = {n for n, o in objects.items() if o[1] in ("read-only", "accessible-for-notify")}
        self.assertEqual({r[3] for r in rows}, readable)
        self.assertGreater(len(rows), 80)
        for _, number, kind, name in rows:
            self.assertEqual(objects[name][2], number, name)
            self.assertIn(objects[name][0], types[kind], name)

    def test_notifications_are_those_of_the_program(self):
        with open(os.path.join(SOURCE, "mibs/columns.h"), encoding="utf-8") as f:
            names = re.search(r"enum notification \{(.*?)\}", f.read(), re.S).group(1)
        ours = [n.split("=")[0].strip() for n in names.split(",")]
        mib = re.findall(r"^nhip(?:Agent|Incident)?(\w+?)(?:Notice)? NOTIFICATION-TYPE.*?::= \{ nhipNotifications (\d+) \}",
                         self.text, re.M | re.S)
        self.assertEqual([("NOTIFY_" + n.upper(), i) for n, i in mib], [(n, str(i)) for i, n in enumerate(ours, 1)])


if __name__ == "__main__":
    if not all(shutil.which(t) for t in ("smilint", "snmptranslate", "cmake")) or not os.path.isdir(NET_SNMP):
        print("skipped: smilint, snmptranslate or net-snmp's modules are missing")
        sys.exit(77)
    unittest.main()
