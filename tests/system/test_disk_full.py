#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 280
# slow-build: skip
"""The collector's disk runs full under simulated agents, and gets room again.

In a mount namespace of its own with a small tmpfs as the data directory: it says so, agents wait and stay
connected, what is live stays live, and when there is room all goes on without help and nothing is in the
journal twice. Judging waits for the journal: of a hole that long no incident is made.
"""
import collections
import json
import os
import socket
import subprocess
import sys
import tempfile
import time

BIN = os.environ.get("NHIP_BIN", "build/debug/bin")
SITES = 20
ROUND_MS = 5
FULL_S = 35  # longer than the machine takes for anything but a hole
CONF = """
province "p" {{ name = "P"  drill = true }}
collector {{ listen = "127.0.0.1:{port}" control = "{dir}/c.sock" data = "{dir}/data" user = ""
             reflector = "" traps = "" retention = "10s:10min" }}
carrier "vnpt" {{ name = "V" }}
"""
SITE = """site "s{n}" {{ name = "S{n}" kind = "commune"
  link "vnpt" {{ carrier = "vnpt" interface = "eth1" gateway = "10.0.0.1" reflector = "10.9.9.9" }} }}
"""


def wait_for(what, condition, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = condition()
        if got:
            return got
        time.sleep(0.1)
    raise AssertionError("waited in vain for " + what)


def ask(path, do, **keys):
    try:
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(20)
            s.connect(path)
            s.sendall(json.dumps({"id": 1, "do": do, **keys}).encode() + b"\n")
            return json.loads(s.makefile().readline())["result"]
    except (ConnectionError, FileNotFoundError):
        return None


def mount(data, *options):
    subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", data], check=True)


def run(directory, running):
    sock, data = directory + "/c.sock", directory + "/data"
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with open(directory + "/nhip.conf", "w", encoding="utf-8") as f:
        f.write(CONF.format(port=port, dir=directory))
        f.writelines(SITE.format(n=n) for n in range(SITES))
    os.mkdir(data)
    mount(data, "size=24M")
    log = open(directory + "/log", "w+", encoding="utf-8")
    collector = subprocess.Popen([BIN + "/nhip-collector", "-f", "-c", directory + "/nhip.conf"], stderr=log)
    running.append(collector)
    wait_for("the collector", lambda: ask(sock, "status"))
    with open(directory + "/keys", "w", encoding="utf-8") as f:
        for n in range(SITES):
            f.write(f"s{n} " + ask(sock, "agent_add", site=f"s{n}", host="127.0.0.1")["token"] + "\n")
    drill = subprocess.Popen([BIN + "/nhip-drill", "--keys", directory + "/keys", "--connect", f"127.0.0.1:{port}",
                              "--every-ms", str(ROUND_MS), "--no-trouble"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    running.append(drill)
    wait_for("the disk to run full", lambda: ask(sock, "status")["journal"]["disk_full"], 150)
    time_full = ask(sock, "status")
    assert time_full["sessions"]["rejected"]["full"] >= SITES, time_full["sessions"]
    assert time_full["sessions"]["live"] == SITES, "a full disk ended sessions"
    log.seek(0)
    assert "cannot be written (no space left)" in log.read(), "nothing was said of it"
    seen = ask(sock, "site", site="s0")["links"][0]["checks"]["path"]["at"]
    wait_for("live readings while it is full",
             lambda: ask(sock, "site", site="s0")["links"][0]["checks"]["path"]["at"] > seen + FULL_S, 2 * FULL_S)

    mount(data, "remount", "size=400M")
    wait_for("the journal to go on", lambda: not ask(sock, "status")["journal"]["disk_full"])
    before = int(ask(sock, "journal")["durable_pos"])
    wait_for("more to be written", lambda: int(ask(sock, "journal")["durable_pos"]) > before + 1000)
    assert ask(sock, "status")["sessions"]["live"] == SITES
    wait_for("the agents' backlog", lambda: time.time() - ask(sock, "site", site="s0")["links"][0]["checks"]["path"]["at"] < 1)
    found = ask(sock, "incidents", **{"from": 0, "to": int(time.time()) + 60, "lang": "en"})["incidents"]
    assert not found, found
    drill.terminate()
    drill.wait(30)
    collector.terminate()
    assert collector.wait(30) == 0
    times = []
    with subprocess.Popen([BIN + "/nhipctl", "journal", "cat", data + "/journal"], stdout=subprocess.PIPE,
                          text=True) as cat:
        for line in cat.stdout:
            if '"check":"s0/vnpt/path"' in line:
                times.append(json.loads(line)["at"])
    times.sort()
    assert len(times) > 1000, len(times)
    # The offset between the two clocks moves by some milliseconds as anchors come, which is a round or two of
    # ROUND_MS over the whole; a window sent twice would be hundreds. (test_faults.py counts to the last reading.)
    rounds = (times[-1] - times[0]) * 1000 / ROUND_MS + 1
    assert len(times) <= rounds * 1.002, f"{len(times)} readings of {rounds:.1f} rounds: some are there twice"
    steps = collections.Counter(round(b - a, 3) for a, b in zip(times, times[1:]))
    assert max(steps) < 1, ("a hole in the readings", steps.most_common(5), max(steps))
    print(len(times), "readings of", round(rounds, 1), "rounds; longest step", max(steps))


def main():
    if os.environ.get("NHIP_NAMESPACE") != "1":
        if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False).returncode != 0:
            print("needs the right to mount in a namespace of its own")
            return 77
        return subprocess.run(["unshare", "-m", sys.executable, "-B", __file__],
                              env={**os.environ, "NHIP_NAMESPACE": "1"}, check=False).returncode
    directory = tempfile.mkdtemp(prefix="nhip-full.")
    running = []
    try:
        run(directory, running)
    finally:
        for p in running:
            if p.poll() is None:
                p.kill()
                p.wait()
        subprocess.run(["umount", directory + "/data"], check=False)
        subprocess.run(["rm", "-rf", directory], check=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
