// Each C function does what its namesake in C++ does.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "fallow/dropout.h"
#include "fallow/fused.h"
#include "fallow/softmax_dropout.h"
#include "tests/kernels/c_functions.h"
#include "tests/kernels/profiled_functions.h"

namespace fallow::test {
namespace {

std::string NameOf(const testing::TestParamInfo<CFunction>& function) { return function.param.name; }

TEST(CFunctionsTest, AreThoseOfCpp) {
  std::vector<std::string> cpp;
  std::vector<std::string> c;
  for (const ProfiledFunction& function : ProfiledFunctions()) cpp.emplace_back(function.name);
  for (const CFunction& function : CFunctions()) c.push_back(function.name);
  std::ranges::sort(cpp);
  std::ranges::sort(c);
  EXPECT_EQ(c, cpp) << "tests/kernels/c_functions.cc and the C++ headers";
}

class CFunctionTest : public testing::TestWithParam<CFunction> {};

TEST_P(CFunctionTest, DoesTheSame) {
  COutputs c;
  COutputs cpp;
  ASSERT_EQ(MessageOf(GetParam().c(c, nullptr)), "ok");
  ASSERT_TRUE(GetParam().cpp(cpp, {}).ok());
  EXPECT_TRUE(c == cpp);
  EXPECT_FALSE(c == COutputs()) << "wrote nothing";
}

TEST_P(CFunctionTest, HandsTheExecutionOn) {
  std::vector<fallow_call_record> records;
  fallow_execution execution = {};
  execution.profile = [](void* context, const fallow_call_record* record) {
    static_cast<std::vector<fallow_call_record>*>(context)->push_back(*record);
  };
  execution.profile_context = &records;
  COutputs outputs;
  ASSERT_TRUE(fallow_ok(GetParam().c(outputs, &execution)));
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].operation, GetParam().name);

  // And refuses what it does not know.
  outputs = COutputs();
  execution.reserved[3] = 1;
  EXPECT_EQ(MessageOf(GetParam().c(outputs, &execution)), "reserved: got 1, expected zeros");
  EXPECT_TRUE(outputs == COutputs());
  EXPECT_EQ(records.size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(All, CFunctionTest, testing::ValuesIn(CFunctions().begin(), CFunctions().end()), NameOf);

// What the functions above do not show.

constexpr std::size_t kRows = 6, kCols = 10, kCount = kRows * kCols;
const std::vector<float> kOnes(kCount, 1.0f);
const fallow_const_array kIn = {kOnes.data(), kRows, kCols, kCols, FALLOW_F32};

std::vector<float> Forward(const fallow_mask& mask) {
  std::vector<float> y(kCount, 7.0f);
  const fallow_array out = {y.data(), kRows, kCols, kCols, FALLOW_F32};
  EXPECT_EQ(MessageOf(fallow_dropout_forward(kIn, &mask, out, nullptr)), "ok");
  return y;
}

std::vector<float> Forward(const Mask& mask) {
  std::vector<float> y(kCount, 7.0f);
  EXPECT_TRUE(DropoutForward({kOnes.data(), kRows, kCols, kCols}, mask, {y.data(), kRows, kCols, kCols}).ok());
  return y;
}

TEST(CMaskTest, StoredAsBitsAndBytes) {
  const fallow_mask drawn = fallow_mask_from_key(0.3, fallow_key(1, 2));
  for (const std::int32_t format : {FALLOW_MASK_BITS, FALLOW_MASK_BYTES}) {
    std::vector<std::uint8_t> stored(format == FALLOW_MASK_BITS ? fallow_bit_mask_bytes(kCount) : kCount);
    ASSERT_TRUE(fallow_ok(fallow_generate_mask(&drawn, kCount, format, stored.data(), stored.size(), nullptr)));
    fallow_mask from_stored = {};
    from_stored.rate.drop_probability = 0.3;
    from_stored.source = FALLOW_MASK_STORED;
    from_stored.format = format;
    from_stored.stored = stored.data();
    from_stored.stored_bytes = stored.size();
    EXPECT_EQ(Forward(from_stored), Forward(drawn));
  }
}

TEST(CMaskTest, RowKeys) {
  std::vector<fallow_mask_key> keys_c;
  std::vector<MaskKey> keys;
  for (std::uint64_t row = 0; row < kRows; ++row) {
    keys_c.push_back(fallow_key(row, 5));
    keys_c.back().first_element = row * 100;
    keys_c.back().rounds = FALLOW_ROUNDS_7;
    keys.push_back({.seed = row, .stream = 5, .first_element = row * 100, .rounds = Rounds::k7});
  }
  fallow_mask mask = {};
  mask.rate.drop_probability = 0.3;
  mask.source = FALLOW_MASK_FROM_ROW_KEYS;
  mask.row_keys = keys_c.data();
  mask.row_key_count = keys_c.size();
  EXPECT_EQ(Forward(mask), Forward(Mask(Rate(0.3), keys)));
}

TEST(CMaskTest, Broadcasts) {
  const std::size_t shape[] = {2, 3, kCols};
  for (const std::vector<std::size_t>& noise_shape :
       {std::vector<std::size_t>{2, 3, 1}, {2, 1, kCols}, {2, 1, 1}, {1, 3, kCols}, {2, 3, kCols}}) {
    fallow_mask mask = fallow_mask_from_key(0.5, fallow_key(7, 9));
    mask.dims = 3;
    mask.shape = shape;
    mask.noise_shape = noise_shape.data();
    const Mask cpp(Rate(0.5), MaskKey{.seed = 7, .stream = 9});
    EXPECT_EQ(Forward(mask), Forward(cpp.Over(Broadcast(std::span(shape), noise_shape))));
  }
}

TEST(CMaskTest, OfEveryLayoutAndScaling) {
  for (std::uint8_t layout = FALLOW_STREAM_FALLOW; layout <= FALLOW_STREAM_JAX_THREEFRY; ++layout) {
    fallow_mask mask = fallow_mask_from_key(0.3, fallow_key(7, 0));
    mask.rate.scaling = FALLOW_SCALE_AT_INFERENCE;
    mask.key.layout = layout;
    mask.key.stream = layout == FALLOW_STREAM_ONEDNN ? 4 : 0;
    const MaskKey key{.seed = 7, .stream = mask.key.stream, .layout = static_cast<MaskStream>(layout)};
    EXPECT_EQ(Forward(mask), Forward(Mask(Rate(0.3, Scaling::kAtInference), key))) << int{layout};
  }
}

TEST(CDropoutTest, EveryType) {
  const fallow_mask mask_c = fallow_mask_from_key(0.3, fallow_key(7, 9));
  const Mask mask(Rate(0.3), MaskKey{.seed = 7, .stream = 9});
  for (const DType dtype : {DType::kF32, DType::kF64, DType::kBF16, DType::kF16}) {
    const auto dtype_c = static_cast<fallow_dtype>(dtype);
    std::vector<std::uint8_t> in(800);
    std::vector<std::uint8_t> y_c(800);
    std::vector<std::uint8_t> y(800);
    for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<std::uint8_t>(i * 7);
    const std::size_t n = in.size() / SizeOf(dtype);
    for (const bool backward : {false, true}) {
      const auto c = backward ? fallow_dropout_backward : fallow_dropout_forward;
      const auto cpp = backward ? DropoutBackward : DropoutForward;
      ASSERT_TRUE(fallow_ok(
          c(fallow_const_elements(in.data(), dtype_c, n), &mask_c, fallow_elements(y_c.data(), dtype_c, n), nullptr)));
      ASSERT_TRUE(cpp({in.data(), dtype, n}, mask, {y.data(), dtype, n}, {}).ok());
      EXPECT_EQ(y_c, y);
    }
  }
}

TEST(CFusedTest, WhatCanBeLeftOut) {
  const fallow_mask mask_c = fallow_mask_from_key(0.3, fallow_key(7, 9));
  const Mask mask(Rate(0.3), MaskKey{.seed = 7, .stream = 9});
  std::vector<float> y_c(kCount);
  std::vector<float> y(kCount);
  const fallow_array out_c = {y_c.data(), kRows, kCols, kCols, FALLOW_F32};
  const Array out(y.data(), kRows, kCols, kCols);
  const ConstArray in(kOnes.data(), kRows, kCols, kCols);
  const fallow_const_array none = {};
  ASSERT_EQ(MessageOf(fallow_bias_activation_dropout_forward(kIn, none, {FALLOW_GELU, 0}, &mask_c, none, out_c, {})),
            "ok");
  ASSERT_TRUE(BiasActivationDropoutForward(in, {}, Activation::kGELU, mask, {}, out).ok());
  EXPECT_EQ(y_c, y);
  ASSERT_EQ(MessageOf(fallow_bias_activation_dropout_backward(kIn, kIn, none, {FALLOW_GELU, 0}, &mask_c, out_c,
                                                              fallow_array{}, nullptr)),
            "ok");
  ASSERT_TRUE(BiasActivationDropoutBackward(in, in, {}, Activation::kGELU, mask, out, {}).ok());
  EXPECT_EQ(y_c, y);
  ASSERT_EQ(MessageOf(fallow_softmax_dropout_forward(kIn, 0.5f, nullptr, &mask_c, out_c, nullptr)), "ok");
  ASSERT_TRUE(SoftmaxDropoutForward(in, {.scale = 0.5f}, mask, out).ok());
  EXPECT_EQ(y_c, y);
}

}  // namespace
}  // namespace fallow::test
