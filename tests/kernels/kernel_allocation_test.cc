// No call allocates anything, from its first on: every malloc is counted.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "fallow/alpha_dropout.h"
#include "fallow/drop_block.h"
#include "fallow/dropout.h"
#include "fallow/fused.h"
#include "fallow/mask.h"
#include "fallow/monte_carlo.h"
#include "fallow/profile.h"
#include "fallow/zoneout.h"
#include "tests/kernels/dropout_forms.h"
#include "tests/kernels/typed_targets.h"
#include "tests/support/malloc_count.h"

namespace fallow {
namespace {

using test::MallocCount;

// Calls do with it all that they do without.
constexpr ProfileSink kSink = {[](void*, const CallRecord&) noexcept {}};

constexpr std::size_t kRows = 30, kCols = 3'003, kSize = kRows * kCols;

class KernelAllocationTest : public test::TypedTargetTest {
 protected:
  void SetUp() override {
    if (!test::kMallocsAreCounted) GTEST_SKIP() << "sanitizers bring a malloc of their own";
    const long before = MallocCount();
    void* volatile memory = std::malloc(1000);  // Or the compiler does without.
    std::free(memory);
    int* volatile number = new int(1);
    delete number;
    ASSERT_EQ(MallocCount(), before + 2) << "the count does not work";
  }

  // Calls call() and expects that it succeeds and allocates nothing.
  template <class Call>
  static void ExpectNone(const char* what, const Call& call) {
    const long before = MallocCount();
    const bool ok = call().ok();
    const long allocated = MallocCount() - before;
    EXPECT_TRUE(ok) << what;
    EXPECT_EQ(allocated, 0) << what;
  }
};

TEST_P(KernelAllocationTest, AllFormsAndSources) {
  const std::vector<MaskKey> keys(kRows);
  const std::vector<std::uint8_t> bytes(kSize, 1);
  const std::vector<std::uint8_t> bits(BitMaskBytes(kSize), 0x5A);
  std::vector<std::uint8_t> stored(kSize);
  const std::vector<float> bias(kCols);
  std::vector<float> dbias(kCols);
  oracle::Elements from(kRows * (kCols + 1) * element_bytes());
  oracle::Elements to = from;
  const ConstArray x(from.data(), dtype(), kRows, kCols, kCols + 1);
  const Array y(to.data(), dtype(), kRows, kCols, kCols);
  const Mask one_key(Rate(0.1), MaskKey{});
  const Mask masks[] = {one_key,
                        {Rate(0.0), MaskKey{}},
                        {Rate(1.0), MaskKey{}},
                        {Rate(0.1), keys},
                        {Rate(0.1), bits, MaskFormat::kBits},
                        {Rate(0.1), bytes, MaskFormat::kBytes},
                        one_key.Over(Broadcast({kRows, kCols}, {kRows, 1})),
                        one_key.Over(Broadcast({kRows, kCols}, {1, kCols}))};
  const Execution execution = {.max_threads = 1, .target = target(), .profile = &kSink};
  for (const Mask& mask : masks) {
    for (const test::Form form : test::kForms) {
      ExpectNone("dropout", [&] {
        return RunForm(form, x, mask, y, {stored.data(), test::MaskBytesOf(form, kSize)}, execution);
      });
    }
    ExpectNone("GenerateMask", [&] { return GenerateMask(mask, kSize, MaskFormat::kBytes, stored, execution); });
    if (dtype() != DType::kF64) {
      ExpectNone("BiasActivationDropoutForward",
                 [&] { return BiasActivationDropoutForward(x, bias, Activation::kGELU, mask, y, y, execution); });
      ExpectNone("BiasActivationDropoutBackward", [&] {
        return BiasActivationDropoutBackward(x, x, bias, Activation::kGELU, mask, y, dbias, execution);
      });
    }
    std::size_t kept = 0;
    ExpectNone("CountKept", [&] { return CountKept(mask, kSize, &kept, execution); });
  }
  for (const Scaling scaling : {Scaling::kInTraining, Scaling::kAtInference}) {
    ExpectNone("DropoutInference", [&] { return DropoutInference(x, Rate(0.1, scaling), y, execution); });
  }
}

TEST_P(KernelAllocationTest, Variants) {
  oracle::Elements a(kSize * element_bytes());
  oracle::Elements b = a;
  oracle::Elements c = a;
  oracle::Elements samples(3 * a.size());
  std::vector<double> mean(kSize);
  std::vector<double> m2(kSize);
  std::vector<std::uint8_t> stored(kSize);
  const ConstArray x(a.data(), dtype(), kRows, kCols, kCols);
  const Array y(b.data(), dtype(), kRows, kCols, kCols);
  const Array z(c.data(), dtype(), kRows, kCols, kCols);
  const Array many(samples.data(), dtype(), 3 * kRows, kCols, kCols);
  const Array means(mean.data(), kRows, kCols, kCols);
  const Array squares(m2.data(), kRows, kCols, kCols);
  const DropBlockShape shape = {
      .samples = 3, .channels = 10, .height = 3, .width = 1'001, .block_height = 3, .block_width = 9};
  const MaskKey key;
  const Rate rate(0.1);
  const Mask mask(rate, key);
  const Execution execution = {.max_threads = 1, .target = target(), .profile = &kSink};
  ExpectNone("AlphaDropoutForward", [&] { return AlphaDropoutForward(x, mask, y, execution); });
  ExpectNone("AlphaDropoutBackward", [&] { return AlphaDropoutBackward(x, mask, y, execution); });
  ExpectNone("ZoneoutForward", [&] { return ZoneoutForward(x, y, mask, z, execution); });
  ExpectNone("ZoneoutBackward", [&] { return ZoneoutBackward(x, mask, y, z, execution); });
  ExpectNone("ZoneoutInference", [&] { return ZoneoutInference(x, y, rate, z, execution); });
  ExpectNone("DropBlockForward", [&] { return DropBlockForward(x, shape, rate, key, y, execution); });
  ExpectNone("DropBlockBackward", [&] { return DropBlockBackward(y, shape, rate, key, y, execution); });
  ExpectNone("GenerateDropBlockMask",
             [&] { return GenerateDropBlockMask(shape, rate, key, MaskFormat::kBytes, stored, execution); });
  ExpectNone("MonteCarloForward", [&] { return MonteCarloForward(x, mask, 3, many, execution); });
  ExpectNone("WelfordUpdate", [&] { return WelfordUpdate(x, 0, means, squares, execution); });
  ExpectNone("WelfordVariance", [&] { return WelfordVariance(squares, 1, squares, execution); });
}

FALLOW_TEST_EVERY_TARGET_AND_TYPE(KernelAllocationTest);

}  // namespace
}  // namespace fallow
