// Stored masks as such: converting one format to the other, and counting.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fallow/mask.h"
#include "tests/kernels/mask_cases.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/oracle.h"
#include "tests/support/sizes.h"
#include "tests/support/targets.h"
#include "tests/support/values.h"

namespace fallow {
namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr MaskFormat kFormats[] = {MaskFormat::kBits, MaskFormat::kBytes};

// One mask as a caller might hold it, and as the library writes it.
struct Forms {
  explicit Forms(std::size_t count) : bytes(test::ByteValues(count, count)), bits(oracle::PackBits(bytes)) {
    for (const std::uint8_t byte : bytes) ones.push_back(byte != 0);
    noisy_bits = bits;
    if (count % 8 != 0) noisy_bits.back() |= static_cast<std::uint8_t>(0xFF << (count % 8));
  }

  const Bytes& given(MaskFormat format) const { return format == MaskFormat::kBits ? noisy_bits : bytes; }
  const Bytes& written(MaskFormat format) const { return format == MaskFormat::kBits ? bits : ones; }

  Bytes bytes;       // Any value but 0 keeps.
  Bytes ones;        // 0 and 1.
  Bytes bits;        // Unused ones are 0.
  Bytes noisy_bits;  // Unused ones are 1.
};

class StoredMaskTest : public test::TargetTest {
 protected:
  Execution execution(int max_threads = 0) const { return {.max_threads = max_threads, .target = GetParam()}; }
};

// The rate says nothing of which elements are kept.
TEST_P(StoredMaskTest, ConvertsFromAnyFormatToAnyOther) {
  for (const std::size_t count : test::Sizes()) {
    const Forms forms(count);
    for (const MaskFormat from : kFormats) {
      for (const MaskFormat to : kFormats) {
        for (const test::Edge edge : {test::Edge::kStart, test::Edge::kEnd}) {
          for (const double p : {0.0, 0.5, 1.0}) {
            SCOPED_TRACE(testing::Message() << count << " elements, from format " << static_cast<int>(from) << " to "
                                            << static_cast<int>(to) << ", p " << p << ", " << EdgeName(edge));
            const test::GuardedBuffer<std::uint8_t> given(forms.given(from), edge);
            const test::GuardedBuffer<std::uint8_t> written(Bytes(StoredMaskBytes(to, count), 0xA5), edge);
            const Status status = GenerateMask({Rate(p), given.span(), from}, count, to, written.span(), execution());
            ASSERT_TRUE(status.ok()) << status.Message();
            ASSERT_TRUE(test::SameBits(forms.written(to), written.span()));
          }
        }
      }
    }
  }
}

TEST_P(StoredMaskTest, ConvertsAtAnyAlignment) {
  constexpr std::size_t kCount = 1'003;
  const Forms forms(kCount);
  for (std::size_t shift = 0; shift < 66; ++shift) {
    for (const MaskFormat from : kFormats) {
      for (const MaskFormat to : kFormats) {
        const test::Framed<std::uint8_t> given(forms.given(from), shift);
        const test::Framed<std::uint8_t> written(Bytes(StoredMaskBytes(to, kCount), 0xFF), (7 * shift + 3) % 66);
        ASSERT_TRUE(GenerateMask({Rate(0.5), given.span(), from}, kCount, to, written.span(), execution()).ok());
        ASSERT_TRUE(test::SameBits(forms.written(to), written.span())) << shift;
        ASSERT_TRUE(written.frame_is_intact()) << shift;
      }
    }
  }
}

TEST_P(StoredMaskTest, CountsWhatIsKept) {
  for (const std::size_t count : test::Sizes()) {
    const Forms forms(count);
    const auto expected = static_cast<std::size_t>(std::ranges::count(forms.ones, 1));
    for (const MaskFormat format : kFormats) {
      for (const int threads : {1, 2}) {
        std::size_t kept = 12'345;
        ASSERT_TRUE(CountKept({Rate(0.5), forms.given(format), format}, count, &kept, execution(threads)).ok());
        ASSERT_EQ(kept, expected) << count << " elements, format " << static_cast<int>(format);
      }
    }
  }
}

TEST_P(StoredMaskTest, CountsWhatAKeyKeeps) {
  for (const std::size_t count : test::Sizes()) {
    const MaskKey key = {.seed = count, .stream = 1, .first_element = 3 * count};
    const auto uniforms = oracle::Uniforms(test::ToOracle(key), count);
    for (const double p : {0.0, 1e-300, 0.1, 0.5, 0.9, 1.0}) {
      const Bytes mask = oracle::MaskBytes(p, uniforms);
      std::size_t kept = 12'345;
      ASSERT_TRUE(CountKept({Rate(p), key}, count, &kept, execution()).ok());
      ASSERT_EQ(kept, static_cast<std::size_t>(std::ranges::count(mask, 1))) << count << " elements, p " << p;
    }
  }
}

FALLOW_TEST_EVERY_TARGET(StoredMaskTest);

}  // namespace
}  // namespace fallow
