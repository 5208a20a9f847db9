#!/usr/bin/env bash
# Trains the recipes with three seeds each and compares their mean test accuracies with what is promised.
# Usage: recipe_accuracy.sh path/to/fallow [RECIPE...]
# Not one of ctest's tests: it takes an hour and a half on two cores.
set -euo pipefail

fallow=$(realpath "$1")
shift
recipes=$(realpath "$(dirname "$0")/../../recipes")
runs=$(mktemp -d)
trap 'rm -rf "$runs"' EXIT

# Recipe, and the least mean test accuracy of three seeds.
promises() {
  cat <<'LIST'
fashion-6000-plain 0.850
fashion-6000-dropout 0.858
fashion-lesson 0.876
fashion-1024 0.885
languages-plain 0.785
languages-dropout 0.800
spoken-digits-plain 0.770
spoken-digits-dropout 0.797
fashion-cnn-plain 0.926
fashion-cnn-dropout 0.930
LIST
}

# Prints the test accuracy after the last epoch: of the history, or with validation data what is said at the end.
train() {
  "$fallow" train --config "$recipes/$1.toml" --seed "$2" --run "$runs/$1-$2" >"$runs/output"
  awk -F, 'NR == 1 { for (i = 1; i <= NF; ++i) if ($i == "test_accuracy") c = i } END { if (c) print $c }' \
    "$runs/$1-$2/history.csv"
  sed -n 's/^Test data.*accuracy //p' "$runs/output"
}

# Whether the mean of the recipes $1-dropout is above that of $1-plain, if both were trained.
dropout_helps() {
  local with=${means[$1-dropout]:-} without=${means[$1-plain]:-}
  [ -z "$with" ] || [ -z "$without" ] || awk -v a="$with" -v b="$without" 'BEGIN { exit !(a > b) }'
}

cd "$runs"
for data in languages spoken-digits; do
  if [ $# = 0 ] || [[ " $* " == *" $data-"* ]]; then
    "$recipes/make_${data//-/_}.py" "data/$data"
  fi
done
declare -A means
failed=0
while read -r recipe least; do
  [ $# = 0 ] || [[ " $* " == *" $recipe "* ]] || continue
  accuracies=()
  started=$SECONDS
  for seed in 1 2 3; do
    accuracies+=("$(train "$recipe" "$seed")")
  done
  means[$recipe]=$(printf '%s\n' "${accuracies[@]}" | awk '{ sum += $1 } END { printf "%.4f", sum / NR }')
  printf '%-22s %s  mean %s, promised %s, %d s a run\n' "$recipe" "${accuracies[*]}" "${means[$recipe]}" "$least" \
    $(((SECONDS - started) / 3))
  awk -v a="${means[$recipe]}" -v b="$least" 'BEGIN { exit !(a >= b) }' || failed=1
done < <(promises)

for network in fashion-6000 languages spoken-digits fashion-cnn; do
  dropout_helps "$network" || failed=1
done
[ $failed = 0 ] || echo "FAILED: a recipe keeps less than is promised, or dropout does not help"
exit $failed
