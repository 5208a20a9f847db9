// Softmax and dropout over rows against the oracle.
#include "fallow/softmax_dropout.h"

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
using oracle::SoftmaxShape;
using oracle::Type;
using test::Edge;
using test::NumberRows;
using test::Output;
using Bits = std::vector<std::uint32_t>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct Problem {
  Problem(Type element_type, const SoftmaxShape& softmax_shape, double drop_probability, double range = 8.0)
      : type(element_type),
        shape(softmax_shape),
        p(drop_probability),
        key({.seed = shape.cols, .stream = shape.rows, .first_element = shape.cols % 3 * 77}),
        x(test::RandomNumbers(type, shape.rows * shape.cols, range, 1)),
        dy(test::RandomNumbers(type, shape.rows * shape.cols, 2.0, 2)),
        kept(oracle::MaskBytes(p, test::ToOracle(key), x.size())) {}

  SoftmaxOptions options() const { return {shape.scale, shape.queries, shape.first_query, shape.attended}; }
  Mask mask() const { return {Rate(p), key}; }
  double dropout_scale() const { return oracle::Scale(p); }

  Type type;
  SoftmaxShape shape;
  double p;
  MaskKey key;
  Doubles x, dy;
  oracle::MaskOfRows kept;
};

std::ostream& operator<<(std::ostream& out, const Problem& problem) {
  const SoftmaxShape& shape = problem.shape;
  return out << oracle::NameOf(problem.type) << ", " << shape.rows << " x " << shape.cols << ", p " << problem.p
             << ", scale " << shape.scale << ", queries " << shape.queries << ", first query " << shape.first_query
             << (shape.attended.empty() ? "" : ", padded");
}

// What the header promises: e of each element.
Doubles RelativeErrors(const SoftmaxShape& shape, const Doubles& logits) {
  Doubles errors(logits.size());
  const double sum_error = 24.0 + static_cast<double>(std::min<std::size_t>(shape.cols, 8192)) / 16.0;
  for (std::size_t row = 0; row < shape.rows; ++row) {
    const double* s = logits.data() + row * shape.cols;
    const double max = *std::max_element(s, s + shape.cols);
    for (std::size_t col = 0; col < shape.cols; ++col) {
      errors[row * shape.cols + col] = std::ldexp(sum_error + 3.0 * std::abs(s[col] - max), -24);
    }
  }
  return errors;
}

class SoftmaxDropoutTest : public test::TargetTest {
 protected:
  Execution execution(int max_threads = 0) const { return {.max_threads = max_threads, .target = GetParam()}; }

  static Output Forward(const Problem& problem, const Execution& execution, std::size_t gap = 0,
                        Edge edge = Edge::kStart) {
    const std::size_t cols = problem.shape.cols;
    const NumberRows x(problem.type, problem.x, cols, gap, edge);
    const NumberRows y(problem.type, problem.shape.rows, cols, gap / 2, edge);
    const Status status =
        SoftmaxDropoutForward(test::ViewOf(x), problem.options(), problem.mask(), test::ViewOf(y), execution);
    EXPECT_TRUE(status.ok()) << status.Message();
    EXPECT_TRUE(y.surroundings_are_intact());
    return Output(y);
  }

  static Output Backward(const Problem& problem, const Execution& execution, std::size_t gap = 0,
                         Edge edge = Edge::kStart) {
    const std::size_t cols = problem.shape.cols;
    const NumberRows x(problem.type, problem.x, cols, gap, edge);
    const NumberRows dy(problem.type, problem.dy, cols, gap / 2, edge);
    const NumberRows dx(problem.type, problem.shape.rows, cols, gap / 3, edge);
    const Status status = SoftmaxDropoutBackward(test::ViewOf(x), test::ViewOf(dy), problem.options(), problem.mask(),
                                                 test::ViewOf(dx), execution);
    EXPECT_TRUE(status.ok()) << status.Message();
    EXPECT_TRUE(dx.surroundings_are_intact());
    return Output(dx);
  }

  static void ExpectForward(const Problem& problem, const Output& actual) {
    const Doubles logits = oracle::Logits(problem.shape, problem.x);
    const Doubles errors = RelativeErrors(problem.shape, logits);
    const Doubles expected =
        oracle::Dropped(oracle::Softmax(problem.shape, logits), problem.kept, problem.dropout_scale());
    const auto& [bits, y] = actual;
    for (std::size_t i = 0; i < y.size(); ++i) {
      if (problem.kept[i] == 0 || logits[i] == -kInfinity) {
        ASSERT_EQ(bits[i], 0u) << i;
        continue;
      }
      const double error = expected[i] * errors[i];
      const double lost = std::ldexp(problem.dropout_scale(), -125);
      ASSERT_NEAR(y[i], expected[i], error + lost + test::HalfStep(problem.type, expected[i] + error)) << i;
    }
  }

  static void ExpectBackward(const Problem& problem, const Output& actual) {
    const SoftmaxShape& shape = problem.shape;
    const Doubles logits = oracle::Logits(shape, problem.x);
    const Doubles errors = RelativeErrors(shape, logits);
    const Doubles p = oracle::Softmax(shape, logits);
    const Doubles g = oracle::Dropped(problem.dy, problem.kept, problem.dropout_scale());
    const Doubles expected =
        oracle::SoftmaxDropoutGradient(shape, p, problem.dy, problem.kept, problem.dropout_scale());
    const auto& [bits, dx] = actual;
    double mean = 0.0;
    double sum = 0.0;
    double largest_error = 0.0;
    for (std::size_t i = 0; i < dx.size(); ++i) {
      if (i % shape.cols == 0) {
        mean = sum = largest_error = 0.0;
        for (std::size_t j = i; j < i + shape.cols; ++j) {
          mean += std::abs(g[j]) * p[j];
          sum += std::abs(g[j]);
          if (logits[j] != -kInfinity) largest_error = std::max(largest_error, errors[j]);
        }
      }
      if (logits[i] == -kInfinity) {
        ASSERT_EQ(bits[i], 0u) << i;
        continue;
      }
      const double error = std::abs(shape.scale) * (2.0 * p[i] * (std::abs(g[i]) + mean) * largest_error +
                                                    std::ldexp(std::abs(g[i]) + sum, -125));
      ASSERT_NEAR(dx[i], expected[i], error + test::HalfStep(problem.type, std::abs(expected[i]) + error)) << i;
    }
  }

  void ExpectOracle(const Problem& problem, std::size_t gap = 0, Edge edge = Edge::kStart) const {
    SCOPED_TRACE(testing::Message() << problem << ", gap " << gap << ", " << test::EdgeName(edge));
    ExpectForward(problem, Forward(problem, execution(), gap, edge));
    ExpectBackward(problem, Backward(problem, execution(), gap, edge));
  }
};

// Every size around a vector, a run and a segment; one task and several chunks.
const std::vector<std::size_t>& Columns() {
  static const std::vector<std::size_t> columns = {1,   2,   3,   4,    7,    8,    9,    15,   16,    17,    31,
                                                   32,  33,  47,  48,   63,   64,   65,   100,  127,   128,   129,
                                                   511, 512, 513, 1000, 8191, 8192, 8193, 8224, 16384, 20'001};
  return columns;
}

std::size_t RowsFor(std::size_t cols) { return cols > 4000 ? 3 : 6; }

TEST_P(SoftmaxDropoutTest, EveryRowLengthBetweenGuardPages) {
  for (const std::size_t cols : Columns()) {
    for (const Type type : test::kFloatTypes) {
      const Problem problem(type, {.rows = RowsFor(cols), .cols = cols, .scale = 0.3f}, 0.1);
      ExpectOracle(problem, 0, Edge::kStart);
      ExpectOracle(problem, 0, Edge::kEnd);
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(SoftmaxDropoutTest, EveryRateAndScale) {
  for (const Type type : test::kFloatTypes) {
    for (const double p : {0.0, 1e-300, 0.1, 0.5, 0.9, 1.0}) {
      for (const float scale : {1.0f, 0.125f, -2.5f, 0.0f, 40.0f}) {
        ExpectOracle(Problem(type, {.rows = 40, .cols = 77, .scale = scale}, p));
        ExpectOracle(Problem(type, {.rows = 3, .cols = 8200, .scale = scale}, p));
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(SoftmaxDropoutTest, CausalAndPaddingMasks) {
  for (const std::size_t cols : {1, 5, 16, 33, 64, 200, 8300}) {
    const auto keys = static_cast<std::ptrdiff_t>(cols);
    for (const std::size_t queries : {std::size_t{0}, std::size_t{1}, std::size_t{4}, std::size_t{12}}) {
      for (const std::ptrdiff_t first : {std::ptrdiff_t{0}, keys - static_cast<std::ptrdiff_t>(queries), keys,
                                         std::ptrdiff_t{-3}, PTRDIFF_MAX, PTRDIFF_MIN / 2}) {
        SoftmaxShape shape = {.rows = 12, .cols = cols, .scale = 0.5f, .queries = queries};
        shape.first_query = std::clamp<std::ptrdiff_t>(first, -1'000'000, 1'000'000);  // The oracle adds.
        Problem problem(Type::kF32, shape, 0.25);
        ExpectOracle(problem, 3);
        problem.shape.attended.resize(3 * cols);
        for (std::size_t i = 0; i < problem.shape.attended.size(); ++i) {
          problem.shape.attended[i] = i % 7 % 3 == 1 ? 0 : static_cast<std::uint8_t>(1 + i % 255);
        }
        std::fill_n(problem.shape.attended.begin(), cols, std::uint8_t{0});  // Nothing at all in the first entry.
        ExpectOracle(problem, 1);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(SoftmaxDropoutTest, AnyFirstQuery) {
  const Problem plain(Type::kF32, {.rows = 6, .cols = 40}, 0.5);
  Problem problem = plain;
  problem.shape.queries = 3;
  problem.shape.first_query = PTRDIFF_MAX;
  EXPECT_EQ(Forward(problem, execution()).bits, Forward(plain, execution()).bits);
  problem.shape.first_query = PTRDIFF_MIN;
  EXPECT_EQ(Forward(problem, execution()).bits, Bits(plain.x.size()));
}

// The same bits as on the target without vectors, with any number of threads, wherever the rows are.
TEST_P(SoftmaxDropoutTest, TheSameBitsOnEveryTargetWithAnyThreads) {
  const Execution reference = {.max_threads = 1, .target = SupportedTargets().back()};
  for (const Type type : test::kFloatTypes) {
    for (const auto& [rows, cols] : test::kRowShapes) {
      const Problem problem(type, {.rows = rows, .cols = cols, .scale = 1.7f}, 0.1, 20.0);
      SCOPED_TRACE(testing::Message() << problem);
      const Bits y = Forward(problem, reference).bits;
      const Bits dx = Backward(problem, reference).bits;
      for (const int threads : {0, 1, 2, 3}) {
        ASSERT_EQ(Forward(problem, execution(threads), 5).bits, y) << threads << " threads";
        ASSERT_EQ(Backward(problem, execution(threads), 7).bits, dx) << threads << " threads";
      }
    }
  }
}

TEST_P(SoftmaxDropoutTest, InPlace) {
  for (const Type type : test::kFloatTypes) {
    for (const std::size_t cols : {1, 31, 64, 300, 8192, 8500}) {
      const Problem problem(type, {.rows = 5, .cols = cols, .queries = 5, .first_query = 290}, 0.5);
      SCOPED_TRACE(testing::Message() << problem);
      const NumberRows x(type, problem.x, cols, 2, Edge::kEnd);
      ASSERT_TRUE(
          SoftmaxDropoutForward(test::ViewOf(x), problem.options(), problem.mask(), test::ViewOf(x), execution()).ok());
      EXPECT_EQ(x.Bits(), Forward(problem, execution()).bits);
      const Bits dx = Backward(problem, execution()).bits;
      for (const bool over_x : {true, false}) {
        const NumberRows logits(type, problem.x, cols, 2, Edge::kEnd);
        const NumberRows dy(type, problem.dy, cols, 3, Edge::kEnd);
        ASSERT_TRUE(SoftmaxDropoutBackward(test::ViewOf(logits), test::ViewOf(dy), problem.options(), problem.mask(),
                                           test::ViewOf(over_x ? logits : dy), execution())
                        .ok());
        EXPECT_EQ((over_x ? logits : dy).Bits(), dx) << (over_x ? "over x" : "over dy");
      }
    }
  }
}

TEST_P(SoftmaxDropoutTest, MasksOfEverySource) {
  const Problem problem(Type::kF32, {.rows = 30, .cols = 90}, 0.4);
  const auto packed = oracle::PackBits(problem.kept);
  std::vector<MaskKey> row_keys;
  for (std::size_t row = 0; row < 30; ++row) {
    row_keys.push_back(problem.key);
    row_keys.back().first_element += row * 90;
  }
  const NumberRows x(problem.type, problem.x, 90, 0, Edge::kEnd);
  const Bits expected = Forward(problem, execution()).bits;
  for (const Mask& mask : {Mask(Rate(0.4), problem.kept, MaskFormat::kBytes),
                           Mask(Rate(0.4), packed, MaskFormat::kBits), Mask(Rate(0.4), row_keys)}) {
    const NumberRows y(problem.type, 30, 90, 0, Edge::kEnd);
    ASSERT_TRUE(SoftmaxDropoutForward(test::ViewOf(x), {}, mask, test::ViewOf(y), execution()).ok());
    EXPECT_EQ(y.Bits(), expected);
  }
}

// Also in a row of NaNs: p = 1 drops what a stored mask keeps.
TEST_P(SoftmaxDropoutTest, FullRateWritesZerosWhateverTheMask) {
  const std::vector<std::uint8_t> ones(60, 1);
  const NumberRows x(Type::kF32, Doubles(60, kNan), 20, 0, Edge::kEnd);
  const NumberRows y(Type::kF32, 3, 20, 0, Edge::kEnd);
  const Mask mask(Rate(1.0), ones, MaskFormat::kBytes);
  ASSERT_TRUE(SoftmaxDropoutForward(test::ViewOf(x), {}, mask, test::ViewOf(y), execution()).ok());
  EXPECT_EQ(y.Bits(), Bits(60));
}

// Rows of 40 and of more than a segment, with special values in some of them.
class SpecialRowsTest : public SoftmaxDropoutTest {
 protected:
  static Problem ProblemOf(Type type, std::size_t cols) {
    return Problem(type, {.rows = 7, .cols = cols, .scale = 2.0f}, 0.3);
  }
  static double* Row(Doubles& values, std::size_t row, std::size_t cols) { return values.data() + row * cols; }
};

TEST_P(SpecialRowsTest, InfiniteAndHugeLogits) {
  for (const Type type : test::kFloatTypes) {
    for (const std::size_t cols : {40, 8300}) {
      Problem problem = ProblemOf(type, cols);
      const double huge = test::Rounded(type, type == Type::kF16 ? 6e4 : 1e38);
      std::fill_n(Row(problem.x, 0, cols), cols, -kInfinity);
      for (std::size_t i = 0; i < cols; i += 2) Row(problem.x, 1, cols)[i] = -kInfinity;
      std::fill_n(Row(problem.x, 2, cols), cols, -huge);
      Row(problem.x, 3, cols)[cols / 2] = huge;
      for (std::size_t i = 0; i < cols; ++i) Row(problem.x, 4, cols)[i] = i % 3 == 0 ? huge : -huge;
      std::fill_n(Row(problem.x, 5, cols), cols, 1e-40);
      ExpectOracle(problem);
    }
  }
}

// A NaN, or +infinity, makes NaNs of all but what is masked: of that, not even a NaN in dy is seen.
TEST_P(SpecialRowsTest, NansAndPositiveInfinity) {
  for (const Type type : test::kFloatTypes) {
    for (const std::size_t cols : {40, 8300}) {
      for (const double special : {kNan, -kNan, kInfinity}) {
        Problem problem = ProblemOf(type, cols);
        problem.shape.queries = 7;
        problem.shape.first_query = static_cast<std::ptrdiff_t>(cols) - 7;
        double* row = Row(problem.x, 2, cols);
        for (std::size_t i = 0; i < cols; i += 3) row[i] = -kInfinity;
        row[16] = special;
        row[17] = 300.0;                         // Beside which others vanish, where a target does not see the NaN.
        problem.dy[2 * cols + cols - 1] = kNan;  // Masked.
        problem.dy[2 * cols + 3] = kNan;         // So is this, by its logit.
        const Doubles y = Forward(problem, execution()).values;
        const Doubles dx = Backward(problem, execution()).values;
        for (std::size_t i = 0; i < y.size(); ++i) {
          const std::size_t col = i % cols;
          const bool masked = (i / cols == 2 && col % 3 == 0) || !problem.shape.Sees(i / cols, col);
          ASSERT_EQ(std::isnan(y[i]), i / cols == 2 && !masked && problem.kept[i] != 0) << i;
          ASSERT_EQ(std::isnan(dx[i]), i / cols == 2 && !masked) << i;
          if (masked) {
            ASSERT_EQ(y[i], 0.0) << i;
            ASSERT_EQ(dx[i], 0.0) << i;
          }
        }
      }
    }
  }
}

FALLOW_TEST_EVERY_TARGET(SoftmaxDropoutTest);
FALLOW_TEST_EVERY_TARGET(SpecialRowsTest);

TEST(SoftmaxDropoutErrorsTest, NameTheArgument) {
  std::vector<float> memory(400, 3.0f);
  const auto rows = [&](std::size_t first) { return Array(memory.data() + first, 4, 10, 10); };
  std::vector<std::uint8_t> bytes(40, 1);
  const Mask mask(Rate(0.5), MaskKey{});
  const auto forward = [&](ConstArray x, const SoftmaxOptions& options, const Mask& m, Array y) {
    return std::string(SoftmaxDropoutForward(x, options, m, y).argument());
  };
  const auto backward = [&](ConstArray x, ConstArray dy, const SoftmaxOptions& options, const Mask& m, Array dx) {
    return std::string(SoftmaxDropoutBackward(x, dy, options, m, dx).argument());
  };
  const auto both = [&](const SoftmaxOptions& options, const Mask& m, const std::string& argument) {
    EXPECT_EQ(forward(rows(0), options, m, rows(40)), argument);
    EXPECT_EQ(backward(rows(0), rows(40), options, m, rows(80)), argument);
  };
  for (const float scale : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    both({.scale = scale}, mask, "scale");
  }
  both({.queries = 3}, mask, "queries");
  both({.attended = std::span(bytes).first(15)}, mask, "attended");
  both({.attended = std::span(bytes).first(30)}, mask, "attended");
  both({}, Mask(Rate(1.5), MaskKey{}), "rate");
  both({}, Mask(Rate(0.5), bytes, MaskFormat::kBits), "mask");
  both({.attended = std::span(bytes).first(20)}, mask, "");

  const Array f64(memory.data(), DType::kF64, 4, 10, 10);
  EXPECT_EQ(forward(f64, {}, mask, f64), "x");
  EXPECT_EQ(forward(Array(nullptr, DType::kF32, 4, 10, 10), {}, mask, rows(40)), "x");
  EXPECT_EQ(forward(rows(0), {}, mask, rows(10)), "y");
  EXPECT_EQ(forward(rows(0), {}, mask, Array(memory.data() + 40, 2, 20, 20)), "y");
  EXPECT_EQ(backward(rows(0), Array(memory.data() + 40, 3, 10, 10), {}, mask, rows(80)), "dy");
  EXPECT_EQ(backward(rows(0), rows(40), {}, mask, rows(45)), "dx");
  EXPECT_EQ(backward(rows(0), rows(40), {}, mask, rows(5)), "dx");
  auto* inside = reinterpret_cast<std::uint8_t*>(memory.data() + 45);
  EXPECT_EQ(forward(rows(0), {.attended = {inside, 20}}, mask, rows(40)), "attended");
  EXPECT_EQ(forward(rows(0), {}, Mask(Rate(0.5), {inside, 40}, MaskFormat::kBytes), rows(40)), "mask");
  EXPECT_EQ(std::count(memory.begin(), memory.end(), 3.0f), 400 - 80) << "of the two calls without an error alone";
}

TEST(SoftmaxDropoutErrorsTest, NoElementsAreNoError) {
  const Mask mask(Rate(0.5), MaskKey{});
  EXPECT_TRUE(SoftmaxDropoutForward(ConstArray(), {}, mask, Array()).ok());
  EXPECT_TRUE(SoftmaxDropoutBackward(ConstArray(), ConstArray(), {}, mask, Array()).ok());
  float element = 1.0f;
  EXPECT_TRUE(SoftmaxDropoutForward(Array(&element, 0, 5, 5), {}, mask, Array(&element, 0, 5, 5)).ok());
  EXPECT_TRUE(SoftmaxDropoutForward(Array(&element, 3, 0, 0), {.queries = 3}, mask, Array(&element, 3, 0, 0)).ok());
}

}  // namespace
}  // namespace fallow
