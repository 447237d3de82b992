#!/usr/bin/env bash
# Puts the package together: the sources beside this file, and the stubs that protoc makes of ../../proto.
#
#   assemble.sh DIRECTORY    makes DIRECTORY/src/genledger, so that DIRECTORY is a GOPATH
#
# Needs protoc, protoc-gen-go, protoc-gen-go-grpc (Debian: protoc-gen-go-1-5, protoc-gen-go-grpc) and the protos of
# google/api and google/rpc (Debian: golang-github-gogo-googleapis-dev; elsewhere name their root in GOOGLEAPIS).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
protos=$here/../../proto
googleapis=${GOOGLEAPIS:-/usr/share/gocode/src/github.com/gogo/googleapis}
if [[ $# -ne 1 ]]; then
  echo "usage: assemble.sh DIRECTORY" >&2
  exit 2
fi
source=$1/src
mkdir -p "$source/genledger"
cp -r "$here"/*.go "$here/go.mod" "$here/examples" "$source/genledger/"
packages=Mgoogle/rpc/status.proto=google.golang.org/genproto/googleapis/rpc/status
packages+=,Mgoogle/api/annotations.proto=google.golang.org/genproto/googleapis/api/annotations
packages+=,Mgoogle/api/http.proto=google.golang.org/genproto/googleapis/api/annotations
for proto in "$protos"/genledger/v1/*.proto; do
  packages+=,Mgenledger/v1/$(basename "$proto")=genledger/genledgerpb
done
protoc -I"$protos" -I"$googleapis" --go_out="$source" --go_opt="$packages" --go-grpc_out="$source" \
  --go-grpc_opt="$packages" "$protos"/genledger/v1/*.proto
