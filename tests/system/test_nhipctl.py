#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 400
"""An incident at the command line, from its opening to the monthly report.

A real collector pings an address of its own in a network namespace; taking the address away
is the fault. Everything is asked and done by nhipctl, as a duty officer would.
"""
import csv
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone

BIN = os.environ.get("NHIP_BIN", "build/debug/bin")
ADDRESS = "10.77.0.2"
ZONE = timezone(timedelta(hours=7))
ROUND_S = 10
CONF = """
province "p" {{ name = "P" }}
collector {{ listen = "127.0.0.1:7443" control = "{dir}/c.sock" data = "{dir}/data" user = ""
             reflector = "" traps = "" }}
carrier "vnpt" {{ name = "VNPT Cao Bằng" }}
contract "c" {{ carrier = "vnpt"  availability_pct = 99.5  source = "phụ lục 2" excluded = {{ "power" }} }}
contact "truc-ca" {{ name = "Trực" sms = "+84912345678" }}
site "a" {{ name = "Xã Bảo Lạc" kind = "commune" code = "01321" agent = false
  technicians = {{ "truc-ca" }}
  link "vnpt" {{ carrier = "vnpt" contract = "c" circuit = "CBG-1" interface = "lo" address = "{address}" }} }}
"""


def wait_for(what, condition, seconds=120):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = condition()
        if got:
            return got
        time.sleep(0.2)
    raise AssertionError("waited in vain for " + what)


def ip(*words):
    subprocess.run(["ip", *words], check=True)


class Centre:
    def __init__(self, directory):
        self.dir = directory
        self.conf = directory + "/nhip.conf"
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(CONF.format(dir=directory, address=ADDRESS))
        self.process = None
        self.ended, self.away_s = None, 0

    def start(self):
        self.process = subprocess.Popen([BIN + "/nhip-collector", "-f", "-c", self.conf])
        wait_for("the collector", self.answers)
        if self.ended is not None:
            self.away_s += time.monotonic() - self.ended

    def answers(self):
        assert self.process.poll() is None, "the collector ended"
        return self.ctl("status").returncode == 0

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.ended = time.monotonic()
        return self.process.wait(30)

    def ctl(self, *words, **environment):
        env = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "Asia/Ho_Chi_Minh", "SUDO_USER": "mai", **environment}
        return subprocess.run([BIN + "/nhipctl", "-s", self.dir + "/c.sock", *words], env=env,
                              capture_output=True, text=True, encoding="utf-8", timeout=60)

    def say(self, *words, **environment):
        done = self.ctl(*words, **environment)
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout

    def ask(self, *words, **environment):
        return json.loads(self.say("--json", *words, **environment))

    def refuse(self, status, needle, *words, **environment):
        done = self.ctl(*words, **environment)
        assert done.returncode == status, (words, done.returncode, done.stderr)
        assert needle in done.stderr, (words, done.stderr)


def far_is(centre, state):
    link = centre.ask("site", "a")["links"][0]
    return link["state"] == state and link


def month_of(unix_s):
    return datetime.fromtimestamp(unix_s, ZONE).strftime("%Y-%m")


def report_row(centre, month):
    report = centre.ask("report", month)
    assert [row["id"] for row in report["links"]] == ["a/vnpt"], report
    return report, report["links"][0]


def acts(centre, ident):
    """Each is in the audit with who and by which way, and shows in the document."""
    number = ident.split("-")[1].lstrip("0")
    out = centre.say("sms-in", "7", SMS_MESSAGES="1", SMS_1_NUMBER="0912345678", SMS_1_TEXT=f"OK {number}")
    assert ident in out and "truc-ca" in out, out
    centre.say("own", ident, "anh", "Mai")
    centre.say("note", number, "đã gọi", "VNPT")
    centre.say("ticket", ident.lower(), "VT-77")
    centre.say("estimate", ident, "15:30")
    got = centre.ask("ack", ident)  # again: changes nothing
    assert got["acknowledged"]["who"] == "truc-ca" and got["acknowledged"]["way"] == "sms", got
    assert (got["owner"], got["ticket"], got["estimate"]) == ("anh Mai", "VT-77", "15:30"), got
    assert [(a["action"], a["who"], a["text"]) for a in got["actions"]] == [
        ("ack", "truc-ca", ""), ("own", "mai", "anh Mai"), ("note", "mai", "đã gọi VNPT"),
        ("ticket", "mai", "VT-77"), ("estimate", "mai", "15:30")], got["actions"]
    shown = centre.say("incident", ident)
    for needle in (ident, "a/vnpt", "đã gọi VNPT", "acknowledged", "truc-ca", "opened"):
        assert needle in shown, (needle, shown)
    listed = centre.say("incidents")
    assert ident in listed and "truc-ca" in listed, listed


def wrong_use(centre):
    centre.refuse(2, "is no incident", "incident", "bao-lac")
    centre.refuse(2, "999", "incident", "999")
    centre.refuse(2, "999", "ack", "SC-0999")
    centre.refuse(2, "causes are power", "override", "1", "moon", "full")
    centre.refuse(2, "usage:", "incidents", "--closed")
    centre.refuse(2, "a time is", "incidents", "--from", "yesterday")
    centre.refuse(2, "2026-11", "report", "2026-13")
    centre.refuse(2, "MONTH", "report", "2026-11", "--xml")
    centre.refuse(1, "no number of a contact", "sms-in", "0999999999", "OK 1")
    centre.refuse(1, "OK 412", "sms-in", "0912345678", "xin chào")
    centre.refuse(2, "RunOnReceive", "sms-in")


def planned(centre):
    assert centre.ask("planned", "list") == {"planned": []}
    centre.say("planned", "add", "w1", "2030-01-01 22:00", "2030-01-01 23:00", "a/vnpt", "--party", "vnpt",
               "--why", "thay cáp, trạm")
    work, = centre.ask("planned", "list", )["planned"]
    assert (work["party"], work["links"], work["why"], work["source"]) == (
        "carrier:vnpt", ["a/vnpt"], "thay cáp, trạm", "added"), work
    assert work["to"] - work["from"] == 3600 and not work["now"], work
    assert "w1" in centre.say("planned", "list")
    centre.refuse(2, "already", "planned", "add", "w1", "2030-01-01 22:00", "2030-01-01 23:00", "a")
    centre.refuse(2, "nowhere", "planned", "add", "w2", "2030-01-01 22:00", "2030-01-01 23:00", "nowhere")
    centre.refuse(2, "in order", "planned", "add", "w2", "2030-01-02", "2030-01-01", "a")
    centre.say("planned", "end", "w1")
    assert centre.ask("planned", "list") == {"planned": []}
    centre.refuse(2, "w1x", "planned", "end", "w1x")


def minutes_agree(centre, ident, party):
    """The report has of the incident what the incident has of its link, but for rounds that fell out with the collector."""
    incident = centre.ask("incident", ident)
    months = {month_of(incident["started"]), month_of(incident["closed"])}
    down_s = sum(report_row(centre, m)[1][party] for m in months) * 60
    lasted_s = incident["minutes"][party] * 60
    assert abs(lasted_s - (incident["closed"] - incident["started"])) < 0.1, (lasted_s, incident)
    missed = (lasted_s - down_s) / ROUND_S
    assert abs(missed - round(missed)) < 0.01, (down_s, incident["minutes"])
    assert 0 <= round(missed) <= centre.away_s // ROUND_S + 2 and down_s > ROUND_S, (down_s, centre.away_s, incident["minutes"])
    return incident, max(months)


def run(directory):
    centre = Centre(directory)
    try:
        tell(centre)
    finally:
        if centre.process is not None and centre.process.poll() is None:
            centre.stop()


def tell(centre):
    ip("link", "set", "lo", "up")
    ip("addr", "add", ADDRESS + "/32", "dev", "lo")
    centre.start()
    assert "no incidents" in centre.say("incidents")
    wait_for("the first rounds", lambda: far_is(centre, "up"))
    wrong_use(centre)
    planned(centre)

    ip("addr", "del", ADDRESS + "/32", "dev", "lo")
    incident = wait_for("an incident", lambda: centre.ask("incidents", "--open")["incidents"])[0]
    ident = incident["incident"]
    assert incident["links"] == ["a/vnpt"] and incident["closed"] is None, incident
    acts(centre, ident)
    centre.stop(signal.SIGKILL)
    centre.start()
    assert centre.ask("incident", ident)["owner"] == "anh Mai"

    ip("addr", "add", ADDRESS + "/32", "dev", "lo")
    wait_for("its end", lambda: not centre.ask("incidents")["incidents"])
    assert ident in centre.say("incidents", "--from", "-1h")
    # the whole site went dark and nobody is there to tell why: power, which the contract leaves out
    incident, month = minutes_agree(centre, ident, "excluded")
    assert incident["cause"] == "power", incident
    report, row = report_row(centre, month)
    assert not report["complete"] and report["data"], report
    assert row["incidents"] == [ident] and row["circuit"] == "CBG-1", row
    assert row["down"] == 0 and row["high_pct"] == 100 > row["low_pct"], row
    share, = row["parties"]
    assert share["party"] == incident["party"] and share["excluded"] == row["excluded"], row

    # a person knows better: the report follows him
    centre.say("override", ident, "last_mile", "cáp", "đứt")
    incident, month = minutes_agree(centre, ident, "down")
    assert (incident["cause"], incident["confidence"]) == ("last_mile", "fact"), incident
    report, row = report_row(centre, month)
    assert row["excluded"] == 0 and 0 <= row["low_pct"] < row["high_pct"] < 100, row
    assert row["parties"][0]["party"] == incident["party"] == "carrier:vnpt", row

    line, = csv.DictReader(io.StringIO(centre.say("report", month, "--csv")))
    assert line["link"] == "a/vnpt" and line["site_name"] == "Xã Bảo Lạc", line
    assert float(line["down"]) == row["down"] == float(line["down carrier:vnpt"]) and line["incidents"] == ident, line
    assert "a/vnpt" in centre.say("report", month) and "still running" in centre.say("report", month)
    old = centre.ask("report", "2020-01")
    assert not old["data"] and old["links"][0]["high_pct"] is None, old
    assert "no data" in centre.say("report", "2020-01")
    assert centre.stop() == 0


def main():
    if len(sys.argv) < 2:
        if subprocess.run(["unshare", "-rn", "ip", "link"], capture_output=True, check=False).returncode != 0:
            print("skipped: no network namespaces here")
            return 77
        with tempfile.TemporaryDirectory() as directory:
            return subprocess.run(["unshare", "-rn", sys.executable, "-B", os.path.abspath(__file__), directory],
                                  check=False).returncode
    run(sys.argv[1])
    print("nhipctl: an incident from its opening to the report")
    return 0


if __name__ == "__main__":
    sys.exit(main())
