// Going over arrays with the random words of a key.
#ifndef FALLOW_KERNELS_NOISE_H_
#define FALLOW_KERNELS_NOISE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "fallow/mask.h"
#include "fallow/target.h"
#include "kernels/call.h"
#include "kernels/chunks.h"
#include "kernels/masked.h"
#include "kernels/noise_kernels.h"
#include "kernels/word_kernels.h"
#include "kernels/word_plan.h"

namespace fallow {

// Of one call, after CheckKey. Thread-safe.
class Noise {
 public:
  Noise(const MaskKey& key, Target target)
      : plan_(key), generate_words_(WordKernelsFor(target).generate_words), first_element_(key.first_element) {}

  // Calls apply(words, n, address...) for parts of elements [first, first + count) that follow each other in all
  // arrays.
  template <class Apply, class... Arrays>
  void ForEachIn(const Call& call, std::size_t first, std::size_t count, const Apply& apply,
                 const Arrays&... arrays) const {
    for (std::size_t done = 0; done < count; done += kElements) {
      const std::size_t n = std::min(kElements, count - done);
      const std::uint64_t element = first_element_ + first + done;
      const std::size_t odd = element % 2;
      std::uint32_t words[kElements + 2];
      TimeMask(call, [&] { generate_words_(plan_, element - odd, (odd + n + 1) / 2 * 2, words); });
      const auto part = [&](std::size_t before, std::size_t m, auto... addresses) {
        const std::size_t at = odd + before;
        apply(NoiseWords{words + at / 2 * 2, at % 2 != 0}, m, addresses...);
      };
      ForEachPart(first + done, n, part, arrays...);
    }
  }

  // The same for all elements.
  template <class Apply, class First, class... Rest>
  void ForEach(const Call& call, const Apply& apply, const First& array, const Rest&... rest) const {
    ForEachChunk(array.size(), call,
                 [&](std::size_t first, std::size_t count) { ForEachIn(call, first, count, apply, array, rest...); });
  }

 private:
  static constexpr std::size_t kElements = 2048;  // Their words, and twice as much, stay in the first cache.

  WordPlan plan_;
  void (*generate_words_)(const WordPlan&, std::uint64_t, std::size_t, std::uint32_t*);
  std::uint64_t first_element_;
};

}  // namespace fallow

#endif  // FALLOW_KERNELS_NOISE_H_
