// Do the statistics see what they are for? Generators with the defects that published dropout kernels have or had, and
// which test of the battery sees each; a defect for each test that those leave out; and a generator without one.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "tests/support/control_bits.h"
#include "tests/support/oracle.h"
#include "tests/support/randomness.h"

namespace fallow {
namespace {

using test::BitSequence;
using test::BitSource;
using test::ControlBit;
using test::IsRandom;

constexpr double kHalf = 0.5;

// Bit i of [first, first + count) is keep(i).
template <class Keep>
BitSequence Bits(std::uint64_t first, std::size_t count, const Keep& keep) {
  std::vector<std::uint8_t> bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = keep(first + i);
  return BitSequence::OfBytes(bytes);
}

BitSource Control(double q) {
  return {q, [q](std::uint64_t seed, std::uint64_t stream, std::uint64_t first, std::size_t count) {
            return Bits(first, count, [=](std::uint64_t i) { return ControlBit(q, seed, stream, i); });
          }};
}

// Libraries that know no streams count their seed up from call to call.
std::uint64_t SeedOfCall(std::uint64_t seed, std::uint64_t stream) {
  const std::uint64_t layer = stream >> 40;
  const std::uint64_t step = stream & ((std::uint64_t{1} << 40) - 1);
  return seed + step + 1'000'000 * layer;
}

// oneDNN's dropout attribute: a Philox call for each element, of which one word is used. Versions 3.6 to 3.10 took a
// counter from the element's group of four and the word from its place in it. From 3.11 on, without an offset, all four
// elements of a group take the same word of the same counter.
std::uint32_t OneDnnWord(std::uint64_t seed, std::uint64_t i, bool grouped) {
  const auto s = static_cast<std::uint32_t>(seed);
  const auto x = static_cast<std::uint32_t>(i & ~std::uint64_t{3});
  if (grouped) return oracle::Philox4x32({x, x + 1, x, x + 3}, {s, s}, 10)[2];
  return oracle::Philox4x32({x, x + 1, x + 2, x + 3}, {s, s}, 10)[i & 3];
}

BitSource OneDnn(bool grouped) {
  return {kHalf, [=](std::uint64_t seed, std::uint64_t stream, std::uint64_t first, std::size_t count) {
            return Bits(first, count, [=](std::uint64_t i) {
              return OneDnnWord(SeedOfCall(seed, stream), i, grouped) > 0xFFFFFFFF * kHalf;
            });
          }};
}

// The next two generate from element 0 on, whatever `first` is: the tests that they are for begin there.

// libxsmm's: a xoshiro128+ (Blackman, Vigna) in each of 16 lanes, its state made from seed + lane, so that the next
// seed has the same generators one lane further on.
class Xoshiro128Plus {
 public:
  explicit Xoshiro128Plus(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    for (std::uint32_t& word : state_) word = static_cast<std::uint32_t>(random() >> 32);
  }

  std::uint32_t operator()() {
    const std::uint32_t result = state_[0] + state_[3];
    const std::uint32_t shifted = state_[1] << 9;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = state_[3] << 11 | state_[3] >> 21;
    return result;
  }

 private:
  std::array<std::uint32_t, 4> state_;
};

BitSource Libxsmm() {
  return {kHalf, [](std::uint64_t seed, std::uint64_t stream, std::uint64_t first, std::size_t count) {
            constexpr std::size_t kLanes = 16;
            std::vector<Xoshiro128Plus> lanes;
            for (std::size_t lane = 0; lane < kLanes; ++lane) lanes.emplace_back(SeedOfCall(seed, stream) + lane);
            // 23 bits, as a fraction below 1 - p.
            return Bits(first, count, [&](std::uint64_t i) { return lanes[i % kLanes]() >> 9 < (1u << 22); });
          }};
}

// ONNX Runtime's on CPUs: std::default_random_engine, which libstdc++ makes the linear congruential x -> 16807 x modulo
// 2^31 - 1, with a seed that counts calls.
BitSource OnnxRuntime() {
  return {kHalf, [](std::uint64_t seed, std::uint64_t stream, std::uint64_t first, std::size_t count) {
            using Engine = std::minstd_rand0;
            Engine engine(static_cast<std::uint32_t>(SeedOfCall(seed, stream)));
            return Bits(first, count, [&](std::uint64_t) {
              return static_cast<float>(engine() - Engine::min()) / static_cast<float>(Engine::max()) >= 0.5f;
            });
          }};
}

TEST(StatisticsPowerTest, KeepRatesOfTheDefectsAreRight) {
  for (const BitSource& source : {OneDnn(true), Libxsmm(), OnnxRuntime()})
    EXPECT_TRUE(IsRandom(test::KeepRate(source)));
}

TEST(StatisticsPowerTest, GroupsOfFourAreSeen) {
  const BitSource source = OneDnn(true);
  EXPECT_FALSE(IsRandom(test::Autocorrelation(source)));
  EXPECT_FALSE(IsRandom(test::Tuples(source)));
  EXPECT_FALSE(IsRandom(test::PositionPairs(source)));
  EXPECT_FALSE(IsRandom(test::Gaps(source)));
  EXPECT_FALSE(IsRandom(test::Runs(source)));
}

TEST(StatisticsPowerTest, ElementsOfTheirOwnAreNot) {
  const BitSource source = OneDnn(false);
  EXPECT_TRUE(IsRandom(test::Autocorrelation(source)));
  EXPECT_TRUE(IsRandom(test::Tuples(source)));
  EXPECT_TRUE(IsRandom(test::PositionPairs(source)));
  EXPECT_TRUE(IsRandom(test::Gaps(source)));
  EXPECT_TRUE(IsRandom(test::Runs(source)));
}

// Nothing inside one mask tells.
TEST(StatisticsPowerTest, SeedsThatShareLanesAreSeen) {
  const BitSource source = Libxsmm();
  EXPECT_TRUE(IsRandom(test::Autocorrelation(source)));
  EXPECT_FALSE(IsRandom(test::AdjacentSeeds(source)));
  EXPECT_FALSE(IsRandom(test::AdjacentStreams(source)));
  EXPECT_FALSE(IsRandom(test::SameBitsOfSeeds(source)));
}

TEST(StatisticsPowerTest, RepetitionFromStepToStepIsSeen) {
  const BitSource source = OnnxRuntime();
  EXPECT_TRUE(IsRandom(test::Autocorrelation(source)));
  EXPECT_FALSE(IsRandom(test::SameBitsOfStreams(source)));
  EXPECT_FALSE(IsRandom(test::SameBitsOfSeeds(source)));
}

// Of consecutive steps, the first decides as all others do; and whole masks agree, some hundred steps apart.
TEST(StatisticsPowerTest, RepetitionIsThatOfTheReleasedLibrary) {
  const BitSource source = OnnxRuntime();
  const bool first = source.bits(2026, 0, 0, 1)[0];
  for (std::uint64_t step = 0; step < 4000; ++step) ASSERT_EQ(source.bits(2026, step, 0, 1)[0], first) << step;
}

// The control, changed: of the sequence's elements, those beyond the first `period` repeat them.
BitSource Repeating(std::uint64_t period) {
  return {kHalf, [=](std::uint64_t seed, std::uint64_t stream, std::uint64_t first, std::size_t count) {
            return Bits(first, count, [=](std::uint64_t i) { return ControlBit(kHalf, seed, stream, i % period); });
          }};
}

TEST(StatisticsPowerTest, RowsThatStartTheSameAreSeen) {
  EXPECT_FALSE(IsRandom(test::RowStarts(Repeating(1000))));
  EXPECT_FALSE(IsRandom(test::RowStarts(Repeating(1024))));
}

TEST(StatisticsPowerTest, ChunksThatStartTheSameAreSeen) {
  EXPECT_FALSE(IsRandom(test::ChunkBounds(Repeating(32768))));
}

TEST(StatisticsPowerTest, PartsThatRepeatAreSeen) {
  EXPECT_FALSE(IsRandom(test::AdjacentParts(Repeating(std::uint64_t{1} << 20))));
  EXPECT_FALSE(IsRandom(test::AdjacentParts(Repeating(std::uint64_t{1} << 39))));
}

// An eighth of the blocks: too few for the correlation of all bits at that lag.
TEST(StatisticsPowerTest, TwoPositionsThatAgreeTooOftenAreSeen) {
  const BitSource source = {kHalf,
                            [](std::uint64_t seed, std::uint64_t stream, std::uint64_t first, std::size_t count) {
                              return Bits(first, count, [=](std::uint64_t i) {
                                const std::uint64_t block = i / 128;
                                return ControlBit(kHalf, seed, stream, i % 128 == 77 && block % 8 == 0 ? i - 72 : i);
                              });
                            }};
  EXPECT_TRUE(IsRandom(test::Autocorrelation(source)));
  EXPECT_FALSE(IsRandom(test::PositionPairs(source)));
}

TEST(StatisticsPowerTest, PlanesThatShareBitsAreSeen) {
  std::vector<BitSequence> planes;
  for (const std::uint64_t first : {0, 100'000, 200'000, 63}) {  // The last is the first one, 63 bits on.
    planes.push_back(Control(kHalf).bits(1, 1, first, 65'536));
  }
  EXPECT_TRUE(IsRandom(test::Planes(std::span(planes).first(3))));
  std::swap(planes[1], planes[3]);
  EXPECT_FALSE(IsRandom(test::Planes(planes)));
}

TEST(StatisticsPowerTest, AWrongRateIsSeen) {
  BitSource source = Control(0.3);
  source.q = 0.305;
  EXPECT_FALSE(IsRandom(test::KeepRate(source)));
}

class ControlTest : public testing::TestWithParam<double> {};

TEST_P(ControlTest, PassesTheWholeBattery) {
  const BitSource source = Control(GetParam());
  for (const auto test : {test::KeepRate, test::Autocorrelation, test::Tuples, test::PositionPairs, test::Gaps,
                          test::Runs, test::AdjacentSeeds, test::AdjacentStreams, test::AdjacentParts,
                          test::SameBitsOfSeeds, test::SameBitsOfStreams, test::RowStarts, test::ChunkBounds}) {
    EXPECT_TRUE(IsRandom(test(source)));
  }
}

INSTANTIATE_TEST_SUITE_P(, ControlTest, testing::Values(0.1, 0.5, 0.9));

}  // namespace
}  // namespace fallow
