#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agents' port under bad input: each peer ends by itself, is counted, and disturbs nobody.

A real collector; raw sockets, and TLS by `openssl s_client` with a join token's key.
"""
import base64
import json
import os
import random
import socket
import struct
import subprocess
import sys
import tempfile
import time

BIN = os.environ.get("NHIP_BIN", "build/debug/bin")
CONF = """
province "p" {{ name = "P" }}
collector {{ listen = "127.0.0.1:{port}" control = "{dir}/c.sock" data = "{dir}/data" user = ""
             reflector = "" traps = "" }}
carrier "vnpt" {{ name = "V" }}
site "a" {{ name = "A" kind = "commune"
  link "vnpt" {{ carrier = "vnpt" interface = "lo" }} }}
"""


def wait_for(what, condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = condition()
        if got:
            return got
        time.sleep(0.05)
    raise AssertionError("waited in vain for " + what)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Collector:
    def __init__(self, directory):
        self.dir, self.port = directory, free_port()
        self.conf = directory + "/nhip.conf"
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(CONF.format(dir=directory, port=self.port))
        self.process = None

    def start(self):
        self.process = subprocess.Popen([BIN + "/nhip-collector", "-f", "-c", self.conf])
        wait_for("the collector", lambda: self.ask("status"))

    def stop(self):
        self.process.terminate()
        return self.process.wait(20)

    def kill(self):
        self.process.kill()
        self.process.wait(20)

    def ask(self, do, **keys):
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(10)
                s.connect(self.dir + "/c.sock")
                s.sendall(json.dumps({"id": 1, "do": do, **keys}).encode() + b"\n")
                return json.loads(s.makefile().readline())["result"]
        except (ConnectionError, FileNotFoundError):
            return None

    def open_files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def count(self, name):
        return self.ask("status")["sessions"]["rejected"][name]


class Peer:
    """TLS with a key, by openssl: bytes in, bytes out."""

    def __init__(self, port, identity, key):
        self.process = subprocess.Popen(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_3", "-psk", key.hex(),
             "-psk_identity", identity, "-alpn", "nhip/1", "-groups", "X25519", "-ciphersuites",
             "TLS_AES_128_GCM_SHA256", "-quiet", "-nocommands"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def send(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def frame(self):
        """The next frame as (type, payload); None at the end."""
        head = self.process.stdout.read(4)
        if len(head) < 4:
            return None
        kind, _, length = struct.unpack(">BBH", head)
        return kind, self.process.stdout.read(length)

    def frame_of(self, kind):
        while True:
            got = self.frame()
            if got is None or got[0] == kind:
                return got and got[1]

    def close(self):
        self.process.kill()
        self.process.wait()
        try:
            self.process.stdin.close()
        except BrokenPipeError:  # of what was not sent any more
            pass
        self.process.stdout.close()


def varint(n):
    out = b""
    while True:
        out += bytes([(n & 0x7F) | (0x80 if n > 0x7F else 0)])
        n >>= 7
        if n == 0:
            return out


def zigzag(n):
    return varint(n << 1 if n >= 0 else (-n << 1) - 1)


def text(s):
    return varint(len(s)) + s.encode()


def frame(kind, payload, flags=1):
    return struct.pack(">BBH", kind, flags, len(payload)) + payload


def hello(identity, next_pos=(1 << 40) | 1, stream=b"S" * 16):
    return frame(0x01, varint(0) + varint(0) + text(identity) + stream + b"B" * 16 + varint(next_pos) +
                 varint(next_pos) + varint(0) + struct.pack(">I", 0) + zigzag(5000) + zigzag(0) + b"\0" +
                 zigzag(5) + text("test") + b"\0" + varint(0))


def token_of(collector):
    fields = collector.ask("agent_add", site="a", host="127.0.0.1")["token"].split(".")
    secret = fields[-2].upper()
    return fields[-3], base64.b32decode(secret + "=" * (-len(secret) % 8))


def expect_error(peer, code, what):
    payload = peer.frame_of(0x3F)
    assert payload is not None and payload[0] == code, (what, payload)
    assert peer.frame() is None, what + ": the connection stays open"
    peer.close()


def raw_garbage(c):
    random.seed(7)
    for data in (b"GET / HTTP/1.0\r\n\r\n", bytes(random.randrange(256) for _ in range(2000)), b"\0" * 400,
                 b"\x16\x03\x01\x00\x05hello" * 3):
        before = c.count("handshake")
        with socket.create_connection(("127.0.0.1", c.port)) as s:
            s.settimeout(15)
            try:
                s.sendall(data)
                while s.recv(4096):
                    pass
            except ConnectionError:
                pass
        wait_for("garbage to be counted", lambda: c.count("handshake") > before)


def flood(c):
    """Many strangers at once from one address: what they have spent is paid back soon, not in minutes."""
    def turned_away():
        return c.count("handshake") + c.count("timeout")

    before, strangers, had = turned_away(), [], c.open_files()
    for _ in range(100):
        strangers.append(socket.create_connection(("127.0.0.1", c.port)))
    # all inside together where the machine is quick enough; who waited out the deadline is counted as well
    wait_for("the door to let them in", lambda: c.open_files() >= had + len(strangers) or turned_away() > before)
    for s in strangers:
        try:
            s.sendall(b"GET / HTTP/1.0\r\n\r\n")
        except ConnectionError:
            pass
    wait_for("all to be counted", lambda: turned_away() >= before + len(strangers), 40)
    for s in strangers:
        s.close()


def welcomed(c, identity, key):
    peer = Peer(c.port, identity, key)
    try:
        peer.send(hello(identity))
        if peer.frame_of(0x02) is not None:
            return peer
    except BrokenPipeError:
        pass
    peer.close()
    return None


def main():
    with tempfile.TemporaryDirectory(prefix="nhip-intake.") as directory:
        c = Collector(directory)
        c.start()
        try:
            identity, key = token_of(c)
            good = Peer(c.port, identity, key)
            good.send(hello(identity))
            assert good.frame_of(0x02) is not None, "no WELCOME"
            offer = good.frame_of(0x30)
            assert offer is not None, "no KEY_OFFER"
            wait_for("the agent to be connected", lambda: c.ask("site", site="a")["agent"]["connected"])

            raw_garbage(c)
            before = c.count("handshake")
            wrong = Peer(c.port, identity, bytes(32))
            assert wrong.frame() is None, "a wrong key was let in"
            wrong.close()
            stranger = Peer(c.port, "nobody", key)
            assert stranger.frame() is None, "an unknown identity was let in"
            stranger.close()
            wait_for("both to be counted", lambda: c.count("handshake") >= before + 2)

            for what, data, code, name in (
                    ("oversized before HELLO", struct.pack(">BBH", 1, 1, 60000), 0x02, "too_big"),
                    ("out of turn", frame(0x03, varint(1) + zigzag(1) + zigzag(1) + zigzag(0)), 0x04, "bad_state"),
                    ("HELLO cut short", frame(0x01, b"\0\0\x05ab"), 0x01, "syntax"),
                    ("another's identity", hello("somebody"), 0x09, "identity")):
                before = c.count(name)
                peer = Peer(c.port, identity, key)
                peer.send(data)
                expect_error(peer, code, what)
                assert c.count(name) == before + 1, what + " was not counted"
            silent = Peer(c.port, identity, key)
            silent.send(frame(0x01, b"")[:3])  # a frame that never becomes whole
            before = c.count("timeout")
            expect_error(silent, 0x08, "truncated")
            assert c.count("timeout") == before + 1

            good.send(frame(0x03, varint(77) + zigzag(6000) + zigzag(0) + zigzag(0), 0))
            assert good.frame_of(0x04)[0] == 77, "the good session was disturbed"
            good.send(frame(0x11, varint(5) + b"\0\0\0\0" + varint(1) + varint(0)))
            assert good.frame_of(0x15) == b"\x05\x01", "columns that are none were not rejected"
            good.send(frame(0x03, varint(78) + zigzag(6001) + zigzag(0) + zigzag(0), 0))
            assert good.frame_of(0x04)[0] == 78, "a rejected record blocks what comes after it"

            # the key that was offered burns the token, over a kill -9
            fresh = offer[1:1 + offer[0]].decode()
            fresh_key = offer[1 + offer[0]:33 + offer[0]]
            c.kill()
            good.close()
            c.start()
            joined = Peer(c.port, fresh, fresh_key)
            joined.send(hello(fresh))
            assert joined.frame_of(0x02) is not None, "no WELCOME with the new key"
            wait_for("the token to be burnt", lambda: c.ask("agent_list")["agents"][0]["state"] == "joined")
            again = Peer(c.port, identity, key)
            assert again.frame() is None, "the token was good a second time"
            again.close()
            assert c.count("burnt_token") >= 1
            flood(c)
            joined.close()
            joined = wait_for("an agent behind the strangers' address", lambda: welcomed(c, fresh, fresh_key))
            assert c.ask("agent_revoke", site="a")["revoked"] == 1
            expect_error(joined, 0x0A, "revoked")
        finally:
            status = c.stop()
        assert status == 0, f"exit status {status}"


if __name__ == "__main__":
    sys.exit(main())
