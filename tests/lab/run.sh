#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# run.sh [--demo] - collector, pages and one agent for this machine (or 56 simulated ones), all in
# a private directory under build/run; Ctrl-C stops them all. ./dev run builds first and calls this.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
bin=$PWD/build/release/bin
mode=home
[ "${1:-}" = --demo ] && mode=demo
dir=$PWD/build/run/$mode
mkdir -p "$dir"
chmod 700 "$dir"
pids=()

stop() {
    trap - EXIT INT TERM
    for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
        kill "${pids[$i]}" 2>/dev/null || true
        wait "${pids[$i]}" 2>/dev/null || true
    done
    echo "run: stopped; what was measured stays in $dir"
}
trap stop EXIT
trap 'exit 0' INT TERM

# free PORT: PORT, or the next one that nobody listens on
free() {
    local port=$1
    while ss -Hltn "sport = :$port" | grep -q .; do port=$((port + 1)); done
    echo "$port"
}

# wait_for SECONDS WHAT COMMAND...: until the command succeeds, or say what did not come
wait_for() {
    local until=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        if [ $SECONDS -ge $until ]; then
            echo "run: $what did not come up; its words are in $dir/*.log:" >&2
            tail -n 5 "$dir"/*.log >&2
            exit 1
        fi
        sleep 0.1
    done
}

# start NAME COMMAND...
start() {
    local name=$1
    shift
    "$@" >>"$dir/$name.log" 2>&1 &
    pids+=($!)
}

# Probes need a raw socket where the kernel's ping_group_range is closed (Debian's default).
allow_ping() {
    [ "$(id -u)" -eq 0 ] && return
    getcap "$bin/nhip-agent" | grep -q cap_net_raw && return
    echo "run: giving nhip-agent and nhip-collector the right to ping (setcap cap_net_raw)"
    sudo setcap cap_net_raw+ep "$bin/nhip-agent" cap_net_raw+ep "$bin/nhip-collector"
}

fill() {
    sed -e "s|@DIR@|$dir|g" -e "s|@PORT@|$port|g" -e "s|@WEB_PORT@|$web_port|g" \
        -e "s|@INTERFACE@|$interface|g" -e "s|@GATEWAY@|$gateway|g" \
        -e "s|@NAME@|$(uname -n)|g" "$1"
}

port=$(free 7443)
web_port=$(free 8080)
interface=$(ip -4 route show default | sed -n 's/.* dev \([^ ]*\).*/\1/p' | head -n 1)
gateway=$(ip -4 route show default | sed -n 's/.* via \([^ ]*\).*/\1/p' | head -n 1)
interface=${interface:-lo}
rm -f "$dir"/*.log
[ $mode = demo ] && rm -rf "$dir/data" # a drill begins anew
ctl=("$bin/nhipctl" -s "$dir/control.sock")
conf=$dir/nhip.conf

# messages go into a file, not to people; a drill's at night as well
printf '%s\n' '#!/bin/sh' \
    '{ echo "--- $(date +%H:%M:%S) to $1"; printf "%s\n\n" "$2"; } >>"$(dirname "$0")/messages.txt"' >"$dir/tell"
chmod 700 "$dir/tell"
rm -f "$dir/messages.txt"
if [ $mode = demo ]; then
    sed -e "s|^\( *listen *= *\)\"127.0.0.1:7443\"|\1\"127.0.0.1:$port\"|" \
        -e "s|^\( *listen *= *\)\"127.0.0.1:8080\"|\1\"127.0.0.1:$web_port\"|" \
        -e "s|^\( *control *= *\)\"[^\"]*\"|\1\"$dir/control.sock\"|" \
        -e "s|^\( *data *= *\)\"[^\"]*\"|\1\"$dir/data\"|" \
        -e "s|^\( *user *= *\)\"[^\"]*\"|\1\"\"|" \
        -e "s|^\(contact \"\([^\"]*\)\".*\) }\$|\1  command = \"$dir/tell \2 %t\" }|" \
        -e "/^ *quiet *= /d" \
        -e "s|^web {\$|web {\n    base_url = \"http://127.0.0.1:$web_port\"|" examples/cao-bang/nhip.conf >"$conf"
else
    fill examples/home/nhip.conf.in >"$conf"
    allow_ping
fi
"$bin/nhip-collector" -c "$conf" --check
start collector "$bin/nhip-collector" -c "$conf"
wait_for 20 "nhip-collector" "${ctl[@]}" status
start web "$bin/nhip-web" -c "$conf" -s "$dir/control.sock" -l "127.0.0.1:$web_port"
wait_for 20 "nhip-web" curl -fsS "http://127.0.0.1:$web_port/healthz"

if [ $mode = demo ]; then
    # each simulated box joins with the key of its own token: site, identity, key
    (umask 077; for site in centre $(sed -n 's/^site "\([^"]*\)".*/\1/p' "$conf"); do
        "${ctl[@]}" agent add "$site" 127.0.0.1 "$port" | head -n 1 |
            awk -F. -v site="$site" '{ print site, $(NF - 2), $(NF - 1) }'
    done >"$dir/keys")
    # what the centre measures of its own: its uplinks
    sed -n 's|^ *uplink "\([^"]*\)".*gateway = ".*|centre/\1/gateway|p' "$conf" >"$dir/centre-checks"
    start drill "$bin/nhip-drill" --keys "$dir/keys" --connect "127.0.0.1:$port" \
        --centre-checks "$dir/centre-checks"
else
    fill examples/home/nhip-agent.conf.in >"$dir/nhip-agent.conf"
    [ -f "$dir/agent/home.key" ] ||
        "$bin/nhip-agent" -c "$dir/nhip-agent.conf" join \
            "$("${ctl[@]}" agent add home 127.0.0.1 "$port" | head -n 1)" >/dev/null # it is started here
    start agent "$bin/nhip-agent" -c "$dir/nhip-agent.conf"
fi

echo
echo "  Nhịp is running:  http://127.0.0.1:$web_port/"
[ $mode = demo ] && echo "  A drill: 56 communes with simulated lines."
echo "  Who is told what:  $dir/messages.txt"
echo "  On the command line:  build/release/bin/nhipctl -s $dir/control.sock status"
echo "  Ctrl-C stops everything."
echo
wait -n "${pids[@]}" || true
echo "run: a program ended by itself; its last words:" >&2
tail -n 5 "$dir"/*.log >&2
exit 1
