#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 60
"""Pages of a fixed province, compared with tests/golden/web; NHIP_GOLDEN=update writes them."""
import difflib
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from fake_collector import FakeCollector

NOW = 1700000000  # 15/11/2023: no `since` of it is ever today
WINDOW = "from=1699990000&to=1700000000"
PAGES = {
    "home.vi.html": "/?lang=vi",
    "home.en.html": "/?lang=en&view=list",
    "search.vi.html": "/?lang=vi&q=bao",
    "site.vi.html": "/site/bao-lac?lang=vi",
    "site.en.html": "/site/nam-quang?lang=en",
    "link.vi.html": "/link/ha-quang/vnpt?lang=vi&" + WINDOW,
    "service.en.html": "/service/ioffice?lang=en&" + WINDOW,
    "device.vi.html": "/device/bao-lac/router?lang=vi",
    "device.en.html": "/device/bao-lac/router?lang=en",
    "plain.vi.txt": "/t?lang=vi",
    "incident.vi.html": "/incident/SC-0412?lang=vi",
    "incident.en.html": "/incident/405?lang=en",
    "incidents.vi.html": "/incidents?w=open&lang=vi",
    "ack.vi.html": "/ack/412.9999999999.truc-ca." + "a" * 32 + "?lang=vi",
    "ack-expired.en.html": "/ack/412.1600000000.truc-ca." + "a" * 32 + "?lang=en",
    "missing.vi.html": "/nothing?lang=vi",
    "missing.en.html": "/nothing?lang=en",
}


def get(base, path):
    try:
        with urllib.request.urlopen(base + path, timeout=10) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as e:
        with e:
            return e.read().decode()


def steady(text):
    """Without the time at which the page was made, how long things last, and a form's token."""
    text = re.sub(r"(cập nhật lúc|updated at) \d\d:\d\d \d\d/\d\d/\d{4}", r"\1 --:--", text)
    text = re.sub(r"\d{3,} (ngày|d)( \d+ (giờ|h))?", r"- \1", text)
    return re.sub(r'(name="form" value=)"[0-9a-f]{32}"', r"\1-", text)


def main():
    golden = os.path.join(os.environ["NHIP_SOURCE"], "tests", "golden", "web")
    update = os.environ.get("NHIP_GOLDEN") == "update"
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        fake = FakeCollector(folder + "/c.sock", 18, now=NOW, drill=True).start()
        web = subprocess.Popen([os.environ["NHIP_BIN"] + "/nhip-web", "-s", fake.path, "-l", "127.0.0.1:0"],
                               stderr=subprocess.PIPE, text=True)
        try:
            port = next(m.group(1) for m in (re.search(r"port (\d+)", line) for line in web.stderr) if m)
            base = f"http://127.0.0.1:{port}"
            end = time.monotonic() + 20
            while get(base, "/healthz") != "ok\n" and time.monotonic() < end:
                time.sleep(0.05)
            for name, path in PAGES.items():
                is_now, file = steady(get(base, path)), os.path.join(golden, name)
                if update:
                    with open(file, "w", encoding="utf-8") as f:
                        f.write(is_now)
                    continue
                with open(file, encoding="utf-8") as f:
                    was = f.read()
                if is_now != was:
                    failed += 1
                    sys.stdout.writelines(difflib.unified_diff(was.splitlines(True), is_now.splitlines(True), name, path))
        finally:
            web.terminate()
            assert web.wait(10) == 0
            web.stderr.close()
            fake.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
