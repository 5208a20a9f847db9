#!/bin/sh
# fallow info, help and FALLOW_TARGET.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/lib.sh"

expect_success info
for line in fallow CPU cores targets BLAS; do
  grep -q "^$line  *[^ ]" "$out" || fail "info says nothing about $line: $(cat "$out")"
done

FALLOW_TARGET=SCALAR
export FALLOW_TARGET
expect_success info
grep -q 'chosen  *SCALAR, by FALLOW_TARGET' "$out" || fail "FALLOW_TARGET=SCALAR is not honoured: $(cat "$out")"

FALLOW_TARGET=AVX17
for subcommand in train eval predict profile curves mask info; do
  expect_bad_input "FALLOW_TARGET: 'AVX17' is not one of" $subcommand
  grep -q SCALAR "$err" || fail "the valid targets are not listed: $(cat "$err")"
done
unset FALLOW_TARGET

for subcommand in train eval predict profile curves mask info; do
  expect_success $subcommand --help
  grep -q Examples "$out" || fail "the help of $subcommand has no examples"
done
expect_success --version
expect_success
expect_bad_input "--no-such" info --no-such
expect_bad_input "no-such" no-such
