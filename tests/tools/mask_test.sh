#!/bin/sh
# fallow mask: published masks, any part of a mask, any instruction set, any size.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "$0")/lib.sh"

# expect_mask MASK SEED STREAM RATE FIRST COUNT [ROUNDS]
expect_mask() {
  expect_success mask --seed "$2" --stream "$3" --rate "$4" --first "$5" --count "$6" --rounds "${7:-10}"
  printf '%s\n' "$1" | cmp -s - "$out" || fail "mask $*: got $(cat "$out")"
  [ ! -s "$err" ] || fail "mask $*: standard error $(cat "$err")"
}

# From a third implementation of the contract, written from its text alone.
expect_published_masks() {
  max=18446744073709551615
  expect_mask 1111000110011111111010000011100011000010100011111010111101011000 1 0 0.5 0 64
  expect_mask 1111110111111111111111011111111111000011110111111111111111111111 1 0 0.1 0 64
  expect_mask 1111111101011110111111111101011111111111101101101011111111111111 1 0 0.1 0 64 7
  expect_mask 1110110111011011111110110111111101011011110110010101111100000111111110 42 3298534883345 \
    0.3333333333333333 100 70
  expect_mask 0100000000000000000000000001000000000010 $max $max 0.9 144115188075855832 40
  expect_mask 111111110111001111011111001010111 $max 0 0.25 0 33 7
  expect_mask 10000010010010000011001000101111010011001010100000 0 $max 0.7 12345678901234567 50
  expect_mask 11111 5 5 0 0 5
  expect_mask 00000 5 5 1 0 5
  expect_mask "" 5 5 0.5 0 0
}

for target in $("$fallow" info | sed -n 's/^targets *compiled *//p'); do
  FALLOW_TARGET=$target
  export FALLOW_TARGET
  expect_published_masks
done
unset FALLOW_TARGET
expect_published_masks

# Pieces make up the whole, across the command's own pieces too.
options="--seed 3 --stream 4 --rate 0.3"
# shellcheck disable=SC2086
{
  "$fallow" mask $options --first 0 --count 2500000 >whole
  { "$fallow" mask $options --first 0 --count 1048579; "$fallow" mask $options --first 1048579 --count 1451421; } |
    tr -d '\n' >parts
}
echo >>parts
cmp whole parts || fail "the parts of a mask differ from the whole"

# Streams: the longest mask there is begins at once.
beginning=$("$fallow" mask --seed 1 --stream 0 --rate 0.5 --first 0 --count 144115188075855872 | head -c 16)
[ "$beginning" = 1111000110011111 ] || fail "the longest mask begins with '$beginning'"

expect_bad_input "2^57" mask --seed 1 --stream 0 --rate 0.5 --first 144115188075855872 --count 1
for rate in nan -0.1 1.1 1e-400 0.5x "" inf; do
  expect_bad_input "--rate" mask --seed 1 --stream 0 --rate "$rate" --first 0 --count 1
done
for seed in 18446744073709551616 -1 1.5 0x10 "" " 1"; do
  expect_bad_input "--seed" mask --seed "$seed" --stream 0 --rate 0.5 --first 0 --count 1
done
expect_bad_input "--rounds" mask --seed 1 --stream 0 --rate 0.5 --first 0 --count 1 --rounds 8
expect_bad_input "--count" mask --seed 1 --stream 0 --rate 0.5 --first 0
expect_bad_input "--seed" mask --seed 1 --seed 2 --stream 0 --rate 0.5 --first 0 --count 1
