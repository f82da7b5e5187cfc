# Sourced: clusters of kind, where a Docker engine answers. kind keeps them; here are only their kubeconfigs.

docker_answers() { command -v docker >/dev/null && timeout 5 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

kind_command() { "$cache/bin/kind-$KIND_VERSION/kind" "$@" --name "integration-scheduler-$cluster"; }

start_kind_cluster() {
  kind_command create cluster --kubeconfig "$state/kubeconfig" --wait 120s >&2
  grep -o -m 1 'https://[^" ]*' "$state/kubeconfig" > "$state/server"
}

kind_is_ready() {
  PATH=$(cat "$state/path"):$PATH kubectl --kubeconfig "$state/kubeconfig" get --raw /readyz --request-timeout 3s >/dev/null 2>&1
}

delete_kind() { kind_command delete cluster --kubeconfig "$state/kubeconfig" >&2; }
