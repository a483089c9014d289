# SPDX-License-Identifier: GPL-3.0-or-later
"""The outbox against a mail server, an HTTP endpoint and a program: what arrives, what is
tried again, where a message falls to, and what a kill -9 in the middle costs."""
import email
import email.policy
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

import receivers

DELIVER = os.path.join(os.environ["NHIP_BUILD"], "tests", "deliver")


class Outbox(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)
        self.secret = os.path.join(self.dir.name, "secret")
        with open(os.open(self.secret, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
            f.write("a key of the contact\n")
        self.sink = os.path.join(self.dir.name, "sink")
        self.program = os.path.join(self.dir.name, "program")
        self.script('printf "%s|" "$@" >> SINK; cat >> SINK; echo >> SINK')

    def script(self, text):
        with open(self.program, "w") as f:
            f.write("#!/bin/sh\n" + text.replace("SINK", self.sink) + "\n")
        os.chmod(self.program, 0o700)

    def conf(self, contact, alerts=""):
        path = os.path.join(self.dir.name, "nhip.conf")
        with open(path, "w") as f:
            f.write('province "cao-bang" { name = "Cao Bằng" }\n'
                    f'collector {{ data = "{self.dir.name}" }}\n'
                    f'contact "a" {{ name = "A" {contact} }}\n'
                    f'alerts {{ from = "nhip@example.vn" {alerts} }}\n')
        return path

    def deliver(self, conf, *messages):
        done = subprocess.run([DELIVER, conf, self.dir.name, *messages],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines()

    def mail(self, answers=()):
        server = receivers.Mail(answers)
        self.addCleanup(server.close)
        return server, f'smtp = "smtp://127.0.0.1:{server.port}"'

    def hook(self, answers=()):
        server = receivers.Hook(answers)
        self.addCleanup(server.close)
        return server, f'webhook = "http://127.0.0.1:{server.port}/x"'

    def test_letters_are_one_thread(self):
        server, smtp = self.mail()
        out = self.deliver(self.conf('email = "a@example.vn"', smtp),
                           "412:opened:a:1", "a", "email", "opened",
                           "412:closed:a:1", "a", "email", "closed")
        self.assertEqual([l.split()[1:4] for l in out], [["sent", "email", "1"]] * 2)
        letters = sorted((email.message_from_bytes(raw, policy=email.policy.default)
                          for _, raw, _ in server.letters), key=lambda m: m["X-Nhip-Key"])
        closed, opened = letters
        self.assertEqual(server.letters[0][0], ["a@example.vn"])
        self.assertEqual(opened["Subject"], "SC-0412: Trạm Bảo Lạc mất kết nối, "
                         "6 xã, phường bị ảnh hưởng từ 14:05")
        self.assertEqual(opened.get_content().replace("\r\n", "\n"), "Mất kết nối từ 14:05.\n"
                         ".dòng có dấu chấm = đầu\nHết.\n\n"
                         "tiếp nhận: https://status.example.vn/ack/412.a\n")
        self.assertNotIn("https", closed.get_content())
        self.assertEqual(opened["References"], closed["References"])
        self.assertNotEqual(opened["Message-ID"], closed["Message-ID"])
        self.assertEqual(opened["Auto-Submitted"], "auto-generated")
        self.assertEqual(opened["List-Id"], "<nhip.cao-bang.example.vn>")
        self.assertEqual(opened["X-Nhip-Incident"], "SC-0412")
        for raw in (raw for _, raw, _ in server.letters):
            self.assertTrue(raw.isascii())
            self.assertLessEqual(max(map(len, raw.split(b"\r\n"))), 78)

    def test_a_key_is_taken_once(self):
        server, smtp = self.mail()
        message = ("k", "a", "email", "opened")
        conf = self.conf('email = "a@example.vn"', smtp)
        self.deliver(conf, *message, *message)
        self.deliver(conf, *message)
        self.assertEqual(len(server.letters), 1)

    def test_not_now_is_tried_again(self):
        server, smtp = self.mail([b"451 later\r\n", b"451 later\r\n"])
        out = self.deliver(self.conf('email = "a@example.vn"', smtp),
                           "k", "a", "email", "opened")
        self.assertEqual(out[0].split()[1:4], ["sent", "email", "3"])
        ids = {email.message_from_bytes(raw)["Message-ID"] for _, raw, _ in server.letters}
        self.assertEqual((len(server.letters), len(ids)), (3, 1))

    def test_refused_falls_to_the_next_channel(self):
        server, smtp = self.mail([b"550 no such person\r\n"])
        hook, webhook = self.hook()
        out = self.deliver(self.conf(f'email = "a@example.vn" {webhook}', smtp),
                           "k", "a", "email", "opened")
        self.assertEqual(out[0].split()[1:3], ["sent", "webhook"])
        self.assertEqual((len(server.letters), len(hook.posts)), (1, 1))

    def test_refused_by_all_is_given_up(self):
        _, smtp = self.mail([b"550 no such person\r\n"])
        hook, webhook = self.hook([403])
        out = self.deliver(self.conf(f'email = "a@example.vn" {webhook}', smtp),
                           "k", "a", "email", "opened")
        self.assertEqual(out[0].split()[1], "failed")
        self.assertIn("403", out[0])
        self.assertEqual(len(hook.posts), 1)

    def test_webhook_is_signed(self):
        hook, webhook = self.hook([503])
        self.deliver(self.conf(f'{webhook} secret_file = "{self.secret}"'),
                     "k", "a", "webhook", "opened")
        self.assertEqual([p[3] for p in hook.posts], [503, 200])
        for _, headers, body, _ in hook.posts:
            want = hmac.new(b"a key of the contact", body, hashlib.sha256).hexdigest()
            self.assertEqual(headers["X-Nhip-Signature"], "sha256=" + want)
            self.assertEqual(headers["X-Nhip-Event"], "k")
            self.assertEqual(json.loads(body)["incident"], "SC-0412")

    def test_bodies(self):
        for kind, about, want in (
                ("telegram", "opened", lambda b: b["chat_id"] == "-100" and
                 b["text"].startswith("Mất kết nối từ 14:05.\n")),
                ("zalo", "opened", lambda b: b["chat_id"] == "-100" and "text" in b),
                ("alertmanager", "opened", lambda b: "startsAt" in b[0] and
                 b[0]["labels"]["incident"] == "SC-0412"),
                ("alertmanager", "closed", lambda b: "endsAt" in b[0])):
            hook, webhook = self.hook()
            self.deliver(self.conf(f'{webhook} webhook_body = "{kind}" webhook_chat = "-100"'),
                         f"{kind}:{about}", "a", "webhook", about)
            body = json.loads(hook.posts[0][2])
            self.assertTrue(want(body), body)

    def test_sms_by_command(self):
        sms = 'sms = "+84912345678"'
        out = self.deliver(self.conf(sms, f'sms_command = "{self.program} TEXT %n -unicode"'),
                           "k", "a", "sms", "opened")
        self.assertEqual(out[0].split()[1:3], ["sent", "sms"])
        with open(self.sink) as f:
            self.assertEqual(f.read(), "TEXT|+84912345678|-unicode|NHIP: MAT KET NOI xa "
                             "Bao Lac (01321). Ma SC-0412.\n")
        self.deliver(self.conf(sms, f'sms_command = "{self.program} %k %t"'),
                     "k;$(x)", "a", "sms", "opened")
        with open(self.sink) as f:
            self.assertEqual(f.read().splitlines()[1],
                             "k;$(x)|NHIP: MAT KET NOI xa Bao Lac (01321). Ma SC-0412.|")

    def test_sms_by_gateway(self):
        hook, webhook = self.hook()
        url = webhook.split('"')[1]
        self.deliver(self.conf('sms = "+84912345678"', f'sms_url = "{url}?to=%n&m=%t"'),
                     "k", "a", "sms", "opened")
        self.assertEqual(hook.posts[0][0], "/x?to=%2B84912345678&m=NHIP%3A%20MAT%20KET%20"
                         "NOI%20xa%20Bao%20Lac%20%2801321%29.%20Ma%20SC-0412.")

    def test_failing_command_falls_after_three_tries(self):
        self.script("echo modem is away; exit 1")
        server, smtp = self.mail()
        out = self.deliver(
            self.conf('sms = "+84912345678" email = "a@example.vn"',
                      f'{smtp} sms_command = "{self.program} %n"'),
            "k", "a", "sms", "opened")
        self.assertEqual(out[0].split()[1:4], ["sent", "email", "4"])
        self.assertEqual(len(server.letters), 1)

    def test_command_gets_json(self):
        self.deliver(self.conf(f'command = "{self.program}"'), "k", "a", "command", "opened")
        with open(self.sink) as f:
            self.assertEqual(json.loads(f.read().lstrip("|"))["id"], "k")

    def test_nobody_is_given_up(self):
        out = self.deliver(self.conf(""), "k", "a", "sms", "opened")
        self.assertEqual(out[0].split()[1], "failed")

    def killed_while(self, conf, channel, under_way):
        """Kill the sender once the receiver has the message but has not said so."""
        run = subprocess.Popen([DELIVER, conf, self.dir.name, "k", "a", channel, "opened"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        under_way()
        run.send_signal(signal.SIGKILL)
        run.wait()
        return self.deliver(conf)

    def test_unclear_sms_goes_by_mail(self):
        fifo = os.path.join(self.dir.name, "fifo")
        os.mkfifo(fifo)
        self.script(f'echo sent >> SINK; echo > {fifo}; exec cat {fifo}')
        server, smtp = self.mail()
        conf = self.conf('sms = "+84912345678" email = "a@example.vn"',
                         f'{smtp} sms_command = "{self.program} %n"')

        def under_way():
            with open(fifo) as f:
                f.read()

        out = self.killed_while(conf, "sms", under_way)
        with open(fifo, "w") as f:  # let the orphan end
            f.write("done")
        self.assertEqual(out[0].split()[1:3], ["sent", "email"])
        with open(self.sink) as f:
            self.assertEqual(f.read(), "sent\n")
        self.assertEqual(len(server.letters), 1)

    def test_unclear_letter_comes_again_as_the_same(self):
        gate = receivers.threading.Event()
        server, smtp = self.mail()

        class Late(list):  # the first answer waits for the kill
            def pop(self, _):
                server.taken.set()
                gate.wait()
                del self[:]
                return b"250 taken\r\n"

        server.answers = Late([1])

        def under_way():
            self.assertTrue(server.taken.wait(30))

        conf = self.conf('email = "a@example.vn"', smtp)
        run = subprocess.Popen([DELIVER, conf, self.dir.name, "k", "a", "email", "opened"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        under_way()
        run.send_signal(signal.SIGKILL)
        run.wait()
        gate.set()
        out = self.deliver(conf)
        self.assertEqual(out[0].split()[1:3], ["sent", "email"])
        ids = [email.message_from_bytes(raw)["Message-ID"] for _, raw, _ in server.letters]
        self.assertGreaterEqual(len(ids), 1)
        self.assertEqual(len(set(ids)), 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=1)
