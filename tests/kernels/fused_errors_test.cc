// Wrong arguments of the fused functions: which is named, and that nothing changed.
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "fallow/fused.h"
#include "tests/kernels/errors.h"

namespace fallow {
namespace {

using test::Names;

constexpr std::size_t kRows = 4;
constexpr std::size_t kCols = 25;

class FusedErrorsTest : public test::ErrorsTest {
 protected:
  Array At(std::size_t first) { return {Floats(first, kSize).data(), kRows, kCols, kCols}; }
  Array Vector(std::size_t first, std::size_t size = kCols) { return Floats(first, size); }

  // Arguments of a call that would succeed, for tests to spoil.
  struct Arguments {
    ConstArray dy, x, bias;
    ActivationFunction activation = Activation::kGELU;
    Mask mask = Mask(Rate(0.5), MaskKey{});
    ConstArray residual;
    Array out, dbias;
  };
  Arguments Good() {
    Arguments a;
    a.x = At(0);
    a.dy = At(100);
    a.residual = At(100);
    a.out = At(200);
    a.bias = Vector(300);
    a.dbias = Vector(400);
    return a;
  }

  static Status Forward(const Arguments& a) {
    return BiasActivationDropoutForward(a.x, a.bias, a.activation, a.mask, a.residual, a.out);
  }
  static Status Backward(const Arguments& a) {
    return BiasActivationDropoutBackward(a.dy, a.x, a.bias, a.activation, a.mask, a.out, a.dbias);
  }

  template <class Spoil>
  void ExpectBoth(const Spoil& spoil, const char* forward, const char* backward) {
    Arguments a = Good();
    spoil(a);
    EXPECT_TRUE(Names(Forward(a), forward));
    EXPECT_TRUE(Names(Backward(a), backward));
  }
};

TEST_F(FusedErrorsTest, Types) {
  const auto retyped = [](const auto& array, DType type) {
    return decltype(Array(array))(array.data(), type, array.rows(), array.cols(), array.row_stride());
  };
  Arguments a = Good();
  const Array x = At(0);
  const Array dy = At(100);
  a.x = retyped(x, DType::kF64);
  EXPECT_TRUE(Names(Forward(a), "x", 1));
  EXPECT_TRUE(Names(Backward(a), "x", 1));
  a = Good();
  a.dy = retyped(dy, DType::kF64);
  EXPECT_TRUE(Names(Backward(a), "dy", 1));
  a = Good();
  a.residual = retyped(dy, DType::kBF16);
  EXPECT_TRUE(Names(Forward(a), "residual"));
  ExpectBoth([&](Arguments& b) { b.out = retyped(b.out, DType::kF16); }, "y", "dx");
  ExpectBoth([&](Arguments& b) { b.bias = retyped(Vector(300), DType::kF16); }, "bias", "bias");
  a = Good();
  a.dbias = retyped(a.dbias, DType::kBF16);
  EXPECT_TRUE(Names(Backward(a), "dbias"));
}

TEST_F(FusedErrorsTest, Shapes) {
  for (const std::size_t size : {std::size_t{0}, kCols - 1, kCols + 1}) {
    ExpectBoth([&](Arguments& a) { a.bias = Vector(300, size); }, "bias", "bias");
    Arguments a = Good();
    a.dbias = Vector(400, size);
    EXPECT_TRUE(Names(Backward(a), "dbias", static_cast<double>(size)));
  }
  ExpectBoth([&](Arguments& a) { a.bias = Array(Floats(300, kCols).data(), kCols, 1, 1); }, "bias", "bias");
  ExpectBoth([&](Arguments& a) { a.out = Array(Floats(200, 100).data(), kCols, kRows, kRows); }, "y", "dx");
  Arguments a = Good();
  a.residual = Vector(100, 99);
  EXPECT_TRUE(Names(Forward(a), "residual", 99));
  a = Good();
  a.x = Vector(0, 99);
  EXPECT_TRUE(Names(Backward(a), "x", 99));
}

TEST_F(FusedErrorsTest, NullWithElements) {
  const Array null(static_cast<float*>(nullptr), kRows, kCols, kCols);
  const Array null_row(static_cast<float*>(nullptr), kCols);
  ExpectBoth([&](Arguments& a) { a.x = null; }, "x", "x");
  ExpectBoth([&](Arguments& a) { a.bias = null_row; }, "bias", "bias");
  ExpectBoth([&](Arguments& a) { a.out = null; }, "y", "dx");
  Arguments a = Good();
  a.residual = null;
  EXPECT_TRUE(Names(Forward(a), "residual"));
  a = Good();
  a.dbias = null_row;
  EXPECT_TRUE(Names(Backward(a), "dbias"));
}

TEST_F(FusedErrorsTest, Activations) {
  ExpectBoth([](Arguments& a) { a.activation = static_cast<Activation>(9); }, "activation", "activation");
  for (const float slope : {std::nanf(""), HUGE_VALF, -HUGE_VALF}) {
    ExpectBoth([&](Arguments& a) { a.activation = {Activation::kLeakyReLU, slope}; }, "activation", "activation");
  }
}

TEST_F(FusedErrorsTest, Masks) {
  ExpectBoth([](Arguments& a) { a.mask = Mask(Rate(1.5), MaskKey{}); }, "rate", "rate");
  ExpectBoth([](Arguments& a) { a.mask = Mask(Rate(0.5), {.first_element = std::uint64_t{1} << 57}); }, "key", "key");
  ExpectBoth([&](Arguments& a) { a.mask = Mask(Rate(0.5), Bytes(2000, 12), MaskFormat::kBits); }, "mask", "mask");
  ExpectBoth([&](Arguments& a) { a.mask = Mask(Rate(0.5), Bytes(850, 100), MaskFormat::kBytes); }, "mask", "mask");
  Arguments a = Good();
  a.mask = Mask(Rate(0.5), Bytes(1650, 100), MaskFormat::kBytes);
  EXPECT_TRUE(Names(Backward(a), "mask")) << "over dbias";
}

TEST_F(FusedErrorsTest, Overlaps) {
  ExpectBoth([&](Arguments& a) { a.out = At(50); }, "y", "dx");
  ExpectBoth([&](Arguments& a) { a.out = At(150); }, "y", "dx");
  ExpectBoth([&](Arguments& a) { a.bias = Vector(250); }, "y", "dx");
  for (const std::size_t first : {50, 150, 250, 310}) {
    Arguments a = Good();
    a.dbias = Vector(first);
    EXPECT_TRUE(Names(Backward(a), "dbias")) << first;
  }
}

}  // namespace
}  // namespace fallow
