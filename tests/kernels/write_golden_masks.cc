// Prints golden_masks.inc anew: its own rows, with the masks that the oracle, not the library, makes of them.
#include <cinttypes>
#include <cstdio>

#include "tests/kernels/golden_masks.h"
#include "tests/support/oracle.h"

int main() {
  std::puts("// seed, stream, first element, rounds, drop probability, count, mask. Written by write_golden_masks.");
  std::puts("// A changed mask is a breaking change: see golden_masks.h.");
  std::puts("// clang-format off");
  for (const auto& row : fallow::test::kGoldenMasks) {
    const auto mask = fallow::oracle::MaskBytes(
        row.drop_probability,
        {.seed = row.seed, .stream = row.stream, .first_element = row.first_element, .rounds = row.rounds}, row.count);
    std::printf("{0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64 ", %d, %a, %zu,\n \"%s\"},\n", row.seed, row.stream,
                row.first_element, row.rounds, row.drop_probability, row.count,
                fallow::test::ToHex(fallow::oracle::PackBits(mask)).c_str());
  }
}
