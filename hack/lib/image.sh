# Sourced: OCI image tars made of files of this machine, without a builder. The same files give the same tar.

# ensure_test_images: $cache/images/busybox.tar (localhost/busybox:test) and pause.tar (localhost/pause:test, what holds a pod's network).
ensure_test_images() {
  ensure_commands busybox=busybox-static
  with_lock images make_test_images
}

make_test_images() {
  local dir=$cache/images busybox; busybox=$(command -v busybox)
  local layer=$dir/busybox-$(sha256sum < "$busybox" | head -c 12)
  [[ ! -s $layer.done ]] || return 0
  local files; files=$(new_rootfs)
  install -D "$busybox" "$files/bin/busybox"
  local applet; for applet in $("$busybox" --list); do [[ $applet == busybox ]] || ln -s busybox "$files/bin/$applet"; done
  make_layer "$files" "$layer"
  make_image "$dir/busybox.tar" localhost/busybox:test '"Entrypoint": ["/bin/sh"]' "$layer"
  # shellcheck disable=SC2016 # meant for the shell in the image
  make_image "$dir/pause.tar" localhost/pause:test \
    '"Entrypoint": ["/bin/busybox", "sh", "-c", "trap \"exit 0\" TERM INT; while :; do /bin/busybox sleep 3600 & wait $!; done"]' "$layer"
  date > "$layer.done"
}

# make_operator_image TAR: Node.js with the libraries it needs as one layer, which is kept, and dist/operator.mjs as another.
make_operator_image() {
  local bundle=$root/dist/operator.mjs
  [[ -s $bundle ]] || die 'there is no dist/operator.mjs: npm run build'
  local node; node=$(node --print process.execPath)
  local base=$cache/images/node-$(stat -L -c '%n %s %Y' "$node" | sha256sum | head -c 12)
  with_lock images make_node_layer "$node" "$base"
  local files; files=$(new_rootfs app)
  install -D -m 644 "$bundle" "$files/app/operator.mjs"
  make_layer "$files" "$files.layer"
  make_image "$1" docker.io/integration-scheduler/operator:dev \
    '"User": "65532:65532", "Entrypoint": ["/usr/bin/node", "--max-semi-space-size=4", "/app/operator.mjs", "run"]' "$base" "$files.layer"
  rm -rf "$files" "$files".layer*
}

make_node_layer() { # NODE LAYER
  [[ ! -s $2.digest ]] || return 0
  local files library; files=$(new_rootfs)
  install -D "$1" "$files/usr/bin/node"
  ldd "$1" | grep -o '/[^ ]*' | while read -r library; do install -D "$library" "$files$library"; done
  make_layer "$files" "$2"
  rm -rf "$files"
}

# new_rootfs [app]: prints a new folder; unless it is for the application alone, with what every image needs.
new_rootfs() (
  umask 022
  mkdir -p "$cache/images"
  local dir; dir=$(mktemp -d "$cache/images/rootfs.XXXXXX"); chmod 755 "$dir"
  if [[ -z ${1:-} ]]; then
    mkdir -p "$dir"/{etc,tmp,proc,sys,dev,run}; chmod 1777 "$dir/tmp"
    printf 'root:x:0:0:root:/:/bin/sh\nnonroot:x:65532:65532::/:/bin/sh\n' > "$dir/etc/passwd"
    printf 'root:x:0:\nnonroot:x:65532:\n' > "$dir/etc/group"
    printf 'hosts: files dns\n' > "$dir/etc/nsswitch.conf"
  fi
  echo "$dir"
)

# make_layer DIR LAYER: LAYER.tar.gz, and LAYER.diff and LAYER.digest with its checksums before and after compression.
make_layer() {
  tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 --format=gnu --directory "$1" --file "$2.tar" .
  sha256sum < "$2.tar" | head -c 64 > "$2.diff"
  gzip -1 --no-name --force "$2.tar"
  sha256sum < "$2.tar.gz" | head -c 64 > "$2.digest"
}

# make_image TAR NAME CONFIG LAYER...: CONFIG is the inside of a JSON object.
make_image() {
  local out=$1 name=$2 config=$3 layer diffs='' layers='' digest; shift 3
  local work; work=$(mktemp -d "$cache/images/image.XXXXXX")
  mkdir -p "$work/blobs/sha256"
  for layer in "$@"; do
    digest=$(cat "$layer.digest")
    ln "$layer.tar.gz" "$work/blobs/sha256/$digest"
    diffs+=${diffs:+, }\"sha256:$(cat "$layer.diff")\"
    layers+=${layers:+, }$(descriptor layer.v1.tar+gzip "$digest" "$(stat -c %s "$layer.tar.gz")")
  done
  local arch; case $(uname -m) in x86_64) arch=amd64 ;; aarch64) arch=arm64 ;; *) arch=$(uname -m) ;; esac
  config=$(add_blob "$work" config.v1+json "{\"architecture\": \"$arch\", \"os\": \"linux\", \"config\": {$config, \
\"Env\": [\"PATH=/usr/sbin:/usr/bin:/sbin:/bin\"], \"WorkingDir\": \"/\"}, \"rootfs\": {\"type\": \"layers\", \"diff_ids\": [$diffs]}}")
  local manifest; manifest=$(add_blob "$work" manifest.v1+json "{\"schemaVersion\": 2, \
\"mediaType\": \"application/vnd.oci.image.manifest.v1+json\", \"config\": $config, \"layers\": [$layers]}")
  printf '{"imageLayoutVersion": "1.0.0"}' > "$work/oci-layout"
  printf '{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [%s, %s]}' \
    "${manifest%\}}" "\"platform\": {\"architecture\": \"$arch\", \"os\": \"linux\"}, \"annotations\": {\"io.containerd.image.name\": \"$name\", \
\"org.opencontainers.image.ref.name\": \"${name##*:}\"}}" > "$work/index.json"
  tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 --mode=a+r --directory "$work" --file "$out.tmp" .
  mv "$out.tmp" "$out"
  rm -rf "$work"
}

descriptor() { # TYPE DIGEST SIZE
  printf '{"mediaType": "application/vnd.oci.image.%s", "digest": "sha256:%s", "size": %s}' "$1" "$2" "$3"
}

add_blob() { # WORK TYPE CONTENT   prints its descriptor
  local digest; digest=$(printf %s "$3" | sha256sum | head -c 64)
  printf %s "$3" > "$1/blobs/sha256/$digest"
  descriptor "$2" "$digest" "$(printf %s "$3" | wc -c)"
}
