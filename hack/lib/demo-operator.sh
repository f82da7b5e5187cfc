# Sourced by hack/demo: the operator, with the rights that the chart gives its ServiceAccount. As a pod where pods run, else as a process
# of this machine. Expects: kind, own (the demo's folder).
# shellcheck shell=bash disable=SC2030,SC2034,SC2154
system=integration-scheduler
account=system:serviceaccount:$system:$system

install_operator() {
  local settings=(--set replicas=0)
  if [[ $kind != kwok ]]; then load_images; fi
  # An installation that was interrupted would block every later one.
  quietly kubectl delete secrets --namespace $system --selector 'owner=helm,status in (pending-install,pending-upgrade,pending-rollback)'
  quietly helm upgrade --install $system "$root/charts/integration-scheduler" --namespace $system --create-namespace "${settings[@]}"
  note "release $system in the namespace $system, with $(kubectl get crd -o name | grep -c integration-scheduler.io) CustomResourceDefinitions"
  if [[ $kind == kwok ]]; then run_operator_here; else wait_for_operator; fi
}

# load_images: adds to settings. An image that has changed has the same name, and is told apart by its checksum.
load_images() {
  mkdir -p "$own/images"
  quietly "$here/image" "$own/images"
  quietly "$here/cluster" load "$own/images/operator.tar" --name "$cluster"
  quietly "$here/cluster" load "$own/images/busybox.tar" --name "$cluster"
  settings=(--set image.repository=docker.io/integration-scheduler/operator --set image.tag=dev --set image.pullPolicy=Never)
  settings+=(--set-string "podAnnotations.image-checksum=$(sha256sum < "$own/images/operator.tar" | head -c 12)")
  rm -r "$own/images"
}

wait_for_operator() {
  kubectl rollout status deployment/$system --namespace $system --timeout 90s >> "$log" 2>&1 || {
    kubectl get pods,events --namespace $system >&2
    kubectl logs deployment/$system --namespace $system --tail 20 >&2 || true
    fail 'the operator did not become ready'
  }
  note "the operator runs as a pod, as $account"
}

# run_operator_here: a pod on a played node would run nothing.
run_operator_here() {
  local config=$own/operator.kubeconfig
  write_kubeconfig_of_account "$config"
  stop_operator
  (
    state=$own
    start operator "$(command -v node)" "$root/dist/operator.mjs" run --kubeconfig "$config" --listen-address 127.0.0.1:0
    wait_until 30 operator_is_ready
  ) || fail "the operator did not start: see $own/log/operator.log"
  note "the operator runs as process $(cat "$own/operator.pid") of this machine, by its token as $account"
  note "its log: $own/log/operator.log, its metrics: http://$(operator_address)/metrics"
}

write_kubeconfig_of_account() { # FILE
  local token
  token=$(kubectl create token $system --namespace $system --duration 720h) || fail 'no token for the ServiceAccount'
  (umask 077; kubectl config view --raw --minify > "$1")
  quietly kubectl --kubeconfig "$1" config unset users
  kubectl --kubeconfig "$1" config set-credentials operator --token "$token" >> "$log"
  quietly kubectl --kubeconfig "$1" config set-context --current --user operator --namespace "$system"
}

operator_address() { sed -n 's/.*"address":"\([^"]*\)".*"operator started".*/\1/p' "$own/log/operator.log"; }
operator_is_ready() { curl -fsS --noproxy '*' --max-time 2 "http://$(operator_address)/readyz"; }

stop_operator() (
  state=$own
  ! pid=$(owned_pid operator) || kill "$pid"
  for _ in {1..50}; do owned_pid operator >/dev/null || break; sleep 0.1; done
  stop operator
)
