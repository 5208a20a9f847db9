# Sourced by the tests of the command: lib.sh, then the tests, run with the path of `fallow` as their first argument, in an
# empty folder that is taken away at the end.
# shellcheck shell=sh
set -eu
LC_ALL=C
export LC_ALL

fallow=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/work"
cd "$scratch/work"

fail() {
  echo "FAILED: $*"
  exit 1
}

# run ARGUMENT...: runs fallow; leaves its exit code in $code, its output in the files $out and $err.
out=$scratch/out
err=$scratch/err
run() {
  code=0
  "$fallow" "$@" >"$out" 2>"$err" || code=$?
}

expect_success() {
  run "$@"
  [ "$code" = 0 ] || fail "fallow $*: exit code $code, standard error: $(cat "$err")"
}

# expect_bad_input TEXT ARGUMENT...: exit code 2, nothing on standard output, one line on standard error that holds TEXT,
# and every file and folder as before.
expect_bad_input() {
  text=$1
  shift
  before=$(find . -exec cksum {} + 2>/dev/null)
  run "$@"
  [ "$code" = 2 ] || fail "fallow $*: exit code $code instead of 2, standard error: $(cat "$err")"
  [ ! -s "$out" ] || fail "fallow $*: prints $(head -n 3 "$out")"
  [ "$(wc -l <"$err")" = 1 ] || fail "fallow $*: expected one line on standard error, got: $(cat "$err")"
  grep -qF -- "$text" "$err" || fail "fallow $*: expected '$text' in: $(cat "$err")"
  [ "$(find . -exec cksum {} + 2>/dev/null)" = "$before" ] || fail "fallow $*: left something behind: $(find .)"
}

expect_png() {
  [ "$(od -An -tx1 -N8 "$1" | tr -d ' ')" = 89504e470d0a1a0a ] || fail "$1 is no PNG"
  [ "$(tail -c 8 "$1" | od -An -tx1 | tr -d ' ')" = 49454e44ae426082 ] || fail "$1 has no end"
}

# make_idx COUNT SEED IMAGES LABELS: 4x4 images with one bright quadrant, which is the label, and noise.
make_idx() {
  awk -v n="$1" -v x="$2" -v images="$3" -v labels="$4" '
    function random(k) { x = (x * 16807) % 2147483647; return int(x / 64) % k }
    function word(f, v) { printf "%c%c%c%c", int(v / 16777216) % 256, int(v / 65536) % 256, int(v / 256) % 256, v % 256 > f }
    BEGIN {
      word(images, 2051); word(images, n); word(images, 4); word(images, 4)
      word(labels, 2049); word(labels, n)
      for (i = 0; i < n; ++i) {
        label = random(4)
        printf "%c", label > labels
        for (r = 0; r < 4; ++r) for (c = 0; c < 4; ++c)
          printf "%c", random(150) + (2 * int(r / 2) + int(c / 2) == label ? 100 : 0) > images
      }
    }'
}

# make_sequences COUNT SEED SEQUENCES ANSWERS: three tokens, and of each and the one before it the sum modulo 4.
make_sequences() {
  awk -v n="$1" -v x="$2" -v sequences="$3" -v answers="$4" '
    function random(k) { x = (x * 16807) % 2147483647; return int(x / 64) % k }
    function header(f) { printf "%c%c%c%c%c%c%c%c%c%c%c%c", 0, 0, 8, 2, 0, 0, int(n / 256), n % 256, 0, 0, 0, 3 > f }
    BEGIN {
      header(sequences); header(answers)
      for (i = 0; i < n; ++i) {
        before = 0
        for (t = 0; t < 3; ++t) {
          token = random(4)
          printf "%c", token > sequences
          printf "%c", (token + before) % 4 > answers
          before = token
        }
      }
    }'
}

# make_csv COUNT SEED FILE: two features and the class 0, 1 or 2 of their sum.
make_csv() {
  awk -v n="$1" -v x="$2" '
    function random(k) { x = (x * 16807) % 2147483647; return int(x / 64) % k }
    BEGIN {
      print "width,kind,height"
      for (i = 0; i < n; ++i) {
        a = random(1000); b = random(1000)
        printf "%.1f,%d,%d\n", a / 10, a + b < 700 ? 0 : a + b < 1300 ? 1 : 2, b
      }
    }' >"$3"
}
