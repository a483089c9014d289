# SPDX-License-Identifier: GPL-3.0-or-later
"""snmpd as an AgentX sub-agent sees it (RFC 2741): takes what it registers, and asks what a test wants asked."""
import socket
import struct

GET, GETNEXT, TESTSET, PING, RESPONSE = 5, 6, 8, 13, 18
BYTE_ORDER = 0x10
SESSION = 7
NOT_WRITABLE = 17
NO_SUCH_INSTANCE, END_OF_VIEW = 129, 130
NOWHERE = ()


class Gone(Exception):
    """The sub-agent has closed its connection."""


class Packet:
    def __init__(self, raw):
        self.kind, self.flags = raw[1], raw[2]
        self.order = ">" if self.flags & BYTE_ORDER else "<"
        self.session, self.transaction, self.number = struct.unpack(self.order + "III", raw[4:16])
        self.body, self.at = raw[20:], 0

    def take(self, form):
        got = struct.unpack_from(self.order + form, self.body, self.at)
        self.at += struct.calcsize(form)
        return got if len(got) > 1 else got[0]

    def oid(self):
        count, prefix, _, _ = self.take("BBBB")
        rest = tuple(self.take("I") for _ in range(count))
        return ((1, 3, 6, 1, prefix) if prefix else ()) + rest

    def value(self, kind):
        if kind in (2, 65, 66, 67):
            return self.take("I")
        if kind == 70:
            return self.take("Q")
        if kind == 4:
            length = self.take("I")
            text = self.body[self.at:self.at + length]
            self.at += (length + 3) // 4 * 4
            return text
        if kind in (5, 128, NO_SUCH_INSTANCE, END_OF_VIEW):
            return None
        raise AssertionError(f"a value of type {kind}")

    def response(self):
        """(error, its index, [(name, type, value)])."""
        _, error, index = self.take("IHH")
        objects = []
        while self.at < len(self.body):
            kind, _ = self.take("HH")
            name = self.oid()
            objects.append((name, kind, self.value(kind)))
        return error, index, objects


class Master:
    def __init__(self, path, patience_s):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        self.socket.listen()
        self.socket.settimeout(patience_s)
        self.patience_s = patience_s
        self.number, self.order = 0, ">"
        self.agent = None

    def close(self):
        for s in (self.agent, self.socket):
            if s:
                s.close()

    def exactly(self, count):
        out = b""
        while len(out) < count:
            more = self.agent.recv(count - len(out))
            if not more:
                raise Gone
            out += more
        return out

    def read(self):
        head = self.exactly(20)
        order = ">" if head[2] & BYTE_ORDER else "<"
        return Packet(head + self.exactly(struct.unpack(order + "I", head[16:20])[0]))

    def send(self, order, kind, session, transaction, number, body):
        flags = BYTE_ORDER if order == ">" else 0
        self.agent.sendall(struct.pack("BBBB", 1, kind, flags, 0) +
                           struct.pack(order + "IIII", session, transaction, number, len(body)) + body)

    def agree(self, packet):
        self.send(packet.order, RESPONSE, SESSION, packet.transaction, packet.number, struct.pack(packet.order + "IHH", 0, 0, 0))

    def accept(self):
        self.agent, _ = self.socket.accept()
        self.agent.settimeout(self.patience_s)

    def until(self, wanted):
        """Agree to what comes, up to the packet that is wanted: that one is left to the caller."""
        while True:
            packet = self.read()
            if wanted(packet):
                return packet
            if packet.kind == RESPONSE:
                raise AssertionError("an answer that nobody asked for")
            self.agree(packet)

    def oid(self, name, include=0):
        return struct.pack("BBBB", len(name), 0, include, 0) + struct.pack(f"{self.order}{len(name)}I", *name)

    def request(self, kind, body):
        self.number += 1
        self.send(self.order, kind, SESSION, 99, self.number, body)
        return self.number

    def ask(self, kind, *ranges):
        """`ranges`: (start, with it, end) each; the number of the question."""
        return self.request(kind, b"".join(self.oid(start, include) + self.oid(end) for start, include, end in ranges))

    def test_set(self, name, text):
        return self.request(TESTSET, struct.pack(self.order + "HH", 4, 0) + self.oid(name) +
                            struct.pack(self.order + "I", len(text)) + text + bytes(-len(text) % 4))

    def answer(self, number):
        packet = self.until(lambda p: p.kind == RESPONSE and p.number == number)
        return packet.response()
