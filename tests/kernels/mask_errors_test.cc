// Masks that cannot be: which argument is named, with what value, and that nothing changed.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "fallow/dropout.h"
#include "fallow/mask.h"
#include "tests/kernels/errors.h"

namespace fallow {
namespace {

using test::Names;

constexpr std::uint64_t kEnd = std::uint64_t{1} << 57;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Each function that takes a mask.
class MaskArgumentTest : public test::ErrorsTest {
 protected:
  // `argument` "" expects no error; outputs are then memory of the test's own.
  void ExpectNames(const std::string& argument, double value, const Mask& mask, std::size_t size = kSize) {
    std::size_t kept = 4711;
    ExpectNames(argument, value, GenerateMask(mask, size, MaskFormat::kBits, Bytes(1'000, BitMaskBytes(size))), "bits");
    ExpectNames(argument, value, GenerateMask(mask, size, MaskFormat::kBytes, Bytes(1'000, size)), "bytes");
    ExpectNames(argument, value, CountKept(mask, size, &kept), "CountKept");
    EXPECT_EQ(kept, 4711u);
    const ConstArray x = Floats(0, size);
    const Array y = Floats(kSize, size);
    ExpectNames(argument, value, DropoutForward(x, mask, y), "DropoutForward");
    ExpectNames(argument, value, DropoutBackward(x, mask, y), "DropoutBackward");
    ExpectNames(argument, value, DropoutAccumulate(x, mask, y), "DropoutAccumulate");
    ExpectNames(argument, value, DropoutForwardStore(x, mask, y, MaskFormat::kBytes, Bytes(1'000, size)), "Store");
  }

  static void ExpectOk(const Mask& mask, std::size_t size = kSize) {
    std::vector<float> x(size), y(size);
    std::vector<std::uint8_t> stored(size);
    std::size_t kept = 0;
    EXPECT_TRUE(CountKept(mask, size, &kept).ok());
    EXPECT_TRUE(DropoutForwardStore(x, mask, y, MaskFormat::kBytes, stored).ok());
  }

  std::span<const std::uint8_t> stored(std::size_t size) { return Bytes(2'000, size); }

 private:
  static void ExpectNames(const std::string& argument, double value, const Status& status, const char* function) {
    EXPECT_TRUE(Names(status, argument, value)) << function;
  }
};

TEST_F(MaskArgumentTest, RateOutsideTheUnitInterval) {
  const std::vector<MaskKey> keys(4);
  for (const double p : {-0.1, 1.1, kNaN, std::numeric_limits<double>::infinity()}) {
    ExpectNames("rate", p, {Rate(p), MaskKey{}});
    ExpectNames("rate", p, {Rate(p), keys});
    ExpectNames("rate", p, {Rate(p), stored(kSize), MaskFormat::kBytes});
    ExpectNames("rate", p, {Rate(p), MaskKey{}}, 0);
    EXPECT_TRUE(Names(DropoutInference(x(), Rate(p, Scaling::kAtInference), y()), "rate", p));
    EXPECT_TRUE(Names(DropoutInference(x(), Rate(p), y()), "rate", p));
  }
}

TEST_F(MaskArgumentTest, UnknownRounds) {
  for (const int rounds : {0, 6, 8, 11, 255}) {
    const MaskKey key = {.rounds = static_cast<Rounds>(rounds)};
    std::vector<MaskKey> keys(4);
    keys.back() = key;
    for (const double p : {0.0, 0.5, 1.0}) {
      ExpectNames("key", rounds, {Rate(p), key});
      ExpectNames("row_keys", rounds, {Rate(p), keys});
    }
  }
}

TEST_F(MaskArgumentTest, UnknownFormat) {
  for (const int number : {2, 3, 254, 255}) {
    const auto format = static_cast<MaskFormat>(number);
    const Mask mask(Rate(0.5), MaskKey{});
    for (const std::size_t size : {std::size_t{0}, kSize}) {
      EXPECT_TRUE(Names(GenerateMask(mask, size, format, Bytes(1'000, size)), "format", number));
      EXPECT_TRUE(Names(DropoutForwardStore(Floats(0, size), mask, Floats(kSize, size), format, Bytes(1'000, size)),
                        "format", number));
    }
    ExpectNames("mask", kSize, {Rate(0.5), stored(kSize), format});
    ExpectNames("mask", 13, {Rate(0.5), stored(13), format});
    ExpectNames("mask", 0, {Rate(0.5), stored(0), format}, 0);
  }
}

TEST_F(MaskArgumentTest, UnknownScaling) {
  for (const int number : {2, 255}) {
    const Rate rate(0.5, static_cast<Scaling>(number));
    ExpectNames("rate", number, {rate, MaskKey{}});
    EXPECT_TRUE(Names(DropoutInference(Floats(0, kSize), rate, Floats(kSize, kSize)), "rate", number));
  }
}

TEST_F(MaskArgumentTest, KeyBeyondTheLastElement) {
  for (const std::uint64_t first : {kEnd - kSize + 1, kEnd, ~std::uint64_t{0}}) {
    ExpectNames("key", static_cast<double>(first), {Rate(0.5), {.first_element = first}});
  }
  ExpectOk({Rate(0.5), {.first_element = kEnd - kSize}});
  // Only the mask's own elements count.
  const Broadcast rows = Broadcast::Rows(10, 10);
  ExpectOk(Mask(Rate(0.5), {.first_element = kEnd - 10}).Over(rows));
  ExpectNames("key", static_cast<double>(kEnd - 9), Mask(Rate(0.5), {.first_element = kEnd - 9}).Over(rows));
}

TEST_F(MaskArgumentTest, RowKeyBeyondTheLastElement) {
  std::vector<MaskKey> keys(4);
  keys[2].first_element = kEnd - 25;
  ExpectOk({Rate(0.5), keys});
  for (const std::uint64_t first : {kEnd - 24, kEnd, ~std::uint64_t{0}}) {
    keys[2].first_element = first;
    for (const double p : {0.0, 0.5, 1.0}) ExpectNames("row_keys", static_cast<double>(first), {Rate(p), keys});
  }
  keys[2].first_element = kEnd - 5;
  ExpectOk(Mask(Rate(0.5), keys).Over(Broadcast::Rows(20, 5)));
  keys[2].first_element = kEnd - 4;
  ExpectNames("row_keys", static_cast<double>(kEnd - 4), Mask(Rate(0.5), keys).Over(Broadcast::Rows(20, 5)));
}

TEST_F(MaskArgumentTest, RowsThatDoNotDivideTheElements) {
  for (const std::size_t rows : {0u, 3u, 7u, 99u, 101u, 200u}) {
    const std::vector<MaskKey> keys(rows);
    for (const double p : {0.0, 0.5, 1.0}) ExpectNames("row_keys", static_cast<double>(rows), {Rate(p), keys});
  }
  // 10 rows divide the array's 100 elements, but not the mask's 25.
  const std::vector<MaskKey> keys(10);
  ExpectNames("row_keys", 10, Mask(Rate(0.5), keys).Over(Broadcast::Rows(25, 4)));
}

TEST_F(MaskArgumentTest, NullRowKeys) {
  const std::span<const MaskKey> null(static_cast<const MaskKey*>(nullptr), 4);
  ExpectNames("row_keys", 4, {Rate(0.5), null});
}

TEST_F(MaskArgumentTest, StoredMaskOfTheWrongSize) {
  for (const std::size_t size : {0u, 12u, 14u, 100u}) {
    ExpectNames("mask", static_cast<double>(size), {Rate(0.5), stored(size), MaskFormat::kBits});
  }
  for (const std::size_t size : {0u, 13u, 99u, 101u}) {
    for (const double p : {0.0, 0.5, 1.0}) {
      ExpectNames("mask", static_cast<double>(size), {Rate(p), stored(size), MaskFormat::kBytes});
    }
  }
  // The mask's own elements.
  ExpectNames("mask", 100, Mask(Rate(0.5), stored(100), MaskFormat::kBytes).Over(Broadcast::Rows(10, 10)));
  ExpectNames("mask", 13, Mask(Rate(0.5), stored(13), MaskFormat::kBits).Over(Broadcast::Rows(10, 10)));
}

TEST_F(MaskArgumentTest, NullStoredMask) {
  const std::span<const std::uint8_t> null_bytes(static_cast<const std::uint8_t*>(nullptr), kSize);
  const std::span<const std::uint8_t> null_bits(static_cast<const std::uint8_t*>(nullptr), BitMaskBytes(kSize));
  ExpectNames("mask", static_cast<double>(null_bytes.size()), {Rate(0.5), null_bytes, MaskFormat::kBytes});
  ExpectNames("mask", static_cast<double>(null_bits.size()), {Rate(0.5), null_bits, MaskFormat::kBits});
  const std::span<std::uint8_t> null(static_cast<std::uint8_t*>(nullptr), kSize);
  const Mask mask(Rate(0.5), MaskKey{});
  EXPECT_TRUE(Names(GenerateMask(mask, kSize, MaskFormat::kBytes, null), "stored", kSize));
  EXPECT_TRUE(Names(DropoutForwardStore(x(), mask, y(), MaskFormat::kBytes, null), "stored", kSize));
}

TEST_F(MaskArgumentTest, BroadcastShapes) {
  const Mask mask(Rate(0.5), MaskKey{});
  ExpectNames("broadcast", 99, mask.Over(Broadcast::Rows(9, 11)));
  ExpectNames("broadcast", 0, mask.Over(Broadcast::Rows(0, 100)));
  ExpectNames("broadcast", 1, mask.Over(Broadcast({1}, {1})));
  ExpectNames("broadcast", kSize, mask.Over(Broadcast({10, 10}, {10, 5})));
  ExpectNames("broadcast", kSize, mask.Over(Broadcast({10, 10}, {10, 0})));
  const std::vector<std::size_t> none, one = {kSize}, two = {kSize, 1}, nine = {kSize, 1, 1, 1, 1, 1, 1, 1, 1};
  ExpectNames("broadcast", 0, mask.Over(Broadcast(none, none)));
  ExpectNames("broadcast", 0, mask.Over(Broadcast(none, none)), 0);
  ExpectNames("broadcast", 0, mask.Over(Broadcast(one, two)));
  ExpectNames("broadcast", 0, mask.Over(Broadcast(nine, nine)));
  // Whose size wraps around to 100.
  constexpr std::size_t kWrapping = (std::size_t{1} << 62) + 25;
  ExpectNames("broadcast", kSize, mask.Over(Broadcast({kWrapping, 4}, {kWrapping, 1})));
  ExpectOk(mask.Over(Broadcast({10, 10}, {1, 1})));
  ExpectOk(mask.Over(Broadcast({10, 0}, {1, 1})), 0);
}

// Bytes that a call reads and writes, or writes twice.
TEST_F(MaskArgumentTest, StoredMaskThatTheCallWrites) {
  for (const std::size_t first : {901u, 1'000u, 1'050u, 1'099u}) {
    const Mask mask(Rate(0.5), Bytes(first, kSize), MaskFormat::kBytes);
    EXPECT_TRUE(Names(GenerateMask(mask, kSize, MaskFormat::kBytes, Bytes(1'000, kSize)), "stored")) << first;
    const auto bits = Bytes(1'000, BitMaskBytes(kSize));
    const bool overlap = first < 1'000 + bits.size();
    if (!overlap) continue;
    EXPECT_TRUE(Names(GenerateMask(mask, kSize, MaskFormat::kBits, bits), "stored")) << first;
    EXPECT_TRUE(Names(DropoutForwardStore(x(), mask, y(), MaskFormat::kBits, bits), "stored")) << first;
  }
}

TEST_F(MaskArgumentTest, StoredMaskInTheOutput) {
  const Array out(Floats(kSize, 0).data(), 10, 10, 12);  // Bytes 400 to 872, gaps included.
  for (const std::size_t first : {301u, 400u, 442u, 871u}) {
    for (const double p : {0.0, 0.5, 1.0}) {
      const Mask mask(Rate(p), Bytes(first, kSize), MaskFormat::kBytes);
      const ConstArray in(Floats(0, 0).data(), 10, 10, 10);
      EXPECT_TRUE(Names(DropoutForward(in, mask, out), "mask")) << first;
      EXPECT_TRUE(Names(DropoutBackward(in, mask, out), "mask")) << first;
      EXPECT_TRUE(Names(DropoutAccumulate(in, mask, out), "mask")) << first;
    }
  }
}

TEST_F(MaskArgumentTest, WrittenMaskInTheGapsOfInputOrOutput) {
  const ConstArray in(Floats(0, 0).data(), 10, 5, 10);
  const Array out(Floats(5, 0).data(), 10, 5, 10);
  const Mask mask(Rate(0.5), MaskKey{});
  // In both; in the rows' gaps of one of them.
  EXPECT_TRUE(Names(DropoutForwardStore(in, mask, out, MaskFormat::kBytes, Bytes(300, 50)), "stored"));
  const ConstArray in_alone(Floats(0, 0).data(), 5, 10, 13);
  const Array out_alone(Floats(200, 0).data(), 5, 10, 13);
  EXPECT_TRUE(Names(DropoutForwardStore(in_alone, mask, out_alone, MaskFormat::kBits, Bytes(42, 7)), "stored"));
  EXPECT_TRUE(Names(DropoutForwardStore(in_alone, mask, out_alone, MaskFormat::kBits, Bytes(842, 7)), "stored"));
}

TEST_F(MaskArgumentTest, NowhereToCount) {
  EXPECT_TRUE(Names(CountKept({Rate(0.5), MaskKey{}}, kSize, nullptr), "kept"));
  EXPECT_TRUE(Names(CountKept({Rate(0.5), MaskKey{}}, 0, nullptr), "kept"));
}

}  // namespace
}  // namespace fallow
