#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9, a bad line and power cuts: readings lost, readings doubled, ghosts, charts that differ.

NHIP_FAULTS: thousands of kills (0.3); NHIP_POWER: thousands of images of disks after a power cut (0.1).
"""
import collections
import os
import shutil
import sys
import tempfile

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
import faultlab  # noqa: E402
import powerlab  # noqa: E402

IMAGES_A_RUN = 100  # a new run is recorded after so many


def kills(seed, count):
    directory = tempfile.mkdtemp(prefix="nhip-faults.")
    try:
        got = faultlab.run(directory, count, seed)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print("faults", sum(got["kills"].values()), "kills")
    print("faults", got["breaks"], "broken_connections")
    print("faults", got["readings"], "readings")
    print("faults", got["lost"], "lost")
    print("faults", got["doubled"], "doubled")
    print("faults", got["differing"], "differing_rrd_files")
    return [f"seed {seed}: {words}" for words in got["wrong"]]


def power(seed, count):
    total, wrong = collections.Counter(), []
    for n in range(0, count, IMAGES_A_RUN):
        directory = tempfile.mkdtemp(prefix="nhip-power.")
        turn = n // IMAGES_A_RUN
        sync, seconds = ("lag", "always")[turn % 2], powerlab.LONG_S if turn % 4 == 2 else 6
        try:
            got = powerlab.run(directory, min(IMAGES_A_RUN, count - n), seed + n, sync, seconds, os.cpu_count())
        finally:
            shutil.rmtree(directory, ignore_errors=True)
        wrong += got["wrong"]
        total.update({key: value for key, value in got.items() if isinstance(value, int)})
    for key in ("images", "starts", "promised", "lost", "doubled", "ghosts", "differing"):
        print("faults", total[key], "power_" + key)
    return wrong


def main():
    seed = int(os.environ.get("NHIP_SEED", "0")) or int.from_bytes(os.urandom(3), "big") + 1
    count, images = (int(1000 * float(os.environ.get(name, of))) for name, of in (("NHIP_FAULTS", "0.3"), ("NHIP_POWER", "0.1")))
    wrong = kills(seed, count) if count else []
    wrong += power(seed, images) if images else []
    for words in wrong:
        print("faults:", words, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
