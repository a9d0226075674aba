# shellcheck shell=bash
# What the scripts share. Source it right after `set -euo pipefail`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
me=scripts/$(basename "$0")
# shellcheck disable=SC2034  # used by those who source this
jobs=${JT_JOBS:-$(nproc)}

# Progress goes to stderr: stdout belongs to results that other programs read.
say() {
    printf '%s\n' "$*" >&2
}

die() {
    say "$me: $*"
    exit 1
}

# usage_error TEXT: the command was typed wrong.
usage_error() {
    say "$me: $* (see $me --help)"
    exit 2
}

# print_help: the comment block at the head of the script is its help.
print_help() {
    sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"
}

# quietly LOG COMMAND...: its output goes to LOG and is shown only when the command fails.
quietly() {
    local log=$1
    shift
    mkdir -p "$(dirname "$log")"
    if ! "$@" >"$log" 2>&1 </dev/null; then
        say "failed: $*"
        tail -n 80 "$log" >&2
        say "whole output: $log"
        return 1
    fi
}

# Signals arrive at their defaults even when a parent ignored them (a job started with & in a script ignores SIGINT,
# and bash can't trap what was ignored at its start).
with_default_signals() {
    local ignored
    ignored=$(sed -n 's/^SigIgn:[[:space:]]*//p' /proc/self/status)
    if [ $((0x$ignored & 0x4003)) -ne 0 ]; then # HUP, INT, TERM
        exec env --default-signal=HUP,INT,TERM "$0" "$@"
    fi
}

# fresh STAMP FILE...: true when the files are those that STAMP was written for (see freshen).
fresh() {
    local stamp=$1
    shift
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(cat "$@" | sha256sum)" ]
}

freshen() {
    local stamp=$1
    shift
    mkdir -p "$(dirname "$stamp")"
    cat "$@" | sha256sum >"$stamp"
}

# npm_modules FOLDER: the modules FOLDER/package-lock.json names, installed once per lock.
npm_modules() {
    local folder=$1 stamp=$root/build/stamps/npm-${1//\//-}
    [ -f "$root/$folder/package-lock.json" ] || return 0
    if [ -d "$root/$folder/node_modules" ] && fresh "$stamp" "$root/$folder/package-lock.json"; then
        return 0
    fi
    say "installing the Node.js modules of $folder/"
    quietly "$root/build/logs/npm-${folder//\//-}.log" npm ci --prefix "$root/$folder" --no-audit --no-fund
    freshen "$stamp" "$root/$folder/package-lock.json"
}
