// An independent reading of the word streams and of other frameworks' keep rules, in plain loops and in the frameworks'
// own floating-point arithmetic, for tests to hold the kernels against.
//
// As in oracle.h: nothing here may include, link or be copied from kernels/.
#ifndef FALLOW_TESTS_SUPPORT_WORD_ORACLE_H_
#define FALLOW_TESTS_SUPPORT_WORD_ORACLE_H_

#include <array>
#include <cstdint>

#include "tests/support/oracle.h"

namespace fallow::oracle {

std::array<std::uint32_t, 2> Threefry2x32(const std::array<std::uint32_t, 2>& counter,
                                          const std::array<std::uint32_t, 2>& key, int rounds);

// The word of element `index`: its index in the tensor, not in a call.
std::uint32_t NativeWord(std::uint64_t seed, std::uint64_t stream, int rounds, std::uint64_t index);
// One at a time, as curand() hands them out: `index` counts from the start of the subsequence.
std::uint32_t CurandWord(std::uint64_t seed, std::uint64_t subsequence, std::uint64_t index);
std::uint32_t PyTorchStatelessWord(std::uint64_t seed, std::uint64_t offset, std::uint64_t index);
std::uint32_t OneDnnWord(std::uint64_t seed, std::uint64_t offset, std::uint64_t index);
std::uint32_t OneDnn36Word(std::uint32_t seed, std::uint64_t index);
std::uint32_t TensorFlowWord(std::uint64_t seed0, std::uint64_t seed1, std::uint64_t index);
std::uint32_t JaxWord(std::uint64_t key, std::uint64_t index);

// Whether an element with this word is kept. To be called in the default rounding mode.
bool CurandKeeps(std::uint32_t word, double p);
bool PyTorchStatelessKeeps(std::uint32_t word, double p);
bool OneDnnKeeps(std::uint32_t word, double p);
bool TensorFlowKeeps(std::uint32_t word, double p);
bool JaxKeeps(std::uint32_t word, double p);

}  // namespace fallow::oracle

#endif  // FALLOW_TESTS_SUPPORT_WORD_ORACLE_H_
