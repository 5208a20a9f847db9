// Numbers of elements at which a vectorised loop may go wrong.
#ifndef FALLOW_TESTS_SUPPORT_SIZES_H_
#define FALLOW_TESTS_SUPPORT_SIZES_H_

#include <cstddef>
#include <vector>

namespace fallow::test {

// All sizes up to three vectors of 16 floats; those around a word, a block and a chunk of the mask; a large odd one.
inline std::vector<std::size_t> Sizes() {
  std::vector<std::size_t> sizes;
  for (std::size_t size = 0; size <= 3 * 16 + 1; ++size) sizes.push_back(size);
  for (const std::size_t edge : {64, 128, 192, 256, 1024, 16384, 32768, 65536}) {
    for (const std::size_t size : {edge - 1, edge, edge + 1}) sizes.push_back(size);
  }
  sizes.push_back((std::size_t{1} << 20) + 3);
  return sizes;
}

}  // namespace fallow::test

#endif  // FALLOW_TESTS_SUPPORT_SIZES_H_
