# Sourced: the processes of one cluster, whose folder is $state. Pids are in NAME.pid, output in log/NAME.log.

# start PROCESS COMMAND...: detached, so that a Ctrl-C here does not reach it, and with an environment of its own.
# It writes its pid before it becomes COMMAND: whenever this script is killed, nothing runs unrecorded.
start() {
  local process=$1 _; shift
  rm -f "$state/$process.pid"
  (
    cd "$state"
    # shellcheck disable=SC2016 # meant for the inner shell
    exec setsid env -i PATH="$PATH" HOME="$state/home" bash -c 'echo $$ > "$0" && exec "$@"' "$state/$process.pid" "$@"
  ) > "$state/log/$process.log" 2>&1 < /dev/null 8>&- 9>&- &
  disown # or this shell would report its end
  for _ in {1..1000}; do [[ ! -s $state/$process.pid ]] || return 0; sleep 0.01; done
  die "$process did not start: see $state/log/$process.log"
}

# owned_pid PROCESS: prints the recorded pid if that process runs and is still ours: its output goes to our log.
# A zombie has no open files, so it counts as gone.
owned_pid() {
  local pid; pid=$(cat "$state/$1.pid" 2>/dev/null) || return 1
  [[ $(readlink "/proc/$pid/fd/1" 2>/dev/null) == "$state/log/"* ]] && echo "$pid"
}

# dead_process: prints the first process that was started and has ended.
dead_process() {
  local pidfile process
  for pidfile in "$state"/*.pid; do
    process=$(basename "$pidfile" .pid)
    owned_pid "$process" >/dev/null || { echo "$process"; return 0; }
  done
  return 1
}

# is_dead: no process of it runs.
is_dead() {
  local pidfile
  for pidfile in "$state"/*.pid; do ! owned_pid "$(basename "$pidfile" .pid)" >/dev/null || return 1; done
}

# stop PROCESS...: SIGKILL, since nothing they hold is kept; returns when all are gone.
stop() {
  local process pid pids='' _
  for process in "$@"; do
    if pid=$(owned_pid "$process"); then kill -KILL "$pid" 2>/dev/null || true; pids+=" $pid"; fi
  done
  for pid in $pids; do
    for _ in {1..200}; do ! has_ended "$pid" || break; sleep 0.02; done
  done
  for process in "$@"; do rm -f "$state/$process.pid"; done
}

# has_ended PID: no thread of it holds a port or a file any more. Output is let go of first, and ports a little later; a zombie that
# nobody collects has let go of everything once it is the last of its threads.
has_ended() {
  local threads=(/proc/"$1"/task/*)
  [[ ! -d /proc/$1 ]] || { (( ${#threads[@]} == 1 )) && grep -qs '^State:[[:space:]]*[ZX]' "/proc/$1/status"; }
}

# wait_until SECONDS COMMAND...: until COMMAND succeeds; fails with the last words of a process that ends, or when the time is over.
wait_until() {
  local end=$((SECONDS + $1)) dead; shift
  until "$@" >/dev/null 2>&1; do
    if dead=$(dead_process); then tail -n 20 "$state/log/$dead.log" >&2; die "$dead has ended: see $state/log/$dead.log"; fi
    (( SECONDS < end )) || die "given up waiting for '$*': see $state/log"
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
