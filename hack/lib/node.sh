# Sourced: one real node, with containerd and kubelet, beside the control plane. Linux, root, one per machine.
# Pods get an address on a bridge and no default route: nothing of the cluster's address ranges leaves this machine.

BRIDGE=is-br0
NODE_IP=10.244.0.1
PODS=10.244.0.0/24
POD_RANGE=10.244.0.0/16

ensure_node_tools() {
  [[ $(id -u) == 0 ]] || die '--node needs root'
  export PATH=$PATH:/usr/sbin:/sbin
  ensure_commands containerd=containerd runc=runc /usr/lib/cni/bridge=containernetworking-plugins busybox=busybox-static \
    iptables=iptables conntrack=conntrack nft=nftables ip=iproute2
  ensure_test_images
}

start_node_cluster() {
  remove_wrecks
  choose_ports
  claim_machine
  local node_ip=$NODE_IP
  start_network
  start_containerd
  start_control_plane
  import_images "$cache/images/pause.tar" "$cache/images/busybox.tar"
  start_kubelet
  start_kube_proxy
  wait_for_defaults
}

# remove_wrecks: real nodes that nobody took down and of which no process runs any more, as after the end of a CI job or a container.
# Other people's are taken down when their files are within reach.
remove_wrecks() {
  local each
  for each in "$cache"/c/*/node.up "$(cat "/sys/class/net/$BRIDGE/ifalias" 2>/dev/null)/node.up"; do
    [[ ! -e $each ]] || (each=${each%/node.up}; cache=${each%/c/*}; use_cluster "${each##*/}"; remove_wreck)
  done
}

remove_wreck() {
  exec 8> "$cache/lock/cluster-$cluster"
  flock --nonblock 8 && is_dead || return 0 # somebody works on it, or with it
  say "Cluster $cluster had this machine's real node, and all its processes have ended: removing it"
  remove_cluster
}

# claim_machine: refuses a machine that is not fit or is taken. The lock is on the folder /run: for the whole machine, and it leaves no file.
claim_machine() {
  exec 7< /run; flock 7
  require_free_machine
  save_settings
  : > "$state/node.up" # from here on, stop_node puts things back
  ip link add "$BRIDGE" type bridge
  ip link set "$BRIDGE" alias "$state" # whose machine this is, for clusters of other caches
  exec 7<&-
}

require_free_machine() {
  local other controller
  for other in $(cluster_names); do
    [[ $other == "$cluster" || ! -e $cache/c/$other/node.up ]] || die "cluster $other has this machine's real node: hack/cluster down --name $other"
  done
  ! ip link show "$BRIDGE" >/dev/null 2>&1 || die "the network interface $BRIDGE exists already"
  for other in $POD_RANGE $SERVICES; do
    [[ -z $(ip -4 route show root "$other") ]] || die "there are already routes into $other"
  done
  for other in ip ip6; do ! nft list table $other kube-proxy >/dev/null 2>&1 || die 'another kube-proxy runs on this machine'; done
  [[ $(stat -f -c %T "$state") != overlayfs ]] ||
    die "$state is on overlayfs, where no containers can be kept: set INTEGRATION_SCHEDULER_CACHE to a folder on another file system"
  [[ -z $(kubepods_cgroups) ]] || die 'the cgroup kubepods exists already: does another kubelet run?'
  is_cgroup_v2 || for controller in cpu cpuacct cpuset memory pids devices freezer; do
    [[ -d /sys/fs/cgroup/$controller ]] || die "no cgroup controller $controller"
  done
}

is_cgroup_v2() { [[ $(stat -f -c %T /sys/fs/cgroup) == cgroup2fs ]]; }

# kubepods_cgroups: prints the folders of the kubelet's cgroup: one, or with cgroup v1 one for each controller.
kubepods_cgroups() {
  local dir
  for dir in /sys/fs/cgroup/kubepods /sys/fs/cgroup/*/kubepods; do [[ ! -d $dir || -L ${dir%/*} ]] || echo "$dir"; done
}

# save_settings: what kubelet and the network plugins change, and the folders whose place cannot be chosen.
SETTINGS='net/ipv4/ip_forward vm/overcommit_memory kernel/panic kernel/panic_on_oops vm/panic_on_oom kernel/keys/root_maxkeys kernel/keys/root_maxbytes'
FIXED_DIRS='/var/log/containers /var/lib/kubelet /var/lib/cni /run/containerd /run/netns /opt/cni /etc/cni'
save_settings() {
  local setting dir
  for setting in $SETTINGS; do [[ ! -r /proc/sys/$setting ]] || echo "$setting $(cat "/proc/sys/$setting")"; done > "$state/settings"
  for dir in $FIXED_DIRS; do [[ ! -e $dir ]] || echo "$dir"; done > "$state/dirs"
}

start_network() {
  # A fixed address, or it would change with each pod.
  ip link set "$BRIDGE" address "$(printf '0a:58:%02x:%02x:%02x:%02x' ${NODE_IP//./ })"
  ip addr add "$NODE_IP/24" dev "$BRIDGE"
  ip link set "$BRIDGE" up
  ip route add blackhole $POD_RANGE # PODS on the bridge is more specific
  ip route add "$SERVICES" dev "$BRIDGE" # a black hole would win over kube-proxy's rules for connections of this machine
  mkdir -p "$state/cni/net.d"
  fill bridge.conflist > "$state/cni/net.d/10-bridge.conflist"
}

# fill TEMPLATE: prints a file of hack/node with its @placeholders@ replaced.
fill() {
  sed -e "s|@state@|$state|g; s|@bridge@|$BRIDGE|g; s|@pods@|$PODS|g; s|@services@|$SERVICES|g; s|@node_ip@|$NODE_IP|g" \
    -e "s|@kubelet_port@|$((port + 4))|g; s|@kubelet_healthz_port@|$((port + 5))|g" \
    -e "s|@proxy_healthz_port@|$((port + 6))|g; s|@proxy_metrics_port@|$((port + 7))|g" "$root/hack/node/$1"
}

start_containerd() {
  local config=containerd-v2.toml
  [[ ! $(containerd --version) =~ [[:space:]]v?[2-9]\. ]] || config=containerd-v3.toml
  fill $config > "$state/containerd.toml"
  start containerd containerd --config "$state/containerd.toml"
}

containerd_client() { ctr --address "$state/containerd.sock" --namespace k8s.io "$@"; }

import_images() { # TAR...
  local tar
  wait_until 30 containerd_client version
  for tar in "$@"; do containerd_client images import "$tar" >/dev/null; done
}

start_kubelet() {
  mkdir -p "$state/kubelet"
  fill kubelet.yaml > "$state/kubelet.yaml"
  start kubelet "$kubecp_dir/kubecp" kubelet --config "$state/kubelet.yaml" --kubeconfig "$state/node.kubeconfig" \
    --hostname-override node-1 --node-ip "$NODE_IP" --root-dir "$state/kubelet" --cert-dir "$state/kubelet/pki"
  wait_until 120 node_is_ready
}

start_kube_proxy() {
  fill kube-proxy.yaml > "$state/kube-proxy.yaml"
  start kube-proxy "$kubecp_dir/kubecp" kube-proxy --config "$state/kube-proxy.yaml"
  wait_until 60 serves_kubernetes
}

# serves_kubernetes: the Service kubernetes leads to the API server.
serves_kubernetes() { nft list table ip kube-proxy | grep -q "$NODE_IP . $port"; }
