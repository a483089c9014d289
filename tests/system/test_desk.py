#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 180
"""From a fault to the end of it by pages alone: a service falls, the province page says so, a letter comes, its link
acknowledges, a form notes, and when the service is back the incident has ended. A real collector, real pages."""
import email
import html
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

from receivers import Mail

BIN = os.environ["NHIP_BIN"]
CONF = """
province "p" {{ name = "Cao Bằng" }}
collector {{ listen = "127.0.0.1:{wire}" control = "{dir}/c.sock" data = "{dir}/data" user = "" reflector = "" traps = "" }}
web {{ listen = "127.0.0.1:{web}" base_url = "http://127.0.0.1:{web}/" }}
service "kho" {{ name = "Kho <dữ liệu>" tcp = "127.0.0.1:{service}" from = {{ "collector" }} every_s = 10 timeout_ms = 1000
                tell = {{ "truc-ca" }} }}
contact "truc-ca" {{ name = "Người trực" email = "truc@example.vn" }}
alerts {{ outage_after_s = 0 smtp = "smtp://127.0.0.1:{mail}" from = "nhip@example.vn" }}
"""


def wait_for(what, condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = condition()
        if got:
            return got
        time.sleep(0.1)
    raise AssertionError("waited in vain for " + what)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Pages:
    def __init__(self, port):
        self.port, self.base, self.cookies = port, f"http://127.0.0.1:{port}", {}

    def send(self, method, path, fields=None):
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        body = None
        if fields is not None:
            body = urllib.parse.urlencode(fields)
            headers.update({"Content-Type": "application/x-www-form-urlencoded", "Origin": self.base})
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            c.request(method, path, body, headers)
            answer = c.getresponse()
            for cookie in answer.headers.get_all("Set-Cookie") or []:
                name, value = cookie.split(";")[0].split("=", 1)
                self.cookies[name] = value
            return answer.status, answer.read().decode(), answer.headers
        except ConnectionError:
            return 0, "", {}
        finally:
            c.close()

    def get(self, path):
        return self.send("GET", path)[1]


def link_in(letters):
    for _, letter, _ in letters:
        for part in email.message_from_bytes(letter).walk():
            found = re.search(r"http://127\.0\.0\.1:\d+(/ack/\S+)", (part.get_payload(decode=True) or b"").decode(errors="replace"))
            if found:
                return html.unescape(found.group(1))
    return None


def live(pages, service, mail):
    wait_for("the pages", lambda: pages.send("GET", "/healthz")[0] == 200)
    wait_for("a good test", lambda: '"up"' in json.dumps(json.loads(pages.get("/api/v1/services"))))
    assert "Không có sự cố nào đang mở" in pages.get("/?lang=vi")

    service.close()
    page = wait_for("the incident", lambda: re.search(r'/incident/(SC-\d+)"', pages.get("/?lang=vi")))
    where = "/incident/" + page.group(1)
    assert where in pages.get("/service/kho"), "the service's page has it"
    page = pages.get(where)
    assert "Kho &lt;dữ liệu&gt;" in page
    proof = re.search(r'href="(/service/kho\?[^"]*)"', page)
    assert pages.send("GET", html.unescape(proof.group(1)))[0] == 200, "from the reason to its reading"
    assert where in pages.get("/incidents?w=open")
    assert pages.base + where in pages.get("/feed.atom"), "named by base_url"
    assert 'nhip_incidents_open{kind="service"} 1' in pages.get("/metrics")

    link = wait_for("the letter", lambda: link_in(mail.letters))
    token = link.removeprefix("/ack/")
    assert pages.send("GET", link)[0] == 200
    one = json.loads(pages.get("/api/v1" + where.replace("incident", "incidents")))
    assert one["acknowledged"] is None, "looking does not acknowledge"
    status, page, _ = pages.send("POST", link, {})
    assert status == 200 and "truc-ca" in page, page
    one = json.loads(pages.get("/api/v1" + where.replace("incident", "incidents")))
    assert (one["acknowledged"]["who"], one["acknowledged"]["way"]) == ("truc-ca", "link"), one["acknowledged"]
    wait_for("the province page to say who", lambda: "truc-ca" in pages.get("/?lang=vi"))
    status, page, _ = pages.send("POST", "/ack/" + token[:-1] + ("0" if token[-1] != "0" else "1"), {})
    assert status == 404, "another signature"

    form = re.search(r'name="form" value="([0-9a-f]{32})"', pages.get(where)).group(1)
    note = {"do": "note", "who": "Nông Văn Hải", "text": "Đã gọi <kho>", "form": form}
    status, _, headers = pages.send("POST", where, note)
    assert (status, headers["Location"]) == (303, where), status
    page = pages.get(where + "?lang=vi")
    assert "Đã gọi &lt;kho&gt;" in page and "Nông Văn Hải" in page
    assert "truc-ca" in page and "Đã gửi" in page, "who was told, and that it left"
    assert pages.send("POST", where, {**note, "do": "override", "text": "x", "cause": "ghosts"})[0] == 400
    assert pages.send("POST", where, {**note, "form": "0" * 32})[0] == 403
    assert pages.send("POST", "/incident/SC-9999", note)[0] == 404
    return where


def main():
    with tempfile.TemporaryDirectory(prefix="nhip-desk-") as folder:
        service, mail = socket.create_server(("127.0.0.1", 0)), Mail()
        at = service.getsockname()
        ports = {"wire": free_port(), "web": free_port(), "service": at[1], "mail": mail.port}
        with open(folder + "/nhip.conf", "w", encoding="utf-8") as f:
            f.write(CONF.format(dir=folder, **ports))
        daemons = [subprocess.Popen([BIN + "/nhip-collector", "-f", "-c", folder + "/nhip.conf"]),
                   subprocess.Popen([BIN + "/nhip-web", "-s", folder + "/c.sock", "-c", folder + "/nhip.conf"])]
        try:
            pages = Pages(ports["web"])
            where = live(pages, service, mail)
            service = socket.create_server(at)
            wait_for("its end", lambda: "Không có sự cố nào đang mở" in pages.get("/?lang=vi"))
            wait_for("its end to be told", lambda: "Đã khôi phục" in pages.get(where + "?lang=vi"), 120)
            assert "Có vẻ đã hết" not in pages.get(where + "?lang=vi"), "it is no longer being watched"
            assert where in pages.get("/incidents?w=7d")
        finally:
            for d in daemons[::-1]:
                d.terminate()
            status = [d.wait(20) for d in daemons]
            service.close()
            mail.close()
        assert status == [0, 0], status


if __name__ == "__main__":
    sys.exit(main())
