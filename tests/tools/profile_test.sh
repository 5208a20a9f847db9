#!/bin/sh
# fallow profile: the table adds up, the trace is one. The second argument is check_trace.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/lib.sh"
check_trace=$2

make_idx 300 1 images labels
idx="--train-images images --train-labels labels"
net="--layers dropout:0.1,dense:96:relu,dropout:0.5,dense:64:tanh,dense:4"

# expect_table: every row is the sum of its parts, and the rows that of the whole. Columns are cut off the right.
expect_table() {
  awk 'length($0) > 100 || / $/ { print "too long, or blanks at the end: " $0; bad = 1 } END { exit bad }' "$out" ||
    fail "the table is not tidy"
  awk '
    function near(a, b, slack) { return a - b <= slack && b - a <= slack }
    function number(from, width) { return substr($0, from, width) + 0 }
    /^----/ { ++lines; next }
    lines == 0 || NF == 0 { next }
    { time = number(37, 8) }
    /^waiting/ { waiting = time; next }
    /^wall time/ { wall = time; exit }
    /^  share/ { next }
    { parts = number(54, 8) + number(63, 8) + number(72, 8) + number(81, 8) }
    !near(time, parts, 0.003) { print "its parts make " parts ": " $0; bad = 1 }
    /^all of these/ { all = time; next }
    { sum += time; ++rows }
    END {
      if (rows < 12) { print rows " rows"; bad = 1 }
      if (!near(sum, all, 0.001 * rows)) { print "the rows make " sum ", not " all; bad = 1 }
      if (wall <= 0 || !near(all + waiting, wall, 0.003)) { print all " and " waiting " are not " wall; bad = 1 }
      exit bad
    }' "$out" || fail "the table does not add up: $(cat "$out")"
}

# --- the table
# shellcheck disable=SC2086
expect_success profile $idx $net --steps 12 --batch-size 20 --threads 1
expect_table
[ ! -s "$err" ] || fail "not quiet: $(cat "$err")"
head -n 1 "$out" | grep -q '^12 steps, 240 samples in ' || fail "unexpected first line: $(head -n 1 "$out")"
sed -n 2p "$out" | grep -q '^1 thread, ' || fail "unexpected second line: $(sed -n 2p "$out")"
for row in '0 dropout:0.1  *forward' '1 dense:96  *forward' '   *gradients' '2 relu  *forward' '   *backward' 'loss' 'optimiser' \
  'data' 'all of these' '  share' 'waiting'; do
  grep -q "^$row" "$out" || fail "no row '$row': $(cat "$out")"
done
# Products are time in dense layers alone, masks in dropout layers alone.
awk '
  /^[0-9] / { layer = $2 }
  /^loss/ { exit bad }
  / (forward|backward|gradients) / {
    dense = layer ~ /^dense/; dropout = layer ~ /^dropout/
    if ((substr($0, 54, 8) + 0 > 0) != dense || (substr($0, 63, 8) + 0 > 0) != dropout) { print layer; bad = 1 }
  }
  END { exit bad }' "$out" || fail "a product or a mask where there is none: $(cat "$out")"
[ "$(find . -type f | wc -l)" = 2 ] || fail "left something behind: $(find .)"

# --- one epoch at most, of which the first step is not measured
# shellcheck disable=SC2086
{
  expect_success profile $idx $net --batch-size 32
  grep -q '^9 steps, 268 samples' "$out" || fail "not one epoch: $(head -n 1 "$out")"
  expect_success profile $idx $net --batch-size 32 --epochs 3 --steps 0
  grep -q '^29 steps, 868 samples' "$out" || fail "not three epochs: $(head -n 1 "$out")"
  expect_success profile $idx $net --batch-size 300
  grep -q '^1 step, 300 samples' "$out" || fail "not the only step: $(head -n 1 "$out")"
}

# --- the trace
# expect_trace FILE STEPS: of so many steps, which cover the time.
expect_trace() {
  "$check_trace" "$1" >trace.txt || fail "$(cat trace.txt)"
  grep -qx "steps $2" trace.txt || fail "not $2 steps: $(cat trace.txt)"
  awk '$1 == "covered" && $2 >= 0.5 && $2 <= 1 { found = 1 } END { exit !found }' trace.txt ||
    fail "the steps do not cover the time: $(cat trace.txt)"
}
# shellcheck disable=SC2086
expect_success profile $idx $net --batch-size 150 --epochs 200 --steps 300 --threads 2 --trace trace.json
expect_table
grep -q '^2 threads, ' "$out" || fail "not two threads: $(cat "$out")"
expect_trace trace.json 300
events=$(sed -n 's/^events //p' trace.txt)
grep -q "^trace.json: $events events; " "$out" || fail "$events events: $(cat "$out")"
[ "$events" -ge 9000 ] || fail "only $events events of 300 steps"
# shellcheck disable=SC2086
expect_success profile $idx $net --batch-size 32 --steps 0 --trace trace.json
expect_table
expect_trace trace.json 9

# --- a long run: the first 200,000
# shellcheck disable=SC2086
expect_success profile $idx --layers dense:4 --batch-size 1 --epochs 80 --steps 0 --trace long.json
"$check_trace" long.json >trace.txt || fail "$(cat trace.txt)"
awk '$1 == "events" && $2 > 199900 && $2 <= 200000 { found = 1 } END { exit !found }' trace.txt ||
  fail "not 200,000 events, less a part of a step: $(cat trace.txt)"
grep -q '^It holds the first [0-9]* steps, as it may have no more than 200000 events' "$out" ||
  fail "unsaid: $(tail -n 2 "$out")"

# --- bad input
# shellcheck disable=SC2086
{
  expect_bad_input "--trace" profile $idx $net --trace no-such-folder/trace.json
  expect_bad_input "--trace" profile $idx $net --trace .
  expect_bad_input "steps" profile $idx $net --steps -1
  expect_bad_input "--layers" profile $idx
  expect_bad_input "--run" profile $idx $net --run runs
  printf 'steps = 3\n' >bad.toml
  expect_bad_input "unknown key 'steps'" profile $idx $net --config bad.toml
}

# --- Ctrl-C: what was measured so far. A signal before training has begun is lost on a process in the background.
endless() {
  # shellcheck disable=SC2086
  exec "$fallow" profile $idx $net --epochs 1000000 --steps 0 --trace stopped.json
}
endless >"$out" 2>"$err" &
process=$!
tries=0
while kill -s 0 $process 2>/dev/null; do
  [ $((tries % 20)) != 5 ] || kill -s INT $process
  tries=$((tries + 1))
  [ $tries -lt 300 ] || fail "does not stop"
  sleep 0.1
done
code=0
wait $process || code=$?
[ $code = 130 ] || fail "exit code $code after Ctrl-C"
grep -q '^fallow profile: interrupted after [1-9][0-9]* steps$' "$err" || fail "unexpected message: $(cat "$err")"
expect_table
expect_trace stopped.json "$(sed -n 's/^It holds the first \([0-9]*\) steps.*/\1/p' "$out" | grep . ||
  sed -n 's/.* interrupted after \([0-9]*\) steps/\1/p' "$err")"
