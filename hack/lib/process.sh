# Sourced: the processes of one cluster, whose folder is $state. Pids are in NAME.pid, output in log/NAME.log.

# start NAME COMMAND...: detached, so that a Ctrl-C here does not reach it, and with an environment of its own.
# The process writes its pid before it becomes COMMAND: whenever this script is killed, nothing runs unrecorded.
start() {
  local name=$1; shift
  rm -f "$state/$name.pid"
  (
    cd "$state"
    # shellcheck disable=SC2016 # meant for the inner shell
    exec setsid env -i PATH="$PATH" HOME="$state/home" bash -c 'echo $$ > "$0" && exec "$@"' "$state/$name.pid" "$@"
  ) > "$state/log/$name.log" 2>&1 < /dev/null 8>&- 9>&- &
  disown # or this shell would report its end
  local _
  for _ in {1..1000}; do [[ ! -s $state/$name.pid ]] || return 0; sleep 0.01; done
  die "$name did not start: see $state/log/$name.log"
}

# owned_pid NAME: prints the recorded pid if that process runs and is still ours: its output goes to our log.
# A zombie has no open files, so it counts as gone.
owned_pid() {
  local pid; pid=$(cat "$state/$1.pid" 2>/dev/null) || return 1
  [[ $(readlink "/proc/$pid/fd/1" 2>/dev/null) == "$state/log/"* ]] && echo "$pid"
}

# require_alive NAME: ends with the process's last words if it has ended.
require_alive() {
  owned_pid "$1" >/dev/null || { tail -n 20 "$state/log/$1.log" >&2; die "$1 has ended: see $state/log/$1.log"; }
}

# stop NAME...: SIGKILL, since nothing they hold is kept; returns when all are gone.
stop() {
  local name pid _
  for name in "$@"; do
    if pid=$(owned_pid "$name"); then kill -KILL "$pid" 2>/dev/null || true; fi
  done
  for name in "$@"; do
    for _ in {1..200}; do owned_pid "$name" >/dev/null || break; sleep 0.02; done
    rm -f "$state/$name.pid"
  done
}

# wait_until SECONDS PROCESS COMMAND...: until COMMAND succeeds; ends if PROCESS does or the time is over.
wait_until() {
  local end=$((SECONDS + $1)) process=$2; shift 2
  until "$@" >/dev/null 2>&1; do
    require_alive "$process"
    (( SECONDS < end )) || { tail -n 20 "$state/log/$process.log" >&2; die "given up waiting for: $*"; }
    sleep 0.1
  done
}

# choose_ports: sets port, the first of ten that are free for this cluster, also from the clusters that are not yet up.
choose_ports() { with_lock ports claim_ports; port=$(cat "$state/ports"); }

claim_ports() {
  local taken first block=$(($(printf %s "$state" | cksum | cut -d ' ' -f 1) % 1000)) _
  # /proc/net/tcp: local addresses in hexadecimal, ADDRESS:PORT
  taken=" $(awk 'NR > 1 { sub(/.*:/, "", $2); print $2 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null | sort -u | tr '\n' ' ') " || true
  local claimed; claimed=" $(cat "$cache"/c/*/ports 2>/dev/null | tr '\n' ' ') " || true
  for _ in {1..1000}; do
    first=$((20000 + block * 10)); block=$(((block + 1) % 1000))
    [[ $claimed != *" $first "* ]] && ten_are_free $first "$taken" || continue
    echo $first > "$state/ports"
    return
  done
  die 'no ten free ports between 20000 and 30000'
}

ten_are_free() { # FIRST TAKEN
  local p
  for p in {0..9}; do [[ $2 != *" $(printf %04X $(($1 + p))) "* ]] || return 1; done
}
