# Sourced: etcd, kube-apiserver, kube-controller-manager and kube-scheduler as processes of this machine.
# Expects: state, port (the first of ten free ones), kubecp_dir. Sets: server. node_ip, if set, is where the API server listens.

SERVICES=10.96.0.0/16

# etcd_dir: in memory where there is enough of it. The name follows from the cluster's folder: nothing to record, nothing to lose.
etcd_dir() {
  local free; free=$(df --output=avail /dev/shm 2>/dev/null | tail -n 1) || free=0
  if [[ -w /dev/shm ]] && (( ${free:-0} > 1000000 )); then shm_dir; else echo "$state/etcd"; fi
}

shm_dir() { echo "/dev/shm/integration-scheduler-$(printf %s "$state" | sha256sum | head -c 12)"; }

# api PATH [CURL_ARGUMENT...]: a request as admin.
api() {
  local path=$1; shift
  curl -fsS --noproxy '*' --max-time 3 --cacert "$state/pki/ca.crt" --cert "$state/pki/admin.crt" --key "$state/pki/admin.key" "$@" "$server$path"
}

k() { KUBECACHEDIR=$state/kubectl-cache "$kubecp_dir/kubecp" kubectl --kubeconfig "$state/kubeconfig" "$@"; }

node_is_ready() { [[ $(k get node node-1 -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}') == True ]]; }

start_control_plane() {
  local host=${node_ip:-127.0.0.1} user
  server=https://$host:$port
  echo "$server" > "$state/server"
  make_pki "$state/pki" node-1 ${node_ip:+"$node_ip"}
  for user in controller-manager scheduler node kube-proxy; do write_kubeconfig $user "$state/$user.kubeconfig"; done
  write_kubeconfig admin "$state/kubeconfig"
  start_etcd
  start_api_server "$host"
  wait_until 60 api /readyz --max-time 1 # it listens long before it answers
  start_controllers
}

start_etcd() {
  local data; data=$(etcd_dir)
  mkdir -m 700 "$data"
  start etcd "$kubecp_dir/kubecp" etcd --data-dir "$data" --unsafe-no-fsync --log-level warn \
    --listen-client-urls "http://127.0.0.1:$((port + 1))" --advertise-client-urls "http://127.0.0.1:$((port + 1))" \
    --listen-peer-urls http://127.0.0.1:0 --auto-compaction-retention 1
}

start_api_server() { # HOST
  local p=$state/pki
  local arguments=(
    --etcd-servers "http://127.0.0.1:$((port + 1))" --etcd-compaction-interval 0
    --bind-address "$1" --secure-port "$port"
    --tls-cert-file "$p/apiserver.crt" --tls-private-key-file "$p/apiserver.key" --client-ca-file "$p/ca.crt"
    --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction --allow-privileged
    --service-account-issuer https://kubernetes.default.svc.cluster.local
    --service-account-key-file "$p/sa.pub" --service-account-signing-key-file "$p/sa.key"
    --service-cluster-ip-range "$SERVICES" --profiling=false
    --kubelet-client-certificate "$p/kubelet-client.crt" --kubelet-client-key "$p/kubelet-client.key"
    --kubelet-preferred-address-types InternalIP,Hostname
    --requestheader-client-ca-file "$p/ca.crt" --requestheader-allowed-names front-proxy-client
    --requestheader-username-headers X-Remote-User --requestheader-group-headers X-Remote-Group
    --requestheader-extra-headers-prefix X-Remote-Extra-
    --proxy-client-cert-file "$p/front-proxy.crt" --proxy-client-key-file "$p/front-proxy.key"
    --audit-policy-file "$root/hack/controlplane/audit-policy.yaml" --audit-log-path "$state/log/audit.log" --audit-log-maxsize 2000
    --advertise-address "$1"
  )
  # Only pods of a real node use the Service kubernetes; a loopback address is not allowed in its endpoints.
  [[ $1 != 127.* ]] || arguments+=(--endpoint-reconciler-type none)
  start kube-apiserver "$kubecp_dir/kubecp" kube-apiserver "${arguments[@]}"
}

start_controllers() {
  local controllers='*,-horizontal-pod-autoscaler-controller,-persistentvolume-attach-detach-controller'
  controllers+=',-persistentvolume-expander-controller,-certificatesigningrequest-signing-controller'
  start_controller kube-controller-manager controller-manager $((port + 2)) \
    --use-service-account-credentials --service-account-private-key-file "$state/pki/sa.key" --root-ca-file "$state/pki/ca.crt" \
    --controllers "$controllers" --concurrent-cron-job-syncs 10 --concurrent-job-syncs 10 \
    --concurrent-namespace-syncs 20 --concurrent-gc-syncs 20
  start_controller kube-scheduler scheduler $((port + 3))
}

start_controller() { # COMPONENT USER PORT ARGUMENT...
  local component=$1 config=$state/$2.kubeconfig secure_port=$3; shift 3
  start "$component" "$kubecp_dir/kubecp" "$component" --kubeconfig "$config" \
    --authentication-kubeconfig "$config" --authorization-kubeconfig "$config" \
    --authorization-always-allow-paths /healthz,/livez,/readyz,/metrics \
    --bind-address 127.0.0.1 --secure-port "$secure_port" --leader-elect=false --kube-api-qps 500 --kube-api-burst 1000 "$@"
}

# wait_for_defaults: pods cannot be made before their ServiceAccount.
wait_for_defaults() { wait_until 60 api /api/v1/namespaces/default/serviceaccounts/default; }

stop_control_plane() {
  stop kube-scheduler kube-controller-manager kube-apiserver etcd
  rm -rf "$(shm_dir)" "$state/etcd"
}
