#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 and a bad line: readings lost, readings doubled, charts that differ. NHIP_FAULTS: thousands of kills (0.3)."""
import os
import shutil
import sys
import tempfile

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
import faultlab  # noqa: E402


def main():
    seed = int(os.environ.get("NHIP_SEED", "0")) or int.from_bytes(os.urandom(3), "big") + 1
    kills = int(1000 * float(os.environ.get("NHIP_FAULTS", "0.3")))
    directory = tempfile.mkdtemp(prefix="nhip-faults.")
    try:
        got = faultlab.run(directory, kills, seed)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print("faults", sum(got["kills"].values()), "kills")
    print("faults", got["breaks"], "broken_connections")
    print("faults", got["readings"], "readings")
    print("faults", got["lost"], "lost")
    print("faults", got["doubled"], "doubled")
    print("faults", got["differing"], "differing_rrd_files")
    for words in got["wrong"]:
        print(f"faults: seed {seed}:", words, file=sys.stderr)
    return 1 if got["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
