# SPDX-License-Identifier: GPL-3.0-or-later
# slow-build: skip
"""cmake --install: programs, manuals, units and pages are there and find each other."""
import glob
import os
import re
import shutil
import subprocess
import tempfile
import unittest

BUILD, SOURCE = os.environ["NHIP_BUILD"], os.environ["NHIP_SOURCE"]
UNITS = ("nhip-agent", "nhip-agentx", "nhip-agentx-agent", "nhip-collector", "nhip-web")
PROGRAMS = ("nhip-agent", "nhip-agentx", "nhip-collector", "nhip-web", "nhipctl")


def run(*args, **env):
    return subprocess.run(args, capture_output=True, text=True, timeout=120, env={**os.environ, **env})


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="nhip-install-")
        cls.prefix = cls.folder.name + "/usr"
        done = run("cmake", "--install", BUILD, "--prefix", cls.prefix)
        assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_programs(self):
        for name in PROGRAMS:
            self.assertEqual(run(f"{self.prefix}/sbin/{name}", "--version").returncode, 0, name)
        self.assertTrue(os.access(self.prefix + "/sbin/nhip-series", os.X_OK), "beside the collector")
        self.assertTrue(os.path.exists(self.prefix + "/share/snmp/mibs/NHIP-MIB.txt"))
        web = run(self.prefix + "/sbin/nhip-web", "-s", "x", "-l", "127.0.0.1:0", "--check")
        self.assertEqual((web.returncode, web.stdout), (0, "configuration OK\n"), web.stderr)

    def test_manuals(self):
        for manual in glob.glob(SOURCE + "/docs/man/*.[58]"):
            name = os.path.basename(manual)
            self.assertTrue(os.path.exists(f"{self.prefix}/share/man/man{name[-1]}/{name}"), name)
            with open(manual, encoding="utf-8") as file:
                for page, section in re.findall(r"^\.Xr (nhip\S+) (\d)", file.read(), re.M):
                    self.assertTrue(os.path.exists(f"{SOURCE}/docs/man/{page}.{section}"), f"{name} names {page}({section})")

    def test_units(self):
        if shutil.which("systemd-analyze") is None:
            self.skipTest("no systemd-analyze")
        for unit in UNITS:
            with open(f"{self.prefix}/lib/systemd/system/{unit}.service", encoding="utf-8") as file:
                text = file.read()
            self.assertNotIn("@", re.sub(r"@(system-service|privileged)", "", text), "all is filled in")
            # as installed, but with the programs where this test has them
            text = re.sub(r"(ExecStart(?:Pre)?=)\S+/", rf"\g<1>{self.prefix}/sbin/", text)
            where = f"{self.folder.name}/{unit}.service"
            with open(where, "w", encoding="utf-8") as file:
                file.write(text)
            done = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", where)
            self.assertEqual((done.returncode, done.stderr), (0, ""), unit)


if __name__ == "__main__":
    unittest.main()
