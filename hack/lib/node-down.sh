# Sourced: stops what node.sh started and puts the machine back, from whatever point it had come to.

# stop_node: goes on after an error, since each step stands for itself.
stop_node() (
  set +e +o pipefail
  export PATH=$PATH:/usr/sbin:/sbin
  stop kubelet kube-proxy
  kill_containers
  stop containerd
  # After the pods: the end of their connections needs kube-proxy's rules, or an open socket would keep a dead pod's network.
  nft delete table ip kube-proxy; nft delete table ip6 kube-proxy
  unmount_all
  remove_network
  remove_cgroups
  restore_settings
  remove_fixed_dirs
  rm -rf "$state"/{kubelet,cd,cni,pod-logs} "$state"/containerd.sock* "$state/node.up"
) 2>> "$state/log/down.log"

# kill_containers: every process in the kubelet's cgroup, which was not there before; then the shims that speak to our containerd.
kill_containers() {
  local dir pid _
  for _ in {1..100}; do
    local pids=''
    for dir in $(kubepods_cgroups); do pids+=" $(find "$dir" -name cgroup.procs -exec cat {} + 2>/dev/null)"; done
    pids=$(for pid in $pids; do is_zombie "$pid" || echo "$pid"; done)
    [[ -n $pids ]] || break
    # shellcheck disable=SC2086 # a list
    kill -KILL $pids
    sleep 0.05
  done
  for dir in $(grep -lsF -- "$state/containerd.sock" /proc/[0-9]*/cmdline); do
    dir=${dir%/cmdline}
    [[ $(tr '\0' ' ' < "$dir/cmdline") != *containerd-shim*" -address $state/containerd.sock"* ]] || kill -KILL "${dir#/proc/}"
  done
}

# is_zombie PID: gone, or waiting for a parent that may be slow.
is_zombie() { ! grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status"; }

# unmount_all: what is mounted below the cluster's folder, the deepest first, and our pods' network namespaces.
unmount_all() {
  local mount namespace result
  awk -v folder="$state/" 'index($5, folder) == 1 { print $5 }' /proc/self/mountinfo | sort -r | while read -r mount; do umount -l "$mount"; done
  for result in /var/lib/cni/results/"$BRIDGE"-*-eth0; do # BRIDGE-CONTAINER-eth0; the loopback plugin has its own
    grep -os '/run/netns/cni-[0-9a-f-]*' "$result" | sort -u | while read -r namespace; do umount "$namespace"; rm -f "$namespace"; done
    local container=${result##*/"$BRIDGE"-}
    rm -f "$result" "/var/lib/cni/results/cni-loopback-${container%-eth0}-lo"
  done
}

remove_network() {
  local port
  for port in /sys/class/net/"$BRIDGE"/brif/*; do [[ ! -e $port ]] || ip link del "${port##*/}"; done
  ip link del "$BRIDGE"
  ip route del blackhole "$POD_RANGE"
}

remove_cgroups() {
  local dir
  for dir in $(kubepods_cgroups); do find "$dir" -depth -type d -exec rmdir {} +; done
}

restore_settings() {
  local setting value
  [[ $(cat "$state/boot") == "$(cat /proc/sys/kernel/random/boot_id)" ]] || return 0 # a reboot has done it
  while read -r setting value; do echo "$value" > "/proc/sys/$setting"; done < "$state/settings"
}

# remove_fixed_dirs: folders whose place cannot be chosen, if they were not there before; never a file that may be someone else's.
remove_fixed_dirs() {
  local link dir
  for link in /var/log/containers/*.log; do case $(readlink "$link") in "$state"/*) rm -f "$link" ;; esac; done
  for dir in $FIXED_DIRS; do
    grep -qx "$dir" "$state/dirs" || [[ ! -d $dir ]] || find "$dir" -depth \( -type d -empty -o -type s -o -name kubelet_internal_checkpoint \) -delete
  done
}
