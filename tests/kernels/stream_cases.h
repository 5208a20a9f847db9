// The layouts of other frameworks, each with the oracle's reading of it.
#ifndef FALLOW_TESTS_KERNELS_STREAM_CASES_H_
#define FALLOW_TESTS_KERNELS_STREAM_CASES_H_

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <vector>

#include "fallow/mask.h"
#include "fallow/mask_stream.h"
#include "tests/support/word_oracle.h"

namespace fallow::test {

struct Layout {
  const char* name;
  MaskStream stream;
  // The number of bits of a word that its rule looks at, and whether those are the low ones.
  int bits;
  bool low_bits;
  bool (*keeps)(std::uint32_t word, double p);
  std::uint32_t (*word)(std::uint64_t seed, std::uint64_t stream, std::uint64_t index);
};

inline void PrintTo(const Layout& layout, std::ostream* out) { *out << layout.name; }

inline constexpr Layout kLayouts[] = {
    {"Curand", MaskStream::kCurand, 32, true, oracle::CurandKeeps, oracle::CurandWord},
    {"PyTorchStateless", MaskStream::kPyTorchStateless, 24, true, oracle::PyTorchStatelessKeeps,
     oracle::PyTorchStatelessWord},
    {"OneDnn", MaskStream::kOneDnn, 32, true, oracle::OneDnnKeeps, oracle::OneDnnWord},
    {"OneDnn36", MaskStream::kOneDnn36, 32, true, oracle::OneDnnKeeps,
     [](std::uint64_t seed, std::uint64_t, std::uint64_t index) {
       return oracle::OneDnn36Word(static_cast<std::uint32_t>(seed), index);
     }},
    {"TensorFlow", MaskStream::kTensorFlow, 23, true, oracle::TensorFlowKeeps, oracle::TensorFlowWord},
    {"JaxThreefry", MaskStream::kJaxThreefry, 23, false, oracle::JaxKeeps,
     [](std::uint64_t seed, std::uint64_t, std::uint64_t index) { return oracle::JaxWord(seed, index); }},
};

inline std::uint32_t Word(const Layout& layout, const MaskKey& key, std::size_t j) {
  return layout.word(key.seed, key.stream, key.first_element + j);
}

// One byte an element, as the oracle's MaskBytes.
inline std::vector<std::uint8_t> MaskBytes(const Layout& layout, double p, const MaskKey& key, std::size_t count) {
  std::vector<std::uint8_t> mask(count);
  for (std::size_t j = 0; j < count; ++j) mask[j] = layout.keeps(Word(layout, key, j), p);
  return mask;
}

}  // namespace fallow::test

#endif  // FALLOW_TESTS_KERNELS_STREAM_CASES_H_
