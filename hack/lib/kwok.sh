# Sourced: a node that is played, and the pods on it (hack/controlplane/stages.yaml). Needs no root.

start_kwok() {
  start kwok "$cache/bin/kwok-$KWOK_VERSION/kwok" --kubeconfig "$state/kubeconfig" --config "$root/hack/controlplane/stages.yaml" --manage-all-nodes
  api /api/v1/nodes -H 'content-type: application/json' -d '{
    "apiVersion": "v1", "kind": "Node",
    "metadata": {"name": "node-1", "annotations": {"kwok.x-k8s.io/node": "fake"}, "labels": {"kubernetes.io/hostname": "node-1", "kubernetes.io/os": "linux"}}
  }' >/dev/null
  wait_until 60 node_is_ready
}
