# shellcheck shell=bash
# Supervision with Debian's runit. Every part is a service directory below $services:
#
#   $services/NAME/run       starts it (a part that ends is started again, after a second if it ended at once)
#   $services/NAME/finish    writes how it ended into its log and into $services/NAME/ended
#   $logs/NAME/current       its log, turned over at 1 MB, ten kept
#
# Needs: services, logs (absolute paths), set by who sources this.
: "${services:=}" "${logs:=}"

supervisor_pid=

# service_define NAME COMMAND...: a part, in state down until service_up.
service_define() {
    local name=$1 dir=$services/$1
    shift
    mkdir -p "$dir/log" "$logs/$name"
    printf '#!/bin/sh\nexec 2>&1 </dev/null\nexec%s\n' "$(printf ' %q' "$@")" >"$dir/run"
    cat >"$dir/finish" <<END
#!/bin/sh
# Children of a part that was killed would hold its ports.
pkill -KILL -g 0 -x nginx
pkill -KILL -g 0 -x jangteo-worker
case "\$1 \$2" in '0 0' | '-1 15') level=info ;; *) level=warn ;; esac
echo "\$(date -u +%FT%T.%3NZ) \$level run service.end name=$name exit=\$1 signal=\$2"
echo "\$1 \$2" >>ended
END
    printf '#!/bin/sh\nexec svlogd %q\n' "$logs/$name" >"$dir/log/run"
    printf 's1000000\nn10\n' >"$logs/$name/config"
    chmod 755 "$dir/run" "$dir/finish" "$dir/log/run"
    touch "$dir/down"
}

# Starts the supervisor of all defined parts. It ends with this script, even when that is killed.
supervisor_start() {
    setsid setpriv --pdeathsig HUP runsvdir -P "$services" >&2 </dev/null &
    supervisor_pid=$!
    local dir
    for dir in "$services"/*/; do
        wait_until 10 test -p "$dir/supervise/ok" || die "the supervisor did not start"
    done
}

# wait_until SECONDS COMMAND...: polls 20 times a second.
wait_until() {
    local rounds=$(($1 * 20))
    shift
    while ! "$@"; do
        rounds=$((rounds - 1))
        [ $rounds -gt 0 ] || return 1
        sleep 0.05
    done
}

supervisor_wait() {
    wait "$supervisor_pid" || true
}

service_up() {
    sv up "$services/$1" >/dev/null
    rm -f "$services/$1/down"
}

service_pid() {
    cat "$services/$1/supervise/pid" 2>/dev/null || true
}

service_ended() {
    [ -s "$services/$1/ended" ]
}

service_log_tail() {
    tail -n "${2:-15}" "$logs/$1/current" 2>/dev/null | sed "s/^/    $1: /" >&2
}

# Stops the named parts, in that order, and the supervisor; what ignores SIGTERM for 10 s is killed.
# Returns 1 when something had to be killed. Stops by process ids in the end, for a data folder removed under us.
supervisor_stop() {
    local name leader leaders code=0
    [ -n "$supervisor_pid" ] || return 0
    for name in "$@"; do
        [ -p "$services/$name/supervise/ok" ] || continue
        sv down "$services/$name" >/dev/null 2>&1 || continue
        wait_until 10 service_is_down "$name" && continue
        say "$name did not stop within 10 s: killed"
        sv kill "$services/$name" >/dev/null 2>&1 || true
        code=1
    done
    mapfile -t leaders < <(pgrep -P "$supervisor_pid" -x runsv) # each leads a group: itself, its part, its log
    kill -HUP "$supervisor_pid" 2>/dev/null || true             # sends SIGTERM to all of them, and leaves
    supervisor_wait
    supervisor_pid=
    for leader in "${leaders[@]}"; do
        if ! wait_until 10 group_is_gone "$leader"; then
            kill -KILL -- "-$leader" 2>/dev/null || true
            code=1
        fi
    done
    return $code
}

service_is_down() {
    [ -z "$(service_pid "$1")" ]
}

group_is_gone() { # but for zombies, which wait for an init that may not come
    ! pgrep -g "$1" -r D,R,S,T,t,I >/dev/null
}
