#!/bin/sh
# What SaveOnnx writes computes the same in ONNX Runtime. Skipped where that is not installed: bench/peers/install.
# Usage: exports_test.sh WRITE_EXPORTS
set -eu
if ! command -v node >/dev/null; then
  echo "skipped: no node"
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" "$folder"
node "$(dirname "$0")/onnxruntime.mjs" check "$folder"
