#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# run.sh [NAME] - every benchmark, or those whose name is NAME; one line a figure: NAME value unit
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
export NHIP_BIN=$PWD/build/release/bin NHIP_BUILD=$PWD/build/release NHIP_SOURCE=$PWD
export PYTHONPATH=$PWD/tests/lab
ran=0
echo "# $(nproc) processors, load $(cut -d' ' -f1-3 /proc/loadavg), $(uname -r)"
for bench in build/release/tests/bench-* tests/bench/*.py; do
    [ -e "$bench" ] || continue
    name=$(basename "$bench" .py)
    name=${name#bench-}
    [ -z "${1:-}" ] || [ "$1" = "$name" ] || continue
    ran=$((ran + 1))
    case "$bench" in
    *.py) /usr/bin/python3 -B "$bench" ;;
    *) "$bench" ;;
    esac
done
if [ "$ran" -eq 0 ]; then
    echo "bench: there is no benchmark '${1:-}'" >&2
    exit 2
fi
