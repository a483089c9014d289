# SPDX-License-Identifier: GPL-3.0-or-later
"""nhip-collector --check: what it says of a good file and of bad ones, and how it exits."""
import os
import subprocess
import tempfile
import unittest

COLLECTOR = os.path.join(os.environ["NHIP_BIN"], "nhip-collector")
SOURCE = os.environ["NHIP_SOURCE"]


def check(path):
    done = subprocess.run([COLLECTOR, "-c", path, "--check"], capture_output=True,
                          text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


class Check(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    def write(self, name, text):
        path = os.path.join(self.dir.name, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def test_the_drill_is_ok(self):
        status, out, _ = check(os.path.join(SOURCE, "examples/cao-bang/nhip.conf"))
        self.assertEqual(status, 0)
        self.assertIn("configuration OK: 56 sites, ", out)
        self.assertIn("(a drill)", out)

    def test_a_mistake_has_its_place(self):
        path = self.write("nhip.conf", 'province p { name = P }\n\nsite x { nmae = X }\n')
        status, out, err = check(path)
        self.assertEqual(status, 1)
        self.assertNotIn("configuration OK", out)
        self.assertIn(f"{path}:3: no such option 'nmae'", out + err)

    def test_a_mistake_in_an_included_file_has_its_place(self):
        path = self.write("nhip.conf", 'province p { name = P }\ninclude("sites/*.conf")\n')
        self.write("sites/a.conf", 'site a { name = A }\n')
        bad = self.write("sites/b.conf", '\nsite b { name = B feeder = none }\n')
        status, out, err = check(path)
        self.assertEqual(status, 1)
        self.assertIn(f'{bad}:2: there is no feeder "none"', out + err)

    def test_secrets_need_not_be_there_but_closed(self):
        path = self.write("nhip.conf", 'province p { name = P }\n'
                          'snmp c { version = 2 community_file = "key" }\n')
        status, _, err = check(path)
        self.assertEqual((status, err), (0, ""))
        os.chmod(self.write("key", "public"), 0o644)
        status, _, err = check(path)
        self.assertEqual(status, 0)
        self.assertIn("others may read the secret", err)

    def test_a_name_too_long_for_the_mib_is_said(self):
        path = self.write("nhip.conf", 'province p { name = P }\ncarrier vnpt { name = V }\n'
                          f'site {"s" * 40} {{ name = S\n link {"l" * 24} {{ carrier = vnpt interface = wan }}\n }}\n')
        status, _, err = check(path)
        self.assertEqual(status, 0)
        self.assertNotIn("NHIP-MIB", err)
        path = self.write("nhip.conf", 'province p { name = P }\ncarrier vnpt { name = V }\n'
                          f'site {"s" * 41} {{ name = S\n link {"l" * 25} {{ carrier = vnpt interface = wan }}\n }}\n')
        status, _, err = check(path)
        self.assertEqual(status, 0)
        for line, letters in ((3, 40), (4, 24)):
            self.assertRegex(err, f"{path}:{line}: .* more than {letters} letters: NHIP-MIB has no row for it")

    def test_no_file(self):
        status, out, err = check("/nonexistent/nhip.conf")
        self.assertEqual(status, 1)
        self.assertIn("/nonexistent/nhip.conf:1: cannot be read", out + err)


class OtherPrograms(unittest.TestCase):
    """Each mistake is said together with the way out of it."""

    def run_it(self, program, *args):
        done = subprocess.run([os.path.join(os.environ["NHIP_BIN"], program), *args],
                              capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def test_web_wants_an_address_and_a_port(self):
        for listen in ("localhost", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:x"):
            status, said = self.run_it("nhip-web", "-s", "x", "-l", listen, "--check")
            self.assertEqual(status, 1, listen)
            self.assertIn(f'"{listen}" is not an IP address and a port', said)
        for listen in ("127.0.0.1:8080", "[::1]:0"):
            self.assertEqual(self.run_it("nhip-web", "-s", "x", "-l", listen, "--check")[0], 0, listen)

    def test_nhipctl(self):
        status, said = self.run_it("nhipctl", "sitez")
        self.assertEqual(status, 2)
        self.assertIn("there is no command 'sitez'; nhipctl --help lists them", said)
        status, said = self.run_it("nhipctl", "agent")
        self.assertEqual(status, 2)
        self.assertIn("agent revoke SITE", said)
        self.assertNotIn("journal", said)
        with tempfile.TemporaryDirectory() as empty:
            status, said = self.run_it("nhipctl", "journal", "verify", empty)
            self.assertEqual(status, 1)
            self.assertIn("there is no journal here", said)
            status, said = self.run_it("nhipctl", "-s", empty + "/none.sock", "status")
            self.assertEqual(status, 1)
            self.assertIn("is nhip-collector running?", said)


if __name__ == "__main__":
    unittest.main()
