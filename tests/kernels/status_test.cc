// Errors of contiguous calls: which argument is named, with what value, and that no output changed.
#include "fallow/status.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "fallow/dropout.h"
#include "fallow/mask.h"
#include "tests/kernels/dropout_forms.h"
#include "tests/kernels/errors.h"

namespace fallow {
namespace {

using test::ErrorsTest;
using test::Form;
using test::Names;

constexpr std::size_t kSize = ErrorsTest::kSize;
constexpr std::uint64_t kEnd = std::uint64_t{1} << 57;
constexpr double kInvalidRates[] = {-0.1, 1.1, std::numeric_limits<double>::infinity(),
                                    -std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()};

TEST(StatusTest, OkNamesNothing) {
  constexpr Status kOk;
  EXPECT_TRUE(kOk.ok());
  EXPECT_STREQ(kOk.argument(), "");
  EXPECT_STREQ(kOk.expected(), "");
  EXPECT_EQ(kOk.value(), 0);
  EXPECT_EQ(kOk.Message(), "ok");
}

TEST(StatusTest, MessageHasArgumentValueAndExpectation) {
  const auto message = [](double value) { return Status::Invalid("rate", value, "a number in [0, 1]").Message(); };
  EXPECT_EQ(message(1.5), "rate: got 1.5, expected a number in [0, 1]");
  EXPECT_EQ(message(-0.1), "rate: got -0.1, expected a number in [0, 1]");
  EXPECT_EQ(message(17), "rate: got 17, expected a number in [0, 1]");
  EXPECT_EQ(message(std::numeric_limits<double>::quiet_NaN()), "rate: got nan, expected a number in [0, 1]");
  EXPECT_EQ(message(std::numeric_limits<double>::infinity()), "rate: got inf, expected a number in [0, 1]");
}

// Dropout with a regenerated mask, in each of its forms.
class DropoutErrorsTest : public ErrorsTest, public testing::WithParamInterface<Form> {
 protected:
  static const char* OutputName() { return GetParam() == Form::kBackward ? "dx" : "y"; }
  static std::size_t MaskSize() { return test::MaskBytesOf(GetParam(), kSize); }

  static Status Call(std::span<const float> in, std::span<float> out, std::span<std::uint8_t> mask,
                     Rate rate = Rate(0.5), const MaskKey& key = {}) {
    return RunForm(GetParam(), in, {rate, key}, out, mask, {});
  }
};

TEST_P(DropoutErrorsTest, RateOutsideTheUnitInterval) {
  for (const double p : kInvalidRates) {
    EXPECT_TRUE(Names(Call(x(), y(), MaskBytes(MaskSize()), Rate(p)), "rate", p));
    EXPECT_TRUE(Names(Call({}, {}, {}, Rate(p)), "rate", p)) << "without elements";
  }
}

TEST_P(DropoutErrorsTest, KeyBeyondTheLastElement) {
  for (const std::uint64_t first : {kEnd - kSize + 1, kEnd, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    const MaskKey key = {.first_element = first};
    for (const double p : {0.0, 0.5, 1.0}) {
      EXPECT_TRUE(Names(Call(x(), y(), MaskBytes(MaskSize()), Rate(p), key), "key", static_cast<double>(first)));
    }
  }
}

TEST_P(DropoutErrorsTest, OutputOfTheWrongSize) {
  for (const std::size_t size : {std::size_t{0}, kSize - 1, kSize + 1}) {
    const auto out = Floats(kSize, size);
    EXPECT_TRUE(Names(Call(x(), out, Bytes(2048, MaskSize())), OutputName(), static_cast<double>(size)));
    EXPECT_TRUE(Names(Call(x(), Floats(0, size), MaskBytes(MaskSize())), OutputName(), static_cast<double>(size)));
  }
}

TEST_P(DropoutErrorsTest, OutputThatOverlapsTheInputInPart) {
  const auto in = Floats(200, kSize);
  for (const std::size_t first : {200 - kSize + 1, std::size_t{199}, std::size_t{201}, 200 + kSize - 1}) {
    for (const double p : {0.0, 0.5, 1.0}) {
      EXPECT_TRUE(Names(Call(in, Floats(first, kSize), Bytes(2048, MaskSize()), Rate(p)), OutputName())) << first;
    }
  }
}

TEST_P(DropoutErrorsTest, MaskOfTheWrongSize) {
  if (MaskSize() == 0) return;
  for (const std::size_t size : {std::size_t{0}, MaskSize() - 1, MaskSize() + 1}) {
    for (const double p : {0.0, 0.5, 1.0}) {
      EXPECT_TRUE(Names(Call(x(), y(), MaskBytes(size), Rate(p)), "stored", static_cast<double>(size)));
    }
  }
}

TEST_P(DropoutErrorsTest, MaskThatOverlapsInputOrOutput) {
  if (MaskSize() == 0) return;
  constexpr std::size_t kSpanBytes = kSize * sizeof(float);
  const auto in = Floats(kSize, kSize);
  const auto out = Floats(3 * kSize, kSize);
  for (const std::size_t start : {kSpanBytes, 3 * kSpanBytes}) {
    for (const std::size_t first : {start - MaskSize() + 1, start, start + 50, start + kSpanBytes - 1}) {
      for (const double p : {0.0, 0.5, 1.0}) {
        EXPECT_TRUE(Names(Call(in, out, Bytes(first, MaskSize()), Rate(p)), "stored")) << first;
      }
    }
  }
}

TEST_P(DropoutErrorsTest, NoElementsAreNoError) {
  EXPECT_TRUE(Call({}, {}, {}).ok());
  EXPECT_TRUE(Call(x().first(0), x().first(0), Bytes(8, 0)).ok());
  EXPECT_TRUE(Call({}, {}, {}, Rate(0.5), {.first_element = kEnd}).ok());
  EXPECT_TRUE(Names(Call({}, {}, {}, Rate(0.5), {.first_element = kEnd + 1}), "key"));
}

INSTANTIATE_TEST_SUITE_P(, DropoutErrorsTest, testing::ValuesIn(test::kForms), testing::PrintToStringParamName());

// Adjacent is not overlapping, and the last element may be used.
TEST(DropoutLimitsTest, AdjacentSpansAndTheLastElementAreNoError) {
  alignas(float) std::array<std::byte, 2 * kSize * sizeof(float) + kSize> memory = {};
  auto* floats = reinterpret_cast<float*>(memory.data());
  auto* mask = reinterpret_cast<std::uint8_t*>(floats + 2 * kSize);
  const MaskKey key = {.first_element = kEnd - kSize};
  for (const Form form : test::kForms) {
    const std::span<std::uint8_t> mask_span(mask, test::MaskBytesOf(form, kSize));
    EXPECT_TRUE(RunForm(form, {floats, kSize}, {Rate(0.5), key}, {floats + kSize, kSize}, mask_span, {}).ok()) << form;
    EXPECT_TRUE(RunForm(form, {floats + kSize, kSize}, {Rate(0.5), key}, {floats, kSize}, mask_span, {}).ok()) << form;
  }
}

class MaskErrorsTest : public ErrorsTest, public testing::WithParamInterface<MaskFormat> {
 protected:
  static Status Generate(Rate rate, const MaskKey& key, std::size_t count, std::span<std::uint8_t> mask) {
    return GenerateMask({rate, key}, count, GetParam(), mask);
  }
  static Status Apply(std::span<const float> in, std::span<const std::uint8_t> mask, std::span<float> out) {
    return DropoutForward(in, {Rate(0.5), mask, GetParam()}, out);
  }
  static std::size_t MaskSize() { return StoredMaskBytes(GetParam(), kSize); }
  std::span<std::uint8_t> mask() { return MaskBytes(MaskSize()); }
};

TEST_P(MaskErrorsTest, Generate) {
  for (const double p : kInvalidRates) EXPECT_TRUE(Names(Generate(Rate(p), {}, kSize, mask()), "rate", p));
  for (const std::uint64_t first : {kEnd - kSize + 1, kEnd, ~std::uint64_t{0}}) {
    const MaskKey key = {.first_element = first};
    EXPECT_TRUE(Names(Generate(Rate(0.5), key, kSize, mask()), "key", static_cast<double>(first)));
  }
  for (const std::size_t size : {std::size_t{0}, MaskSize() - 1, MaskSize() + 1}) {
    for (const double p : {0.0, 0.5, 1.0}) {
      EXPECT_TRUE(Names(Generate(Rate(p), {}, kSize, MaskBytes(size)), "stored", static_cast<double>(size)));
    }
  }
  EXPECT_FALSE(Generate(Rate(0.5), {}, ~std::size_t{0}, mask()).ok()) << "no count makes the sum wrap around";
}

TEST_P(MaskErrorsTest, GenerateNothing) {
  EXPECT_TRUE(Generate(Rate(0.5), {}, 0, {}).ok());
  EXPECT_TRUE(Generate(Rate(0.5), {.first_element = kEnd}, 0, {}).ok());
  EXPECT_TRUE(Names(Generate(Rate(0.5), {.first_element = kEnd + 1}, 0, {}), "key"));
}

TEST_P(MaskErrorsTest, Apply) {
  for (const std::size_t size : {std::size_t{0}, kSize - 1, kSize + 1}) {
    EXPECT_TRUE(Names(Apply(x(), Bytes(2048, MaskSize()), Floats(kSize, size)), "y", static_cast<double>(size)));
  }
  for (const std::size_t size : {std::size_t{0}, MaskSize() - 1, MaskSize() + 1}) {
    EXPECT_TRUE(Names(Apply(x(), MaskBytes(size), y()), "mask", static_cast<double>(size)));
  }
  for (const std::size_t first : {std::size_t{1}, kSize - 1}) {
    EXPECT_TRUE(Names(Apply(Floats(0, kSize), Bytes(2048, MaskSize()), Floats(first, kSize)), "y")) << first;
    EXPECT_TRUE(Names(Apply(Floats(first, kSize), Bytes(2048, MaskSize()), Floats(0, kSize)), "y")) << first;
  }
  for (const std::size_t first_byte : {kSize * sizeof(float), 2 * kSize * sizeof(float) - 1}) {
    EXPECT_TRUE(Names(Apply(x(), Bytes(first_byte, MaskSize()), y()), "mask")) << first_byte;
  }
}

TEST_P(MaskErrorsTest, ApplyNothing) {
  EXPECT_TRUE(Apply({}, {}, {}).ok());
  EXPECT_TRUE(Apply(x().first(0), mask().first(0), x().first(0)).ok());
}

INSTANTIATE_TEST_SUITE_P(, MaskErrorsTest, testing::Values(MaskFormat::kBits, MaskFormat::kBytes),
                         [](const auto& param_info) {
                           return param_info.param == MaskFormat::kBits ? "Bits" : "Bytes";
                         });

}  // namespace
}  // namespace fallow
