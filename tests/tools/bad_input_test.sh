#!/bin/sh
# Bad input ends with exit code 2, one clear line and nothing written.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/lib.sh"

make_idx 40 1 images labels
make_csv 40 2 table.csv
idx="--train-images images --train-labels labels"
net="--layers dense:4 --epochs 1"

# bad_train TEXT ARGUMENT...
bad_train() {
  text=$1
  shift
  expect_bad_input "$text" train "$@" --run runs
}

# --- which data
# shellcheck disable=SC2086
{
  bad_train "--data" $net
  bad_train "fashion-mnist" $net --data no-such-data
  bad_train "one of" $net $idx --data fashion-mnist
  bad_train "go together" $net --train-images images
  bad_train "--target" $net --csv table.csv
  bad_train "go together" $net $idx --test-images images
}

# --- files
head -c 100 images >short
head -c 3 images >stub
: >empty
printf 'XXXXXXXXXXXX' >magic
printf '\000\000\010\003\377\377\377\377\377\377\377\377\377\377\377\377' >huge
make_idx 39 1 other-images other-labels
make_idx 0 1 no-images no-labels
for file in missing short stub empty magic huge .; do
  bad_train "$file" --train-images $file --train-labels labels --layers dense:4
  bad_train "$file" --train-images images --train-labels $file --layers dense:4
done
gzip -c images | head -c 60 >cut.gz
bad_train "cut.gz" --train-images cut.gz --train-labels labels --layers dense:4
bad_train "39 labels" --train-images images --train-labels other-labels --layers dense:4
bad_train "no-images" --train-images no-images --train-labels no-labels --layers dense:4

# --- tables
bad_csv() {
  bad_train "$1" --csv "$2" --target "$3" --layers dense:3
}
printf 'a,b,c\n1,2,0\n3,4\n' >ragged.csv
printf 'a,b,c\n1,2,0\n3,x,1\n' >text.csv
printf 'a,b,c\n1,2,0\n3,nan,1\n' >nan.csv
printf 'a,b,c\n' >header.csv
printf '1\n0\n' >one.csv
bad_csv "missing.csv" missing.csv c
bad_csv "3" ragged.csv c
grep -q "ragged.csv" "$err" || fail "the file is not named: $(cat "$err")"
bad_csv "text.csv" text.csv c
grep -q "3.*2" "$err" || fail "line and column are not named: $(cat "$err")"
bad_csv "nan.csv" nan.csv c
bad_csv "header.csv" header.csv c
bad_csv "besides" one.csv 1
printf 'a,b,c\n1,2,0\n3,4,1\n' >good.csv
bad_csv "no column 'd'" good.csv d
bad_csv "no column '0'" good.csv 0
bad_csv "no column '4'" good.csv 4
printf 'a,c\n1,0\n' >narrow.csv
bad_train "other columns" --csv good.csv --target c --test-csv narrow.csv --layers dense:2

# --- labels
bad_train "training data" --train-images images --train-labels labels --layers dense:3
printf 'a,c\n1,0\n2,-1\n' >negative.csv
printf 'a,c\n1,0\n2,0.5\n' >half.csv
bad_train "training data" --csv negative.csv --target c --layers dense:2
bad_train "training data" --csv half.csv --target c --layers dense:2

# --- layers
bad_layers() {
  # shellcheck disable=SC2086
  bad_train "$1" $idx --layers "$2"
}
# shellcheck disable=SC2086
bad_train "--layers" $idx
for layers in dense dense:0 dense:x dense:-1 dense:4:nope convolution:3 "" "," "dense:4," dropout dropout:1.1 dropout:-0.1 \
  dropout:nan dropout:x,dense:4 dense:4:l2=x dense:99999999999999999999; do
  bad_layers "layers" "$layers"
done

# --- numbers and names
# shellcheck disable=SC2086
for option in "epochs 0" "epochs -1" "epochs 1.5" "epochs ten" "batch-size 0" "learning-rate -1" "learning-rate nan" \
  "learning-rate inf" "momentum 1" "weight-decay x" "l1 -1" "l2 nan" "max-norm -2" "validation 1" "validation -0.1" \
  "limit -1" "patience x" "seed 18446744073709551616" "threads -1" "threads 5000" "warmup -1" "optimizer rmsprop" \
  "schedule square" "loss hinge"; do
  bad_train "${option%% *}" $idx $net --$option
done
# shellcheck disable=SC2086
{
  bad_train "--patience" $idx $net --patience 3
  bad_train "--no-such" $idx $net --no-such 1
  bad_train "exclude" $idx $net --resume --force
}

# --- rates that move
bad_rates() {
  text=$1
  shift
  # shellcheck disable=SC2086
  bad_train "$text" $idx --layers dropout:0.5,dense:4 "$@"
}
bad_rates "rate control" --rate-control up
bad_rates "--validation" --rate-control gap
bad_rates "'1,x'" --rate-control linear --rate-layers 1,x
bad_rates "got 1, which is no layer" --rate-control linear --rate-layers 1
bad_rates "--rate-from" --rate-control linear --rate-from 1.5
bad_rates "--rate-hold" --rate-control gap --validation 0.5 --rate-hold 0
bad_rates "low 0.5 and high 0.3" --rate-control gap --validation 0.5 --rate-low 0.5
bad_rates "begins at rate 0.5" --rate-control gap --validation 0.5 --rate-most 0.4
# shellcheck disable=SC2086
bad_train "no dropout rate to move" $idx $net --rate-control curriculum

# --- configuration files
bad_config() {
  printf '%b' "$2" >bad.toml
  # shellcheck disable=SC2086
  bad_train "$1" $idx --config bad.toml
}
bad_config "bad.toml:2: unknown key 'epoch'" 'layers = "dense:4"\nepoch = 3\n'
bad_config "bad.toml:1: unknown key 'resume'" 'resume = true\n'
bad_config "bad.toml:1:" 'epochs 3\n'
bad_config "bad.toml:1:" 'epochs =\n'
bad_config "bad.toml:1:" 'epochs = -3\n'
bad_config "bad.toml:2: 'epochs' is given twice" 'epochs = 3\nepochs = 4\n'
bad_config "bad.toml:1:" 'layers = "dense:4\n'
bad_config "bad.toml:1:" 'layers = dense:4,relu\n'
bad_config "bad.toml:1:" '[section]\n'
bad_config "bad.toml:3: --layers" '# three\n\nlayers = "dense:4:nope" # no such\n'
bad_train "missing.toml" --config missing.toml

# --- the run folder
: >file
# shellcheck disable=SC2086
expect_bad_input "file/run" train $idx $net --run file/run
# shellcheck disable=SC2086
expect_bad_input "file" train $idx $net --run file
if [ "$(id -u)" != 0 ]; then
  mkdir locked
  chmod 500 locked
  # shellcheck disable=SC2086
  expect_bad_input "locked" train $idx $net --run locked/run
fi

# --- models
# shellcheck disable=SC2086
expect_success train $idx $net --run trained
model=trained/model.safetensors
head -c 200 $model >cut.safetensors
cp images not.safetensors
for file in missing.safetensors cut.safetensors not.safetensors empty . trained/checkpoint.safetensors; do
  expect_bad_input "$file" eval $file --images images --labels labels
  expect_bad_input "$file" predict $file --images images
done
expect_bad_input "model is required" eval
expect_bad_input "one of" eval $model
expect_bad_input "answers" eval $model --images images
expect_bad_input "model takes 16" predict $model --csv good.csv
expect_bad_input "dropout" predict $model --images images --mc 3
expect_bad_input "--mc" predict $model --images images --least-sure 3
expect_bad_input "--least-sure" predict $model --images images --picture p.png
expect_bad_input "no-folder" predict $model --images images --output no-folder/p.csv
expect_bad_input "holds no run" curves missing
expect_bad_input "no-folder" curves trained --output no-folder/c.png
