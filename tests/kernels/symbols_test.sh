#!/bin/sh
# Usage: symbols_test.sh <nm> <archive>
# Fails if the library can end the process or print: if its objects refer to abort, exit, streams and the like. Also
# fails if nm does, for a missing archive refers to nothing.
#
# std::terminate and the exception machinery are allowed: every noexcept function that calls another one refers to them.
set -eu

nm=$1
archive=$2

if ! symbols=$("$nm" -C --undefined-only "$archive"); then
  echo "$nm failed on $archive"
  exit 1
fi
# Any build of the library refers to something: memset, oneTBB, ...
if ! echo "$symbols" | grep -q ' U '; then
  echo "$nm reports no undefined symbol at all in $archive: that cannot be right"
  exit 1
fi

ends='abort|exit|_exit|_Exit|quick_exit|raise|kill|pthread_exit|__assert_fail|__assert|std::__glibcxx_assert_fail\(.*'
ends="$ends|hwy::Abort\\(.*"
prints='(__)?(v?f?printf|v?dprintf)(_chk)?|puts|putchar|putc|fputs|fputc|fwrite|perror|psignal|syslog|write'
prints="$prints|stdout|stderr|std::(cout|cerr|clog)|std::(basic_)?ostream.*|std::print.*|std::ios_base::.*"
# A versioned symbol ends in @GLIBC_2.2.5 or the like.
if echo "$symbols" | grep -E " U ($ends|$prints)(@.*)?\$"; then
  echo "$archive must not refer to the symbols above: kernels never abort, exit or print"
  exit 1
fi
