// The word generator's functions, which exist once a target.
#ifndef FALLOW_KERNELS_WORD_KERNELS_H_
#define FALLOW_KERNELS_WORD_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "fallow/target.h"
#include "kernels/word_plan.h"

namespace fallow {

struct WordKernels {
  // The words of elements [first_word, first_word + count).
  void (*generate_words)(const WordPlan& plan, std::uint64_t first_word, std::size_t count, std::uint32_t* out);

  // The mask of elements [first_element, first_element + count), count at most kChunkElements: bit j % 64 of word j /
  // 64 says whether element first_element + j is kept. `words` has room for kChunkWords; bits past `count` can be
  // anything.
  void (*generate_mask)(const WordPlan& plan, std::uint64_t first_element, std::size_t count, std::uint64_t* words);
};

const WordKernels& WordKernelsFor(Target target) noexcept;

}  // namespace fallow

#endif  // FALLOW_KERNELS_WORD_KERNELS_H_
