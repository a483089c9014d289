# SPDX-License-Identifier: GPL-3.0-or-later
"""nhip-web over a played collector, asked by urllib and by headless Chromium: what browser tests are made of."""
import http.client
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from fake_collector import FakeCollector

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
except ImportError:
    sys.exit(77)
if not os.path.exists("/usr/bin/chromedriver"):
    sys.exit(77)

FLAGS = ("--headless=new --no-sandbox --disable-gpu --disable-background-networking --disable-component-update "
         "--disable-sync --no-first-run --lang=vi --disable-dev-shm-usage").split()


def wait(what, limit_s=20):
    """The first true value of what(); fails after a while."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        value = what()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError("waited in vain")


def browser(folder, script=True, width=1200):
    options = webdriver.ChromeOptions()
    for flag in FLAGS + [f"--user-data-dir={tempfile.mkdtemp(dir=folder)}"]:
        options.add_argument(flag)
    if not script:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                           {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500})
    return driver


class ServedPages(unittest.TestCase):
    """A collector, its pages and a browser for all tests of a class."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="nhip-pages-")
        cls.fake = FakeCollector(cls.folder.name + "/control.sock").start()
        cls.web = subprocess.Popen([os.environ["NHIP_BIN"] + "/nhip-web", "-s", cls.fake.path, "-l", "127.0.0.1:0"],
                                   stderr=subprocess.PIPE, text=True)
        cls.port = None
        for line in cls.web.stderr:
            found = re.search(r"serving pages on port (\d+)", line)
            if found:
                cls.port = int(found.group(1))
                break
        cls.base = f"http://127.0.0.1:{cls.port}"
        wait(lambda: cls.get("/healthz")[0] == 200)
        cls.driver = browser(cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.driver.quit()
        cls.web.terminate()
        status = cls.web.wait(10)
        cls.web.stderr.close()
        cls.fake.stop()
        cls.folder.cleanup()
        assert status == 0, status

    @classmethod
    def get(cls, path, **headers):
        request = urllib.request.Request(cls.base + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as e:
            with e:
                return e.code, e.read(), e.headers

    @classmethod
    def send(cls, method, path, body=None, **headers):
        """As it is said, redirects not followed."""
        c = http.client.HTTPConnection("127.0.0.1", cls.port, timeout=10)
        try:
            c.request(method, path, body, headers)
            answer = c.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            c.close()

    def open(self, path, driver=None):
        driver = driver or self.driver
        driver.get(self.base + path)
        return driver.find_element("tag name", "body").text

    def js(self, script, *args):
        return self.driver.execute_script("return " + script, *args)
