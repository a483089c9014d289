# SPDX-License-Identifier: GPL-3.0-or-later
"""Power cuts for whole daemons: from a log of all they wrote, the directories as a disk could be found.

One run of agent, collector and nhip-series under tests/lab/powerlog.c, with kills, a cut line, keys that change. Then,
at places of that log drawn at random: what a barrier covered is there, each later write is there, not there or torn,
each later change of names is there or not (those of one directory in their order), what grew without its bytes is zeros
or rubbish. One end loses its power and the other is as kill -9 leaves it, or both lose it. The real daemons start on
that, and three things know what has to come of it: the agent's journal as the log saw it made, what the agent had
synced, and what the collector had acknowledged. Now and then the power fails again while they recover.
"""
import bisect
import collections
import concurrent.futures
import json
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

import faultlab
from faultlab import BIN, BUILD, PATIENCE_S, varint, wait_for

SECTOR = 512
HEAD = struct.Struct("<IBBHHHIQQQQ")  # as powerlog.c writes it
TOPS = ("agent", "collector", "memory")
ENDS = {"agent": ("agent",), "collector": ("collector",), "both": ("agent", "collector")}
ACK, WELCOME = 0x05, 0x02  # frames
READINGS, GAP = 1, 3  # records
RUBBISH_KEPT = 64
SHARED_MEMORY = "/dev/shm"
LONG_S = 20  # a life that has time for a cut of the line that outlasts the agent's patience
SECOND_EVERY, SECOND_CUTS = 5, 3  # of every so many images the recovery is cut, at so many places


# --- the log ---

class Entry:
    __slots__ = ("op", "zeros", "pid", "file", "offset", "size", "path", "path2", "data")

    def __init__(self, op, file=0, offset=0, path="", path2="", data=b"", size=None, zeros=False, pid=0):
        self.op, self.file, self.offset, self.path, self.path2, self.data = op, file, offset, path, path2, data
        self.size, self.zeros, self.pid = len(data) if size is None else size, zeros, pid

    def pack(self):
        path, path2 = self.path.encode(), self.path2.encode()
        return HEAD.pack(HEAD.size + len(path) + len(path2) + len(self.data), ord(self.op), 0, len(path), len(path2), 0,
                         self.pid, self.file, self.offset, len(self.data), 0) + path + path2 + self.data


def read_log(path):
    with open(path, "rb") as f:
        raw = f.read()
    at, out = 0, []
    while at < len(raw):
        length, op, zeros, n, n2, _, pid, file, offset, size, _ = HEAD.unpack_from(raw, at)
        p = at + HEAD.size
        out.append(Entry(chr(op), file, offset, raw[p:p + n].decode(), raw[p + n:p + n + n2].decode(),
                         raw[p + n + n2:at + length], size, bool(zeros), pid))
        at += length
    return out


class Notes:
    """The test's own words in that log: 't' a token was given out, 'j' the agent has joined, 'v' its key is revoked,
    'p' planned work was taken into the database of incidents."""

    def __init__(self, path):
        self.path = path

    def write(self, *entries):
        fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        for e in entries:
            os.write(fd, e.pack())
        os.close(fd)

    def rewritten(self, path):
        """A file that the test itself has written and that the daemons shall find."""
        number = os.stat(path).st_ino
        with open(path, "rb") as f:
            data = f.read()
        self.write(Entry("T", number, 0, path), Entry("W", number, 0, path, data=data), Entry("S", number, 1, path),
                   Entry("s", number, 1, path))


# --- the disk ---

class File:
    def __init__(self, forgotten=False):
        self.safe, self.pend, self.now, self.forgotten = bytearray(), [], None, forgotten
        self.records, self.synced = [], set()  # of the agent's journal: (entry, position), positions

    def latest(self):
        if self.now is None:
            self.now = bytearray(self.safe)
            for change in self.pend:
                apply(self.now, change)
        return self.now

    def change(self, index, op, offset, size, data):
        change = (index, op, offset, size, data)
        self.pend.append(change)
        if self.now is not None:
            apply(self.now, change)

    def snapshot(self, index, offset, data):
        """Which sectors are new. A part of each: it may have been on its way to the disk before it was whole."""
        now = self.latest()
        for at in range(0, len(data), SECTOR):
            piece = data[at:at + SECTOR]
            room = len(now) - offset - at
            if room <= 0:
                break  # a mapping's last page reaches beyond the file
            if now[offset + at:offset + at + len(piece)] != piece[:room]:
                self.change(index, "W", offset + at, min(len(piece), room), piece[:room])

    def sync(self, upto):
        self.synced.update(pos for index, pos in self.records if index < upto)
        while self.pend and self.pend[0][0] < upto and not self.forgotten:
            apply(self.safe, self.pend.pop(0))


def apply(buf, change, a=0, b=None):
    """A change, or what of it lies in bytes a to b."""
    _, op, offset, size, data = change
    if op == "T" and offset < len(buf):
        if b is None:
            del buf[offset:]
        elif offset < b:
            start, end = max(a, offset), min(b, len(buf))
            buf[start:end] = bytes(max(0, end - start))
        return
    if op in "TA":
        if b is None and offset > len(buf):
            buf.extend(bytes(offset - len(buf)))
        return
    start, end = max(a, offset), offset + size if b is None else min(b, offset + size)
    if start >= end:
        return
    if end > len(buf):
        buf.extend(bytes(end - len(buf)))
    buf[start:end] = bytes(end - start) if data is None else data[start - offset:end - offset]


class Dir:
    def __init__(self):
        self.now, self.safe, self.pend = {}, {}, []

    def change(self, index, changes):
        self.pend.append((index, changes))
        apply_names(self.now, changes)

    def sync(self, upto):
        while self.pend and self.pend[0][0] < upto:
            apply_names(self.safe, self.pend.pop(0)[1])

    def pending_names(self):
        return {name for _, changes in self.pend for name, _ in changes}


def apply_names(names, changes):
    for name, what in changes:
        if what is None:
            names.pop(name, None)
        else:
            names[name] = what


class World:
    """What the disk surely has and what it may have, entry by entry."""

    def __init__(self, root, collectors, lies=None, before=None):
        self.root, self.top = os.path.realpath(root), Dir()
        self.collectors = collectors  # process ids
        self.lies = lies  # a disk that keeps nothing of files whose path has this
        self.things, self.barriers = {os.stat(root).st_ino: self.top}, {}
        self.before = before  # facts of the cut that it begins after
        self.made = {}  # position: (entry, type, chain, bytes) of the agent's records
        self.acked = self.index = 0
        self.said = {}  # connection: bytes of the collector's last frame, not yet whole
        self.token = self.joined = self.revoked = None
        self.planned = set()
        self.rubbish = collections.deque(maxlen=RUBBISH_KEPT)

    def load(self, folder, names):
        """What is on the disk at its beginning. All of it counts as safe."""
        for entry in os.scandir(folder):
            if folder == self.root and entry.name not in TOPS or entry.is_symlink() or \
                    not entry.is_dir() and not entry.is_file():
                continue
            thing = Dir() if entry.is_dir() else File()
            self.things[entry.inode()] = names.now[entry.name] = names.safe[entry.name] = thing
            if entry.is_dir():
                self.load(entry.path, thing)
            else:
                with open(entry.path, "rb") as f:
                    thing.safe = bytearray(f.read())

    def look_up(self, path):
        """(directory, name) of a path below the root; None: not what the daemons keep."""
        parts = path[len(self.root) + 1:].split("/")
        if parts[0] not in TOPS:
            return None
        at = self.top
        for part in parts[:-1]:
            at = at.now[part]
        return at, parts[-1]

    def play(self, e):
        self.index += 1
        handler = getattr(self, "on_" + NAMES.get(e.op, "other"))
        handler(e)

    def on_other(self, e):
        pass

    def on_create(self, e):
        place = self.look_up(e.path)
        self.things[e.file] = thing = Dir() if e.op == "K" else File(bool(self.lies) and self.lies in e.path)
        if place:
            place[0].change(self.index, [(place[1], thing)])

    def on_write(self, e):
        f = self.things.get(e.file)
        if not isinstance(f, File):
            return
        data = None if e.zeros else e.data
        if e.op == "M":
            f.snapshot(self.index, e.offset, bytes(e.size) if data is None else data)
        else:
            f.change(self.index, e.op, e.offset, e.size, data)
        if e.op == "W" and data and re.search(r"/(agent/journal|memory)/seg-", e.path):
            self.take_records(f, e)
        if e.op == "W" and data and len(data) > 100:
            self.rubbish.append(data)

    def take_records(self, f, e):
        at = 192 if e.offset == 0 else 0  # a segment's head
        while at + 20 <= len(e.data):
            size, kind, flags, pos, chain = struct.unpack_from(">HBBQI", e.data, at + 4)
            if flags & 1 == 0:
                self.made.setdefault(pos, (self.index, kind, chain, e.data[at + 20:at + 20 + size]))
                f.records.append((self.index, pos))
            at += 20 + size

    def on_sync(self, e):
        self.barriers[e.offset] = self.index

    def on_synced(self, e):
        upto, thing = self.barriers.pop(e.offset), self.things.get(e.file)
        for one in self.things.values() if e.op == "y" else [thing] if thing else []:
            one.sync(upto)

    def on_rename(self, e):
        a, b = self.look_up(e.path), self.look_up(e.path2)
        if not a or not b:
            return
        thing = a[0].now[a[1]]
        if a[0] is b[0]:
            a[0].change(self.index, [(a[1], None), (b[1], thing)])
        else:
            b[0].change(self.index, [(b[1], thing)])
            a[0].change(self.index, [(a[1], None)])
        if b[1] == "spare.nhj":
            thing.records, thing.synced = [], set()

    def on_link(self, e):
        a, b = self.look_up(e.path), self.look_up(e.path2)
        if a and b:
            b[0].change(self.index, [(b[1], a[0].now[a[1]])])

    def on_unlink(self, e):
        place = self.look_up(e.path)
        if place:
            place[0].change(self.index, [(place[1], None)])

    def on_sent(self, e):
        """The collector's frames: what an ACK or a WELCOME calls durable, the agent may forget."""
        if e.pid in self.collectors:
            key = e.pid, e.file
            before, _ = self.said.get(key, (b"", b""))
            self.said[key] = self.frames(before + e.data), e.data

    def frames(self, raw):
        at = 0
        while at + 4 <= len(raw) and at + 4 + int.from_bytes(raw[at + 2:at + 4], "big") <= len(raw):
            kind, end = raw[at], at + 4 + int.from_bytes(raw[at + 2:at + 4], "big")
            p = at + 4
            if kind == ACK:
                _, p = varint(raw, p)
                self.acked = max(self.acked, varint(raw, p)[0])
            elif kind == WELCOME:
                for _ in range(2):
                    _, p = varint(raw, p)
                self.acked = max(self.acked, varint(raw, p)[0])
            at = end
        return raw[at:]

    def on_unsent(self, e):
        """OpenSSL took less: the rest comes again. What was said counts as said."""
        key = e.pid, e.file
        if key in self.said:
            rest, last = self.said[key]
            whole = len(last) - e.offset
            assert whole <= len(rest) or e.offset == 0, "a frame was cut where its rest is not known"
            self.said[key] = (rest[:len(rest) - whole] if whole <= len(rest) else b""), b""

    def on_hung_up(self, e):
        self.said.pop((e.pid, e.file), None)

    def on_token(self, e):
        self.token = e.path

    def on_joined(self, e):
        self.joined = True

    def on_planned(self, e):
        self.planned.add(e.path)

    def on_revoked(self, e):
        self.revoked = True

    # --- images ---

    def facts(self, lost, what):
        """What has to come of an image in which `lost` lost their power."""
        was = self.before or {"must": set(), "acked": set(), "spooled": set(), "made": {}, "planned": set()}
        acked = was["acked"] | {pos for pos in was["must"] | set(self.made) if pos <= self.acked}
        spooled = (was["spooled"] | self.spooled()) - acked if "agent" in lost else set()
        return {"must": acked | spooled | (set() if "agent" in lost else was["must"] | set(self.made)),
                "acked": acked, "spooled": spooled, "made": was["made"] | self.made, "token": self.token,
                "joined": self.joined, "revoked": self.revoked,
                "planned": was["planned"] | self.planned, "forgotten": set(), "what": what}

    def spooled(self):
        """What the agent has synced to its disk."""
        agent = self.top.now.get("agent")
        journal = agent and agent.now.get("journal")
        synced = set()
        for name, f in journal.safe.items() if journal else ():
            if isinstance(f, File) and name.startswith("seg-") and journal.now.get(name) is f:
                synced |= f.synced
        return synced

    def image(self, directory, lost, rng, mood=None):
        """The directory after a power cut at this place."""
        mood = mood or rng.choice(("none", "all", "ordered", "mixed", "mixed", "mixed"))
        draw = Draw(self, mood, rng)
        names = dict(self.top.now)
        for top in lost:
            if top in self.top.pending_names() and not draw.names_of(self.top).get(top):
                names.pop(top, None)
        for name, thing in names.items():
            path = f"{directory}/{name}"
            if name == "memory" and "agent" in lost:
                os.mkdir(path, 0o700)
            elif name in lost:
                draw.put(thing, path)
            else:
                keep(thing, path)
        return mood


NAMES = {"C": "create", "K": "create", "T": "write", "A": "write", "W": "write", "M": "write", "S": "sync", "Y": "sync",
         "s": "synced", "y": "synced", "R": "rename", "L": "link", "U": "unlink", "N": "sent", "X": "unsent",
         "F": "hung_up", "t": "token", "j": "joined", "v": "revoked", "p": "planned"}


def write_file(path, data):
    with open(path, "wb") as f:
        os.fchmod(f.fileno(), 0o600)
        for at in range(0, len(data), 65536):
            piece = data[at:at + 65536]
            if piece.count(0) != len(piece):
                os.pwrite(f.fileno(), piece, at)
        os.truncate(f.fileno(), len(data))


def keep(thing, path):
    if isinstance(thing, File):
        write_file(path, thing.latest())
        return
    os.mkdir(path, 0o700)
    for name, one in thing.now.items():
        keep(one, f"{path}/{name}")


class Draw:
    """What of it the disk has."""

    def __init__(self, world, mood, rng):
        self.world, self.mood, self.rng = world, mood, rng
        pending = [c[0] for t in world.things.values() for c in t.pend]
        self.upto = rng.randint(min(pending, default=0), world.index + 1)

    def names_of(self, directory):
        names, pend = dict(directory.safe), directory.pend
        if self.mood == "ordered":
            count = bisect.bisect_left([p[0] for p in pend], self.upto)
        else:
            count = {"none": 0, "all": len(pend)}.get(self.mood, self.rng.choice((0, len(pend), self.rng.randint(0, len(pend)))))
        for _, changes in pend[:count]:
            apply_names(names, changes)
        return names

    def put(self, thing, path):
        if isinstance(thing, File):
            write_file(path, self.bytes_of(thing))
            return
        os.mkdir(path, 0o700)
        for name, one in self.names_of(thing).items():
            self.put(one, f"{path}/{name}")

    def bytes_of(self, f):
        mood = self.mood
        if mood == "mixed":
            mood = self.rng.choice(("none", "all", "ordered", "prefix", "sectors", "sectors", "sectors"))
        out = bytearray(f.safe)
        if mood == "none" or not f.pend:
            return out
        if mood == "sectors":
            return self.sectors(f, out)
        count = len(f.pend)
        if mood == "ordered":
            count = bisect.bisect_left([p[0] for p in f.pend], self.upto)
        elif mood == "prefix":
            count = self.rng.randint(0, count)
        for change in f.pend[:count]:
            apply(out, change)
        if mood == "prefix" and count < len(f.pend) and f.pend[count][1] == "W":
            _, _, offset, size, _ = f.pend[count]  # torn at any byte of it
            apply(out, f.pend[count], offset, offset + self.rng.randint(0, size))
        return out

    def sectors(self, f, out):
        """Each sector stops taking changes at one of its own, now and then in the middle of it; so does the size."""
        touched = set()
        sizes = [len(f.safe)]
        for _, op, offset, size, _ in f.pend:
            last = sizes[-1]
            sizes.append({"T": offset, "A": max(last, offset)}.get(op, max(last, offset + size)))
            if op == "W":
                touched.update(range(offset // SECTOR, (offset + size - 1) // SECTOR + 1))
            elif op == "T" and offset < last:
                touched.update(range(offset // SECTOR, (last - 1) // SECTOR + 1))
        size = self.rng.choice(sizes)
        if len(out) < size:
            out.extend(self.filling(size - len(out)))
        for s in touched:
            a, b = s * SECTOR, min((s + 1) * SECTOR, size)
            if a >= b:
                continue
            reach = [c for c in f.pend if c[2] < b and (c[1] != "W" or c[2] + c[3] > a)]
            stop = self.rng.randint(0, len(reach))
            for change in reach[:stop]:
                if change[1] != "A":
                    apply(out, change, a, b)
            if stop < len(reach) and reach[stop][1] == "W" and self.rng.random() < 0.3:
                cut = self.rng.randint(a, b)
                apply(out, reach[stop], *((a, cut) if self.rng.random() < 0.5 else (cut, b)))
        del out[size:]
        return out

    def filling(self, size):
        """What stands in blocks that a file has got and not written: zeros, anything, or somebody's old bytes."""
        what = self.rng.random()
        if what < 0.5 or size > 1 << 20:
            return bytes(size)
        if what < 0.75 or not self.world.rubbish:
            return self.rng.randbytes(size)
        old = self.rng.choice(self.world.rubbish)
        return (old * (size // len(old) + 1))[:size]


# --- the run that is recorded ---

def recorder(directory):
    return dict(os.environ, LD_PRELOAD=BUILD + "/tests/powerlog.so", NHIP_POWERLOG=directory + "/power.log",
                NHIP_POWERLOG_ROOT=directory)


class Recording(faultlab.Lab):
    """A short life: joined, measured, killed, cut off, asked for charts, its keys changed."""

    def __init__(self, directory, seed, sync):
        super().__init__(directory, seed)
        self.sync = sync
        self.write_conf(self.line.to[1], self.line.port, self.server.port, sync)
        self.notes = Notes(directory + "/power.log")
        self.env = recorder(directory)
        self.collectors = set()

    def start(self, name):
        super().start(name)
        if name == "collector":
            self.collectors.add(self.running[name].pid)

    def reassign(self, fast):
        n = super().reassign(fast)
        self.notes.rewritten(self.dir + "/agent/assignments-lab")
        return n

    def on_token(self, token):
        self.notes.write(Entry("t", path=token))

    def on_joined(self):
        self.notes.write(Entry("j"))

    def bid_end(self, name):
        """By SIGTERM, once it can hear it."""
        wait_for(name, self.status if name == "agent" else lambda: self.ask("status"))
        self.series()
        self.end(name, signal.SIGTERM)

    def plan(self):
        """Work that is taken into the database is there from the answer on."""
        name, at = f"w{self.rng.getrandbits(32):x}", int(time.time())
        if self.ask("planned_add", planned=name, sites="a", party="vnpt", why="cables", who="A", way="nhipctl",
                    **{"from": at + 3600, "to": at + 7200}):
            self.notes.write(Entry("p", path=name))
            return True
        return False

    def outage(self):
        """Each end of the agent brings what it could not deliver to the disk, or the next start finds it in memory."""
        self.line.cut = True
        for _ in range(self.rng.randint(2, 4)):
            if self.rng.random() < 0.5:
                self.bid_end("agent")
                self.start("agent")
            else:
                self.kill("agent")
            wait_for("readings", lambda: any("age_ms" in c for c in (self.status() or {"checks": ()})["checks"]))
        self.line.cut = False

    def live(self, seconds):
        end = time.monotonic() + seconds
        if seconds >= LONG_S:
            self.outlast()
        while time.monotonic() < end:
            what = self.rng.random()
            if what < 0.1:
                self.ask("agent_rotate", site="a")
            elif what < 0.15:
                self.plan()
            elif what < 0.25:
                self.line.cut = not self.line.cut
            elif what < 0.35:
                self.outage()
            elif what < 0.55:
                self.kill(self.rng.choice(("agent", "agent", "collector", "series")))
            elif what < 0.75:
                name = self.rng.choice(("agent", "collector"))
                self.bid_end(name)
                self.start(name)
            else:
                self.pause(time.monotonic())

    def record(self, seconds):
        try:
            self.begin()
            self.calm = False
            wait_for("planned work", self.plan)
            self.live(seconds)
            self.line.cut = False
            wait_for("a revoked key", lambda: self.ask("agent_revoke", site="a"))
            self.notes.write(Entry("v"))
            self.kill("collector")
            for name in ("agent", "collector"):
                self.bid_end(name)
            wait_for("nhip-series to end", lambda: not any(self.alive(pid) for pid in self.strays))
        except BaseException:
            for name in ("collector", "agent"):
                print(f"--- {name}\n" + self.log(name)[-3000:])
            raise
        finally:
            self.stop()
            for helper in self.helpers:
                helper.join()
        return read_log(self.notes.path)


# --- the daemons on an image ---

class Machine(faultlab.Lab):
    """An image and the daemons on it."""

    def __init__(self, directory, sync, service_port, recorded=False):  # pylint: disable=super-init-not-called
        self.dir = directory
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.write_conf(self.port, self.port, service_port, sync)
        self.running, self.begun, self.strays = {}, {}, set()
        self.env, self.said, self.starts, self.collectors = None, 0, 0, set()
        self.notes = Notes(directory + "/power.log") if recorded else None
        if recorded:
            self.env = recorder(directory)

    def start(self, name):
        self.starts += 1
        self.spawn(name)
        if name == "collector":
            self.collectors.add(self.running[name].pid)

    def end(self, name, sig=signal.SIGTERM):
        p = self.running.pop(name)
        if p.poll() is None:
            p.send_signal(sig)
        try:
            status = p.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            p.kill()
            raise
        assert status == 0, f"{name}: exit status {status}"

    def up(self, name, what):
        """Wait for an answer; a program that ends by itself is a fault at once."""
        def asked():
            assert self.running[name].poll() is None, f"{name} does not start: status {self.running[name].returncode}"
            return what()
        return wait_for(name, asked)

    def streaming(self, seconds=PATIENCE_S):
        pause = [0.3]

        def asked():
            p = self.running["agent"]
            assert p.poll() is None, f"agent does not start: status {p.returncode}"
            if self.waiting() is not None:
                return True
            if time.monotonic() - max(self.said, self.begun["agent"]) > pause[0]:
                p.send_signal(signal.SIGHUP)  # it lets go of a connection that is being made: give it time
                self.said, pause[0] = time.monotonic(), min(2 * pause[0], 8)
            return False
        return wait_for("a session", asked, seconds)

    def join(self, token):
        p = subprocess.run([BIN + "/nhip-agent", "-c", self.dir + "/agent.conf", "join", token], check=False,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE_S)
        assert p.returncode == 0, "join: " + p.stdout

    def run(self, facts):
        """Start, let it measure on, deliver everything, end."""
        if facts["spooled"]:  # before it can deliver any
            self.start("agent")
            self.up("agent", self.status)
            facts["forgotten"] = facts["spooled"] - self.positions()
        self.start("collector")
        self.up("collector", lambda: self.ask("status"))
        planned = {row["id"] for row in self.ask("planned_list")["planned"]}
        assert planned >= facts["planned"], f"planned work is forgotten: {facts['planned'] - planned}"
        # before an agent that has more than it needs to sends it again
        facts["forgotten"] |= facts["acked"] - {r["pos"] for r in self.records()[0]}
        if not facts["joined"]:
            self.get_in(facts["token"])
        if facts["revoked"]:
            self.join_anew()
        if "agent" not in self.running:
            self.start("agent")
        self.streaming()
        facts["measures"] = self.can_measure()
        if facts["measures"]:
            wait_for("new readings", self.has_measured)
        self.end("agent")
        self.rest()
        self.start("agent")
        self.streaming()
        wait_for("everything to be delivered", lambda: self.waiting() == 0)
        self.end("agent")
        series = self.series()
        self.end("collector")
        if series is not None:
            wait_for("nhip-series to end", lambda: not self.alive(series))

    def get_in(self, token):
        """Cut off while it joined: by the key that it has got, else by the same token, else by a new one."""
        if any(os.path.exists(f"{self.dir}/agent/lab.key{end}") for end in ("", ".next")):
            self.start("agent")
            try:
                self.streaming(5)
                return
            except AssertionError:
                if self.running["agent"].poll() is not None:
                    raise
            finally:
                self.end("agent")
        if token is None:
            token = self.ask("agent_add", site="a", host="127.0.0.1", port=self.port)["token"]
        self.join(token)

    def join_anew(self):
        """The key that was taken back is of no use; with a new one the agent goes on where it was."""
        states = {row["state"] for row in self.ask("agent_list")["agents"]}
        assert states <= {"revoked", "burnt"}, f"a revoked key is {states}"
        if "agent" in self.running:
            self.end("agent")
        self.join(self.ask("agent_add", site="a", host="127.0.0.1", port=self.port)["token"])

    def can_measure(self):
        status = wait_for("the agent's status", self.status)
        return bool(status["checks"]) and min(c["every_ms"] for c in status["checks"]) < 1000

    def has_measured(self):
        return any("age_ms" in c for c in (self.status() or {"checks": ()})["checks"])

    def rest(self):
        """Nothing new any more, if there is a list that says what."""
        try:
            self.reassign(fast=False)
        except (OSError, IndexError):
            return
        if self.notes:
            self.notes.rewritten(self.dir + "/agent/assignments-lab")

    def litter(self):
        """Files that were being made, and that nobody will ever finish or remove."""
        return [name for _, _, names in os.walk(self.dir + "/collector/rrd") for name in names if not name.endswith(".rrd")]

    def positions(self):
        """Of the records in the agent's journal on disk."""
        p = subprocess.run([BUILD + "/tests/origins", "--positions", self.dir + "/agent/journal"], check=False,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert p.returncode == 0, p.stderr
        return {json.loads(line)["pos"] for line in p.stdout.splitlines()}

    def records(self):
        """(the agent's records in the collector's journal, what in it cannot be read)"""
        p = subprocess.run([BUILD + "/tests/origins", "--records", self.dir + "/collector/journal"], check=False,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert p.returncode in (0, 1), p.stderr
        lines = [json.loads(line) for line in p.stdout.splitlines()]
        sources = [line for line in lines if "records" in line]
        return [line for line in lines if "body" in line], sum(s["undecoded"] + s["own_gaps"] for s in sources)

    def stop(self):
        for p in self.running.values():
            series = self.series()
            if series is not None:
                os.kill(series, signal.SIGKILL)
            if p.poll() is None:
                p.kill()
                p.wait()


def judge(machine, facts):
    """(lost, doubled, ghosts, differing, what is wrong in words)"""
    wrong = []
    records, undecoded = machine.records()
    # a gap that the agent tells of stands at the last position that it has lost
    gaps = [r for r in records if r["type"] == GAP and r["pos"] in facts["made"] and r["pos"] not in facts["must"]]
    seen = collections.Counter(r["pos"] for r in records)
    lost = facts["forgotten"] | {pos for pos in facts["must"] if pos not in seen}
    doubled = [pos for pos, n in seen.items() if n > 1]
    newest = max((pos >> 40 for pos in facts["made"]), default=0)
    ghosts, after, fresh = [], collections.defaultdict(list), 0
    for r in records:
        if r in gaps:
            continue
        was = facts["made"].get(r["pos"])
        if was is None and r["pos"] >> 40 > newest:
            after[r["pos"] >> 40].append(r["pos"])
            fresh += r["type"] == READINGS
        elif was is None or was[1:] != (r["type"], r["chain"], bytes.fromhex(r["body"])):
            ghosts.append(r["pos"])
    for positions in after.values():
        if positions != list(range(positions[0], positions[-1] + 1)):
            wrong.append(f"records made after the cut are missing: {[hex(p) for p in positions]}")
    if facts["measures"] and not fresh:
        wrong.append("what was measured after the cut did not come")
    if undecoded:
        wrong.append(f"{undecoded} records or gaps in the collector's journal cannot be read")
    if len({r["source"] for r in records}) > 1:
        wrong.append("the agent began another stream")
    for what, positions in (("lost", lost), ("doubled", doubled), ("ghosts", ghosts)):
        if positions:
            wrong.append(f"{what}: {[hex(p) for p in sorted(positions)[:8]]}")
    files, differing = machine.rebuild()
    if differing:
        wrong.append(f"of {files} RRD files differ: {differing}")
    litter = machine.litter()
    if litter:
        wrong.append(f"left behind: {litter}")
    for end in ("collector", "agent"):
        if end == "agent" and not any(name.startswith("seg-") for name in os.listdir(machine.dir + "/agent/journal")):
            continue  # all was delivered from memory
        sound, words = machine.verify(end)
        if not sound:
            wrong.append(f"nhipctl journal verify of the {end}'s: {words}")
    for name in ("collector", "agent"):
        for phrase in ("stream begins", "assert", "left out positions", "cannot be read", "rebuild"):
            said = [line for line in machine.log(name).splitlines() if phrase in line]
            if said:
                wrong.append(f"{name} said: {said[0]} ({len(said)} times)")
    return {"lost": len(lost), "doubled": len(doubled), "ghosts": len(ghosts), "differing": len(differing),
            "records": len(records), "wrong": wrong}


def places(log, count, rng):
    """Places of the log: half of them anywhere, half where names or promises change."""
    first = next(i for i, e in enumerate(log) if e.op == "t")
    last = next(i for i, e in enumerate(log) if e.op == "v")
    turns = [i for i, e in enumerate(log) if e.op not in "WTAMNnXF"]
    out = []
    for i in range(count):
        if i % 8 == 7:
            out.append(rng.randint(1, first + (len(log) - first) // 8))  # it starts, it joins
        elif i % 16 == 3:
            out.append(rng.randint(last + 1, len(log)))  # its key is revoked
        elif i % 2:
            out.append(min(len(log), rng.choice(turns) + rng.randint(0, 1)))
        else:
            out.append(rng.randint(1, len(log)))
    return sorted(out)


class Trial:
    """Images of one recording, each with what comes of it."""

    def __init__(self, directory, conf, seed, workers, keep_wrong):
        self.directory, self.conf, self.seed, self.keep_wrong = directory, conf, seed, keep_wrong
        if not keep_wrong and has_room(SHARED_MEMORY):  # how the daemons end on an image needs no disk
            self.directory = tempfile.mkdtemp(prefix="nhip-power.", dir=SHARED_MEMORY)
        self.pool = concurrent.futures.ThreadPoolExecutor(workers)
        self.slots = threading.Semaphore(workers + 1)
        self.jobs, self.kinds, self.rng = [], collections.Counter(), random.Random(seed)

    def image(self, world, name, at, again):
        lost = self.rng.choice(tuple(ENDS))
        folder, rng = f"{self.directory}/{name}", random.Random(self.rng.random())
        self.slots.acquire()
        os.mkdir(folder)
        mood = world.image(folder, ENDS[lost], rng)
        self.kinds[lost] += 1
        facts = world.facts(ENDS[lost], f"seed {self.seed}, image {name}, entry {at}, {lost} lost its power, {mood}")
        self.jobs.append(self.pool.submit(self.one, folder, facts, rng if again and facts["joined"] and not facts["revoked"] else None))

    def one(self, folder, facts, rng):
        try:
            second = self.recovery(folder, facts) if rng else None
            got = self.check(folder, facts)
            if rng and second and not got["wrong"]:
                self.cut_again(got, folder, facts, second, rng)
            self.tidy(folder, got)
            return got, facts
        finally:
            self.slots.release()

    def tidy(self, folder, got):
        if not (self.keep_wrong and got["wrong"]):
            shutil.rmtree(folder, ignore_errors=True)

    def check(self, folder, facts):
        machine = Machine(folder, *self.conf)
        try:
            machine.run(facts)
            got = judge(machine, facts) | {"starts": machine.starts}
        except (AssertionError, OSError, KeyError, TypeError, subprocess.SubprocessError) as e:
            got = {"lost": 0, "doubled": 0, "ghosts": 0, "differing": 0, "records": 0,
                   "wrong": [f"{type(e).__name__}: {e}"]}
        finally:
            machine.stop()
        return got

    def recovery(self, folder, facts):
        """The same image once more, and a recording of how the daemons recover on it."""
        again = folder + ".again"
        shutil.copytree(folder, again)
        machine = Machine(again, *self.conf, recorded=True)
        world = World(again, machine.collectors, before=facts)
        world.joined = True
        world.load(again, world.top)
        try:
            machine.run(dict(facts))
        except (AssertionError, OSError, KeyError, TypeError, subprocess.SubprocessError):
            return None  # the same fault comes of the image itself, and is told there
        finally:
            machine.stop()
        return world, read_log(again + "/power.log")

    def cut_again(self, got, folder, facts, second, rng):
        world, log = second
        done = 0
        turns = [i for i, e in enumerate(log) if e.op not in "WTAMNnXF"]
        for n, at in enumerate(sorted(rng.choice(turns) + rng.randint(0, 1) for _ in range(SECOND_CUTS))):
            for e in log[done:at]:
                world.play(e)
            done, lost = at, rng.choice(tuple(ENDS))
            image = f"{folder}.{n}"
            os.mkdir(image)
            mood = world.image(image, ENDS[lost], rng)
            more = self.check(image, world.facts(ENDS[lost], ""))
            self.tidy(image, more)
            self.kinds["again"] += 1
            got["wrong"] += [f"cut again, image {n}, entry {at}, {lost} lost its power, {mood}: {words}"
                             for words in more.pop("wrong")]
            for key, value in more.items():
                got[key] = got.get(key, 0) + value
        self.tidy(folder + ".again", got)

    def results(self):
        out, wrong = collections.Counter(), []
        for job in self.jobs:
            got, facts = job.result()
            wrong.extend(f"{facts['what']}: {words}" for words in got.pop("wrong"))
            out["promised"] += len(facts["must"])
            out["spooled"] += len(facts["spooled"])
            out.update(got)
        return out, wrong

    def stop(self):
        self.pool.shutdown(cancel_futures=True)
        if self.directory.startswith(SHARED_MEMORY):
            shutil.rmtree(self.directory, ignore_errors=True)


def has_room(directory):
    try:
        fs = os.statvfs(directory)
    except OSError:
        return False
    return fs.f_bavail * fs.f_frsize > 1 << 30 and os.access(directory, os.W_OK)


def is_noticed(trial, lab, collectors, log):
    """A disk that keeps nothing of the collector's journal: were that not noticed, nothing would be."""
    liar = World(lab, collectors, lies="/collector/journal/")
    for e in log:
        liar.play(e)
    folder = trial.directory + "/liar"
    os.mkdir(folder)
    liar.image(folder, ("collector",), trial.rng, "none")
    got = trial.check(folder, liar.facts(("collector",), ""))
    shutil.rmtree(folder, ignore_errors=True)
    return got["lost"] > 0


def run(directory, images, seed, sync, seconds=6, workers=2, keep_wrong=False):
    """Record, cut, start, compare: what came of it. Problems are in `wrong`, in words."""
    lab = directory + "/lab"
    os.mkdir(lab)
    recording = Recording(lab, seed, sync)
    log = recording.record(seconds)
    trial = Trial(directory, (sync, recording.server.port), seed, workers, keep_wrong)
    world, done = World(lab, recording.collectors), 0
    try:
        for n, at in enumerate(places(log, images, trial.rng)):
            for e in log[done:at]:
                world.play(e)
            done = at
            trial.image(world, n, at, again=n % SECOND_EVERY == SECOND_EVERY - 1)
        out, wrong = trial.results()
        if not is_noticed(trial, lab, recording.collectors, log):
            wrong.append(f"seed {seed}: a disk that forgets what was synced goes unnoticed")
    finally:
        trial.stop()
    return dict(out, images=sum(trial.kinds.values()), kinds=dict(trial.kinds), sync=sync, entries=len(log),
                made=len(world.made), wrong=wrong)
