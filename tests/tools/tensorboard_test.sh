#!/bin/sh
# The event file holds what history.csv does, also after a kill. Usage: tensorboard_test.sh FALLOW PYTHON
python=$2
read_events=$(cd "$(dirname "$0")" && pwd)/read_events.py
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/lib.sh"

events=events.out.tfevents.fallow

# as_history FOLDER HELD_OUT: history.csv as read_events.py prints it.
as_history() {
  awk -F, -v held_out="$2" '
    NR == 1 { for (i = 1; i <= NF; ++i) name[i] = $i; next }
    {
      for (i = 2; i < NF; ++i) {
        tag = name[i]
        if (sub(/^train_/, "", tag)) tag = tag "/train"
        else if (sub("^" held_out "_", "", tag)) tag = tag "/" held_out
        else sub(/^dropout_rate_/, "dropout_rate/layer_", tag)
        printf "%d %s %.6g\n", $1, tag, $i
      }
    }' "$1/history.csv" | sort
}

# expect_events FOLDER HELD_OUT
expect_events() {
  "$python" "$read_events" "$1/$events" >read.txt || fail "$1: the event file cannot be read"
  as_history "$1" "$2" >expected.txt
  sort read.txt | diff expected.txt - >difference.txt || fail "$1: not the figures of history.csv: $(head difference.txt)"
}

make_idx 200 1 images labels
make_csv 300 1 table.csv
images="--train-images images --train-labels labels"

# shellcheck disable=SC2086
expect_success train $images --test-images images --test-labels labels --layers dropout:0.1,dense:16:relu,dropout:0.5,dense:4 \
  --epochs 8 --run images-run
expect_events images-run test
[ "$(wc -l <read.txt)" = 56 ] || fail "expected 8 epochs of 7 figures: $(cat read.txt)"
expect_success train --csv table.csv --target height --layers dense:8:relu,dropout:0.2,dense:1 --validation 0.3 \
  --rate-control curriculum --epochs 5 --run table-run
expect_events table-run validation

# Resumed: the events that are there stay, whatever a kill left behind them goes, what is missing comes.
cp -r images-run resumed
expect_success train --resume --run resumed --epochs 10
expect_events resumed test
size=$(wc -c <images-run/$events)
cmp -n "$size" images-run/$events resumed/$events || fail "resuming wrote past events again"
for change in "head -c $((size - 5))" "head -c 100" "head -c 0" "sh -c 'cat; printf torn'" "sh -c 'cat; cat'" "tail -c 300"; do
  rm -r resumed
  cp -r images-run resumed
  eval "$change" <images-run/$events >resumed/$events
  expect_success train --resume --run resumed
  expect_events resumed test
done
# A checkpoint of fewer epochs than the events: killed before it was written.
# shellcheck disable=SC2086
expect_success train $images --test-images images --test-labels labels --layers dropout:0.1,dense:16:relu,dropout:0.5,dense:4 \
  --epochs 3 --run resumed --force
cp images-run/$events resumed/$events
expect_success train --resume --run resumed --epochs 6
expect_events resumed test
