# Sourced: the clusters on this machine. Each has a folder, $cache/c/NAME, with
#   kind (kind, kwok or node), boot (this boot of the machine), server, kubeconfig, path (of its tools), since (when it was ready), log/.

# use_cluster NAME: sets cluster and state.
use_cluster() {
  cluster=$1 state=$cache/c/$1
  [[ $cluster =~ ^[a-z0-9]([-a-z0-9]{0,18}[a-z0-9])?$ ]] || die "'$cluster' is no name for a cluster: at most 20 of a-z, 0-9 and -, for example --name test-1"
  [[ $state =~ ^[A-Za-z0-9/._-]+$ ]] || die "the path $state has characters that would need quotes: set INTEGRATION_SCHEDULER_CACHE to a plainer folder"
  (( ${#state} <= 70 )) || die "the path $state is too long for sockets: set INTEGRATION_SCHEDULER_CACHE to a shorter folder"
}

# lock_cluster: one up or down at a time for this cluster, until this script ends.
lock_cluster() {
  exec 8> "$cache/lock/cluster-$cluster"
  flock --timeout 2 8 || { say "Waiting for another process that works on cluster $cluster"; flock 8; }
}

cluster_names() {
  local dir
  for dir in "$cache"/c/*/; do [[ ! -d $dir ]] || basename "$dir"; done
}

cluster_kind() { cat "$state/kind" 2>/dev/null || echo none; }

# is_ready: it answers, and no process of it has ended.
is_ready() {
  [[ -s $state/since && -s $state/server ]] || return 1
  local server; server=$(cat "$state/server")
  if [[ $(cluster_kind) == kind ]]; then kind_is_ready; return; fi
  # On a machine that is busy an API server answers late, or not yet; of one that is gone the process is.
  local end=$((SECONDS + 30))
  until api /readyz --max-time 10 >/dev/null 2>&1; do
    ! dead_process >/dev/null && (( SECONDS < end )) || return 1
    sleep 0.5
  done
  ! dead_process >/dev/null
}

# remove_cluster: stops everything and puts the machine back. Also after an up that did not end well; keeps logs if KEEP_LOGS is set.
remove_cluster() {
  [[ -d $state ]] || return 0
  rm -f "$state/since"
  case $(cluster_kind) in
    kind) delete_kind ;;
    node) [[ ! -e $state/node.up ]] || stop_node ;;
  esac
  stop kwok
  stop_control_plane
  [[ -n ${KEEP_LOGS:-} ]] || rm -rf "$state"
}

print_env() {
  echo "export KUBECONFIG=$state/kubeconfig"
  echo "export KUBECACHEDIR=$state/kubectl-cache"
  echo "export PATH=$(cat "$state/path"):\$PATH"
  [[ $(cluster_kind) == kind ]] || echo "export INTEGRATION_SCHEDULER_AUDIT_LOG=$state/log/audit.log"
}

print_status() {
  local row='%-20s %-5s %-28s %-9s %s\n'
  # shellcheck disable=SC2059
  printf "$row" NAME KIND SERVER READY AGE
  local each
  for each in $(cluster_names); do
    use_cluster "$each"
    local ready=no age=-
    if is_ready; then ready=yes age=$(age_of "$(cat "$state/since")"); elif [[ $(cluster_kind) != kind ]] && is_dead; then ready=dead; fi
    # shellcheck disable=SC2059
    printf "$row" "$cluster" "$(cluster_kind)" "$(cat "$state/server" 2>/dev/null || echo -)" $ready "$age"
  done
}

age_of() { # SECONDS_SINCE_EPOCH
  local s=$(($(date +%s) - $1))
  if (( s < 120 )); then echo "${s}s"; elif (( s < 7200 )); then echo "$((s / 60))m"; else echo "$((s / 3600))h"; fi
}
