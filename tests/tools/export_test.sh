#!/bin/sh
# ONNX files: a trained model goes out and is the same; models of others come in.
# Usage: export_test.sh FALLOW MODELS   the second: tests/runtime/onnx/models
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/lib.sh"
models=$2

same() {
  cmp "$1" "$2" || fail "$1 and $2 differ"
}

# --- out: the same loss, predictions and masks, on images and on a table
make_idx 200 1 images labels
expect_success train --layers dropout:0.1,dense:16:relu:l2=0.001,dropout:0.123456789,dense:4 --epochs 2 \
  --train-images images --train-labels labels --run images-run
make_csv 200 1 table.csv
expect_success train --csv table.csv --target kind --layers dense:8:gelu,dropout:0.2,dense:3 --epochs 2 --run table-run
for run in images table; do
  data="--images images --labels labels"
  [ $run = images ] || data="--csv table.csv --target kind"
  expect_success export $run-run/model.safetensors $run.onnx
  [ ! -s "$out" ] || fail "export prints $(cat "$out")"
  for model in $run-run/model.safetensors $run.onnx; do
    # shellcheck disable=SC2086
    {
      expect_success eval $model $data
      mv "$out" "$model.eval"
      expect_success predict $model $data --mc 10 --output "$model.csv"
    }
  done
  same $run-run/model.safetensors.eval $run.onnx.eval
  same $run-run/model.safetensors.csv $run.onnx.csv
done

# --- and once more
expect_success export images.onnx again.onnx
same images.onnx again.onnx

# --- in: a model whose softmax says what its outputs are
awk 'BEGIN { for (r = 0; r < 5; ++r) { for (c = 0; c < 12; ++c) printf "%s%.2f", c ? "," : "", (r * c % 7 - 3) / 3
  print "" } }' >twelve.csv
expect_success predict "$models/gates_opset17.onnx" --csv twelve.csv
[ "$(head -n 1 "$out")" = row,predicted,p0,p1,p2,p3 ] || fail "unexpected header: $(head -n 1 "$out")"
awk -F, 'NR > 1 { sum = $3 + $4 + $5 + $6; if (sum < 0.999 || sum > 1.001) exit 1 }' "$out" || fail "no probabilities"
mv "$out" classes.csv
expect_success predict "$models/gates_opset17.onnx" --csv twelve.csv --loss mean_squared_error
cut -d, -f2- "$out" | tail -n +2 >as-they-are
cut -d, -f3- classes.csv | tail -n +2 >probabilities
paste -d, as-they-are probabilities |
  awk -F, '{ for (i = 1; i <= 4; ++i) if ($i - $(i + 4) > 1e-5 || $(i + 4) - $i > 1e-5) exit 1 }' ||
  fail "softmax twice: $(cat as-they-are probabilities)"
expect_success predict "$models/gates_opset17.onnx" --csv twelve.csv --mc 20
awk -F, 'NR > 1 && $7 > 0 { found = 1 } END { exit !found }' "$out" || fail "dropout does nothing: $(cat "$out")"

# --- and one that does not say
cut -d, -f1-6 twelve.csv >six.csv
expect_bad_input "give its loss by --loss" predict "$models/mlp_opset13.onnx" --csv six.csv
expect_success predict "$models/mlp_opset13.onnx" --csv six.csv --loss softmax_cross_entropy
[ "$(head -n 1 "$out")" = row,predicted,p0,p1,p2 ] || fail "unexpected header: $(head -n 1 "$out")"
expect_bad_input "model takes 6" predict "$models/mlp_opset13.onnx" --csv twelve.csv --loss mean_squared_error
expect_bad_input "hinge" predict "$models/mlp_opset13.onnx" --csv six.csv --loss hinge
expect_bad_input "expected an even number" predict "$models/mlp_opset13.onnx" --csv six.csv --loss gaussian_negative_log_likelihood
expect_bad_input "its loss is softmax_cross_entropy" predict images.onnx --images images --loss mean_squared_error

# --- bytes of images are divided by 255, as in training
printf '\000\000\010\003\000\000\000\002\000\000\000\034\000\000\000\034' >white-images
head -c 1568 /dev/zero | tr '\0' '\377' >>white-images
awk 'BEGIN { for (r = 0; r < 2; ++r) { for (c = 0; c < 784; ++c) printf "%s1", c ? "," : ""; print "" } }' >ones.csv
expect_success predict "$models/image_opset13.onnx" --images white-images --output from-bytes.csv
expect_success predict "$models/image_opset13.onnx" --csv ones.csv --output from-ones.csv
same from-bytes.csv from-ones.csv

# --- errors
expect_bad_input "export: output is required" export images.onnx
expect_bad_input "ends in .onnx" export images.onnx model.pb
expect_bad_input "missing.onnx" export missing.onnx model.onnx
expect_bad_input "no-folder" export images.onnx no-folder/model.onnx
expect_bad_input "images" export images model.onnx
head -c 300 images.onnx >cut.onnx
expect_bad_input "cut.onnx: not an ONNX file" eval cut.onnx --images images --labels labels
