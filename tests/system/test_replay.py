# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 600
# slow-build: skip
"""The replay of scenarios whose truth is known keeps the limits of docs/DIAGNOSIS.md.

Skipped with a word where ../shared/scenarios is not beside the checkout.
"""
import json
import os
import subprocess
import sys
import tempfile

SOURCE = os.environ["NHIP_SOURCE"]
COLLECTOR = os.path.join(os.environ["NHIP_BIN"], "nhip-collector")
SHARED = os.path.join(SOURCE, "..", "shared")
SCORER = os.path.join(SHARED, "tools", "scenarios", "score.py")
CONF = os.path.join(SHARED, "scenarios", "mile-ont", "nhip.conf")


def replay(text, conf=CONF):
    return subprocess.run([COLLECTOR, "-c", conf, "--replay", "-"], input=text.encode(), capture_output=True, timeout=60, check=False)


def check(ok, what):
    if not ok:
        sys.exit("replay: " + what)


def bad_lines():
    for text, line in (('{"at":1}\n{"at":', "line 2:"), ("[]\n", "line 1:"), ('{"check":"a/b/far"}\n', "line 1:")):
        p = replay(text)
        check(p.returncode == 2 and line in p.stderr.decode(), "%r gave %d %r" % (text, p.returncode, p.stderr))


def same_twice_and_piped():
    stream = os.path.join(SHARED, "scenarios", "mile-ont", "stream.jsonl.gz")
    one = subprocess.run([COLLECTOR, "-c", CONF, "--replay", stream], capture_output=True, timeout=60, check=True).stdout
    with open(stream, "rb") as f:
        two = subprocess.run([COLLECTOR, "-c", CONF, "--replay", "-"], stdin=f, capture_output=True, timeout=60, check=True).stdout
    check(one == two, "a file and a pipe differ")
    check("summary" in json.loads(one.decode().splitlines()[-1]), "no summary")


def reasons_once():
    folder = os.path.join(SHARED, "scenarios", "power-gasp")
    out = subprocess.run([COLLECTOR, "-c", folder + "/nhip.conf", "--replay", folder + "/stream.jsonl.gz"],
                         capture_output=True, timeout=60, check=True).stdout
    all_reasons = [d["reasons"] for d in map(json.loads, out.decode().splitlines()) if "reasons" in d]
    check(any(all_reasons), "nobody says why")
    for reasons in all_reasons:
        check(len(reasons) == len(set(reasons)), "a reason stands twice: %s" % reasons)


def scores():
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        p = subprocess.run([sys.executable, "-B", SCORER, "--command", COLLECTOR, "--min-cause", "97", "--min-single", "98",
                            "--json", out.name, "-v"], capture_output=True, timeout=550, check=False)
        check(p.returncode == 0, p.stdout.decode()[-4000:])
        s = json.load(open(out.name, encoding="utf-8"))["totals"]
    check(s["first_told_right_pct"] >= 90, "first told right %.1f %%" % s["first_told_right_pct"])
    check(s["in_time_pct"] == 100, "in time %.1f %%" % s["in_time_pct"])
    check(s["delay_median_s"] <= 35, "median delay %.0f s" % s["delay_median_s"])
    check(s["wrong_party"] * 50 <= s["faults"], "%d wrong parties" % s["wrong_party"])
    check(not s["violations"] and s["wrongly_told"] == 0, "rules: %s, wrongly told %d" % (s["violations"], s["wrongly_told"]))


if not os.path.exists(SCORER) or not os.path.exists(CONF):
    print("skipped: no ../shared/scenarios beside the checkout")
    sys.exit(77)
bad_lines()
same_twice_and_piped()
reasons_once()
scores()
