// Dropout, residual and normalisation against the oracle.
#include "fallow/dropout_norm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "tests/kernels/mask_cases.h"
#include "tests/kernels/row_types.h"
#include "tests/support/number_rows.h"
#include "tests/support/oracle.h"
#include "tests/support/rows_oracle.h"
#include "tests/support/targets.h"

namespace fallow {
namespace {

using oracle::Doubles;
using oracle::Type;
using test::Edge;
using test::NumberRows;
using test::Output;
using Bits = std::vector<std::uint32_t>;

struct Problem {
  Problem(Type element_type, std::size_t rows, std::size_t cols, double drop_probability, bool centred)
      : type(element_type),
        shape({.rows = rows, .cols = cols, .centred = centred}),
        p(drop_probability),
        key({.seed = cols, .stream = rows, .first_element = cols % 3 * 77}),
        x(Numbers(2.0, 1)),
        residual(Numbers(3.0, 2)),
        dy(Numbers(1.0, 3)),
        dz(Numbers(1.0, 4)),
        gamma(test::RandomNumbers(Type::kF32, cols, 2.0, 5)),
        beta(test::RandomNumbers(Type::kF32, cols, 2.0, 6)),
        kept(oracle::MaskBytes(p, test::ToOracle(key), x.size())) {}

  Doubles Numbers(double range, std::uint64_t seed) const {
    return test::RandomNumbers(type, shape.rows * shape.cols, range, seed);
  }
  Mask mask() const { return {Rate(p), key}; }

  // As the header says: product and sum in float, then rounded.
  Doubles Z() const {
    const float scale = oracle::Scale(p);
    Doubles z = residual;
    for (std::size_t i = 0; i < z.size(); ++i) {
      if (kept[i] == 0) continue;
      const float product = static_cast<float>(x[i]) * scale;
      z[i] = test::Rounded(type, static_cast<float>(residual[i]) + product);
    }
    return z;
  }

  Type type;
  oracle::NormShape shape;
  double p;
  MaskKey key;
  Doubles x, residual, dy, dz;
  Doubles gamma, beta;
  oracle::MaskOfRows kept;
};

std::ostream& operator<<(std::ostream& out, const Problem& problem) {
  return out << (problem.shape.centred ? "layer norm, " : "RMS norm, ") << oracle::NameOf(problem.type) << ", "
             << problem.shape.rows << " x " << problem.shape.cols << ", p " << problem.p;
}

std::vector<float> Floats(const Doubles& values) { return {values.begin(), values.end()}; }

Status CallForward(const Problem& problem, ConstArray x, ConstArray residual, Array z, Array y,
                   const Execution& execution) {
  const std::vector<float> gamma = Floats(problem.gamma);
  const std::vector<float> beta = Floats(problem.beta);
  const double eps = problem.shape.eps;
  if (!problem.shape.centred) return DropoutRmsNormForward(x, residual, problem.mask(), gamma, eps, z, y, execution);
  return DropoutLayerNormForward(x, residual, problem.mask(), gamma, beta, eps, z, y, execution);
}

Status CallBackward(const Problem& problem, ConstArray dy, ConstArray dz, ConstArray z, Array dx, Array dresidual,
                    std::span<float> dgamma, std::span<float> dbeta, const Execution& execution) {
  const std::vector<float> gamma = Floats(problem.gamma);
  const double eps = problem.shape.eps;
  if (!problem.shape.centred) {
    return DropoutRmsNormBackward(dy, dz, z, problem.mask(), gamma, eps, dx, dresidual, dgamma, execution);
  }
  return DropoutLayerNormBackward(dy, dz, z, problem.mask(), gamma, eps, dx, dresidual, dgamma, dbeta, execution);
}

struct ForwardOutput {
  Output z, y;
};

struct BackwardOutput {
  bool operator==(const BackwardOutput& other) const {
    return dx.bits == other.dx.bits && dresidual.bits == other.dresidual.bits && dgamma == other.dgamma &&
           dbeta == other.dbeta;
  }

  Output dx, dresidual;
  std::vector<float> dgamma, dbeta;
};

class DropoutNormTest : public test::TargetTest {
 protected:
  Execution execution(int max_threads = 0) const { return {.max_threads = max_threads, .target = GetParam()}; }

  static ForwardOutput Forward(const Problem& problem, const Execution& execution, std::size_t gap = 0,
                               Edge edge = Edge::kStart) {
    const auto [rows, cols] = test::RowShape{problem.shape.rows, problem.shape.cols};
    const NumberRows x(problem.type, problem.x, cols, gap, edge);
    const NumberRows residual(problem.type, problem.residual, cols, gap / 2, edge);
    const NumberRows z(problem.type, rows, cols, gap / 3, edge);
    const NumberRows y(problem.type, rows, cols, gap, edge);
    const Status status =
        CallForward(problem, test::ViewOf(x), test::ViewOf(residual), test::ViewOf(z), test::ViewOf(y), execution);
    EXPECT_TRUE(status.ok()) << status.Message();
    EXPECT_TRUE(z.surroundings_are_intact());
    EXPECT_TRUE(y.surroundings_are_intact());
    return {Output(z), Output(y)};
  }

  static BackwardOutput Backward(const Problem& problem, const Execution& execution, bool with_dz = true,
                                 std::size_t gap = 0, Edge edge = Edge::kStart) {
    const auto [rows, cols] = test::RowShape{problem.shape.rows, problem.shape.cols};
    const NumberRows dy(problem.type, problem.dy, cols, gap, edge);
    const NumberRows dz(problem.type, problem.dz, cols, gap / 2, edge);
    const NumberRows z(problem.type, problem.Z(), cols, gap / 3, edge);
    const NumberRows dx(problem.type, rows, cols, gap, edge);
    const NumberRows dresidual(problem.type, rows, cols, gap + 1, edge);
    const test::GuardedBuffer<float> dgamma(cols, edge);
    const test::GuardedBuffer<float> dbeta(cols, edge);
    const Status status =
        CallBackward(problem, test::ViewOf(dy), with_dz ? ConstArray(test::ViewOf(dz)) : ConstArray(), test::ViewOf(z),
                     test::ViewOf(dx), test::ViewOf(dresidual), dgamma.span(), dbeta.span(), execution);
    EXPECT_TRUE(status.ok()) << status.Message();
    EXPECT_TRUE(dx.surroundings_are_intact());
    EXPECT_TRUE(dresidual.surroundings_are_intact());
    const auto vector = [](std::span<const float> span) { return std::vector<float>(span.begin(), span.end()); };
    return {Output(dx), Output(dresidual), vector(dgamma.span()), vector(dbeta.span())};
  }

  // Errors of sums over `count` terms, relative to the sum of their magnitudes.
  static double SumError(std::size_t count) {
    return std::ldexp(16.0 + static_cast<double>(std::min<std::size_t>(count, 8192)) / 16.0, -24);
  }

  static void ExpectForward(const Problem& problem, const ForwardOutput& actual) {
    const oracle::NormShape& shape = problem.shape;
    const Doubles z = problem.Z();
    for (std::size_t i = 0; i < z.size(); ++i) ASSERT_EQ(actual.z.values[i], z[i]) << "z, element " << i;
    const oracle::Normals normals = oracle::Normalised(shape, z);
    const Doubles expected = oracle::Affine(shape, normals.normal, problem.gamma, problem.beta);
    for (std::size_t i = 0; i < z.size(); ++i) {
      const double size = 6.0 * normals.rstd[i / shape.cols] + std::abs(normals.normal[i]) + 1.0;
      const double error = SumError(shape.cols) * size * 2.0;
      ASSERT_NEAR(actual.y.values[i], expected[i], error + test::HalfStep(problem.type, std::abs(expected[i]) + error))
          << "y, element " << i;
    }
  }

  static void ExpectBackward(const Problem& problem, bool with_dz, const BackwardOutput& actual) {
    const oracle::NormShape& shape = problem.shape;
    const Doubles z = problem.Z();
    const oracle::NormGradients expected = oracle::NormGradient(shape, z, problem.gamma, problem.dy);
    const oracle::Normals normals = oracle::Normalised(shape, z);
    const double scale = oracle::Scale(problem.p);
    for (std::size_t i = 0; i < z.size(); ++i) {
      const double dz = expected.dz[i] + (with_dz ? problem.dz[i] : 0.0);
      const double rstd = normals.rstd[i / shape.cols];
      const double error = SumError(shape.cols) * (rstd * 8.0 * (1.0 + rstd) * (1.0 + std::abs(normals.normal[i])) + 1);
      ASSERT_NEAR(actual.dresidual.values[i], dz, error + test::HalfStep(problem.type, std::abs(dz) + error)) << i;
      if (problem.kept[i] == 0) {
        ASSERT_EQ(actual.dx.bits[i], 0u) << i;
      } else {
        const double largest = (std::abs(dz) + error) * scale;
        if (problem.type == Type::kF16 && largest > 6e4) continue;
        ASSERT_NEAR(actual.dx.values[i], dz * scale, error * scale + test::HalfStep(problem.type, largest)) << i;
      }
    }
    Doubles size(shape.cols, 1.0);
    for (std::size_t i = 0; i < z.size(); ++i) size[i % shape.cols] += 1.0 + 10.0 * normals.rstd[i / shape.cols];
    for (std::size_t col = 0; col < shape.cols; ++col) {
      const double error = SumError(shape.cols + shape.rows) * size[col];
      ASSERT_NEAR(actual.dgamma[col], expected.dgamma[col], error) << "dgamma " << col;
      const double dbeta = shape.centred ? expected.dbeta[col] : 0.0;  // As it was.
      ASSERT_NEAR(actual.dbeta[col], dbeta, error) << "dbeta " << col;
    }
  }

  void ExpectOracle(const Problem& problem, std::size_t gap = 0, Edge edge = Edge::kStart) const {
    SCOPED_TRACE(testing::Message() << problem << ", gap " << gap << ", " << test::EdgeName(edge));
    ExpectForward(problem, Forward(problem, execution(), gap, edge));
    for (const bool with_dz : {true, false}) {
      ExpectBackward(problem, with_dz, Backward(problem, execution(), with_dz, gap, edge));
    }
  }
};

TEST_P(DropoutNormTest, EveryRowLengthBetweenGuardPages) {
  for (const std::size_t cols : {1,  2,  3,  4,  7,  8,   9,   15,  16,  17,   31,   32,   33,   47,
                                 63, 64, 65, 96, 97, 129, 511, 512, 513, 1000, 8191, 8192, 8193, 17'000}) {
    for (const Type type : test::kFloatTypes) {
      for (const bool centred : {true, false}) {
        const Problem problem(type, cols > 4000 ? 2 : 5, cols, 0.1, centred);
        ExpectOracle(problem, 0, Edge::kStart);
        ExpectOracle(problem, 0, Edge::kEnd);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(DropoutNormTest, EveryRate) {
  for (const Type type : test::kFloatTypes) {
    for (const double p : {0.0, 1e-300, 0.1, 0.5, 0.9, 1.0}) {
      for (const bool centred : {true, false}) {
        ExpectOracle(Problem(type, 100, 77, p, centred), 4);
        if (HasFatalFailure()) return;
      }
    }
  }
}

// The same bits as on the target without vectors, with any number of threads, wherever the rows are. One shape has
// several batches of rows.
TEST_P(DropoutNormTest, TheSameBitsOnEveryTargetWithAnyThreads) {
  const Execution reference = {.max_threads = 1, .target = SupportedTargets().back()};
  for (const Type type : test::kFloatTypes) {
    for (const auto& [rows, cols] : test::kRowShapes) {
      const Problem problem(type, rows, cols, 0.1, rows % 2 == 0);
      SCOPED_TRACE(testing::Message() << problem);
      const ForwardOutput forward = Forward(problem, reference);
      const BackwardOutput backward = Backward(problem, reference);
      for (const int threads : {0, 1, 2, 3}) {
        const ForwardOutput actual = Forward(problem, execution(threads), 5);
        ASSERT_EQ(actual.z.bits, forward.z.bits) << threads << " threads";
        ASSERT_EQ(actual.y.bits, forward.y.bits) << threads << " threads";
        ASSERT_TRUE(Backward(problem, execution(threads), true, 7) == backward) << threads << " threads";
      }
    }
  }
}

TEST_P(DropoutNormTest, ForwardInPlace) {
  for (const Type type : test::kFloatTypes) {
    for (const std::size_t cols : {1, 31, 64, 300, 8500}) {
      const Problem problem(type, 5, cols, 0.5, cols % 2 == 0);
      SCOPED_TRACE(testing::Message() << problem);
      const ForwardOutput expected = Forward(problem, execution());
      for (const bool z_over_x : {true, false}) {
        const NumberRows x(type, problem.x, cols, 2, Edge::kEnd);
        const NumberRows residual(type, problem.residual, cols, 3, Edge::kEnd);
        const NumberRows& z = z_over_x ? x : residual;
        const NumberRows& y = z_over_x ? residual : x;
        ASSERT_TRUE(
            CallForward(problem, test::ViewOf(x), test::ViewOf(residual), test::ViewOf(z), test::ViewOf(y), execution())
                .ok());
        EXPECT_EQ(z.Bits(), expected.z.bits);
        EXPECT_EQ(y.Bits(), expected.y.bits);
      }
    }
  }
}

TEST_P(DropoutNormTest, BackwardInPlace) {
  for (const Type type : test::kFloatTypes) {
    for (const std::size_t cols : {1, 31, 64, 300, 8500}) {
      const Problem problem(type, 10, cols, 0.5, cols % 2 == 0);
      SCOPED_TRACE(testing::Message() << problem);
      const BackwardOutput expected = Backward(problem, execution());
      for (std::size_t i = 0; i < 6; ++i) {
        const NumberRows inputs[] = {{type, problem.dy, cols, 2, Edge::kEnd},
                                     {type, problem.dz, cols, 3, Edge::kEnd},
                                     {type, problem.Z(), cols, 1, Edge::kEnd}};
        const NumberRows& dx = inputs[i % 3];
        const NumberRows& dresidual = inputs[(i % 3 + 1 + i / 3) % 3];
        std::vector<float> dgamma(cols);
        std::vector<float> dbeta(cols);
        ASSERT_TRUE(CallBackward(problem, test::ViewOf(inputs[0]), test::ViewOf(inputs[1]), test::ViewOf(inputs[2]),
                                 test::ViewOf(dx), test::ViewOf(dresidual), dgamma, dbeta, execution())
                        .ok());
        EXPECT_TRUE((BackwardOutput{Output(dx), Output(dresidual), dgamma, dbeta}) == expected) << i;
      }
    }
  }
}

// What is dropped leaves the residual alone to the bit, and a NaN spoils its own row only.
TEST_P(DropoutNormTest, SpecialValues) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  for (const Type type : test::kFloatTypes) {
    Problem problem(type, 6, 100, 0.5, true);
    for (std::size_t i = 0; i < 600; ++i) {
      if (problem.kept[i] == 0) problem.x[i] = i % 2 == 0 ? nan : infinity;
      if (problem.kept[i] == 0 && i % 5 == 0) problem.residual[i] = -0.0;
    }
    std::fill_n(problem.residual.begin() + 500, 100, 0.0);  // A row of nothing: variance 0.
    std::fill_n(problem.kept.begin() + 500, 100, std::uint8_t{0});
    const Mask mask(Rate(0.5), problem.kept, MaskFormat::kBytes);
    const NumberRows x(type, problem.x, 100, 0, Edge::kEnd);
    const NumberRows residual(type, problem.residual, 100, 0, Edge::kEnd);
    const NumberRows z(type, 6, 100, 0, Edge::kEnd);
    const NumberRows y(type, 6, 100, 0, Edge::kEnd);
    const std::vector<float> gamma = Floats(problem.gamma);
    const std::vector<float> beta = Floats(problem.beta);
    const auto run = [&](const NumberRows& base) {
      return DropoutLayerNormForward(test::ViewOf(x), test::ViewOf(base), mask, gamma, beta, kNormEps, test::ViewOf(z),
                                     test::ViewOf(y), execution());
    };
    ASSERT_TRUE(run(residual).ok());
    const Doubles before = y.Read();
    for (std::size_t i = 0; i < 600; ++i) {
      ASSERT_FALSE(std::isnan(before[i])) << i;
      ASSERT_TRUE(problem.kept[i] != 0 || z.Bits()[i] == residual.Bits()[i]) << i;
      ASSERT_TRUE(i < 500 || before[i] == test::Rounded(type, problem.beta[i - 500])) << i;
    }
    problem.residual[230] = nan;
    ASSERT_TRUE(run(NumberRows(type, problem.residual, 100, 0, Edge::kEnd)).ok());
    const Doubles after = y.Read();
    for (std::size_t i = 0; i < 600; ++i) ASSERT_EQ(std::isnan(after[i]), i / 100 == 2) << i;
  }
}

FALLOW_TEST_EVERY_TARGET(DropoutNormTest);

class DropoutNormErrorsTest : public testing::Test {
 protected:
  Array Rows(std::size_t first) { return {memory_.data() + first, 4, 10, 10}; }
  std::span<float> Floats10(std::size_t first) { return std::span(memory_).subspan(first, 10); }
  bool untouched() const {
    return std::ranges::all_of(memory_, [](float v) { return v == 3.0f; });
  }

  std::vector<float> memory_ = std::vector<float>(400, 3.0f);
  Mask mask_ = Mask(Rate(0.5), MaskKey{});
};

TEST_F(DropoutNormErrorsTest, ForwardNamesTheArgument) {
  const auto call = [&](ConstArray x, ConstArray residual, const Mask& mask, std::span<const float> gamma,
                        std::span<const float> beta, double eps, Array z, Array y) {
    return std::string(DropoutLayerNormForward(x, residual, mask, gamma, beta, eps, z, y).argument());
  };
  const auto gamma = Floats10(300);
  const auto beta = Floats10(310);
  const Array f64(memory_.data(), DType::kF64, 4, 10, 10);
  EXPECT_EQ(call(f64, f64, mask_, gamma, beta, 1e-5, f64, f64), "x");
  EXPECT_EQ(call(Rows(0), Array(memory_.data(), 4, 9, 10), mask_, gamma, beta, 1e-5, Rows(80), Rows(120)), "residual");
  EXPECT_EQ(call(Rows(0), Rows(40), {Rate(2), MaskKey{}}, gamma, beta, 1e-5, Rows(80), Rows(120)), "rate");
  EXPECT_EQ(call(Rows(0), Rows(40), mask_, gamma.first(9), beta, 1e-5, Rows(80), Rows(120)), "gamma");
  EXPECT_EQ(call(Rows(0), Rows(40), mask_, gamma, beta.first(9), 1e-5, Rows(80), Rows(120)), "beta");
  for (const double eps : {-1e-9, std::nan(""), std::numeric_limits<double>::infinity()}) {
    EXPECT_EQ(call(Rows(0), Rows(40), mask_, gamma, beta, eps, Rows(80), Rows(120)), "eps");
    EXPECT_STREQ(DropoutRmsNormForward(Rows(0), Rows(40), mask_, gamma, eps, Rows(80), Rows(120)).argument(), "eps");
  }
  EXPECT_EQ(call(Rows(0), Rows(40), mask_, gamma, beta, 1e-5, Rows(10), Rows(120)), "z");
  EXPECT_EQ(call(Rows(0), Rows(40), mask_, gamma, beta, 1e-5, Rows(60), Rows(120)), "z");
  EXPECT_EQ(call(Rows(0), Rows(40), mask_, gamma, beta, 1e-5, Rows(80), Rows(80)), "y");
  EXPECT_EQ(call(Rows(0), Rows(40), mask_, gamma, beta, 1e-5, Rows(80), Rows(45)), "y");
  EXPECT_EQ(call(Rows(0), Rows(40), mask_, Floats10(85), beta, 1e-5, Rows(80), Rows(120)), "gamma");
  EXPECT_EQ(call(Rows(0), Rows(40), mask_, gamma, Floats10(150), 1e-5, Rows(80), Rows(120)), "beta");
  EXPECT_TRUE(untouched());
}

TEST_F(DropoutNormErrorsTest, BackwardNamesTheArgument) {
  const auto call = [&](ConstArray dy, ConstArray dz, ConstArray z, std::span<const float> gamma, double eps, Array dx,
                        Array dresidual, std::span<float> dgamma, std::span<float> dbeta) {
    return std::string(DropoutLayerNormBackward(dy, dz, z, mask_, gamma, eps, dx, dresidual, dgamma, dbeta).argument());
  };
  const auto gamma = Floats10(300);
  const auto dgamma = Floats10(310);
  const auto dbeta = Floats10(320);
  const Array short_rows(memory_.data(), 4, 9, 10);
  EXPECT_EQ(call(Array(nullptr, DType::kF32, 4, 10, 10), {}, Rows(80), gamma, 0, Rows(120), Rows(160), dgamma, dbeta),
            "dy");
  EXPECT_EQ(call(Rows(0), short_rows, Rows(80), gamma, 0, Rows(120), Rows(160), dgamma, dbeta), "dz");
  EXPECT_EQ(call(Rows(0), {}, short_rows, gamma, 0, Rows(120), Rows(160), dgamma, dbeta), "z");
  EXPECT_EQ(call(Rows(0), {}, Rows(80), {}, 0, Rows(120), Rows(160), dgamma, dbeta), "gamma");
  EXPECT_EQ(call(Rows(0), {}, Rows(80), gamma, -1, Rows(120), Rows(160), dgamma, dbeta), "eps");
  EXPECT_EQ(call(Rows(0), {}, Rows(80), gamma, 0, Rows(100), Rows(160), dgamma, dbeta), "dx");
  EXPECT_EQ(call(Rows(0), Rows(40), Rows(80), gamma, 0, Rows(45), Rows(160), dgamma, dbeta), "dx");
  EXPECT_EQ(call(Rows(0), {}, Rows(80), gamma, 0, Rows(120), Rows(130), dgamma, dbeta), "dresidual");
  EXPECT_EQ(call(Rows(0), {}, Rows(80), gamma, 0, Rows(120), Rows(120), dgamma, dbeta), "dresidual");
  EXPECT_EQ(call(Rows(0), {}, Rows(80), gamma, 0, Rows(120), Rows(160), dgamma.first(9), dbeta), "dgamma");
  EXPECT_EQ(call(Rows(0), {}, Rows(80), gamma, 0, Rows(120), Rows(160), Floats10(85), dbeta), "dgamma");
  EXPECT_EQ(call(Rows(0), {}, Rows(80), gamma, 0, Rows(120), Rows(160), Floats10(305), dbeta), "dgamma");
  EXPECT_EQ(call(Rows(0), {}, Rows(80), gamma, 0, Rows(120), Rows(160), dgamma, dgamma), "dbeta");
  EXPECT_EQ(call(Rows(0), {}, Rows(80), gamma, 0, Rows(120), Rows(160), dgamma, Floats10(165)), "dbeta");
  EXPECT_TRUE(untouched());
}

TEST_F(DropoutNormErrorsTest, NoElementsAreNoError) {
  EXPECT_TRUE(DropoutLayerNormForward({}, {}, mask_, {}, {}, 1e-5, {}, {}).ok());
  EXPECT_TRUE(DropoutLayerNormBackward({}, {}, {}, mask_, {}, 1e-5, {}, {}, {}, {}).ok());
  const Array none(memory_.data(), 0, 10, 10);
  EXPECT_TRUE(untouched());
  ASSERT_TRUE(DropoutRmsNormBackward(none, {}, none, mask_, Floats10(300), 0, none, none, Floats10(310)).ok());
  EXPECT_TRUE(std::ranges::all_of(Floats10(310), [](float v) { return v == 0.0f; })) << "the sum of no rows";
}

}  // namespace
}  // namespace fallow
