# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 180
"""Sensors against real servers on loopback, and in network namespaces made here: loss,
interfaces that are cut, targets that go away, answers that the host itself drops."""
import http.server
import json
import os
import queue
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import unittest

SENSE = os.path.join(os.environ["NHIP_BUILD"], "tests", "sense")
WAIT_S = 30


class Sense:
    """tests/lab/sense running: its lines as they come."""

    def __init__(self, *assignments, prefix=()):
        self.proc = subprocess.Popen([*prefix, SENSE, *assignments],
                                     stdout=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.proc.stdout:
            self.lines.put(json.loads(line))

    def wait(self, wanted):
        """The next line for which wanted(line)."""
        seen = []
        while True:
            try:
                line = self.lines.get(timeout=WAIT_S)
            except queue.Empty:
                raise AssertionError(f"waited in vain; seen: {seen[-8:]}") from None
            if wanted(line):
                return line
            seen.append(line)

    def reading(self, check, wanted=lambda r: True):
        return self.wait(lambda r: r.get("check") == check and "why" not in r and wanted(r))

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.proc.terminate()
        self.proc.wait(timeout=WAIT_S)
        self.reader.join()
        self.proc.stdout.close()


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"x" * 70000 + "Xã Bảo Lạc".encode() + b"y" * 70000
        if self.path == "/huge":
            body *= 4
        try:
            self.send_response(503 if self.path == "/sick" else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass  # the sensor has seen enough

    def log_message(self, *unused):
        pass


def serve(tls=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.handle_error = lambda *unused: None
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Services(unittest.TestCase):
    def test_http(self):
        server = serve()
        url = f"http://127.0.0.1:{server.server_port}"
        with Sense(f"a,service,http,500,url={url}/,expect_status=200,expect_text=Bảo Lạc",
                   f"b,service,http,500,url={url}/,expect_text=Bao Lac",
                   f"c,service,http,500,url={url}/sick",
                   f"d,service,http,500,url={url}/sick,expect_status=503",
                   f"e,service,http,500,url={url}/huge") as sense:
            r = sense.reading("a", lambda r: r["up"] == 1)
            self.assertEqual(r["status"], 200)
            for phase in ("connect_ms", "first_byte_ms", "total_ms"):
                self.assertLessEqual(r[phase], r["total_ms"])
            self.assertNotIn("tls_ms", r)
            self.assertNotIn("cert_days", r)
            self.assertEqual(sense.reading("b", lambda r: "total_ms" in r)["up"], 0)
            r = sense.reading("c", lambda r: "total_ms" in r)
            self.assertEqual((r["up"], r["status"]), (0, 503))
            sense.reading("d", lambda r: r["up"] == 1)
            sense.reading("e", lambda r: r["up"] == 1)
            server.shutdown()
            server.server_close()
            sense.reading("a", lambda r: r["up"] == 0)

    def test_https(self):
        with tempfile.TemporaryDirectory() as home:
            cert, key = os.path.join(home, "c.pem"), os.path.join(home, "k.pem")
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                            "ec_paramgen_curve:prime256v1", "-nodes", "-days", "20",
                            "-subj", "/CN=127.0.0.1", "-addext",
                            "subjectAltName=IP:127.0.0.1", "-out", cert, "-keyout", key],
                           check=True, capture_output=True)
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(cert, key)
            server = serve(tls)
            url = f"https://127.0.0.1:{server.server_port}/"
            with Sense(f"a,service,http,1000,url={url},ca_file={cert}",
                       f"b,service,http,1000,url={url}") as sense:
                r = sense.reading("a", lambda r: r["up"] == 1)
                self.assertAlmostEqual(r["cert_days"], 20, delta=0.2)
                self.assertGreater(r["tls_ms"], 0)
                self.assertEqual(sense.reading("b")["up"], 0)
            server.shutdown()
            server.server_close()

    def test_http_timeout(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            with Sense(f"a,service,http,500,url=http://127.0.0.1:{port}/,timeout_ms=100") as s:
                r = s.reading("a", lambda r: "connect_ms" in r)
                self.assertEqual(r["up"], 0)
                self.assertNotIn("total_ms", r)

    def test_tcp(self):
        with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
            port = listener.getsockname()[1]
            with Sense(f"a,service,tcp,300,target=127.0.0.1:{port},interface=lo",
                       f"b,service,tcp,300,target=localhost:{port}",
                       f"c,service,tcp,300,target=127.0.0.1:{port},interface=nope0",
                       ) as sense:
                r = sense.reading("a", lambda r: r["up"] == 1)
                self.assertLessEqual(r["connect_ms"], r["total_ms"])
                self.assertNotIn("dns_ms", r)
                r = sense.reading("b", lambda r: r["up"] == 1)
                self.assertIn("dns_ms", r)
                why = sense.wait(lambda r: r.get("check") == "c")
                self.assertEqual(why["why"], "interface nope0 is missing")
                listener.close()
                sense.reading("a", lambda r: r["up"] == 0)

    def test_dns(self):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))
        answers = {b"good": (0, 1), b"empty": (0, 0), b"nobody": (3, 0)}

        def answer():
            while True:
                query, peer = server.recvfrom(512)
                label = query[13:13 + query[12]]
                if label not in answers:
                    continue
                rcode, count = answers[label]
                record = struct.pack(">HHHIH4s", 0xc00c, 1, 1, 60, 4, b"\x7f\0\0\1")
                head = struct.pack(">HHHHH", 0x8180 | rcode, 1, count, 0, 0)
                server.sendto(bytes([query[0] ^ 1]) + query[1:2] + head + query[12:], peer)
                server.sendto(query[:2] + head + query[12:] + record * count, peer)

        threading.Thread(target=answer, daemon=True).start()
        at = f"server=127.0.0.1:{server.getsockname()[1]},timeout_ms=200"
        with Sense(f"a,service,dns,500,{at},query=good.vn",
                   f"b,service,dns,500,{at},query=empty.vn",
                   f"c,service,dns,500,{at},query=nobody.vn",
                   f"d,service,dns,500,{at},query=silent.vn") as sense:
            r = sense.reading("a", lambda r: r["up"] == 1)
            self.assertEqual(r["status"], 0)
            self.assertGreater(r["dns_ms"], 0)
            r = sense.reading("b", lambda r: "status" in r)
            self.assertEqual((r["up"], r["status"]), (0, 0))
            r = sense.reading("c", lambda r: "status" in r)
            self.assertEqual((r["up"], r["status"]), (0, 3))
            self.assertEqual({k: v for k, v in sense.reading("d").items()
                              if k not in ("check", "mono_ms")}, {"up": 0})


@unittest.skipIf(os.geteuid() != 0, "network namespaces need root")
class Lines(unittest.TestCase):
    """A box with two lines, each a veth to a far end of its own."""

    def setUp(self):
        tag = f"nhip{os.getpid()}"
        self.box, self.far = tag + "b", tag + "f"
        for ns in (self.box, self.far):
            self.ip("netns", "add", ns)
            self.addCleanup(self.ip, "netns", "del", ns)
            self.ip("-n", ns, "link", "set", "lo", "up")
        for n in (1, 2):
            self.make_line(n)
        self.ip("-n", self.far, "addr", "add", "10.9.9.9/32", "dev", "lo")
        for n in (1, 2):
            self.ip("-n", self.box, "route", "add", "10.9.9.9/32", "via", f"10.9.{n}.1",
                    "dev", f"line{n}", "metric", str(n))

    def make_line(self, n):
        self.ip("-n", self.box, "link", "add", f"line{n}", "type", "veth", "peer",
                "name", f"end{n}", "netns", self.far)
        for ns, name, host in ((self.box, f"line{n}", 2), (self.far, f"end{n}", 1)):
            self.ip("-n", ns, "addr", "add", f"10.9.{n}.{host}/24", "dev", name)
            self.ip("-n", ns, "addr", "add", f"fd00:{n}::{host}/64", "dev", name, "nodad")
            self.ip("-n", ns, "link", "set", name, "up")

    @staticmethod
    def ip(*args):
        subprocess.run(["ip", *args], check=True)

    @staticmethod
    def inside(ns, *command, **more):
        return subprocess.run(["ip", "netns", "exec", ns, *command], check=True, **more)

    def sense(self, *assignments, nobody=False):
        drop = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                "--inh-caps=-all", "--bounding-set=-all") if nobody else ()
        return Sense(*assignments, prefix=("ip", "netns", "exec", self.box, *drop))

    @staticmethod
    def path(n, every=500, more="count=5,timeout_ms=100"):
        return f"s/l{n}/path,path,icmp,{every},target=10.9.9.9,interface=line{n},{more}"

    def arrived(self, n):
        """Packets that the far end has got by line `n`."""
        out = subprocess.run(["ip", "-n", self.far, "-j", "-s", "link", "show", f"end{n}"],
                             check=True, capture_output=True).stdout
        return json.loads(out)[0]["stats64"]["rx"]["packets"]

    def test_lines(self):
        """Probes leave by the line they are bound to, whatever the routes say."""
        before = self.arrived(2)
        with self.sense(self.path(1), self.path(2), "s/l1/port,port,port,500,interface=line1",
                        "s/l2/port,port,port,500,interface=line2",
                        "s/v6/ping,ping,icmp,500,target=fd00:1::1,interface=line1",
                        ) as sense:
            for check in ("s/l1/path", "s/l2/path", "s/v6/ping"):
                r = sense.reading(check, lambda r: r["lost"] == 0)
                self.assertEqual(r["sent"], 5)
                self.assertLess(r["rtt_max_ms"], 100)
                self.assertGreaterEqual(r["jitter_ms"], 0)
            self.assertGreaterEqual(self.arrived(2) - before, 5)
            r = sense.reading("s/l2/port", lambda r: r.get("tx_bps", 0) > 0)
            self.assertEqual(r["oper"], 1)
            # cut one: told at once, lost whole, and the other does not notice
            self.ip("-n", self.box, "link", "set", "line2", "down")
            e = sense.wait(lambda r: "event" in r)
            self.assertEqual((e["event"], e["object"]), ("link_down", "s/l2"))
            r = sense.reading("s/l2/path", lambda r: r["lost"] == r["sent"])
            self.assertEqual(r["sent"], 5)
            self.assertNotIn("rtt_avg_ms", r)
            self.assertEqual(sense.reading("s/l2/port")["oper"], 0)
            sense.reading("s/l1/path", lambda r: r["lost"] == 0)
            self.ip("-n", self.box, "link", "set", "line2", "up")
            e = sense.wait(lambda r: "event" in r)
            self.assertEqual((e["event"], e["object"]), ("link_up", "s/l2"))

    def test_interface_comes_and_goes(self):
        gateway = "s/l2/gateway,gateway,icmp,500,target=10.9.2.1,interface=line2,timeout_ms=100"
        with self.sense(gateway, "s/l2/port,port,port,500,interface=line2") as sense:
            sense.reading("s/l2/gateway", lambda r: r["lost"] == 0)
            self.ip("-n", self.box, "link", "del", "line2")
            sense.wait(lambda r: r.get("event") == "link_down")
            r = sense.wait(lambda r: r.get("why") == "interface line2 is missing")
            self.assertEqual(r["check"], "s/l2/gateway")
            self.make_line(2)
            sense.reading("s/l2/gateway", lambda r: r["lost"] == 0)

    def test_loss(self):
        self.inside(self.far, "nft", "-f", "-", text=True, input="""
            table ip t { chain in { type filter hook input priority 0;
                ip protocol icmp numgen random mod 100 < 30 drop
            }
            }""")
        sent = lost = 0
        with self.sense(self.path(1, 400, "count=100,timeout_ms=50")) as sense:
            while sent < 600:
                r = sense.reading("s/l1/path")
                sent += r["sent"]
                lost += r["lost"]
                self.assertGreater(r["rtt_min_ms"], 0)
        # 30 % of 600 is 180 +- 11.2 (1 sigma): five of them either way
        self.assertTrue(0.20 < lost / sent < 0.40, f"{lost} of {sent}")

    def test_target_gone(self):
        with self.sense(self.path(1)) as sense:
            sense.reading("s/l1/path", lambda r: r["lost"] == 0)
            self.ip("-n", self.far, "addr", "del", "10.9.9.9/32", "dev", "lo")
            sense.reading("s/l1/path", lambda r: r["lost"] == r["sent"] == 5)
            self.ip("-n", self.far, "addr", "add", "10.9.9.9/32", "dev", "lo")
            sense.reading("s/l1/path", lambda r: r["lost"] == 0)

    def test_strict_filter(self):
        """rp_filter=1 drops the standby line's answers: that is no loss of the line's."""
        self.inside(self.box, "sysctl", "-qw", "net.ipv4.conf.line2.rp_filter=1")
        with self.sense(self.path(1), self.path(2)) as sense:
            sense.reading("s/l1/path", lambda r: r["lost"] == 0)
            sense.wait(lambda r: r.get("check") == "s/l2/path" and
                       "net.ipv4.conf.line2.rp_filter=2" in r.get("why", ""))
            self.inside(self.box, "sysctl", "-qw", "net.ipv4.conf.line2.rp_filter=2")
            sense.reading("s/l2/path", lambda r: r["lost"] == 0)

    def test_unprivileged(self):
        """Where the system allows datagram ICMP, no privilege is needed at all."""
        self.inside(self.box, "sysctl", "-qw", "net.ipv4.ping_group_range=0 65535")
        with self.sense(self.path(2), "s/v6/ping,ping,icmp,500,target=fd00:1::1",
                        nobody=True) as sense:
            self.assertEqual(sense.reading("s/l2/path", lambda r: r["lost"] == 0)["sent"], 5)
            sense.reading("s/v6/ping", lambda r: r["lost"] == 0)

    def test_no_permission(self):
        self.inside(self.box, "sysctl", "-qw", "net.ipv4.ping_group_range=1 0")
        with self.sense(self.path(1), "s/host,host,host,500", nobody=True) as sense:
            r = sense.wait(lambda r: r.get("check") == "s/l1/path")
            self.assertIn("no permission for ICMP", r.get("why", ""))


if __name__ == "__main__":
    unittest.main()
