#!/bin/sh
# Usage: symbols_test.sh <nm> <library> [<allowed>]
# Fails if the library, an archive or a shared one, can end the process or print: if it refers to abort, exit, streams
# and the like. Also fails if it exports a name that is not its own: neither in namespace fallow nor beginning with
# fallow_. <allowed> is a regular expression for whole names that are no error. And fails if nm does, for a missing
# library refers to nothing.
#
# std::terminate and the exception machinery are allowed: every noexcept function that calls another one refers to them.
set -eu

nm=$1
library=$2
allowed=${3:-nothing}
case $library in
  *.so*) dynamic=--dynamic ;;
  *) dynamic= ;;
esac

# list <option>: the symbols, a type and a name a line.
list() {
  if ! symbols=$("$nm" -C $dynamic "$1" "$library"); then
    echo "$nm failed on $library"
    exit 1
  fi
  # A versioned symbol ends in @GLIBC_2.2.5 or the like.
  symbols=$(echo "$symbols" | sed -nE 's/^[0-9a-f]* *([A-Za-z]) (.*)$/\1 \2/; T; s/@.*//; p' | grep -vxE ". ($allowed)")
  # Any build of the library refers to something, and exports something.
  if [ -z "$symbols" ]; then
    echo "$nm $1 reports no symbol at all in $library: that cannot be right"
    exit 1
  fi
}

list --undefined-only
ends='abort|exit|_exit|_Exit|quick_exit|raise|kill|pthread_exit|__assert_fail|__assert|std::__glibcxx_assert_fail\(.*'
ends="$ends|hwy::Abort\\(.*"
prints='(__)?(v?f?printf|v?dprintf)(_chk)?|puts|putchar|putc|fputs|fputc|fwrite|perror|psignal|syslog|write'
prints="$prints|stdout|stderr|std::(cout|cerr|clog)|std::(basic_)?ostream.*|std::print.*|std::ios_base::.*"
if echo "$symbols" | grep -xE "U ($ends|$prints)"; then
  echo "$library must not refer to the symbols above: it never aborts, exits or prints"
  exit 1
fi

list --defined-only
# Of an archive, names that are local to an object (lower case) or copies of templates (V, W, u) collide with nobody's.
# A shared library exports even those, unless it keeps them to itself.
case $library in
  *.so*) foreign=$(echo "$symbols" | grep -vE '^A ') ;;
  *) foreign=$(echo "$symbols" | grep -E '^[ABCDRST] ') ;;
esac
if echo "$foreign" | grep -vE '^. ((vtable|typeinfo|typeinfo name|guard variable) for )?fallow(::|_)'; then
  echo "$library must not export the names above: neither in namespace fallow nor beginning with fallow_"
  exit 1
fi
