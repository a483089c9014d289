# SPDX-License-Identifier: GPL-3.0-or-later
"""One fault story, two collectors: one is left in peace, the other is killed at random, again and again.

Two nhip-drills that begin together tell the same story by the same readings over the real protocol. Each collector
has a mail server, an HTTP endpoint and a program for text messages of its own. At the end the incidents and all that
was received are compared.
"""
import base64
import collections
import email
import email.policy
import json
import os
import random
import re
import secrets
import signal
import socket
import sqlite3
import subprocess
import time

import receivers

BIN = os.environ.get("NHIP_BIN", "build/debug/bin")
PATIENCE_S = 150
WAVE_S, NODE = 40, 6  # a wave of faults strikes NODE + 2 sites of its own
FACTS = ("kind", "cause", "party", "confidence", "object", "sites", "links", "title", "reasons", "minutes")
CONF = """
province "lab" {{ name = "Lab"  drill = true  language = "en" }}
collector {{ listen = "127.0.0.1:{port}"  reflector = ""  traps = ""  control = "{dir}/c.sock"  data = "{dir}/data"
             user = ""  retention = "10s:1h" }}
web {{ base_url = "https://status.example.vn" }}
centre {{ name = "Centre"  tell = {{ "duty" }} }}
carrier "vnpt" {{ name = "VNPT"  tell = {{ "vnpt-noc" }} }}
carrier "viettel" {{ name = "Viettel" }}
pop "w1" {{ carrier = "viettel"  name = "Node w1" }}
contact "technician" {{ name = "T"  sms = "+84912345678"  email = "technician@example.vn" }}
contact "duty" {{ name = "D"  email = "duty@example.vn" }}
contact "vnpt-noc" {{ name = "N"  webhook = "http://127.0.0.1:{hook}/noc" }}
alerts {{ outage_after_s = 20  quiet = ""  from = "nhip@example.vn"  smtp = "smtp://127.0.0.1:{mail}"
          sms_command = "{dir}/sms %k" }}
quality {{ down_after = 2 }}
"""
SITE = """site "{id}" {{ name = "{id}"  technicians = {{ "technician" }}
  link "vnpt" {{ carrier = "vnpt"  pop = "{pop}"  interface = "eth1"  address = "10.1.{n}.2"  gateway = "10.1.0.1"  reflector = "10.9.9.9" }}
  link "viettel" {{ carrier = "viettel"  pop = "w1"  role = "standby"  interface = "eth2"  address = "10.2.{n}.2"  gateway = "10.2.0.1"
                   reflector = "10.9.9.9" }} }}
"""


def wait_for(what, condition, seconds=PATIENCE_S):
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError("waited in vain for " + what)
        time.sleep(0.05)


class Side:
    """A collector, its drill, and those who are told by it."""

    def __init__(self, directory, waves, story):
        self.dir, self.running = directory, []
        os.makedirs(directory + "/data", mode=0o750)
        self.mail, self.hook = receivers.Mail(), receivers.Hook()
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        with open(os.open(directory + "/sms", os.O_WRONLY | os.O_CREAT, 0o700), "w", encoding="ascii") as f:
            f.write(f'#!/bin/sh\nprintf "%s|%s\\n" "$1" "$(cat)" >> {directory}/sms.sent\n')
        with open(directory + "/story", "w", encoding="ascii") as f:
            f.write(story)
        conf = open(directory + "/nhip.conf", "w", encoding="utf-8")
        ours = open(os.open(directory + "/data/agents.keys", os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii")
        theirs = open(os.open(directory + "/keys", os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii")
        with conf, ours, theirs:
            conf.write(CONF.format(port=self.port, dir=directory, mail=self.mail.port, hook=self.hook.port))
            for w in range(waves):
                for pop in (f"v{w}", f"x{w}"):
                    conf.write(f'pop "{pop}" {{ carrier = "vnpt"  name = "Node {pop}" }}\n')
            for n, (site, pop) in enumerate(sites(waves) + [("centre", None)]):
                if pop:
                    conf.write(SITE.format(id=site, pop=pop, n=n))
                key = secrets.token_bytes(32)
                # the lines that joining would have left: identity site state created used expires from key
                ours.write(f"id-{site} {site} joined 1 1 0 - {key.hex()}\n")
                theirs.write(f"{site} id-{site} {base64.b32encode(key).decode().rstrip('=').lower()}\n")
        self.log = open(directory + "/log", "w+", encoding="utf-8")
        self.collector = None
        self.unclear = self.kills = 0

    def start(self):
        self.collector = subprocess.Popen([BIN + "/nhip-collector", "-f", "-c", self.dir + "/nhip.conf"],
                                          stdout=self.log, stderr=self.log)

    def kill(self):
        self.collector.send_signal(signal.SIGKILL)
        assert self.collector.wait(PATIENCE_S) == -signal.SIGKILL, "the collector ended by itself"
        self.kills += 1
        with sqlite3.connect(f"file:{self.dir}/data/incidents.db?mode=ro", uri=True) as db:
            self.unclear += sum(n for state, n in db.execute("SELECT state, count(*) FROM outbox GROUP BY state") if state == 3)

    def drill(self):
        self.running.append(subprocess.Popen([BIN + "/nhip-drill", "--keys", self.dir + "/keys", "--connect", f"127.0.0.1:{self.port}",
                                              "--story", self.dir + "/story", "--retry-ms", "100"], stdout=self.log, stderr=self.log))

    def ask(self, do, **keys):
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(20)
                s.connect(self.dir + "/c.sock")
                s.sendall(json.dumps({"id": 1, "do": do, **keys}).encode() + b"\n")
                return json.loads(s.makefile().readline())["result"]
        except (OSError, ValueError, KeyError):
            return None

    def incidents(self):
        got = self.ask("incidents", **{"from": 0, "to": int(time.time()) + 10, "lang": "en"})
        return [self.ask("incident", number=i["number"], lang="en") for i in got["incidents"]] if got else []

    def is_told(self, count):
        """So many incidents, all over, and nothing more to send?"""
        all_of = self.incidents()
        return len(all_of) >= count and all(
            i and i["told_closed"] and i["notifications"] and any(n["about"] == "closed" for n in i["notifications"]) and
            all(n["state"] in ("sent", "failed") for n in i["notifications"]) for i in all_of)

    def received(self):
        """(key, way, text), as it came."""
        out = []
        for _, raw, _ in list(self.mail.letters):
            m = email.message_from_bytes(raw, policy=email.policy.default)
            out.append((m["X-Nhip-Key"], "email", m["Subject"] + "\n" + m.get_content(), m["Message-ID"]))
        for _, headers, body, _ in list(self.hook.posts):
            out.append((headers["X-Nhip-Event"], "webhook", json.loads(body)["text"], headers["X-Nhip-Event"]))
        if os.path.exists(self.dir + "/sms.sent"):
            with open(self.dir + "/sms.sent", encoding="utf-8") as f:
                out += [(*line.rstrip("\n").split("|", 1), None) for line in f]
        return [(r[0], "sms", r[1], r[0]) if r[2] is None else r for r in out]

    def stop(self):
        for p in [*self.running, self.collector]:
            if p is not None and p.poll() is None:
                p.terminate()
                try:
                    p.wait(20)
                except subprocess.TimeoutExpired:
                    p.kill()
                    p.wait()
        self.mail.close()
        self.hook.close()
        self.log.close()


def sites(waves):
    return [(f"s{w}{k}", f"v{w}" if k < NODE else f"x{w}") for w in range(waves) for k in range(NODE + 3)]


def story(waves):
    """Each wave: a node, a line, the mains of a site; one site of the other node stays well."""
    out = []
    for w in range(waves):
        at = 13 + w * WAVE_S
        out.append(f"node s{w}0 {NODE} 0 {at} {at + 38}")
        out.append(f"link s{w}{NODE} 1 0 {at + 10} {at + 48}")
        out.append(f"power s{w}{NODE + 1} 1 0 {at + 20} {at + 58}")
    return "\n".join(out) + "\n"


def timeless(text):
    """Anchors of the two clocks differ by milliseconds: a time may fall to another minute, a length to another second."""
    text = text.replace("\r", "").split("\n\nacknowledge: ")[0]
    return re.sub(r"SC-\d+", "SC", re.sub(r"\d\d:\d\d", "HH:MM", re.sub(r"\d+ (giay|phut)", r"N \1", text))).strip()


def decided(key, text):
    """An opening and a revision name the reasons known at that second, and readings come later over a killed collector."""
    return text if key[1].startswith("closed") else re.sub(r"\n- .*", "", text)


def plain(i):
    """What an incident is, without its number; minutes to a second a link."""
    got = {k: sorted(i[k]) if k in ("sites", "links") else i[k] for k in FACTS}
    got["reasons"] = sorted(map(timeless, i["reasons"]))
    got["minutes"] = {k: round(m / len(i["links"]), 1) for k, m in i["minutes"].items()}
    return got


def compare(peace, killed):
    """What differs, in words; and what came again."""
    wrong, again = [], collections.Counter()
    ours = {tuple(sorted(i["links"])): i for i in peace.incidents()}
    theirs = {tuple(sorted(i["links"])): i for i in killed.incidents()}
    for links in ours.keys() ^ theirs.keys():
        wrong.append(f"only {'in peace' if links in ours else 'when killed'}: {(ours.get(links) or theirs[links])['title']} {links}")
    if len(theirs) != len(killed.incidents()):
        wrong.append("two incidents of the same links")
    for links in ours.keys() & theirs.keys():
        a, b = plain(ours[links]), plain(theirs[links])
        wrong += [f"{links}: {k} is {a[k]} in peace, {b[k]} when killed" for k in FACTS if a[k] != b[k]]
        for k in ("started", "closed"):
            if abs(ours[links][k] - theirs[links][k]) > 1:
                wrong.append(f"{links}: {k} is {ours[links][k]} in peace, {theirs[links][k]} when killed")
    said = []
    for side, all_of in ((peace, ours), (killed, theirs)):
        name = {i["number"]: links for links, i in all_of.items()}
        got = collections.defaultdict(list)
        for key, way, text, once in side.received():
            number, rest = key.split(":", 1)
            got[name.get(int(number), number), rest].append((way, timeless(text), once))
        said.append(got)
    for key in said[0].keys() ^ said[1].keys():
        wrong.append(f"told only {'in peace' if key in said[0] else 'when killed'}: {key}")
    for key in said[0].keys() & said[1].keys():
        a, b = said[0][key], said[1][key]
        if len(a) != 1:
            wrong.append(f"in peace {key} came {len(a)} times")
        ways = collections.Counter(way for way, _, _ in b)
        if ways["sms"] > 1:
            wrong.append(f"{key} came by text message {ways['sms']} times")
        if len({once for way, _, once in b if way != "sms"}) > 1:
            wrong.append(f"{key} came again as another one")
        if len(b) > 1:
            again["+".join(sorted(way for way, _, _ in b))] += 1
        if a[0][0] in ways and decided(key, a[0][1]) not in [decided(key, text) for way, text, _ in b if way == a[0][0]]:
            wrong.append(f"{key} says {a[0][1]!r} in peace, {b[0][1]!r} when killed")
    if sum(again.values()) > killed.unclear:
        wrong.append(f"{dict(again)} came again, {killed.unclear} were under way at a kill")
    return wrong, again, sum(len(v) for v in said[0].values())


def run(directory, kills, seed):
    rng = random.Random(seed)
    waves = max(1, round(kills * 2.4 / WAVE_S))
    sides = [Side(f"{directory}/{name}", waves, story(waves)) for name in ("peace", "killed")]
    peace, killed = sides
    try:
        for side in sides:
            side.start()
        for side in sides:
            wait_for("a collector", lambda s=side: s.ask("status"), 20)
        wait_for("a moment well before the story's zero", lambda: 1 < time.clock_gettime(time.CLOCK_BOOTTIME) % 10 < 6)
        for side in sides:
            side.drill()
        wait_for("sessions", lambda: all(s.ask("status")["sessions"]["live"] == len(sites(waves)) + 1 for s in sides))
        gap = (waves * WAVE_S + 65) / kills  # the kills fill the story
        while not peace.is_told(3 * waves):
            after = time.monotonic() + rng.uniform(0.1, 2 * gap - 0.1)
            wait_for("the next kill", lambda t=after: time.monotonic() > t or peace.is_told(3 * waves))
            if killed.kills < kills:
                killed.kill()
                killed.start()
        while killed.kills < kills:
            wait_for("the collector", lambda: killed.ask("status"))
            killed.kill()
            killed.start()
        wait_for("all to be told when killed", lambda: killed.is_told(3 * waves))
        wrong, again, messages = compare(peace, killed)
        return {"kills": killed.kills, "incidents": len(peace.incidents()), "messages": messages, "unclear": killed.unclear,
                "again": dict(again), "wrong": wrong}
    finally:
        for side in sides:
            side.stop()
