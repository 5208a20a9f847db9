// Operations on several arrays against what an oracle says, wherever the arrays are.
#ifndef FALLOW_TESTS_KERNELS_OPERATION_TEST_H_
#define FALLOW_TESTS_KERNELS_OPERATION_TEST_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "fallow/array.h"
#include "fallow/status.h"
#include "tests/kernels/typed_targets.h"
#include "tests/support/elements.h"

namespace fallow::test {

struct Operand {
  DType type;
  oracle::Elements elements;
  std::size_t row_factor = 1;  // How many rows it has for each of the first input's.
};

// One call: what it gets, what its outputs held, and what they must hold then.
struct Operation {
  std::vector<Operand> inputs;
  std::vector<Operand> expected;
  std::vector<Operand> before;  // Left empty: noise.
  std::function<Status(const std::vector<ConstArray>&, const std::vector<Array>&, const Execution&)> call;
  Nans nans = Nans::kAny;
};

class OperationTest : public TypedTargetTest {
 protected:
  // Inputs and outputs apart.
  static void ExpectOracle(const Operation& operation, const Placement& in, const Placement& out, int max_threads = 0) {
    const std::deque<PlacedRows> inputs = PlaceAll(operation.inputs, in);
    const std::deque<PlacedRows> outputs = PlaceAll(BeforeOf(operation), out);
    std::vector<ConstArray> x;
    std::vector<Array> y;
    for (std::size_t i = 0; i < inputs.size(); ++i) x.push_back(ViewOf(inputs[i], operation.inputs[i].type));
    for (std::size_t i = 0; i < outputs.size(); ++i) y.push_back(ViewOf(outputs[i], operation.expected[i].type));
    const Status status = operation.call(x, y, execution(max_threads));
    ASSERT_TRUE(status.ok()) << status.Message();
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      ASSERT_TRUE(Same(operation.expected[i], outputs[i], operation.nans)) << "output " << i;
      ASSERT_TRUE(outputs[i].surroundings_are_intact()) << "around output " << i;
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      ASSERT_TRUE(Same(operation.inputs[i], inputs[i], Nans::kExact)) << "input " << i;
    }
  }

  // Output `to` is input `from`.
  static void ExpectOracleInPlace(const Operation& operation, std::size_t from, std::size_t to,
                                  const Placement& place) {
    const std::deque<PlacedRows> inputs = PlaceAll(operation.inputs, place);
    const std::deque<PlacedRows> outputs = PlaceAll(BeforeOf(operation), place);
    std::vector<ConstArray> x;
    std::vector<Array> y;
    for (std::size_t i = 0; i < inputs.size(); ++i) x.push_back(ViewOf(inputs[i], operation.inputs[i].type));
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      y.push_back(ViewOf(i == to ? inputs[from] : outputs[i], operation.expected[i].type));
    }
    const Status status = operation.call(x, y, execution());
    ASSERT_TRUE(status.ok()) << status.Message();
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const PlacedRows& output = i == to ? inputs[from] : outputs[i];
      ASSERT_TRUE(Same(operation.expected[i], output, operation.nans)) << "output " << i << " on input " << from;
      ASSERT_TRUE(output.surroundings_are_intact()) << "around output " << i;
    }
  }

 private:
  static std::vector<Operand> BeforeOf(const Operation& operation) {
    if (!operation.before.empty()) return operation.before;
    std::vector<Operand> before = operation.expected;
    for (Operand& operand : before) operand.elements.assign(operand.elements.size(), std::byte{0x5A});
    return before;
  }

  static std::deque<PlacedRows> PlaceAll(const std::vector<Operand>& operands, const Placement& placement) {
    std::deque<PlacedRows> placed;
    for (const Operand& operand : operands) {
      Placement own = placement;
      own.rows *= operand.row_factor;
      placed.emplace_back(operand.elements, oracle::SizeOf(ToOracle(operand.type)), own);
    }
    return placed;
  }

  static Array ViewOf(const PlacedRows& placed, DType type) {
    return {placed.data(), type, placed.rows(), placed.cols(), placed.row_stride()};
  }

  static testing::AssertionResult Same(const Operand& expected, const PlacedRows& actual, Nans nans) {
    return SameElements(ToOracle(expected.type), expected.elements, actual.Read(), nans);
  }
};

}  // namespace fallow::test

#endif  // FALLOW_TESTS_KERNELS_OPERATION_TEST_H_
