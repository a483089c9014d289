#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 600
# slow-build: skip
"""kill -9 of the collector at random while faults come and messages flow: what is told is told as in peace.

NHIP_KILLS: how many (20); NHIP_SEED: which.
"""
import os
import shutil
import signal
import sys
import tempfile

import killlab


def main():
    seed = int(os.environ.get("NHIP_SEED", "0")) or int.from_bytes(os.urandom(3), "big") + 1
    print("seed", seed, flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # leaves nothing running
    directory = tempfile.mkdtemp(prefix="nhip-kills.")
    try:
        got = killlab.run(directory, int(os.environ.get("NHIP_KILLS", "20")), seed)
    finally:
        if "NHIP_KEEP" in os.environ:
            print("kept:", directory)
        else:
            shutil.rmtree(directory, ignore_errors=True)
    wrong = got.pop("wrong")
    print(got)
    for words in wrong:
        print("WRONG:", words)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
