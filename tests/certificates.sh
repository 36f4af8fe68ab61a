#!/bin/sh
# Certificates for the tests of TLS: tests/certificates.sh FOLDER HOST... leaves ca.pem, and for
# each host HOST.pem, a chain by way of an intermediate, and HOST.key. They are valid for a day.
# Of HOST, `*` is written `_` in the names of files.
set -eu

# What a test reads when a certificate is wrong.
openssl_of() {
  openssl "$@" 2> "$folder/log" || { cat "$folder/log"; return 1; }
}

# sign NAME COMMON-NAME EXTENSIONS ISSUER...
sign() {
  name=$1 subject=$2 extensions=$3
  shift 3
  openssl_of req -config "$folder/config" -extensions "$extensions" -x509 -days 1 -subj "/CN=$subject" \
    -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
    -keyout "$folder/$name.key" -out "$folder/$name.pem" "$@"
}

folder=$1
shift
mkdir -p "$folder"
cat > "$folder/config" << END
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical, CA:true
keyUsage = keyCertSign
[host]
basicConstraints = critical, CA:false
subjectAltName = \${ENV::host}
END
export host=

sign ca 'wsabi test authority' ca
sign intermediate 'wsabi test intermediate' ca -CA "$folder/ca.pem" -CAkey "$folder/ca.key"
for host; do
  name=$(echo "$host" | tr '*' _)
  case $host in
    [0-9]*.[0-9]*) host=IP:$host ;;
    *) host=DNS:$host ;;
  esac
  sign "$name" "${host#*:}" host -CA "$folder/intermediate.pem" -CAkey "$folder/intermediate.key"
  cat "$folder/intermediate.pem" >> "$folder/$name.pem"
done
