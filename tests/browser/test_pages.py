#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 240
# slow-build: skip
"""The pages in headless Chromium, against a collector that is played: both languages, with
and without JavaScript, on a phone, with charts, live; and without the collector."""
import unittest
import urllib.error
import urllib.request

from served_pages import ServedPages, browser, wait


class Pages(ServedPages):
    def test_languages(self):
        vi = self.open("/?lang=vi")
        self.assertIn("Cần chú ý", vi)
        self.assertIn("Mất kết nối", vi)
        self.assertIn("mất gói 4,5%", vi)
        en = self.open("/?lang=en")
        self.assertIn("Needs attention", en)
        self.assertIn("packet loss 4.5%", en)
        self.assertIn("Needs attention", self.open("/"), "the choice is kept")
        self.open("/?lang=vi")

    def test_trouble_first(self):
        self.open("/?lang=vi")
        names = self.js("[...document.querySelectorAll('#sites .sites > li > a')].map(a => a.textContent)")
        self.assertEqual(len(names), 56)
        self.assertEqual(names[:2], ["Xã Bảo Lạc", "Xã Cốc Pàng"])
        self.assertEqual(names[7:11], ["Xã Bạch Đằng", "Xã Bảo Lâm", "Xã Bế Văn Đàn", "Xã Ca Thành"])

    def test_without_javascript(self):
        driver = browser(self.folder.name, script=False)
        try:
            for path in ("/", "/site/bao-lac", "/service/ioffice", "/?view=list"):
                self.assertIn("Bảo Lạc", self.open(path, driver), path)
            self.assertIn("Viettel", self.open("/link/bao-lac/viettel", driver))
            wide = driver.find_element("css selector", "noscript img, figure img")
            wait(lambda: wide.get_property("naturalWidth") == 720)
            self.assertIn("Đàm Thuỷ", self.open("/?q=dam+thuy", driver))
            self.assertNotIn("Bạch Đằng", self.open("/?q=dam+thuy", driver))
        finally:
            driver.quit()

    def test_picture_keeps_its_colours(self):
        self.driver.get(self.base + "/graph/bao-lac/vnpt/path.svg")  # drawn with style attributes, as cairo does
        self.assertEqual(self.js("getComputedStyle(document.querySelector('rect')).fill"), "rgb(238, 238, 255)")
        policy = self.get("/graph/bao-lac/vnpt/path.svg")[2]["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("script", policy)

    def test_phone(self):
        driver = browser(self.folder.name, width=360)
        try:
            for lang in ("vi", "en"):
                for path in ("/", "/?view=list", "/site/bao-lac", "/link/bao-lac/vnpt", "/service/ioffice", "/nothing"):
                    self.open(path + ("&" if "?" in path else "?") + "lang=" + lang, driver)
                    self.assertLessEqual(driver.execute_script("return document.documentElement.scrollWidth"), 360, path)
        finally:
            driver.quit()

    def test_charts(self):
        self.open("/link/bao-lam/vnpt?lang=vi")
        wait(lambda: self.js("document.querySelectorAll('.chart[data-drawn] canvas').length >= 6"))
        painted = self.js("""(() => { const c = document.querySelector('.chart canvas');
            const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
            let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n; })()""")
        self.assertGreater(painted, 5000, "the smoke is drawn")
        for window in ("30h", "10d", "1y"):
            self.open("/link/bao-lam/vnpt?w=" + window)
            wait(lambda: self.js("document.querySelectorAll('.chart[data-drawn]').length === 3"))
        asked = [r for r in self.fake.asked if r.get("do") == "series"][-1]
        self.assertEqual(asked["to"] - asked["from"], 366 * 86400)
        self.open("/link/bao-lam/vnpt?from=2026-11-20T08:00&to=2026-11-20T12:00")
        wait(lambda: self.js("document.querySelectorAll('.chart[data-drawn]').length === 3"))
        asked = [r for r in self.fake.asked if r.get("do") == "series"][-1]
        self.assertEqual((asked["from"], asked["to"]), (1795136400, 1795150800), "08:00 is the province's")

    def test_chart_without_readings(self):
        self.open("/link/bao-lam/vnpt?lang=vi&from=2019-11-20T08:00&to=2019-11-20T12:00")
        wait(lambda: self.js("[...document.querySelectorAll('.chart')].every(c => c.textContent.includes('Không có số liệu'))"))

    def test_search_while_typing(self):
        self.open("/?lang=vi")
        self.driver.find_element("id", "q").send_keys("DAM thuy")
        shown = wait(lambda: self.js("[...document.querySelectorAll('#sites li')].filter(l => !l.hidden).map(l => l.querySelector('a').textContent)"))
        self.assertEqual(shown, ["Xã Đàm Thuỷ"])
        self.driver.find_element("id", "q").send_keys("zzz")
        self.assertTrue(self.js("!document.querySelector('.none').hidden"))

    def test_live(self):
        self.open("/?lang=vi")
        wait(lambda: self.js("!document.querySelector('.live').hidden"))
        first = "document.querySelector('#sites .sites > li.down > a[href$=\"/tan-giang\"]')"
        self.assertIsNone(self.js(first))
        self.fake.change("tan-giang", "down", {"text": "why_no_answer"})
        wait(lambda: self.js(first))
        self.fake.change("tan-giang", "up")
        wait(lambda: not self.js(first))
        self.fake.set_disk_full(True)
        wait(lambda: "đã đầy" in self.js("document.getElementById('notices').textContent"))
        self.fake.set_disk_full(False)
        wait(lambda: "đã đầy" not in self.js("document.getElementById('notices').textContent"))

    def test_collector_away(self):
        self.open("/?lang=vi")
        wait(lambda: self.js("!document.querySelector('.live').hidden"))
        self.fake.stop()
        try:
            wait(lambda: "Không liên lạc được" in self.js("document.getElementById('notices').textContent"))
            self.assertIn("Bảo Lạc", self.open("/"), "what was known stays")
            self.assertEqual(self.get("/healthz")[0], 503)
            self.assertEqual(self.get("/api/v1/series/bao-lac/vnpt/path")[0], 503)
            self.assertIn(b"nhip_web_contact 0", self.get("/metrics")[1])
        finally:
            self.fake.start()
        wait(lambda: self.get("/healthz")[0] == 200)
        self.assertNotIn("Không liên lạc được", self.open("/"))

    def test_http(self):
        status, page, headers = self.get("/", **{"Accept-Encoding": "gzip"})
        self.assertEqual((status, headers["Content-Encoding"]), (200, "gzip"))
        self.assertLess(len(page), 30 * 1024)
        self.assertLess(len(self.get("/")[1]), 50 * 1024)
        self.assertNotIn("unsafe", headers["Content-Security-Policy"])
        self.assertEqual(self.get("/", **{"Accept-Encoding": "gzip", "If-None-Match": headers["ETag"]})[0], 304)
        self.assertEqual(self.get("/site/nowhere")[0], 404)
        self.assertIn("Không tìm thấy trang", self.get("/nothing")[1].decode())
        self.assertIn("Page not found", self.get("/nothing?lang=en")[1].decode())
        self.assertEqual(self.get("/site/%3Cscript%3E")[0], 404)
        self.assertNotIn(b"<script>alert", self.get("/?q=%3Cscript%3Ealert(1)")[1])
        self.assertEqual(self.get("/assets/../main.c")[0], 404)
        post = urllib.request.Request(self.base + "/", data=b"a=b")
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(post, timeout=10)
        self.assertEqual((refused.exception.code, refused.exception.headers["Allow"]), (405, "GET, HEAD"))
        refused.exception.close()
        for path in ("/api/v1/overview", "/api/v1/sites", "/api/v1/sites/bao-lac", "/api/v1/links", "/api/v1/services",
                     "/api/v1/series/bao-lac/vnpt/path", "/metrics", "/t", "/graph/bao-lac/vnpt/path.svg"):
            self.assertEqual(self.get(path)[0], 200, path)

    def test_no_errors_in_the_browser(self):
        self.open("/?lang=vi")
        self.driver.get_log("browser")
        for path in ("/", "/site/bao-lac", "/service/ioffice"):
            self.open(path)
        bad = [e["message"] for e in self.driver.get_log("browser")
               if e["level"] == "SEVERE" and "inline style" not in e["message"]]  # dygraphs' legend, refused and not missed
        self.assertEqual(bad, [])


if __name__ == "__main__":
    unittest.main()
