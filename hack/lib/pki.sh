# Sourced: the certificates and kubeconfigs of one cluster, made anew at each up and valid for 30 days.

# make_pki DIR NODE IP...: a small certificate authority, and everything it signs. The API server's certificate names each IP.
make_pki() (
  local dir=$1 node=$2 name ip; shift 2
  umask 077; mkdir -p "$dir"; cd "$dir"
  local names=DNS:localhost
  for name in kubernetes kubernetes.default kubernetes.default.svc kubernetes.default.svc.cluster.local; do names+=,DNS:$name; done
  for ip in 127.0.0.1 10.96.0.1 "$@"; do names+=,IP:$ip; done
  make_key ca
  openssl req -x509 -new -key ca.key -days 30 -subj /CN=test-ca -addext 'keyUsage=critical,keyCertSign,cRLSign' -out ca.crt
  sign apiserver /CN=kube-apiserver serverAuth "$names"
  sign admin /O=system:masters/CN=admin clientAuth
  sign controller-manager /CN=system:kube-controller-manager clientAuth
  sign scheduler /CN=system:kube-scheduler clientAuth
  sign kubelet-client /O=system:masters/CN=apiserver-kubelet-client clientAuth
  sign node "/O=system:nodes/CN=system:node:$node" clientAuth
  sign kubelet-serving "/O=system:nodes/CN=system:node:$node" serverAuth "DNS:$node,$names"
  sign kube-proxy /CN=system:kube-proxy clientAuth # bound to ClusterRole system:node-proxier by default
  sign front-proxy /CN=front-proxy-client clientAuth
  make_key sa
  openssl pkey -in sa.key -pubout -out sa.pub
)

make_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2>/dev/null; }

sign() { # NAME SUBJECT USAGE [ALTERNATIVE_NAMES]
  make_key "$1"
  openssl req -new -key "$1.key" -subj "$2" |
    openssl x509 -req -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -extfile /dev/fd/3 -out "$1.crt" 3<<EXTENSIONS 2>/dev/null
keyUsage=critical,digitalSignature
extendedKeyUsage=$3
${4:+subjectAltName=$4}
EXTENSIONS
}

# write_kubeconfig USER FILE: everything embedded, so that the file may be copied.
write_kubeconfig() {
  local pki=$state/pki
  (umask 077; cat > "$2") <<CONFIG
apiVersion: v1
kind: Config
clusters: [{name: integration-scheduler, cluster: {server: "$server", certificate-authority-data: $(base64 -w 0 "$pki/ca.crt")}}]
users: [{name: $1, user: {client-certificate-data: $(base64 -w 0 "$pki/$1.crt"), client-key-data: $(base64 -w 0 "$pki/$1.key")}}]
contexts: [{name: $1, context: {cluster: integration-scheduler, user: $1}}]
current-context: $1
CONFIG
}
