#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 of the collector while faults come and messages flow: what is told otherwise than in peace, and what comes
again. NHIP_KILLS: how many (100)."""
import os
import shutil
import sys
import tempfile

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
import killlab  # noqa: E402


def main():
    seed = int(os.environ.get("NHIP_SEED", "0")) or int.from_bytes(os.urandom(3), "big") + 1
    directory = tempfile.mkdtemp(prefix="nhip-kills.")
    try:
        got = killlab.run(directory, int(os.environ.get("NHIP_KILLS", "100")), seed)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    for what in ("kills", "incidents", "messages", "unclear"):
        print("incident_kills", got[what], what)
    print("incident_kills", sum(got["again"].values()), "came_again")
    print("incident_kills", len(got["wrong"]), "differences")
    for words in got["wrong"]:
        print(f"incident_kills: seed {seed}:", words, file=sys.stderr)
    return 1 if got["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
