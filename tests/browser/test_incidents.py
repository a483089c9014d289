#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 300
# slow-build: skip
"""Incidents in headless Chromium, against a collector that is played: what is open comes first, one of them with its
reasons and its time line, what people do by form and by link, with and without JavaScript, on a phone, live."""
import json
import re
import unittest
import urllib.parse
import xml.etree.ElementTree as xml

from fake_incidents import incident
from served_pages import ServedPages, browser, wait

from selenium.common.exceptions import StaleElementReferenceException

GOOD, OLD, FOREIGN = "a" * 32, "1600000000", "9999999999.truc-ca." + "b" * 32
ATOM = "{http://www.w3.org/2005/Atom}"


def link_to(number, contact="truc-ca", expiry="9999999999"):
    return f"/ack/{number}.{expiry}.{contact}.{GOOD}"


def fresh(fake, number, kind="outage", cause="last_mile", sites=("son-lo",)):
    """An open incident of its own for a test that changes it."""
    fake.add_incident(incident(number, kind, cause, "carrier:vnpt", "likely", (f"Nơi thứ {number}", f"Place {number}"),
                               fake.time() - 300, list(sites), [s + "/vnpt" for s in sites],
                               [("14:05: mất", "14:05: lost", sites[0] + "/vnpt/path", fake.time() - 299)]))


def text(driver, ident):
    """Of an element; nothing while the page is on its way."""
    found = driver.find_elements("id", ident)
    try:
        return found[0].text if found else ""
    except StaleElementReferenceException:
        return ""


class Incidents(ServedPages):
    def acts(self, number):
        return [(r["action"], r.get("who"), r.get("text")) for r in self.fake.asked
                if r["do"] == "incident_act" and r["number"] == number]

    def form(self, number):
        """A cookie and the token that goes with it."""
        page, headers = self.get(f"/incident/{number}")[1:]
        token = re.search(r'name="form" value="([0-9a-f]{32})"', page.decode()).group(1)
        cookie = next(c for c in headers.get_all("Set-Cookie") if c.startswith("form="))
        self.assertIn("HttpOnly", cookie)
        self.assertIn("SameSite=Strict", cookie)
        return token

    def post(self, path, fields, token=None, **headers):
        cookie = {"Cookie": "form=" + token} if token else {}
        return self.send("POST", path, urllib.parse.urlencode(fields), **{
            "Content-Type": "application/x-www-form-urlencoded", "Origin": self.base, **cookie, **headers})

    # what is shown

    def test_province_begins_with_incidents(self):
        vi = self.open("/?lang=vi")
        self.assertLess(vi.index("Sự cố đang mở"), vi.index("Cần chú ý"))
        titles = self.js("[...document.querySelectorAll('#incidents .incidents > li > a')].map(a => a.textContent)")
        self.assertEqual(titles[0], "Mất kết nối: 2 điểm kết nối - trạm của nhà mạng")
        self.assertIn("Xã Tĩnh Túc", self.js("document.querySelector('#incidents .planned').textContent"))
        row = self.js("document.querySelector('#incidents .incidents > li').textContent")
        for part in ("VNPT Cao Bằng", "nhiều khả năng", "0206 3800 126", "2 điểm kết nối"):
            self.assertIn(part, row)
        self.assertEqual(self.js("document.querySelector('#incidents a[href^=\"tel:\"]').getAttribute('href')"), "tel:02063800126")
        self.assertIn("Open incidents", self.open("/?lang=en"))
        self.open("/?lang=vi")

    def test_pages_of_what_is_hit(self):
        for path, want in (("/site/coc-pang", True), ("/link/coc-pang/vnpt", True), ("/link/coc-pang/viettel", False),
                           ("/site/tan-giang", False)):
            self.assertEqual("/incident/SC-0412" in self.get(path)[1].decode(), want, path)
        fresh(self.fake, 430, "service", "service")
        self.fake.incidents.all[430]["party"] = "service:ioffice"
        self.fake.add_incident(self.fake.incidents.all[430])
        wait(lambda: b"/incident/SC-0430" in self.get("/service/ioffice")[1])
        self.assertNotIn(b"/incident/SC-0430", self.get("/service/motcua")[1])
        self.fake.end_incident(430)

    def test_one_incident(self):
        for path in ("/incident/SC-0405", "/incident/405", "/incident/sc-405"):
            self.assertEqual(self.get(path)[0], 200, path)
        for path in ("/incident/", "/incident/SC-9999", "/incident/x", "/incident/405/x", "/incident/%3Cscript%3E"):
            self.assertEqual(self.get(path)[0], 404, path)
        en = self.open("/incident/405?lang=en")
        for part in ("first told as the line between site and carrier's node", "established", "electricity company",
                     "Revised", "only suspected", "Who was told", "smtp: 550 no such user", "next try at"):
            self.assertIn(part, en)
        proof = self.js("document.querySelector('.reasons a').getAttribute('href')")
        self.assertEqual(self.get(proof)[0], 200)
        vi = self.open("/incident/412?lang=vi")
        for part in ("Cũng có thể là tuyến trục của nhà mạng", "Điều sẽ làm rõ: Các kênh khác của cùng trạm", "CBG-VNPT-"):
            self.assertIn(part, vi)
        proof = self.js("document.querySelector('.reasons a').getAttribute('href')")
        self.open(proof)
        wait(lambda: self.js("document.querySelectorAll('.chart[data-drawn]').length === 3"))
        self.assertIn("&lt;Hà Quảng&gt;", self.get("/incident/409")[1].decode(), "words are no markup")

    def test_list(self):
        self.open("/incidents?lang=vi")
        self.assertTrue(self.js("document.querySelectorAll('.incidents > li.up').length > 0"), "what is over too")
        self.open("/incidents?w=open")
        self.assertEqual(self.js("document.querySelectorAll('.incidents > li.up').length"), 0)
        for w in ("7d", "31d"):
            self.get("/incidents?w=" + w)
            asked = [r for r in self.fake.asked if r["do"] == "incidents"][-1]
            self.assertLess(abs(self.fake.time() - asked["from"] - int(w[:-1]) * 86400), 60)

    def test_api(self):
        listed = json.loads(self.get("/api/v1/incidents?open=1&lang=en")[1])["incidents"]
        self.assertTrue(any(i["number"] == 412 and i["title"].startswith("Down") for i in listed))
        self.assertFalse(any(i["number"] == 405 for i in listed))
        self.get("/api/v1/incidents?from=5&to=7")
        asked = [r for r in self.fake.asked if r["do"] == "incidents"][-1]
        self.assertEqual((asked["from"], asked["to"]), (5, 7))
        one = json.loads(self.get("/api/v1/incidents/SC-0405")[1])
        self.assertEqual([r["change"] for r in one["revisions"]], ["opened", "revised", "closed"])
        self.assertEqual(self.get("/api/v1/incidents/9999")[0], 404)
        self.assertEqual(self.get("/api/v1/incidents/x")[0], 404)

    def test_feed(self):
        status, text, headers = self.get("/feed.atom?lang=vi")
        self.assertEqual((status, headers["Content-Type"]), (200, "application/atom+xml; charset=utf-8"))
        feed = xml.fromstring(text)
        self.assertEqual(feed.tag, ATOM + "feed")
        for part in ("id", "title", "updated"):
            self.assertEqual(len(feed.findall(ATOM + part)), 1, part)
        self.assertTrue(feed.find(ATOM + "author").find(ATOM + "name").text)
        entries = feed.findall(ATOM + "entry")
        ids = [e.find(ATOM + "id").text for e in entries]
        self.assertEqual(len(set(ids)), len(ids))
        self.assertIn(self.base + "/incident/SC-0412", ids)
        for e in entries:
            for part in ("title", "updated", "published", "summary"):
                self.assertEqual(len(e.findall(ATOM + part)), 1, part)
            self.assertRegex(e.find(ATOM + "updated").text, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
            self.assertEqual(self.get(e.find(ATOM + "link").get("href").removeprefix(self.base))[0], 200)
        times = [e.find(ATOM + "updated").text for e in entries]
        self.assertEqual(times, sorted(times, reverse=True), "the newest change first")
        self.assertEqual(feed.find(ATOM + "updated").text, times[0])

    def test_plain_page_and_metrics(self):
        self.assertIn("* SC-0412 Mất kết nối", self.get("/t?lang=vi")[1].decode())
        metrics = self.get("/metrics")[1].decode()
        self.assertIn('nhip_incidents_open{kind="planned"} 1', metrics)
        self.assertIn('nhip_messages{state="failed"} 2', metrics)

    def test_a_storm_stays_small(self):
        for n in range(600, 660):
            fresh(self.fake, n, sites=("son-lo", "ha-lang", "nam-tuan"))
        try:
            wait(lambda: b"/incidents?w=open" in self.get("/")[1])
            wait(lambda: 'kind="outage"} 61' in self.get("/metrics")[1].decode())
            page = self.get("/")[1]
            self.assertLess(len(page), 50 * 1024)
            self.assertEqual(page.count(b'<a href="/incident/SC-'), 21, "twenty and the planned work")
        finally:
            for n in range(600, 660):
                self.fake.end_incident(n)
        wait(lambda: b"/incidents?w=open" not in self.get("/")[1])

    # what people do

    def test_acknowledge_on_the_page(self):
        fresh(self.fake, 440)
        wait(lambda: b"SC-0440" in self.get("/")[1])
        self.open("/incident/440?lang=vi")
        form = self.driver.find_element("css selector", "#ack form")
        form.find_element("name", "who").send_keys("Nông Văn Hải")
        form.find_element("tag name", "button").click()
        wait(lambda: not self.js("document.querySelector('#ack form')"))
        self.assertEqual(self.acts(440), [("ack", "Nông Văn Hải", None)])
        self.assertIn("/incident/SC-0440", self.driver.current_url)
        self.assertIn("Tiếp nhận · Nông Văn Hải trên trang này", text(self.driver, "more"))
        note = self.driver.find_element("css selector", ".acts details:nth-of-type(2)")
        note.find_element("tag name", "summary").click()
        self.assertEqual(note.find_element("name", "who").get_attribute("value"), "Nông Văn Hải", "the name is kept")
        note.find_element("name", "text").send_keys("Đã gọi <VNPT>\nchờ & xem")
        note.find_element("tag name", "button").click()
        wait(lambda: "Đã gọi <VNPT>" in text(self.driver, "more"))
        self.assertEqual(self.acts(440)[1], ("note", "Nông Văn Hải", "Đã gọi <VNPT>\nchờ & xem"))

    def test_every_action(self):
        fresh(self.fake, 450)
        token = self.form(450)
        for do, fields, want in (("own", {}, "Hải"), ("own", {"text": "Lan"}, "Lan"), ("ticket", {"text": "T-1"}, "T-1"),
                                 ("estimate", {"text": "16:00"}, "16:00"),
                                 ("override", {"cause": "power", "text": "cầu dao"}, "power: cầu dao"),
                                 ("close", {"text": "xong"}, "xong")):
            status, _, headers = self.post("/incident/450", {"do": do, "who": "Hải", "form": token, **fields}, token)
            self.assertEqual((status, headers["Location"]), (303, "/incident/SC-0450"), do)
            self.assertEqual(self.acts(450)[-1], (do, "Hải", want))
        page = self.get("/incident/450")[1].decode()
        self.assertNotIn('value="close"', page, "it is closed")
        self.assertIn('value="note"', page)

    def test_refused_in_words(self):
        token, before = self.form(412), len(self.fake.asked)
        for fields, status, words in (
                ({"do": "note", "text": "x"}, 400, "Hãy ghi tên"), ({"do": "note", "who": "H", "text": " "}, 400, "Hãy điền nội dung"),
                ({"do": "note", "who": "H" * 64, "text": "x"}, 400, "Tên quá dài"),
                ({"do": "note", "who": "H", "text": "x" * 2001}, 400, "Nội dung quá dài"),
                ({"do": "nothing", "who": "H"}, 400, "không thực hiện được"), ({}, 400, "không thực hiện được"),
                ({"do": "override", "who": "H", "cause": "ghosts", "text": "giữ <lại>"}, 400, "không thực hiện được")):
            got, page, headers = self.post("/incident/412?lang=vi", {**fields, "form": token}, token)
            self.assertEqual((got, headers["Cache-Control"]), (status, "no-store"), fields)
            self.assertIn(words, page.decode(), fields)
        self.assertIn('value="giữ &lt;lại&gt;"', page.decode(), "what was typed is still there")
        self.assertIn("<details open><summary>Sửa nguyên nhân", page.decode())
        done = [r for r in self.fake.asked[before:] if r["do"] == "incident_act"]
        self.assertEqual(len(done), 1, "only the last one reached the collector")
        self.assertEqual(self.post("/incident/9999", {"do": "ack", "who": "H", "form": token}, token)[0], 404)

    def test_forms_of_others(self):
        token, before = self.form(412), len(self.acts(412))
        ack = {"do": "ack", "who": "Mallory", "form": token}
        for name, fields, cookie, headers in (
                ("no cookie", ack, None, {}), ("no token", {"do": "ack", "who": "M"}, token, {}),
                ("another token", {**ack, "form": "0" * 32}, token, {}), ("another site", ack, token, {"Origin": "http://evil.example"}),
                ("no origin told", ack, token, {"Origin": "null"}), ("cross-site", ack, token, {"Sec-Fetch-Site": "cross-site"}),
                ("same-site", ack, token, {"Sec-Fetch-Site": "same-site"})):
            status, page, _ = self.post("/incident/412?lang=vi", fields, cookie, **headers)
            self.assertEqual(status, 403, name)
            self.assertIn("không phải từ trang này", page.decode(), name)
        self.assertEqual(len(self.acts(412)), before)

    def test_what_is_no_form(self):
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        self.assertEqual(self.send("POST", "/incident/412", "a=%ff", **kind)[0], 400)
        self.assertEqual(self.send("POST", "/incident/412", "&".join("abcdefghijklmnopqr"), **kind)[0], 413)
        self.assertEqual(self.send("POST", "/incident/412", "a=" + "b" * 17000, **kind)[0], 413)
        self.assertEqual(self.send("POST", "/incident/412", iter([b"a=" + b"b" * 9000] * 3), **kind)[0], 413, "in chunks")
        self.assertEqual(self.send("POST", "/incident/412", "{}", **{"Content-Type": "application/json"})[0], 415)
        status, _, headers = self.send("POST", "/incidents", "a=b", **kind)
        self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD"))
        status, _, headers = self.send("PUT", "/incident/412", "a=b", **kind)
        self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD, POST"))

    # by the link in a message

    def test_link_in_a_message(self):
        fresh(self.fake, 460)
        driver = browser(self.folder.name, script=False, width=360)
        try:
            text = self.open(link_to(460) + "?lang=vi", driver)
            self.assertIn("Nơi thứ 460", text)
            self.assertLessEqual(driver.execute_script("return document.documentElement.scrollWidth"), 360)
            button = driver.find_element("css selector", "form button")
            self.assertGreaterEqual(button.size["height"], 48)
            self.assertIsNone(self.fake.incidents.all[460]["acknowledged"], "looking does not acknowledge")
            button.click()
            wait(lambda: "Cảm ơn" in driver.find_element("tag name", "body").text)
            self.assertIn("truc-ca", driver.find_element("tag name", "body").text)
            self.assertEqual(self.fake.incidents.all[460]["acknowledged"]["who"], "truc-ca")
            self.assertIn("Đã được tiếp nhận bởi truc-ca", self.open(link_to(460, "kt-son-lo") + "?lang=vi", driver))
            self.assertEqual(driver.find_elements("css selector", "form button"), [])
        finally:
            driver.quit()

    def test_link_keeps_to_itself(self):
        fresh(self.fake, 461)
        for method in ("GET", "HEAD"):
            status, _, headers = self.send(method, link_to(461))
            self.assertEqual(status, 200)
            self.assertEqual((headers["Referrer-Policy"], headers["Cache-Control"]), ("no-referrer", "no-store"))
            self.assertIn("noindex", headers["X-Robots-Tag"])
            self.assertIsNone(headers["ETag"])
        self.assertIsNone(self.fake.incidents.all[461]["acknowledged"])
        # a browser hides its origin where it sends no referrer; the token is all that it takes
        status, _, headers = self.send("POST", link_to(461), "", Origin="null", **{"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual((status, headers["Referrer-Policy"]), (200, "no-referrer"))
        self.assertEqual(self.fake.incidents.all[461]["acknowledged"]["way"], "link")

    def test_link_that_is_over(self):
        status, page, headers = self.get(link_to(412, expiry=OLD) + "?lang=vi")
        self.assertEqual(status, 410)
        for part in ("đã hết hạn", "tel:02063800126", "Hãy gọi người trực"):
            self.assertIn(part, page.decode())
        self.assertEqual(headers["Referrer-Policy"], "no-referrer")
        for path in ("/ack/", "/ack/x", "/ack/412." + FOREIGN, "/ack/%ff", "/ack/" + "9" * 400):
            status, page, headers = self.get(path)
            self.assertEqual((status, headers["Referrer-Policy"]), (404, "no-referrer"), path)
            self.assertIn("không hợp lệ", page.decode(), path)
            self.assertNotIn("trạm của nhà mạng", page.decode(), "what it is about stays unsaid")
        self.assertEqual(self.get(link_to(9999))[0], 404)

    # in a browser

    def test_without_javascript(self):
        fresh(self.fake, 470)
        driver = browser(self.folder.name, script=False)
        try:
            self.assertIn("Sự cố đang mở", self.open("/?lang=vi", driver))
            self.assertIn("Nơi thứ 470", self.open("/incidents?w=open&lang=vi", driver))
            self.open("/incident/470", driver)
            form = driver.find_element("css selector", "#ack form")
            form.find_element("name", "who").send_keys("Lan")
            form.find_element("tag name", "button").click()
            wait(lambda: "Lan" in text(driver, "more"))
            driver.find_element("css selector", ".acts details:nth-of-type(1) summary").click()
            driver.find_element("css selector", ".acts details[open] button").click()
            wait(lambda: "người xử lý\nLan" in text(driver, "incident"))
        finally:
            driver.quit()
        self.assertEqual(self.acts(470), [("ack", "Lan", None), ("own", "Lan", "Lan")])

    def test_phone(self):
        driver = browser(self.folder.name, width=360)
        try:
            for lang in ("vi", "en"):
                for path in ("/", "/incidents", "/incident/412", "/incident/405", "/incident/409", link_to(412), "/ack/x",
                             "/site/bao-lac"):
                    self.open(path + "?lang=" + lang, driver)
                    driver.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
                    self.assertLessEqual(driver.execute_script("return document.documentElement.scrollWidth"), 360, path)
        finally:
            driver.quit()

    def test_live(self):
        self.open("/?lang=vi")
        wait(lambda: self.js("!document.querySelector('.live').hidden"))
        fresh(self.fake, 480)
        row = "document.querySelector('#incidents li > a[href$=\"SC-0480\"]')"
        wait(lambda: self.js(row))
        self.fake.act(480, "ack", "Hoa")
        wait(lambda: "tiếp nhận: Hoa" in (self.js(row + "?.parentElement.textContent") or ""))
        self.open("/incident/480?lang=vi")
        wait(lambda: self.js("!document.querySelector('.live').hidden"))
        note = self.driver.find_element("css selector", ".acts details:nth-of-type(2)")
        note.find_element("tag name", "summary").click()
        note.find_element("name", "text").send_keys("đang viết")
        self.fake.act(480, "ticket", "Hoa", text="T-99")
        wait(lambda: "T-99" in self.js("document.getElementById('incident').textContent"))
        self.assertEqual(note.find_element("name", "text").get_attribute("value"), "đang viết", "typing goes on")
        self.open("/site/son-lo?lang=vi")
        wait(lambda: self.js("!document.querySelector('.live').hidden"))
        self.fake.act(480, "close", "Hoa", text="xong")
        wait(lambda: not self.js("document.querySelector('#site a[href$=\"SC-0480\"]')"))
        self.fake.set_messages(waiting=4, oldest=self.fake.time() - 7200)
        self.open("/?lang=vi")
        self.assertIn("4 tin báo chờ gửi từ", self.js("document.getElementById('incidents').textContent"))
        self.fake.set_messages(waiting=0, failed=0, oldest=None)
        wait(lambda: "tin báo" not in self.js("document.getElementById('incidents').textContent"))
        self.fake.set_messages(failed=2)

    def test_collector_away(self):
        token = self.form(412)
        self.fake.stop()
        try:
            wait(lambda: self.get("/healthz")[0] == 503)
            status, page, _ = self.get("/incident/412?lang=vi")
            self.assertEqual(status, 200, "what was known stays")
            self.assertIn("trạm của nhà mạng", page.decode())
            self.assertNotIn("<form method", page.decode())
            self.assertEqual(self.get("/incident/9999")[0], 503)
            status, page, _ = self.post("/incident/412?lang=vi", {"do": "ack", "who": "H", "form": token}, token)
            self.assertEqual(status, 503)
            self.assertIn("chưa ghi được", page.decode())
            status, page, headers = self.get(link_to(412) + "?lang=vi")
            self.assertEqual((status, headers["Referrer-Policy"]), (503, "no-referrer"))
            self.assertIn("thử lại sau", page.decode())
            for path in ("/incidents", "/feed.atom", "/api/v1/incidents", "/api/v1/incidents/412"):
                self.assertEqual(self.get(path)[0], 503, path)
        finally:
            self.fake.start()
        wait(lambda: self.get("/healthz")[0] == 200)
        self.assertEqual(self.get("/incidents")[0], 200)

    def test_no_errors_in_the_browser(self):
        self.driver.get_log("browser")
        for path in ("/", "/incidents", "/incident/412", "/incident/405", link_to(412)):
            self.open(path)
        self.assertEqual([e["message"] for e in self.driver.get_log("browser") if e["level"] == "SEVERE"], [])


if __name__ == "__main__":
    unittest.main()
