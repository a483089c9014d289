#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 600
# slow-build: skip
"""The power fails at the agent, at the collector, at both: on what their disks may then hold the daemons start.

Nothing promised is lost, nothing is there twice or was never measured, the charts are what the journal makes, the keys
are good. NHIP_IMAGES: how many; NHIP_SEED: which; NHIP_KEEP: what went wrong stays.
"""
import os
import shutil
import signal
import sys
import tempfile

import powerlab


def main():
    seed = int(os.environ.get("NHIP_SEED", "0")) or int.from_bytes(os.urandom(3), "big") + 1
    print("seed", seed, flush=True)
    images = int(os.environ.get("NHIP_IMAGES", "16"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # leaves nothing running
    directory = tempfile.mkdtemp(prefix="nhip-power.")
    keep = "NHIP_KEEP" in os.environ
    wrong = []
    try:
        for sync in ("lag", "always"):
            os.mkdir(f"{directory}/{sync}")
            got = powerlab.run(f"{directory}/{sync}", images // 2, seed, sync, seconds=4, keep_wrong=keep)
            wrong += got.pop("wrong")
            print(got, flush=True)
    finally:
        if keep:
            print("kept:", directory)
        else:
            shutil.rmtree(directory, ignore_errors=True)
    for words in wrong:
        print("WRONG:", words)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
