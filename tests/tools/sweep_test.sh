#!/bin/sh
# Sweeps over dropout rates: what is trained, what goes on, the same results after Ctrl-C and after a kill.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/lib.sh"

make_csv 240 1 table.csv
make_csv 100 2 test.csv
data="--csv table.csv --target kind --test-csv test.csv --validation 0.3 --batch-size 16"
net="--layers dense:24:relu,dropout:0.5,dense:3"

# sweep FOLDER ARGUMENT...
sweep() {
  folder=$1
  shift
  # shellcheck disable=SC2086
  expect_success sweep $data --run "$folder" "$@"
}

# --- a grid: as many runs, each as `train` would have it with the sweep's split
# shellcheck disable=SC2086
sweep grid $net --epochs 6 --rates 0,0.3,0.6 --seeds 2 --seed 5 --score loss
cp "$out" grid-says
[ "$(head -n 1 grid/results.csv)" = rung,epochs,dropout_rate_2,seed,epoch,train_loss,validation_loss,train_accuracy,validation_accuracy ] ||
  fail "unexpected header: $(head -n 1 grid/results.csv)"
[ "$(tail -n +2 grid/results.csv | cut -d, -f1-5 | tr '\n' ' ')" = \
  "1,6,0,5,6 1,6,0,6,6 1,6,0.3,5,6 1,6,0.3,6,6 1,6,0.6,5,6 1,6,0.6,6,6 " ] || fail "unexpected runs: $(cat grid/results.csv)"
# shellcheck disable=SC2086
expect_success train $data --layers dense:24:relu,dropout:0.3,dense:3 --epochs 6 --seed 5 --run as-train
[ "$(awk -F, '$3 == 0.3 && $4 == 5 { print $6, $8, $7, $9 }' grid/results.csv)" = \
  "$(awk -F, 'END { print $2, $3, $4, $5 }' as-train/history.csv)" ] || fail "a run of the sweep is not that of train"
expect_png grid/sweep.png
[ "$(find grid -type f | sort | tr '\n' ' ')" = \
  "grid/config.toml grid/model.safetensors grid/results.csv grid/sweep.png " ] || fail "unexpected files: $(find grid)"

# --- the winner has the best mean; its model is that of all training samples
best=$(awk -F, 'NR > 1 { sum[$3] += $7 } END { for (r in sum) print sum[r], r }' grid/results.csv | sort -n | head -n 1)
grep -q "^${best#* } .*<- best" grid-says || fail "the best is ${best#* }, not so in: $(cat grid-says)"
grep -q 'Test data, measured once' grid-says || fail "the winner was not measured: $(cat grid-says)"
# shellcheck disable=SC2086
expect_success train --csv table.csv --target kind --test-csv test.csv --batch-size 16 \
  --layers "dense:24:relu,dropout:${best#* },dense:3" --epochs 6 --seed 5 --run refitted
cmp refitted/model.safetensors grid/model.safetensors || fail "the winner is not what train makes of all samples"

# --- any number of runs at once
# shellcheck disable=SC2086
sweep one $net --epochs 6 --rates 0,0.3,0.6 --seeds 2 --seed 5 --score loss --threads 1
cmp one/results.csv grid/results.csv || fail "results depend on the number of runs at once"

# --- a list a layer
sweep lists --layers dropout:0.1,dense:24:relu,dropout:0.5,dense:3 --epochs 2 --seeds 1 --rates 0,0.2/0.1,0.3,0.5
[ "$(tail -n +2 lists/results.csv | cut -d, -f3,4 | tr '\n' ' ')" = "0,0.1 0,0.3 0,0.5 0.2,0.1 0.2,0.3 0.2,0.5 " ] ||
  fail "unexpected combinations: $(cat lists/results.csv)"
expect_png lists/sweep.png

# --- halving: the right ones go on, from where they were
# shellcheck disable=SC2086
sweep halved $net --epochs 12 --rates 0,0.1,0.2,0.3,0.4,0.5,0.6 --seeds 2 --search halving --score loss
[ "$(tail -n +2 halved/results.csv | cut -d, -f1,2 | uniq -c | tr -s ' \n' ' ')" = " 14 1,3 8 2,6 4 3,12 " ] ||
  fail "unexpected rungs: $(cat halved/results.csv)"
# shellcheck disable=SC2086
for rung in 1 2; do
  expected=$(awk -F, -v rung=$rung '$1 == rung { sum[$3] += $7 } END { for (r in sum) printf "%.15g %s\n", sum[r], r }' \
    halved/results.csv | sort -g | head -n $((rung == 1 ? 4 : 2)) | cut -d' ' -f2 | sort)
  kept=$(awk -F, -v rung=$rung '$1 == rung + 1 { print $3 }' halved/results.csv | sort -u)
  [ "$kept" = "$expected" ] || fail "after rung $rung went on: $kept, not $expected"
done
# shellcheck disable=SC2086
sweep whole $net --epochs 12 --rates 0,0.1,0.2,0.3,0.4,0.5,0.6 --seeds 2 --score loss
awk -F, '$1 == 3' halved/results.csv | cut -d, -f3- >last-rung
cut -d, -f3- whole/results.csv | grep -xFf last-rung | cmp - last-rung || fail "halving and grid train differently"

# --- early stopping: the epochs of the best, also in the refit
# shellcheck disable=SC2086
sweep stopped $net --epochs 60 --patience 2 --learning-rate 0.03 --rates 0,0.5 --seeds 2
awk -F, 'NR > 1 && $5 < 60 { found = 1 } END { exit !found }' stopped/results.csv || fail "nothing stopped early"

# --- training that diverges is a result, too
# shellcheck disable=SC2086
run sweep $data $net --epochs 3 --rates 0,0.5 --seeds 1 --optimizer sgd --learning-rate 1e30 --run diverged
[ "$code" = 2 ] || fail "exit code $code, expected 2"
grep -q "diverged at every rate" "$err" || fail "no word of it: $(cat "$err")"
grep -qx '1,3,0.5,1,,,,,' diverged/results.csv || fail "unexpected results: $(cat diverged/results.csv)"
rm -r diverged

# --- interrupted and killed, at any moment
long() {
  folder=$1
  shift
  # shellcheck disable=SC2086
  exec "$fallow" sweep $data $net --epochs 100 --rates 0,0.3,0.6 --seeds 2 --search halving --threads 2 \
    --run "$folder" "$@"
}
# expect_stopped SIGNAL CODE FOLDER LINES: starts or continues a sweep and stops it once results.csv has so many lines.
expect_stopped() {
  long "$3" --resume >"$out" 2>"$err" &
  process=$!
  tries=0
  until [ -f "$3/results.csv" ] && [ "$(wc -l <"$3/results.csv")" -ge "$4" ]; do
    tries=$((tries + 1))
    [ $tries -lt 6000 ] || fail "no run is done after two minutes"
    sleep 0.02
  done
  kill -s "$1" $process 2>/dev/null || fail "SIG$1 came too late to test anything"
  code=0
  wait $process || code=$?
  [ $code = "$2" ] || fail "after SIG$1: exit code $code, expected $2: $(cat "$err")"
  [ ! -e "$3/model.safetensors" ] || fail "SIG$1 came too late to test anything"
}
(long through >"$out")
for lines in 2 5 8; do
  expect_stopped KILL 137 killed $lines
done
(long killed --resume >"$out")
cmp through/results.csv killed/results.csv || fail "a sweep that was killed ends with other results"
cmp through/model.safetensors killed/model.safetensors || fail "a sweep that was killed ends with another model"
expect_stopped INT 130 interrupted 3
grep -q -- 'sweep --resume --run interrupted' "$err" || fail "no word on how to resume: $(cat "$err")"
expect_success sweep --resume --run interrupted
cmp through/results.csv interrupted/results.csv || fail "a sweep that was interrupted ends with other results"
expect_success sweep --resume --run interrupted
cmp through/model.safetensors interrupted/model.safetensors || fail "resuming what is finished changed it"

# --- bad input
bad_sweep() {
  text=$1
  shift
  # shellcheck disable=SC2086
  expect_bad_input "$text" sweep --csv table.csv --target kind "$@" --run bad/run
}
# shellcheck disable=SC2086
{
  bad_sweep "--validation is missing" $net
  bad_sweep "no dropout rate" --layers dense:3 --validation 0.3
  bad_sweep "'x' is not a rate" $net --validation 0.3 --rates 0,x
  bad_sweep "'1' is not a rate" $net --validation 0.3 --rates 0,1
  bad_sweep "given twice" $net --validation 0.3 --rates 0.1,0.1
  bad_sweep "2 lists" $net --validation 0.3 --rates 0.1/0.2
  bad_sweep "grid or halving" $net --validation 0.3 --search random
  bad_sweep "accuracy or loss" $net --validation 0.3 --score f1
  bad_sweep "the loss has none" --layers dropout:0.1,dense:1 --loss mean_squared_error --validation 0.3 --score accuracy
  bad_sweep "gap moves" $net --validation 0.3 --rate-control gap
  expect_bad_input "already holds" sweep $data $net --run grid
  expect_bad_input "it has seeds = 2, this one seeds = 3" sweep --resume --run grid --seeds 3
  expect_bad_input "holds another" sweep --resume --run as-train $data $net
}
printf 'rung\n1\n' >grid/results.csv
expect_bad_input "grid/results.csv" sweep --resume --run grid
