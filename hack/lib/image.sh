# Sourced: OCI image tars made of files of this machine, without a builder. The same files give the same tar.
# Under the lock `images`, so that one temporary folder is enough, and one that was left over is removed.

# ensure_test_images: $cache/images/busybox.tar (localhost/busybox:test) and pause.tar (localhost/pause:test, what holds a pod's network).
ensure_test_images() {
  ensure_commands busybox=busybox-static
  with_lock images make_test_images
}

make_test_images() {
  local dir=$cache/images busybox applet; busybox=$(command -v busybox)
  local layer; layer=$dir/busybox-$(recipe < "$busybox")
  [[ ! -s $layer.done ]] || return 0
  new_rootfs
  install -D "$busybox" "$rootfs/bin/busybox"
  for applet in $("$busybox" --list); do [[ $applet == busybox ]] || ln -s busybox "$rootfs/bin/$applet"; done
  make_layer "$layer"
  make_image "$dir/busybox.tar" localhost/busybox:test '"Entrypoint": ["/bin/sh"]' "$layer"
  # shellcheck disable=SC2016 # meant for the shell in the image
  make_image "$dir/pause.tar" localhost/pause:test \
    '"Entrypoint": ["/bin/busybox", "sh", "-c", "trap \"exit 0\" TERM INT; while :; do /bin/busybox sleep 3600 & wait $!; done"]' "$layer"
  date > "$layer.done"
}

# make_operator_image TAR: Node.js with the libraries it needs as one layer, which is kept, and dist/operator.mjs as another.
make_operator_image() {
  local node; node=$(node --print process.execPath)
  local base; base=$cache/images/node-$(stat -L -c '%n %s %Y' "$node" | recipe)
  [[ -s $base.digest ]] || make_node_layer "$node" "$base"
  new_rootfs app
  install -D -m 644 "$root/dist/operator.mjs" "$rootfs/app/operator.mjs"
  make_layer "$rootfs.layer"
  image_env=$(of_dockerfile ENV) make_image "$1" docker.io/integration-scheduler/operator:dev \
    "\"User\": \"$(of_dockerfile USER)\", \"Entrypoint\": $(of_dockerfile ENTRYPOINT)" "$base" "$rootfs.layer"
  rm -f "$rootfs".layer.*
}

# of_dockerfile INSTRUCTION: what it says; the Dockerfile is the one place for it.
of_dockerfile() { sed -n "s/^$1 //p" "$root/Dockerfile"; }

make_node_layer() { # NODE LAYER
  local library
  new_rootfs
  install -D "$1" "$rootfs/usr/bin/node"
  ldd "$1" | grep -o '/[^ ]*' | while read -r library; do install -D "$library" "$rootfs$library"; done
  make_layer "$2"
}

# recipe: a short name for what is made of standard input by this file.
recipe() { cat - "$root/hack/lib/image.sh" | sha256sum | head -c 12; }

# new_rootfs [app]: an empty folder, and unless it is for the application alone, with what every image needs. Sets rootfs.
new_rootfs() {
  rootfs=$cache/images/rootfs.tmp
  umask 022
  rm -rf "$rootfs" && mkdir -p "$rootfs"
  [[ -z ${1:-} ]] || return 0
  mkdir "$rootfs"/{etc,tmp,proc,sys,dev,run} && chmod 1777 "$rootfs/tmp"
  printf 'root:x:0:0:root:/:/bin/sh\nnonroot:x:65532:65532::/:/bin/sh\n' > "$rootfs/etc/passwd"
  printf 'root:x:0:\nnonroot:x:65532:\n' > "$rootfs/etc/group"
  printf 'hosts: files dns\n' > "$rootfs/etc/nsswitch.conf"
}

# make_layer LAYER: of rootfs. LAYER.tar.gz, and LAYER.diff and LAYER.digest with its checksums before and after compression.
make_layer() {
  tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 --format=gnu --directory "$rootfs" --file "$1.tar" .
  sha256sum < "$1.tar" | head -c 64 > "$1.diff"
  gzip -1 --no-name --force "$1.tar"
  sha256sum < "$1.tar.gz" | head -c 64 > "$1.digest"
  rm -rf "$rootfs"
}

# make_image TAR NAME CONFIG LAYER...: CONFIG is the inside of a JSON object, image_env may hold variables.
make_image() {
  local out=$1 name=$2 settings=$3 work=$cache/images/image.tmp; shift 3
  local arch; case $(uname -m) in x86_64) arch=amd64 ;; aarch64) arch=arm64 ;; *) arch=$(uname -m) ;; esac
  local layer digest diffs='' layers='' config manifest variable env='"PATH=/usr/sbin:/usr/bin:/sbin:/bin"'
  for variable in ${image_env:-}; do env+=", \"$variable\""; done
  rm -rf "$work" && mkdir -p "$work/blobs/sha256"
  for layer in "$@"; do
    digest=$(cat "$layer.digest")
    ln "$layer.tar.gz" "$work/blobs/sha256/$digest"
    diffs+=${diffs:+, }\"sha256:$(cat "$layer.diff")\"
    layers+="${layers:+, }{$(descriptor layer.v1.tar+gzip "$digest")}"
  done
  config=$(add_blob config.v1+json <<JSON
{"architecture": "$arch", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [$diffs]},
 "config": {$settings, "Env": [$env], "WorkingDir": "/"}}
JSON
)
  manifest=$(add_blob manifest.v1+json <<JSON
{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": {$config}, "layers": [$layers]}
JSON
)
  echo '{"imageLayoutVersion": "1.0.0"}' > "$work/oci-layout"
  cat > "$work/index.json" <<JSON
{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [
  {$manifest, "platform": {"architecture": "$arch", "os": "linux"},
   "annotations": {"io.containerd.image.name": "$name", "org.opencontainers.image.ref.name": "${name##*:}"}}]}
JSON
  tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 --directory "$work" --file "$out.tmp" .
  mv "$out.tmp" "$out"
  rm -rf "$work"
}

add_blob() { # TYPE   of standard input, into the work of make_image; prints its descriptor
  local digest
  cat > "$work/blob"
  digest=$(sha256sum < "$work/blob" | head -c 64)
  mv "$work/blob" "$work/blobs/sha256/$digest"
  descriptor "$1" "$digest"
}

descriptor() { # TYPE DIGEST   the inside of a JSON object
  printf '"mediaType": "application/vnd.oci.image.%s", "digest": "sha256:%s", "size": %s' "$1" "$2" "$(stat -c %s "$work/blobs/sha256/$2")"
}
