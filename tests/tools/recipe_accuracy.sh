#!/usr/bin/env bash
# Trains the recipes with three seeds each and compares their mean test results with what is promised.
# Usage: recipe_accuracy.sh path/to/fallow [RECIPE...]
# Not one of ctest's tests: it takes two hours on two cores.
set -euo pipefail

fallow=$(realpath "$1")
shift
wanted=("$@")
recipes=$(realpath "$(dirname "$0")/../../recipes")
runs=$(mktemp -d)
trap 'rm -rf "$runs"' EXIT

# Recipe, and of three seeds the least mean test accuracy, or the most bits that a character of the test data may take.
promises() {
  cat <<'LIST'
fashion-6000-plain accuracy 0.850
fashion-6000-dropout accuracy 0.858
fashion-lesson accuracy 0.876
fashion-1024 accuracy 0.885
languages-plain accuracy 0.785
languages-dropout accuracy 0.800
spoken-digits-plain accuracy 0.770
spoken-digits-dropout accuracy 0.797
characters-plain bits 2.16
characters-dropout bits 2.09
fashion-cnn-plain accuracy 0.926
fashion-cnn-dropout accuracy 0.930
LIST
}

# is_wanted TEXT: whether TEXT is in " RECIPE RECIPE ", the recipes to train, if not all.
is_wanted() {
  [ ${#wanted[@]} = 0 ] || [[ " ${wanted[*]} " == *"$1"* ]]
}

# train RECIPE SEED MEASURE: prints the test accuracy or bits after the last epoch: of the history, or with validation data what
# is said at the end.
train() {
  "$fallow" train --config "$recipes/$1.toml" --seed "$2" --run "$runs/$1-$2" >"$runs/output"
  awk -F, -v measure="$3" '
    NR == 1 { for (i = 1; i <= NF; ++i) column[$i] = i }
    END {
      if (!("test_loss" in column)) exit
      print measure == "bits" ? $column["test_loss"] / log(2) : $column["test_accuracy"]
    }' "$runs/$1-$2/history.csv"
  sed -n 's/^Test data.*accuracy //p' "$runs/output"
}

# better MEASURE A B: more accuracy, fewer bits.
better() {
  awk -v measure="$1" -v a="$2" -v b="$3" 'BEGIN { exit !(measure == "bits" ? a < b : a > b) }'
}

# dropout_helps NETWORK MEASURE: whether NETWORK-dropout is better than NETWORK-plain, if both were trained.
dropout_helps() {
  local with=${means[$1-dropout]:-} without=${means[$1-plain]:-}
  [ -z "$with" ] || [ -z "$without" ] || better "$2" "$with" "$without"
}

cd "$runs"
for data in languages spoken-digits characters; do
  if is_wanted " $data-"; then
    "$recipes/make_${data//-/_}.py" "data/$data"
  fi
done
declare -A means
failed=0
while read -r recipe measure bound; do
  is_wanted " $recipe " || continue
  results=()
  started=$SECONDS
  for seed in 1 2 3; do
    results+=("$(train "$recipe" "$seed" "$measure")")
  done
  means[$recipe]=$(printf '%s\n' "${results[@]}" | awk '{ sum += $1 } END { printf "%.4f", sum / NR }')
  printf '%-22s %s  mean %s, promised %s, %d s a run\n' "$recipe" "${results[*]}" "${means[$recipe]}" "$bound" \
    $(((SECONDS - started) / 3))
  ! better "$measure" "$bound" "${means[$recipe]}" || failed=1
done < <(promises)

for network in fashion-6000 languages spoken-digits fashion-cnn; do
  dropout_helps "$network" accuracy || failed=1
done
dropout_helps characters bits || failed=1
[ $failed = 0 ] || echo "FAILED: a recipe keeps less than is promised, or dropout does not help"
exit $failed
