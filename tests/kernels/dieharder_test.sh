#!/usr/bin/env bash
# Puts the random bits under the masks through dieharder, in each of the orders of write_raw_stream.
# Usage: dieharder_test.sh path/to/write_raw_stream [ORDER ROUNDS]...
# Not one of ctest's tests: all orders take twenty minutes on two cores.
set -euo pipefail

writer=$(realpath "$1")
shift
[ $# -gt 0 ] || set -- blocks 10 planes 10 steps 10 seeds 10 blocks 7 planes 7 steps 7 seeds 7
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
export writer results

# Number of a test and its ntuple. Left out of dieharder's own list: what it calls suspect (5 to 7, which fail known
# good generators) or not to be used (14); the GCD test (17) and lags above 15, an hour more; minimum distances (201)
# above three dimensions, for the same reason.
tests() {
  cat <<'LIST'
0 0
1 0
2 0
3 0
4 0
8 0
9 0
10 0
11 0
12 0
13 0
15 0
16 0
100 0
101 0
102 0
200 1
200 2
200 3
200 4
200 5
200 6
200 7
200 8
200 9
200 10
200 11
200 12
201 2
201 3
202 2
202 3
202 4
202 5
203 0
203 1
203 3
203 7
203 15
204 0
205 0
206 0
207 0
208 0
209 0
LIST
}

# Results go to the file ORDER-ROUNDS, one a line: test, ntuple, p-value, assessment.
run_battery() {
  local file=$results/$1-$2 started=$SECONDS number ntuple output
  while read -r number ntuple; do
    output=$("$writer" "$1" "$2" |
      dieharder -g 200 -d "$number" -n "$ntuple" -c , -D test_name -D ntuple -D pvalues -D assessment | tr -d ' ')
    grep -E ',(PASSED|WEAK|FAILED)$' <<<"$output" >>"$file" || {
      echo "$1 $2: no result from test $number $ntuple: $output"
      return 1
    }
  done < <(tests)
  printf '%-7s%2d rounds: %3d results, %d weak, %d failed, %d s\n' "$1" "$2" "$(wc -l <"$file")" \
    "$(grep -c ,WEAK "$file" || true)" "$(grep -c ,FAILED "$file" || true)" $((SECONDS - started))
}
export -f tests run_battery

printf '%s %s\n' "$@" | xargs -P "$(nproc)" -L 1 bash -c 'run_battery "$@"' run_battery

# dieharder calls 1 result in 100 weak (p below 0.005 or above 0.995) and 2 in a million failed, if the stream is
# random. Results of one test share their bits and so are weak together: the variance of their number is taken as four
# times that of independent ones, and three standard deviations are allowed.
failed=0
grep -r ,FAILED "$results" && failed=1
count=$(cat "$results"/* | wc -l)
weak=$(cat "$results"/* | grep -c ,WEAK || true)
allowed=$(awk -v n="$count" 'BEGIN { e = n / 100; printf "%d", e + 3 * sqrt(4 * e) }')
echo "$weak of $count results are weak; $((count / 100)) expected, $allowed allowed"
[ "$weak" -le "$allowed" ] || failed=1
[ $failed = 0 ] || echo "FAILED: the stream is not random"
exit $failed
