#include "fallow/nn/tensor.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <utility>

#include "fallow/nn/error.h"

namespace fallow::nn {
namespace {

TEST(ShapeTest, CountsElements) {
  EXPECT_EQ(Shape().elements(), 1u);
  EXPECT_EQ((Shape{28, 28}).elements(), 784u);
  EXPECT_EQ((Shape{3, 0, 2}).elements(), 0u);
}

TEST(ShapeTest, ReadsAsText) {
  EXPECT_EQ(Shape().ToString(), "1");
  EXPECT_EQ((Shape{1, 28, 28}).ToString(), "1x28x28");
}

TEST(ShapeTest, RefusesFiveDimensions) { EXPECT_THROW((Shape{1, 1, 1, 1, 1}), Error); }

TEST(ShapeTest, RefusesProductsThatOverflow) {
  constexpr std::size_t kHuge = std::numeric_limits<std::size_t>::max() / 2;
  EXPECT_THROW((Shape{kHuge, 3}), Error);
  EXPECT_THROW((Shape{kHuge}), Error);
  EXPECT_THROW(Tensor(std::size_t{1} << 40, Shape{std::size_t{1} << 30}), Error);
}

TEST(TensorTest, StartsAsAlignedZeros) {
  const Tensor x(3, {5});
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(x.data()) % 64, 0u);
  for (const float v : x.values()) EXPECT_EQ(v, 0.0f);
}

TEST(TensorTest, RowsFollowEachOther) {
  Tensor x(3, {2, 2});
  EXPECT_EQ(x.cols(), 4u);
  EXPECT_EQ(x.row(2).data(), x.data() + 8);
  EXPECT_EQ(x.values().size(), 12u);
}

TEST(TensorTest, ResizeKeepsTheMemoryUntilMoreIsNeeded) {
  Tensor x(4, {8});
  const float* memory = x.data();
  x.Resize(2, {16});
  EXPECT_EQ(x.data(), memory);
  x.Resize(1, {3});
  x.Resize(4, {8});
  EXPECT_EQ(x.data(), memory);
  x.Resize(5, {8});
  EXPECT_EQ(x.values().size(), 40u);
}

TEST(TensorTest, CloneSharesNothing) {
  Tensor x(2, {2});
  x.row(1)[1] = 7;
  Tensor copy = x.Clone();
  EXPECT_EQ(copy.row(1)[1], 7);
  copy.row(1)[1] = 8;
  EXPECT_EQ(x.row(1)[1], 7);
}

TEST(TensorTest, MovedFromIsEmptyAndUsable) {
  Tensor x(2, {2});
  const Tensor y = std::move(x);
  EXPECT_EQ(y.rows(), 2u);
  EXPECT_EQ(x.rows(), 0u);
  x.Resize(2, {2});
  x.row(1)[1] = 1;
  EXPECT_NE(x.data(), y.data());
}

}  // namespace
}  // namespace fallow::nn
