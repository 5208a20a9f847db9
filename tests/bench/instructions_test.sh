#!/usr/bin/env bash
# Holds hot kernels to their budgets of instructions, which callgrind counts: the same whatever the machine is doing, so
# that a change that makes a kernel longer is seen where a clock would not tell.
# Usage: instructions_test.sh FALLOW_INSTRUCTIONS BUDGETS [--update]
#   --update   writes the counts of today into BUDGETS, comments kept; a commit that raises one says why
set -euo pipefail

program=$1 budgets=$2
tolerance=2  # Percent, either way: a budget that is too large protects nothing.

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

mapfile -t rows < <(awk '!/^#/ && NF { print $1 }' "$budgets")
valgrind --tool=callgrind --callgrind-out-file="$folder/counts" "$program" "${rows[@]}" >"$folder/log" 2>&1 || {
  cat "$folder/log"
  exit 1
}

# Prints "ROW COUNT" for each file of counts.
counts() {
  awk '/^desc: Trigger: Client Request: / { row = $5 }
       /^(totals|summary): / && row != "" { print row, $2; row = "" }' "$folder"/counts.*
}

if [ "${3:-}" = --update ]; then
  awk 'NR == FNR { count[$1] = $2; next }
       /^#/ || !NF { print; next }
       { printf "%-62s %d\n", $1, count[$1] }' <(counts) "$budgets" >"$folder/new"
  cp "$folder/new" "$budgets"
  exit
fi

awk -v tolerance="$tolerance" '
  NR == FNR { count[$1] = $2; next }
  /^#/ || !NF { next }
  { change = 100 * (count[$1] / $2 - 1)
    verdict = "ok"
    if (!($1 in count)) verdict = "NOT COUNTED"
    else if (change > tolerance) verdict = "OVER: make it shorter, or raise the budget and say why"
    else if (change < -tolerance) verdict = "UNDER: lower the budget"
    failed = failed || verdict != "ok"
    printf "%-62s budget %9d, took %9d (%+.1f %%) %s\n", $1, $2, count[$1], change, verdict }
  END { exit failed }' <(counts) "$budgets"
