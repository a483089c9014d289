#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A collector that speaks docs/CONTROL.md and knows nothing else: for tests of its clients.

    fake_collector.py SOCKET [SITES]

In a test: FakeCollector(path, sites).start(), .change("bao-lac", state="down"), .stop().
Its province is made up, but always the same for the same number of sites.
"""
import copy
import json
import math
import os
import random
import socket
import sys
import threading
import time

from fake_incidents import Incidents

NAMES = """Thục Phán;Nùng Trí Cao;Tân Giang;Bảo Lâm;Bảo Lạc;Cốc Pàng;Sơn Lộ;Hà Quảng;Hạ Lang;Nam Quang;Nam Tuấn;
Quang Hán;Quảng Lâm;Thành Công;Thanh Long;Đàm Thuỷ;Tĩnh Túc;Tam Kim;Hoà An;Bạch Đằng;Ca Thành;Phan Thanh;Minh Tâm;
Nguyên Bình;Đông Khê;Canh Tân;Kim Đồng;Thạch An;Đức Long;Quảng Uyên;Độc Lập;Hạnh Phúc;Phục Hoà;Bế Văn Đàn;Trà Lĩnh;
Quang Trung;Đoài Dương;Trùng Khánh;Đình Phong;Lý Quốc;Vinh Quý;Cần Yên;Thông Nông;Trường Hà;Lũng Nặm;Tổng Cọt;Xuân Trường;
Huy Giáp;Cô Ba;Khánh Xuân;Hưng Đạo;Yên Thổ;Lý Bôn;Nguyễn Huệ;Minh Khai;Cần Nông""".replace("\n", "").split(";")
PLAIN = {c: p for p, cs in {
    "a": "àảãáạăằẳẵắặâầẩẫấậ", "e": "èẻẽéẹêềểễếệ", "i": "ìỉĩíị", "o": "òỏõóọôồổỗốộơờởỡớợ",
    "u": "ùủũúụưừửữứự", "y": "ỳỷỹýỵ", "d": "đ"}.items() for c in cs}


def slug(name):
    return "".join(PLAIN.get(c, c) for c in name.lower()).replace(" ", "-")


def check(check_id, kind, now, state="up", **values):
    return {"id": check_id, "kind": kind, "state": state, "since": now - 7200, "at": now - 4, "live": False,
            "values": values}


def path_values(rng, lost=0):
    rtt = None if lost == 5 else round(rng.uniform(4, 30), 3)
    return {"sent": 5, "lost": lost, "rtt_min_ms": rtt and round(rtt * 0.9, 3), "rtt_avg_ms": rtt,
            "rtt_max_ms": rtt and round(rtt * 1.3, 3), "jitter_ms": rtt and 0.8}


def make_link(rng, site, name, now):
    ident = f"{site}/{name}"
    viettel = name == "viettel"
    return {"id": ident, "name": name, "carrier": name, "carrier_name": "Viettel Cao Bằng" if viettel else "VNPT Cao Bằng",
            "role": "standby" if viettel else "primary", "circuit": f"CBG-{name.upper()}-{rng.randrange(9999):04}",
            "bandwidth_mbps": 100 if viettel else 200, "pop": f"{name}-pop", "state": "up", "since": now - 86400 * 3, "why": None,
            "checks": {"path": check(f"{ident}/path", "path", now, **path_values(rng)),
                       "gateway": check(f"{ident}/gateway", "gateway", now, **path_values(rng)),
                       "port": check(f"{ident}/port", "port", now, oper=1, rx_bps=rng.randrange(1, 90) * 10 ** 6,
                                     tx_bps=rng.randrange(1, 20) * 10 ** 6)}}


def make_site(i, now, rng):
    name = NAMES[i % len(NAMES)]
    ident = slug(name) + ("" if i < len(NAMES) else f"-{i // len(NAMES)}")
    kind = "ward" if i % len(NAMES) < 3 else "commune"
    links = [make_link(rng, ident, "vnpt", now)]
    if i % 10 < 7:
        links.append(make_link(rng, ident, "viettel", now))
    services = [{"id": s, "name": n, "check": check(f"{ident}/{s}/service", "service", now, up=1,
                                                    total_ms=round(rng.uniform(40, 200), 1), status=200, cert_days=61)}
                for s, n in (("ioffice", "iOffice"), ("motcua", "Một cửa điện tử"))]
    return {"id": ident, "name": ("Phường " if kind == "ward" else "Xã ") + name, "kind": kind, "code": f"{1273 + i * 9:05}",
            "lat": 22.7, "lon": 106.2, "state": "up", "since": now - 86400, "order": i,
            "agent": {"expected": True, "joined": True, "connected": True, "since": now - 86400, "last_seen": now - 3,
                      "version": "0.1.0", "uptime_s": 86400, "backlog": {"records": 0, "oldest": None, "fill_pct": 0},
                      "lost": 0, "clock_offset_ms": -12, "via": "10.20.1.2"},
            "links": links, "services": services,
            "power": check(f"{ident}/power", "power", now, on_battery=0, charge_pct=100, runtime_s=5400, input_v=227.0),
            "host": check(f"{ident}/host", "host", now, load1=0.11, mem_used_pct=41.0, disk_used_pct=22.0, uptime_s=86400),
            "devices": []}


def make_device(ident, now):
    """A router of a site, with everything that a device's page shows."""
    if not ident.endswith("/router"):
        return None
    site = ident.split("/", 1)[0]
    ports = [{"index": 1, "name": "ether1", "alias": "VNPT", "speed_bps": 10 ** 9, "admin": 1, "oper": 1, "rx_bps": 41200000,
              "tx_bps": 5300000, "rx_errors_ps": 0, "tx_errors_ps": 0, "rx_drops_ps": 0.25, "tx_drops_ps": 0, "rx_power_dbm": -18.42},
             {"index": 2, "name": "ether2", "admin": 1, "oper": 2}, {"index": 3, "name": "<b>ether3</b>", "admin": 2, "oper": 2}]
    return {"id": ident, "site": site, "site_name": NAMES[0], "name": "router", "kind": "router", "address": "192.168.1.1",
            "asked_by": "agent", "ping": check(ident + "/ping", "ping", now, sent=5, lost=0, rtt_avg_ms=0.6),
            "snmp": check(ident + "/snmp", "snmp", now, uptime_s=86400 * 12, cpu_pct=6, mem_used_pct=24.07),
            "links": [{"link": site + "/vnpt", "port": "ether1"}], "why": "why_device_partly",
            "learnt": {"says": "snmp_answers", "words": "it answers", "age_s": 4, "version": 2, "profile": "MikroTik",
                       "object_id": "1.3.6.1.4.1.14988.1", "name": "r1", "descr": "RouterOS RB750Gr3", "uptime_s": 86400 * 12,
                       "reboots": 1, "notes": ["snmp_backwards", "a note from tomorrow"],
                       "health": {"cpu_pct": 6, "mem_used_pct": 24.07, "temp_c": 41, "voltage_v": 24.3, "on_battery": 1,
                                  "charge_pct": 80, "runtime_s": 3600, "input_v": 0},
                       "interfaces": ports, "neighbours": [{"local": "ether1", "name": "sw1", "port": "Gi1/0/24"},
                                                           {"local": "ether2", "stations": 12}],
                       "pings": [{"target": "to-centre", "rtt_avg_ms": 4, "loss_pct": 0}],
                       "sensors": [{"name": "Inlet", "unit": "°C", "value": 41}],
                       "storage": [{"name": "main memory", "size_mb": 268, "used_mb": 64}]}}


def set_link(link, state, why=None, lost=0, now=0):
    link.update(state=state, why=why, since=now - 1800)
    link["checks"]["path"].update(state=state, since=now - 1800)
    link["checks"]["path"]["values"]["lost"] = lost
    if lost == 5:
        for metric in ("rtt_min_ms", "rtt_avg_ms", "rtt_max_ms", "jitter_ms"):
            link["checks"]["path"]["values"][metric] = None


def trouble(sites, now):
    """A few sites that are not well, when there are enough of them."""
    if len(sites) < 12:
        return
    for i, state in ((4, "down"), (5, "down"), (7, "degraded"), (11, "degraded"), (13, "flapping"), (16, "maintenance"), (9, "unknown")):
        site = sites[i]
        site.update(state=state, since=now - 1800 - 60 * i)
        first = site["links"][0]
        if state == "down":
            for link in site["links"]:
                set_link(link, "down", {"text": "why_no_answer"}, 5, now)
        elif state == "flapping":
            set_link(first, state, {"text": "why_flapping", "value": 6}, 0, now)
            if len(site["links"]) > 1:
                set_link(site["links"][1], "up", {"text": "why_unusual", "value": 60.4, "usual": 8.1}, 0, now)
        elif state == "degraded":
            set_link(first, "degraded", {"text": "why_loss", "value": 4.5} if i == 7 else {"text": "why_rtt", "value": 210}, 1, now)
        else:
            set_link(first, state, {"text": "why_silent", "value": 90} if state == "unknown" else None, 0, now)
        if state == "unknown":
            site["agent"]["connected"] = False
            site["agent"]["backlog"]["records"] = 1200


def counts(items):
    c = {s: 0 for s in ("up", "degraded", "down", "unknown", "maintenance", "flapping")}
    for item in items:
        c[item["state"]] += 1
    return c


def make_services(sites, now):
    rows = []
    for ident, name, owner in (("ioffice", "iOffice", "Sở KH&CN"), ("motcua", "Một cửa điện tử", "Văn phòng UBND tỉnh")):
        seen = [{"site": "collector", "check": check(f"collector/{ident}/service", "service", now, up=1, total_ms=38.2, status=200, cert_days=61)}]
        seen += [{"site": s["id"], "check": v["check"]} for s in sites for v in s["services"] if v["id"] == ident]
        rows.append({"id": ident, "name": name, "owner": owner, "kind": "http", "state": "up", "since": now - 86400,
                     "from": seen, "count": counts([f["check"] for f in seen])})
    return rows


class FakeCollector:
    def __init__(self, path, sites=56, now=None, drill=False):
        self.path, self.lock, self.clients = path, threading.Lock(), []
        self.now, self.drill, self.asked = now, drill, []
        at, rng = self.time(), random.Random(7)
        self.sites = [make_site(i, at, rng) for i in range(sites)]
        trouble(self.sites, at)
        self.services = make_services(self.sites, at)
        self.incidents = Incidents(self.time)
        self.messages = {"waiting": 1, "sending": 0, "sent": 120, "failed": 2, "oldest": at - 60}
        self.disk_full, self.listener, self.stopping = False, None, False

    def time(self):
        return self.now if self.now is not None else int(time.time())

    def overview(self):
        links = [l for s in self.sites for l in s["links"]]
        uplinks = [{"id": f"centre/{n}", "name": n, "carrier": n, "carrier_name": c, "state": "up", "since": self.time() - 864000, "why": None}
                   for n, c in (("vnpt", "VNPT Cao Bằng"), ("viettel", "Viettel Cao Bằng"))]
        return {"province": "cao-bang", "name": "Cao Bằng", "timezone": "Asia/Ho_Chi_Minh", "language": "vi", "drill": self.drill,
                "version": "0.1.0", "started": self.time() - 86400, "now": self.time(), "generation": 7,
                "count": {"sites": counts(self.sites), "links": counts(links), "services": counts(self.services)},
                "carriers": [{"id": "vnpt", "name": "VNPT Cao Bằng", "hotline": "0206 3800 126", "links": counts(links)},
                             {"id": "viettel", "name": "Viettel Cao Bằng", "hotline": "", "links": counts(links)}],
                "centre": {"name": "Trung tâm dữ liệu tỉnh", "uplinks": uplinks},
                "journal": {"fill_pct": 3, "durable_pos": "1099511627777", "bytes": 123456, "write_errors": 0, "disk_full": self.disk_full},
                "series": {"running": True, "lag_s": 4, "files": 600},
                "sessions": {"live": len(self.sites), "rejected": {"syntax": 2, "auth": 1}},
                "messages": self.messages, "clock": {"quality": "synchronised", "step_ms": 0}}

    def site(self, ident):
        return next((s for s in self.sites if s["id"] == ident), None)

    # what tests do to it

    def start(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.stopping = False
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(16)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()
        return self

    def stop(self):
        with self.lock:
            self.stopping = True
            for client in [self.listener] + [c for c, _ in self.clients]:
                try:
                    client.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                client.close()
            self.clients = []
        os.unlink(self.path)

    def change(self, ident, state, why=None):
        """A site and its first link change their state; followers hear it."""
        with self.lock:
            site = self.site(ident)
            site.update(state=state, since=self.time())
            set_link(site["links"][0], state, why, 5 if state == "down" else 0, self.time() + 1800)
            self.tell({"doc": "site", "is": site}, {"doc": "overview", "is": self.overview()})

    def remove(self, ident):
        with self.lock:
            self.sites = [s for s in self.sites if s["id"] != ident]
            self.tell({"gone": "site", "key": ident}, {"doc": "overview", "is": self.overview()})

    def tell_incident(self, number):
        self.tell({"doc": "incident", "is": self.incidents.brief(self.incidents.all[number])})

    def act(self, number, action, who="truc-ca", way="nhipctl", text=""):
        """Somebody does something elsewhere; followers hear it."""
        with self.lock:
            self.incidents.act(number, action, who, way, text)
            self.tell_incident(number)

    def add_incident(self, doc):
        with self.lock:
            self.incidents.all[doc["number"]] = doc
            self.tell_incident(doc["number"])

    def end_incident(self, number):
        """It ended a day ago: it is no longer followed."""
        with self.lock:
            del self.incidents.all[number]
            self.tell({"gone": "incident", "key": str(number)})

    def set_messages(self, **changed):
        with self.lock:
            self.messages.update(changed)
            self.tell({"doc": "overview", "is": self.overview()})

    def set_disk_full(self, full):
        with self.lock:
            self.disk_full = full
            self.tell({"doc": "overview", "is": self.overview()})

    # the protocol

    def tell(self, *lines):
        for client, ident in list(self.clients):
            for line in lines:
                self.send(client, {"id": ident, **line})

    @staticmethod
    def send(client, line):
        try:
            client.sendall(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        except OSError:
            pass

    def accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client, client.makefile("rb") as lines:
            try:
                for line in lines:
                    self.answer(client, json.loads(line))
            except (OSError, ValueError):
                pass
            with self.lock:
                self.clients = [c for c in self.clients if c[0] is not client]

    def answer(self, client, request):
        ident, do = request.get("id", 0), request.get("do")
        self.asked.append(request)
        with self.lock:
            if do == "follow":
                self.send(client, {"id": ident, "doc": "overview", "is": self.overview()})
                for site in self.sites:
                    self.send(client, {"id": ident, "doc": "site", "is": site})
                for service in self.services:
                    self.send(client, {"id": ident, "doc": "service", "is": service})
                for i in self.incidents.all.values():
                    self.send(client, {"id": ident, "doc": "incident", "is": self.incidents.brief(i)})
                self.send(client, {"id": ident, "ready": True})
                self.clients.append((client, ident))
                return
            result = {"status": self.overview, "sites": lambda: {"sites": self.sites},
                      "services": lambda: {"services": self.services},
                      "site": lambda: self.site(request.get("site")),
                      "incidents": lambda: {"incidents": self.incidents.listed(request)},
                      "incident": lambda: self.incidents.whole(request.get("number"), request.get("lang")),
                      "incident_act": lambda: self.incident_act(request), "ack_link": lambda: self.ack_link(request),
                      "device": lambda: make_device(request["device"], self.time()),
                      "series": lambda: self.series(request), "graph": lambda: self.graph(request)}.get(do, lambda: None)()
            if isinstance(result, str):
                self.send(client, {"id": ident, "ok": False, "code": result, "error": result})
            elif result is None:
                self.send(client, {"id": ident, "ok": False, "code": "not_found", "error": f"no {do} like that"})
            else:
                self.send(client, {"id": ident, "ok": True, "result": copy.deepcopy(result)})

    def incident_act(self, request):
        number = request["number"]
        if request["action"] == "override" and request["text"].split(":")[0] not in ("power", "last_mile", "unknown"):
            return "bad_request"
        self.incidents.act(number, request["action"], request["who"], request["way"], request.get("text", ""))
        if number in self.incidents.all:
            self.tell_incident(number)
        return self.incidents.whole(number, request.get("lang"))

    def ack_link(self, request):
        """NUMBER.EXPIRY.CONTACT.MAC, where a MAC of ours is all a's."""
        parts = request["token"].split(".")
        if len(parts) != 4 or parts[3] != "a" * 32:
            return "denied"
        if int(parts[1]) < self.time():
            return "expired"
        number = int(parts[0])
        if request.get("confirm"):
            self.incidents.act(number, "ack", parts[2], "link", "")
            self.tell_incident(number)
        whole = self.incidents.whole(number, request.get("lang"))
        return whole and {"contact": parts[2], "acknowledged": bool(request.get("confirm")), "incident": whole}

    def known(self, check_id):
        site = self.site(check_id.split("/")[0])
        return site is not None or check_id.startswith("collector/")

    def series(self, request):
        check_id, start, end = request["check"], int(request["from"]), int(request["to"])
        kind = check_id.rsplit("/", 1)[1]
        if not self.known(check_id):
            return None
        step = next(s for s in (10, 60, 300, 3600, 86400) if (end - start) / s <= request.get("points", 700) or s == 86400)
        metrics = {"port": ["rx_bps", "tx_bps"], "service": ["total_ms"], "host": ["load1"]}.get(
            kind, ["sent", "lost", "rtt_min_ms", "rtt_avg_ms", "rtt_max_ms"])
        rows = []
        for t in range(start - start % step + step, end + 1, step):
            h, noise = t / 3600, random.Random(t)
            if kind == "port":
                avg = [4e7 + 3e7 * math.sin(h) + 1e7 * noise.random(), 9e6 + 5e6 * math.cos(h) + 3e6 * noise.random()]
            elif kind in ("service", "host"):
                avg = [60 + 30 * math.sin(h * 2) + 25 * noise.random()]
            else:
                base = 12 + 4 * math.sin(h * 3) + 2 * noise.random()
                lost = 5 if 0.45 < (t - start) / (end - start) < 0.5 else 1 if noise.random() < 0.04 else 0
                avg = [5, lost] + ([None] * 3 if lost == 5 else [base - 1.5, base, base + 6 * noise.random()])
            if t < 1577836800:  # before 2020 nothing was measured
                avg = [None] * len(avg)
            rows.append([t, avg, avg])
        return {"check": check_id, "kind": kind, "from": start, "to": end, "step": step, "cf": ["AVERAGE", "MAX"],
                "metrics": [{"name": m, "unit": "ms"} for m in metrics], "rows": rows}

    def graph(self, request):
        if not self.known(request["check"]):
            return None
        return {"type": "image/svg+xml", "data": '<svg xmlns="http://www.w3.org/2000/svg" width="720" height="260">'
                '<rect width="720" height="260" style="fill:rgb(238,238,255)"/><path d="M0 130L240 90L480 150L720 110" fill="none" stroke="#080"/></svg>'}


def main():
    fake = FakeCollector(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 56, drill="drill" in sys.argv).start()
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        fake.stop()


if __name__ == "__main__":
    main()
