// Masks over a smaller shape: each element takes the decision that the oracle finds by its indices, one by one.
#include "fallow/broadcast.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "fallow/dropout.h"
#include "fallow/mask.h"
#include "tests/kernels/mask_cases.h"
#include "tests/support/elements.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/oracle.h"
#include "tests/support/targets.h"
#include "tests/support/values.h"

namespace fallow {
namespace {

using oracle::Elements;
using Bytes = std::vector<std::uint8_t>;
using Shape = std::vector<std::size_t>;

std::size_t Product(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
}

// `shape` with the dimensions that `pattern` has a bit for fixed.
Shape NoiseShape(const Shape& shape, unsigned pattern) {
  Shape noise = shape;
  for (std::size_t i = 0; i < noise.size(); ++i) {
    if ((pattern >> i & 1) != 0) noise[i] = 1;
  }
  return noise;
}

std::string Describe(const Shape& shape, const Shape& noise) {
  std::ostringstream out;
  out << "shape {";
  for (const std::size_t size : shape) out << " " << size;
  out << " }, noise shape {";
  for (const std::size_t size : noise) out << " " << size;
  out << " }";
  return out.str();
}

// A mask over a noise shape in one of its forms, with the oracle's reading of it.
struct Source {
  Mask mask;
  Bytes own;
};

// The four sources of a mask of `size` elements. Refers to its own memory.
class Sources {
 public:
  Sources(double p, std::size_t size, std::uint64_t seed)
      : key_{.seed = seed, .stream = 3, .first_element = 1000 + seed % 300},
        row_keys_(Divisor(size, seed)),
        bytes_(test::ByteValues(size, seed)),
        bits_(oracle::PackBits(bytes_)) {
    const Rate rate(p);
    Bytes rows;
    for (std::size_t row = 0; row < row_keys_.size(); ++row) {
      MaskKey& key = row_keys_[row];
      key = {.seed = seed + row,
             .stream = row,
             .first_element = 77 * row,
             .rounds = row % 2 == 0 ? Rounds::k7 : Rounds::k10};
      const Bytes part = oracle::MaskBytes(p, test::ToOracle(key), size / row_keys_.size());
      rows.insert(rows.end(), part.begin(), part.end());
    }
    all_.push_back({{rate, key_}, oracle::MaskBytes(p, test::ToOracle(key_), size)});
    all_.push_back({{rate, row_keys_}, rows});
    all_.push_back({{rate, bits_, MaskFormat::kBits}, bytes_});
    all_.push_back({{rate, bytes_, MaskFormat::kBytes}, bytes_});
  }
  Sources(const Sources&) = delete;
  Sources& operator=(const Sources&) = delete;

  const std::vector<Source>& all() const { return all_; }

 private:
  // Any of the small ones.
  static std::size_t Divisor(std::size_t size, std::uint64_t seed) {
    std::vector<std::size_t> divisors;
    for (std::size_t d = 1; d <= 40; ++d) {
      if (size % d == 0) divisors.push_back(d);
    }
    return divisors[seed % divisors.size()];
  }

  MaskKey key_;
  std::vector<MaskKey> row_keys_;
  Bytes bytes_;
  Bytes bits_;
  std::vector<Source> all_;
};

class BroadcastTest : public test::TargetTest {
 protected:
  // Writes to memory that ends where pages do.
  void ExpectOracle(const Mask& mask, const Bytes& expected, double p, int max_threads) {
    const Execution execution = {.max_threads = max_threads, .target = GetParam()};
    const std::size_t count = expected.size();
    const auto edge = count % 2 == 0 ? test::Edge::kStart : test::Edge::kEnd;
    const test::GuardedBuffer<std::uint8_t> bytes(Bytes(count, 0xFF), edge);
    ASSERT_TRUE(GenerateMask(mask, count, MaskFormat::kBytes, bytes.span(), execution).ok());
    Bytes spelt(count);
    for (std::size_t i = 0; i < count; ++i) spelt[i] = expected[i] != 0;
    ASSERT_TRUE(test::SameBits(spelt, bytes.span())) << "bytes";
    const test::GuardedBuffer<std::uint8_t> bits(Bytes(BitMaskBytes(count), 0xFF), edge);
    ASSERT_TRUE(GenerateMask(mask, count, MaskFormat::kBits, bits.span(), execution).ok());
    ASSERT_TRUE(test::SameBits(oracle::PackBits(expected), bits.span())) << "bits";
    std::size_t kept = 0;
    ASSERT_TRUE(CountKept(mask, count, &kept, execution).ok());
    ASSERT_EQ(kept, static_cast<std::size_t>(std::accumulate(spelt.begin(), spelt.end(), std::size_t{0})));

    const Elements x = test::OrdinaryValues(oracle::Type::kF32, count, count);
    const Elements y_expected = oracle::Dropout(oracle::Type::kF32, x, expected, oracle::TrainingFactor(p));
    std::vector<float> y(count, 1.0f);
    ASSERT_TRUE(DropoutForward({x.data(), DType::kF32, count}, mask, y, execution).ok());
    // p = 1 writes zeros, whatever a stored mask says.
    if (p == 1.0) {
      ASSERT_EQ(y, std::vector<float>(count));
    } else {
      ASSERT_TRUE(test::SameElements(oracle::Type::kF32, y_expected, std::as_bytes(std::span(y)))) << "forward";
    }
  }

  // With every source.
  void ExpectOracle(const Shape& shape, const Shape& noise, double p, int max_threads) {
    const Broadcast broadcast(shape, noise);
    ASSERT_TRUE(broadcast.valid());
    ASSERT_FALSE(broadcast.is_none());
    ASSERT_EQ(broadcast.size(), Product(shape));
    ASSERT_EQ(broadcast.noise_size(), Product(noise));
    const Sources sources(p, broadcast.noise_size(), broadcast.size() + 17 * shape.size());
    for (const Source& source : sources.all()) {
      SCOPED_TRACE(testing::Message() << Describe(shape, noise) << ", p " << p << ", threads " << max_threads
                                      << ", source " << static_cast<int>(source.mask.source()));
      ExpectOracle(source.mask.Over(broadcast), oracle::Repeat(source.own, shape, noise), p, max_threads);
      if (HasFatalFailure()) return;
    }
  }
};

// Fixed dimensions first, last, between others; of size 0 and 1; runs of one element and longer than a chunk.
TEST_P(BroadcastTest, EveryPatternOfChosenShapes) {
  const Shape shapes[] = {{1},
                          {5},
                          {0},
                          {20'000},
                          {1, 1},
                          {3, 1},
                          {0, 4},
                          {4, 0},
                          {40'000, 1},
                          {1, 300},
                          {2, 20'011},
                          {20'011, 2},
                          {300, 64},
                          {300, 65},
                          {3, 5, 7},
                          {2, 1, 129},
                          {2, 16'390, 2},
                          {2, 3, 16'390},
                          {40, 40, 40},
                          {2, 3, 4, 5},
                          {3, 0, 2, 5},
                          {8, 16, 3, 100},
                          {2, 3, 2, 3, 2},
                          {1, 2, 1, 3, 1, 2},
                          {3, 2, 3, 2, 3, 2, 3},
                          {2, 3, 2, 3, 2, 3, 2, 3}};
  constexpr double kRates[] = {0.3, 0.5, 0.0, 0.1, 1.0};
  std::size_t turn = 0;
  for (const Shape& shape : shapes) {
    for (unsigned pattern = 0; pattern < 1u << shape.size(); ++pattern) {
      ++turn;
      ExpectOracle(shape, NoiseShape(shape, pattern), kRates[turn % std::size(kRates)], 1 + turn % 2);
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(BroadcastTest, RandomShapes) {
  constexpr std::size_t kSizes[] = {1, 1, 2, 2, 3, 5, 8, 17, 31, 64, 100, 129, 1000, 5000, 17'000};
  constexpr double kRates[] = {0.1, 0.5, 0.9};
  std::mt19937_64 random(7);
  for (int i = 0; i < 150; ++i) {
    Shape shape(1 + random() % Broadcast::kMaxDims);
    for (std::size_t& size : shape) size = kSizes[random() % std::size(kSizes)];
    while (Product(shape) > 150'000) shape[random() % shape.size()] = 1 + random() % 3;
    ExpectOracle(shape, NoiseShape(shape, static_cast<unsigned>(random())), kRates[i % 3], 1 + i % 2);
    if (HasFatalFailure()) return;
  }
}

// A part of a broadcast mask is one over a part of the key's elements: what a batch cut in two needs.
TEST_P(BroadcastTest, OfAKeyWithAFirstElement) {
  constexpr std::size_t kN = 6, kChannels = 37, kPositions = 50;
  const MaskKey key = {.seed = 1, .stream = 2};
  const Execution execution = {.target = GetParam()};
  Bytes whole(kN * kChannels * kPositions);
  const Mask mask = Mask(Rate(0.5), key).Over(Broadcast::ChannelsFirst(kN, kChannels, kPositions));
  ASSERT_TRUE(GenerateMask(mask, whole.size(), MaskFormat::kBytes, whole, execution).ok());
  for (std::size_t n = 0; n < kN; ++n) {
    const MaskKey sample_key = {.seed = 1, .stream = 2, .first_element = n * kChannels};
    const Mask sample = Mask(Rate(0.5), sample_key).Over(Broadcast::ChannelsFirst(1, kChannels, kPositions));
    Bytes part(kChannels * kPositions);
    ASSERT_TRUE(GenerateMask(sample, part.size(), MaskFormat::kBytes, part, execution).ok());
    ASSERT_TRUE(test::SameBits(std::span(whole).subspan(n * part.size(), part.size()), part)) << n;
  }
}

// The forms with other types, and rows with gaps, whose shape the broadcast does not have to know.
TEST_P(BroadcastTest, OverStridedRowsOfEveryType) {
  constexpr std::size_t kRows = 33, kCols = 700, kStride = 711;
  const Shape shape = {kRows, 7, 100}, noise = {kRows, 7, 1};
  const Mask mask = Mask(Rate(0.25), {.seed = 5}).Over(Broadcast(shape, noise));
  const Bytes expected = oracle::Repeat(oracle::MaskBytes(0.25, {.seed = 5}, kRows * 7), shape, noise);
  for (const auto& [dtype, type] : {std::pair{DType::kF64, oracle::Type::kF64},
                                    {DType::kBF16, oracle::Type::kBF16},
                                    {DType::kF16, oracle::Type::kF16}}) {
    const std::size_t size = oracle::SizeOf(type);
    const Elements matrix = test::ElementValues(type, kRows * kStride);
    Elements rows, expected_matrix = matrix;
    for (std::size_t row = 0; row < kRows; ++row) {
      const auto from = matrix.begin() + static_cast<std::ptrdiff_t>(row * kStride * size);
      rows.insert(rows.end(), from, from + static_cast<std::ptrdiff_t>(kCols * size));
    }
    const Elements dropped = oracle::Dropout(type, rows, expected, oracle::TrainingFactor(0.25));
    for (std::size_t row = 0; row < kRows; ++row) {
      std::copy_n(dropped.data() + row * kCols * size, kCols * size, expected_matrix.data() + row * kStride * size);
    }
    Elements y = matrix;
    const Array view(y.data(), dtype, kRows, kCols, kStride);
    ASSERT_TRUE(DropoutForward(view, mask, view, {.target = GetParam()}).ok());
    EXPECT_TRUE(test::SameElements(type, expected_matrix, y)) << oracle::NameOf(type);
  }
}

FALLOW_TEST_EVERY_TARGET(BroadcastTest);

void ExpectSame(const Broadcast& a, const Broadcast& b) {
  EXPECT_EQ(a.size(), b.size());
  EXPECT_EQ(a.noise_size(), b.noise_size());
  ASSERT_EQ(a.dims().size(), b.dims().size());
  for (std::size_t i = 0; i < a.dims().size(); ++i) {
    EXPECT_EQ(a.dims()[i].size, b.dims()[i].size);
    EXPECT_EQ(a.dims()[i].noise_stride, b.dims()[i].noise_stride);
  }
}

TEST(BroadcastShapeTest, NamedOnes) {
  ExpectSame(Broadcast::Rows(6, 10), Broadcast({6, 10}, {6, 1}));
  ExpectSame(Broadcast::ChannelsFirst(2, 3, 10), Broadcast({2, 3, 2, 5}, {2, 3, 1, 1}));
  ExpectSame(Broadcast::ChannelsLast(2, 10, 3), Broadcast({2, 2, 5, 3}, {2, 1, 1, 3}));
}

TEST(BroadcastShapeTest, NeighboursOfOneKindAreOne) {
  const Broadcast broadcast({2, 3, 1, 4, 1, 5, 6, 7}, {2, 3, 1, 1, 1, 1, 6, 7});
  const std::size_t expected[][2] = {{6, 42}, {20, 0}, {42, 1}};
  ASSERT_EQ(broadcast.dims().size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(broadcast.dims()[i].size, expected[i][0]) << i;
    EXPECT_EQ(broadcast.dims()[i].noise_stride, expected[i][1]) << i;
  }
}

TEST(BroadcastShapeTest, NoneIsOfAnySize) {
  const Broadcast none;
  EXPECT_TRUE(none.is_none());
  EXPECT_TRUE(none.valid());
  std::size_t kept = 0;
  EXPECT_TRUE(CountKept(Mask(Rate(0.0), MaskKey{}).Over(none), 123, &kept).ok());
  EXPECT_EQ(kept, 123u);
}

TEST(BroadcastShapeTest, WhatDoesNotFitIsInvalid) {
  constexpr std::size_t kHuge = std::size_t{1} << 40;
  EXPECT_FALSE(Broadcast(Shape{}, Shape{}).valid());
  EXPECT_FALSE(Broadcast(Shape{2, 3}, Shape{2}).valid());
  EXPECT_FALSE(Broadcast(Shape{2}, Shape{2, 3}).valid());
  EXPECT_FALSE(Broadcast(Shape(9, 1), Shape(9, 1)).valid());
  EXPECT_FALSE(Broadcast({2, 3}, {2, 2}).valid());
  EXPECT_FALSE(Broadcast({2, 3}, {0, 3}).valid());
  EXPECT_FALSE(Broadcast({2, 1}, {2, 3}).valid());
  EXPECT_FALSE(Broadcast({kHuge, kHuge}, {1, 1}).valid());
  // No elements, but a mask of too many.
  EXPECT_FALSE(Broadcast({0, kHuge, kHuge}, {1, kHuge, kHuge}).valid());
  EXPECT_TRUE(Broadcast(Shape(8, 1), Shape(8, 1)).valid());
}

}  // namespace
}  // namespace fallow
