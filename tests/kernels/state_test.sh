#!/bin/sh
# Usage: state_test.sh <objdump> <archive>
# Fails if the kernels keep any state but what they read once: if a variable of theirs can be written to.
#
# Constants that hold addresses are in .data.rel.ro, which is read-only once the program runs.
set -eu

objdump=$1
archive=$2

if ! symbols=$("$objdump" -C --syms "$archive"); then
  echo "$objdump failed on $archive"
  exit 1
fi
# A line is: address, seven flags of which the last but one is O for a variable, section, a tab, size, name.
variables=$(echo "$symbols" | awk -F '\t' '$1 ~ / O (\.t?bss|\.t?data|\*COM\*)/ && $1 !~ /\.data\.rel\./ {
  sub(/^[0-9a-f]+ +/, "", $2); print $2 }')
known='fallow::LastLevelCacheBytes()::bytes
fallow::DefaultTarget()::target
fallow::TargetIndex(fallow::Target)::default_index
fallow::(anonymous namespace)::Supported()::list'
if [ -z "$variables" ]; then
  echo "$objdump shows no variable at all in $archive: that cannot be right"
  exit 1
fi
if echo "$variables" | sed 's/^guard variable for //' | grep -vxF "$known"; then
  echo "$archive must not have the variables above: kernels keep no state"
  exit 1
fi
