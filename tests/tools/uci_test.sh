#!/bin/sh
# The UCI recipe: a table, results that are kept, and errors. Usage: uci_test.sh FALLOW_UCI DATA
set -eu
uci=$1
data=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

fail() {
  echo "FAILED: $*"
  exit 1
}

# run CODE ARGUMENT...
run() {
  expected=$1
  shift
  code=0
  "$uci" "$@" >out 2>err || code=$?
  [ "$code" = "$expected" ] || fail "fallow_uci $*: exit code $code instead of $expected: $(cat err)"
}

# A few epochs are worse than what is published.
run 1 "$data/energy" --results results --splits 2 --epochs 10 --samples 20
[ "$(wc -l <results)" = 4 ] || fail "results: $(cat results)"
grep -q '^| with dropout | [0-9]' out || fail "no table: $(cat out)"
cp out first
cp results kept
run 1 "$data/energy" --results results --splits 2 --epochs 10 --samples 20
cmp out first && cmp results kept || fail "a second run is another one"
# A line that was cut off is measured again; other settings are others.
head -c 150 kept >results
run 1 "$data/energy" --results results --splits 2 --epochs 10 --samples 20
cmp out first || fail "after a cut: $(cat out)"
run 1 "$data/energy" --results results --splits 1 --epochs 9 --samples 20
cmp -s out first && fail "other settings give the same"

run 2 "$data" --results results
grep -q 'expected a folder named energy or concrete' err || fail "$(cat err)"
mkdir energy
run 2 energy --results results
grep -q 'energy/data.txt: expected numbers' err || fail "$(cat err)"
echo "1 2 x" >energy/data.txt
run 2 energy --results results
grep -q 'energy/data.txt: expected numbers' err || fail "$(cat err)"
