#!/bin/sh
# A run that was killed, or interrupted, and resumed ends with the model of one that was not.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/lib.sh"

make_idx 400 1 images labels

# Becomes the run in the folder, so that a signal to the subshell reaches it.
train() {
  folder=$1
  shift
  exec "$fallow" train --train-images images --train-labels labels --test-images images --test-labels labels \
    --layers dropout:0.1,dense:24:relu,dropout:0.5,dense:4 --epochs 300 --batch-size 8 --schedule cosine --run "$folder" "$@"
}

# Waits until the run has done a few epochs.
wait_for_epochs() {
  tries=0
  until [ -f "$1/history.csv" ] && [ "$(wc -l <"$1/history.csv")" -gt 3 ]; do
    tries=$((tries + 1))
    [ $tries -lt 3000 ] || fail "no epoch is done after a minute"
    sleep 0.02
  done
}

# expect_stopped SIGNAL CODE FOLDER: starts a run and stops it on its way.
expect_stopped() {
  train "$3" >"$out" 2>"$err" &
  process=$!
  wait_for_epochs "$3"
  kill -s "$1" $process
  code=0
  wait $process || code=$?
  [ $code = "$2" ] || fail "after SIG$1: exit code $code, expected $2"
  [ ! -e "$3/model.safetensors" ] || fail "SIG$1 came too late to test anything"
}

(train whole >"$out")

expect_stopped KILL 137 killed
(train killed --resume >"$out")
cmp whole/model.safetensors killed/model.safetensors || fail "a killed and resumed run ends with another model"
[ "$(wc -l <killed/history.csv)" = 301 ] || fail "the history of the resumed run is not complete"

expect_stopped INT 130 interrupted
[ "$(wc -l <"$err")" = 1 ] || fail "expected one line on standard error: $(cat "$err")"
grep -q -- '--resume --run interrupted' "$err" || fail "no word on how to resume: $(cat "$err")"
# The folder's own configuration is enough.
expect_success train --resume --run interrupted
cmp whole/model.safetensors interrupted/model.safetensors || fail "an interrupted run ends with another model"

# Resuming what is finished changes nothing.
expect_success train --resume --run whole
cmp whole/model.safetensors killed/model.safetensors || fail "resuming a finished run changed it"

expect_bad_input "already holds a run" train --config whole/config.toml
expect_bad_input "seed" train --resume --run whole --seed 7
