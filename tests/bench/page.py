#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The province page at 56 and 3,321 sites: bytes, CPU a render and a request, requests a second."""
import gzip
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
from fake_collector import FakeCollector  # noqa: E402

BIN = os.environ.get("NHIP_BIN", os.path.join(HERE, "..", "..", "build", "release", "bin"))
SECONDS = 3


def fetch(base, path):
    with urllib.request.urlopen(urllib.request.Request(base + path, headers={"Accept-Encoding": "gzip"}), timeout=60) as a:
        return a.read()


def cpu_s(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def keep_asking(port, seconds):
    """Requests over one kept connection: how many a second."""
    ask = b"GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n"
    end, n = time.monotonic() + seconds, 0
    with socket.create_connection(("127.0.0.1", port)) as s:
        while time.monotonic() < end:
            s.sendall(ask)
            head = b""
            while b"\r\n\r\n" not in head:
                head += s.recv(65536)
            head, body = head.split(b"\r\n\r\n", 1)
            left = int(re.search(rb"Content-Length: (\d+)", head).group(1)) - len(body)
            while left > 0:
                left -= len(s.recv(min(left, 1 << 20)))
            n += 1
    return n


def measure(sites):
    with tempfile.TemporaryDirectory() as folder:
        fake = FakeCollector(folder + "/c.sock", sites).start()
        web = subprocess.Popen([BIN + "/nhip-web", "-s", fake.path, "-l", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True)
        try:
            port = int(next(m.group(1) for m in (re.search(r"port (\d+)", l) for l in web.stderr) if m))
            base = f"http://127.0.0.1:{port}"
            while True:
                try:
                    fetch(base, "/healthz")
                    break
                except OSError:
                    time.sleep(0.05)
            page = fetch(base, "/?lang=vi")
            tag = f"page_{sites}"
            print(f"{tag}_gzip {len(page)} B")
            print(f"{tag}_plain {len(gzip.decompress(page))} B")
            first = len(page) + sum(len(fetch(base, "/assets/" + a)) for a in ("nhip.css", "nhip.js", "nhip.svg"))
            print(f"{tag}_first_visit {first} B")
            before, renders = cpu_s(web.pid), 400 if sites < 1000 else 10
            for i in range(renders):
                fetch(base, "/?lang=vi&q=0")  # a search is never kept: each is rendered
            print(f"{tag}_render {(cpu_s(web.pid) - before) / renders * 1e3:.3f} ms")
            before = cpu_s(web.pid)
            n = keep_asking(port, SECONDS)
            print(f"{tag}_request {(cpu_s(web.pid) - before) / n * 1e3:.4f} ms")
            print(f"{tag}_rate {n / SECONDS:.0f} 1/s")
        finally:
            web.terminate()
            web.wait(10)
            web.stderr.close()
            fake.stop()


for count in (56, 3321):
    measure(count)
