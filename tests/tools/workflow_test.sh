#!/bin/sh
# Train, evaluate, predict: on images and on tables.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/lib.sh"

# expect_at_least LEAST NAME: compares a line "NAME value" of $out.
expect_at_least() {
  awk -v least="$1" -v name="$2" '$1 == name && $2 >= least { found = 1 } END { exit !found }' "$out" ||
    fail "expected $2 of at least $1: $(cat "$out")"
}

same_model() {
  cmp "$1/model.safetensors" "$2/model.safetensors" || fail "the models of $1 and $2 differ"
}

make_idx 300 1 images labels
make_idx 200 2 test-images test-labels
gzip -k images

# train_images IMAGES ARGUMENT...
train_images() {
  images=$1
  shift
  expect_success train --layers dropout:0.1,dense:32:relu,dropout:0.3,dense:4 --epochs 15 --batch-size 16 \
    --train-images "$images" --train-labels labels --test-images test-images --test-labels test-labels "$@"
  [ ! -s "$err" ] || fail "not quiet: $(cat "$err")"
}

# --- images: the run folder
train_images images --run first
for file in config.toml history.csv model.safetensors checkpoint.safetensors curves.png events.out.tfevents.fallow; do
  [ -s first/$file ] || fail "first/$file is missing"
done
[ "$(find first -type f | wc -l)" = 6 ] || fail "unexpected files: $(ls -a first)"
head -n 1 first/history.csv | grep -qx 'epoch,train_loss,train_accuracy,test_loss,test_accuracy,learning_rate,dropout_rate_0,dropout_rate_3,seconds' ||
  fail "unexpected history: $(head -n 1 first/history.csv)"
[ "$(wc -l <first/history.csv)" = 16 ] || fail "the history does not have 15 epochs"
expect_png first/curves.png

# --- the same model again
expect_success train --config first/config.toml --run again
same_model first again
cmp first/config.toml again/config.toml || fail "config.toml changed on its way"
train_images images.gz --run gzip
same_model first gzip
train_images images --run one --threads 1
train_images images --run two --threads 2
same_model first one
same_model first two
train_images images --run one --force --seed 2
! cmp -s first/model.safetensors one/model.safetensors || fail "another seed gives the same model"

# --- evaluation agrees with the history
expect_success eval first/model.safetensors --images test-images --labels test-labels
expect_at_least 0.9 accuracy
[ "$(sed -n 's/^accuracy *//p' "$out")" = "$(awk -F, 'END { printf "%.4f", $5 }' first/history.csv)" ] ||
  fail "eval and history.csv differ"

# --- predictions
expect_success predict first/model.safetensors --images test-images
[ "$(head -n 1 "$out")" = row,predicted,p0,p1,p2,p3 ] || fail "unexpected header: $(head -n 1 "$out")"
[ "$(wc -l <"$out")" = 201 ] || fail "expected 200 predictions"
expect_success predict first/model.safetensors --images test-images --labels test-labels --mc 20 --output mc.csv
[ ! -s "$out" ] || fail "--output leaves something on standard output"
[ "$(head -n 1 mc.csv)" = row,target,predicted,p0,p1,p2,p3,sd0,sd1,sd2,sd3,entropy,mutual_information ] ||
  fail "unexpected header: $(head -n 1 mc.csv)"
awk -F, 'NR > 1 {
    sum = $4 + $5 + $6 + $7
    if (sum < 0.999 || sum > 1.001 || $8 < 0 || $12 < $13 || $13 < -1e-5 || $12 > 1.3863) exit 1
  }' mc.csv || fail "probabilities or entropies out of range"
expect_success predict first/model.safetensors --images test-images --mc 20 --threads 1 --output one.csv
expect_success predict first/model.safetensors --images test-images --mc 20 --threads 2 --output two.csv
cmp one.csv two.csv || fail "predictions depend on the number of threads"
expect_success predict first/model.safetensors --images test-images --mc 5 --least-sure 7 --picture unsure.png
expect_png unsure.png
[ "$(wc -l <"$out")" = 8 ] || fail "expected 7 samples: $(cat "$out")"

# --- runs compared; a name that a shell or gnuplot would trip over
strange="a'b\`touch pwned\`\$(touch pwned)_{x}^2 @"
mv again "$strange"
expect_success curves first "$strange" --output "|touch pwned"
expect_png "|touch pwned"
[ ! -e pwned ] || fail "a file name was run as a command"
grep -qF "$strange" "$out" || fail "the table does not name the run: $(cat "$out")"

# --- without gnuplot
code=0
PATH=/no-such-folder "$fallow" train --config first/config.toml --run bare >"$out" 2>"$err" || code=$?
[ $code = 0 ] || fail "without gnuplot: exit code $code"
[ "$(wc -l <"$err")" = 1 ] || fail "expected one line: $(cat "$err")"
grep -q gnuplot-nox "$err" || fail "the package is not named: $(cat "$err")"
[ ! -e bare/curves.png ] || fail "half a picture is left"
same_model first bare

# --- tables: by name and by number, with validation and early stopping
make_csv 600 1 table.csv
make_csv 200 2 test.csv
expect_success train --csv table.csv --target kind --test-csv test.csv --layers dense:32:relu,dropout:0.2,dense:3 \
  --epochs 60 --learning-rate 0.01 --validation 0.2 --patience 10 --run table
grep -q 'Test data, measured once' "$out" || fail "the test data was not measured: $(cat "$out")"
head -n 1 table/history.csv | grep -q validation_loss || fail "no validation figures: $(head -n 1 table/history.csv)"
expect_success eval table/model.safetensors --csv test.csv --target 2
expect_at_least 0.9 accuracy
cut -d, -f1,3 test.csv >features.csv
expect_success predict table/model.safetensors --csv features.csv --mc 10
[ "$(wc -l <"$out")" = 201 ] || fail "expected 200 predictions"
expect_bad_input "--target" predict table/model.safetensors --csv test.csv

# --- rates that move: in the history, in the model, in the picture; resumed, the same
for control in "curriculum" "linear --rate-from 1 --rate-to 0.5" "gap --rate-low 0 --rate-high 0.02 --rate-hold 1"; do
  # shellcheck disable=SC2086
  expect_success train --csv table.csv --target kind --layers dense:32:relu,dropout:0.4,dense:3 --epochs 12 \
    --validation 0.3 --rate-control $control --run "moved"
  grep -q 'Its dropout rates: 0.*(layer 2)' "$out" || fail "$control: no word of the rates: $(cat "$out")"
  head -n 1 moved/history.csv | grep -q dropout_rate_2 || fail "$control: not in $(head -n 1 moved/history.csv)"
  [ "$(tail -n +2 moved/history.csv | cut -d, -f7 | sort -u | wc -l)" -gt 2 ] || fail "$control: no rate moved"
  rate=$(tail -n 1 moved/history.csv | cut -d, -f7)
  grep -aq "dropout:$rate," moved/model.safetensors || fail "$control: the model does not have rate $rate"
  expect_png moved/curves.png
  expect_success train --config moved/config.toml --run moved-again
  same_model moved moved-again
  rm -r moved moved-again
done

# --- sequences: a class at every position
make_sequences 300 1 sequences answers
make_sequences 100 2 test-sequences test-answers
expect_success train --train-images sequences --train-labels answers --test-images test-sequences \
  --test-labels test-answers --layers embedding:4:8,gru:16:sequences=1,dropout:0.1,dense_last:4 --epochs 15 \
  --batch-size 16 --learning-rate 0.02 --run sequences-run
expect_success eval sequences-run/model.safetensors --images test-sequences --labels test-answers
expect_at_least 0.9 accuracy
[ "$(sed -n 's/^samples *//p' "$out")" = 100 ] || fail "expected 100 samples: $(cat "$out")"
awk '$1 == "loss" { nats = $2 } $1 == "bits" { bits = $2 } END { exit !(bits > nats && bits * 0.693 < nats + 0.001) }' \
  "$out" || fail "bits are no loss over log 2: $(cat "$out")"
expect_success predict sequences-run/model.safetensors --images test-sequences --labels test-answers --mc 5
[ "$(head -n 1 "$out" | cut -d, -f1-11)" = row,target0,target1,target2,predicted0,predicted1,predicted2,p0_0,p0_1,p0_2,p0_3 ] ||
  fail "unexpected header: $(head -n 1 "$out")"
head -n 1 "$out" | grep -q ',sd2_3,entropy0,entropy1,entropy2,mutual_information0,mutual_information1,mutual_information2$' ||
  fail "unexpected header: $(head -n 1 "$out")"
awk -F, 'NR > 1 {
    for (t = 0; t < 3; ++t) {
      sum = $(8 + 4 * t) + $(9 + 4 * t) + $(10 + 4 * t) + $(11 + 4 * t)
      if (sum < 0.999 || sum > 1.001) exit 1
    }
  }
  NF != 37 { exit 1 }' "$out" || fail "no probabilities at each position: $(tail -n 1 "$out")"
expect_success sweep --train-images sequences --train-labels answers --validation 0.2 --rates 0,0.5 --epochs 2 \
  --layers embedding:4:8,gru:8:sequences=1,dropout:0.1,dense_last:4 --run sequences-sweep
expect_bad_input "one prediction a sample" predict sequences-run/model.safetensors --images test-sequences --mc 5 \
  --least-sure 3
expect_bad_input "got 3 columns, expected 1" train --train-images sequences --train-labels answers \
  --layers embedding:4:8,gru:8,dense:4 --run never
expect_bad_input "expected one dimension, of classes" train --train-images images --train-labels labels \
  --layers reshape:1x4x4,conv2d:4:3 --run never

# --- the loss follows from the task
expect_success train --csv table.csv --target height --layers dense:1 --epochs 2 --run quantity
grep -qx 'loss = "mean_squared_error"' quantity/config.toml || fail "regression has another loss"
expect_success predict quantity/model.safetensors --csv table.csv --target height
[ "$(head -n 1 "$out")" = row,target,y0 ] || fail "unexpected header: $(head -n 1 "$out")"

# --- on a terminal: progress
if command -v script >/dev/null; then
  script -qec "'$fallow' train --config first/config.toml --run terminal" /dev/null >"$out" </dev/null
  grep -q 'samples/s.*left' "$out" || fail "no progress on a terminal: $(cat "$out")"
fi
