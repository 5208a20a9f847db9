#!/bin/sh
# Usage: headers_test.sh <directory of public headers>
# Fails if one of them names a type, a macro or a header of Highway or oneTBB. (That each compiles on its own is checked
# by compiling it: see public_header.cc.in.)
set -eu

directory=$1
if [ -z "$(find "$directory" -name '*.h')" ]; then
  echo "no header in $directory"
  exit 1
fi

# grep: 0 is a match, 1 is none, anything else is an error of grep's.
status=0
grep -rnE --include='*.h' '(^|[^[:alnum:]_])(hwy|tbb|oneapi)(::|/)|HWY_|TBB_' "$directory" || status=$?
case $status in
  1) ;;
  0) echo "the public headers above depend on Highway or oneTBB"; exit 1 ;;
  *) echo "grep failed"; exit 1 ;;
esac
