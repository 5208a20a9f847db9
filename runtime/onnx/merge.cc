// Add, Concat, and Mul and Div: of two values, or of one and a constant.
#include <utility>

#include "fallow/nn/error.h"
#include "fallow/nn/layers.h"
#include "runtime/onnx/attention.h"
#include "runtime/onnx/axes.h"
#include "runtime/onnx/dense.h"
#include "runtime/onnx/integer_operators.h"
#include "runtime/onnx/operators.h"
#include "runtime/onnx/recurrent_trace.h"
#include "runtime/onnx/text.h"
#include "runtime/onnx/trace.h"

namespace fallow::nn::onnx_io {
namespace {

// Of two values that are in the same other order.
bool AddReordered(Node& node, Trace& trace) {
  View view = trace.ViewOf(node.input(0));
  const View& other = trace.ViewOf(node.input(1));
  if (view.axes != other.axes || trace.shape(view.of) != trace.shape(other.of)) return false;
  if (!trace.IsReordered(view) || !trace.IsReordered(other)) return false;
  view.of = trace.Add({.spec = "add:", .input = view.of, .other = other.of}, trace.shape(view.of));
  view.alone = false;
  trace.Bind(node.output(0), std::move(view));
  return true;
}

void AddSum(Node& node, Trace& trace) {
  if (AddReordered(node, trace)) return;
  const std::size_t a = trace.Whole(node.input(0)), b = trace.Whole(node.input(1));
  if (trace.shape(a) != trace.shape(b)) {
    throw Error("adds " + BatchOf(trace.shape(a)) + " and " + BatchOf(trace.shape(b)) + ", expected the same shapes");
  }
  const std::size_t sum = trace.Add({.spec = "add:", .input = a, .other = b}, trace.shape(a));
  trace.Bind(node.output(0), trace.WholeViewOf(sum));
}

// Samples of `shape` without their first `axes` dimensions, which must be 1.
Shape Without(const Shape& shape, std::size_t axes, std::int64_t axis) {
  std::vector<std::size_t> dims;
  for (std::size_t i = 0; i < shape.rank(); ++i) {
    if (i >= axes) dims.push_back(shape[i]);
    if (i < axes && shape[i] != 1) {
      throw Error("attribute axis is " + std::to_string(axis) + " for an input of " + BatchOf(shape) +
                  ", expected 1, the first dimension of a sample");
    }
  }
  return Shape(dims);
}

Shape Joined(const Shape& a, const Shape& b) {
  std::vector<std::size_t> dims;
  bool fits = a.rank() > 0 && a.rank() == b.rank();
  for (std::size_t i = 0; fits && i < a.rank(); ++i) {
    fits = i == 0 || a[i] == b[i];
    dims.push_back(a[i]);
  }
  if (!fits) throw Error("joins " + BatchOf(a) + " and " + BatchOf(b) + " along the first dimension of a sample");
  dims[0] += b[0];
  return Shape(dims);
}

// Multiplies what is known of a value with a number.
template <class T>
bool Scale(Node& node, const std::string& name, double factor, Trace& trace) {
  const T* value = trace.Find<T>(name);
  if (value == nullptr) return false;
  T scaled = *value;
  scaled.scale *= static_cast<float>(factor);
  if constexpr (std::is_same_v<T, View>) scaled.cause = &node.proto();
  trace.Bind(node.output(0), std::move(scaled));
  return true;
}

}  // namespace

bool ImportAdd(Node& node, Trace& trace) {
  node.ExpectInputs(2, 2);
  if (CombineIntegers(node, trace)) return true;
  const int computed = trace.Find(node.input(0)) != nullptr ? 0 : 1;
  const std::string &value = node.input(computed), &other = node.input(1 - computed);
  if (trace.Find(other) != nullptr) {
    AddSum(node, trace);
  } else if (trace.Find<HeadScores>(value) != nullptr) {
    AddMask(node, value, other, trace);
  } else {
    AddBiasOf(node, value, other, trace);
  }
  return true;
}

bool ImportConcat(Node& node, Trace& trace) {
  if (ConcatIntegers(node, trace) || ConcatStates(node, trace)) return true;
  if (node.inputs() == 0) throw Error("has no inputs");
  const std::size_t rank = trace.ViewOf(node.input(0)).axes.size();
  const std::int64_t axis = node.attributes().Integer("axis", 1);
  const std::size_t along = AxisOf(axis, rank);
  if (along == 0) throw Error("attribute axis is " + std::to_string(axis) + ", which joins samples");
  std::size_t joined = 0;
  for (int i = 0; i < node.inputs(); ++i) {
    const std::size_t whole = trace.Whole(node.input(i));
    const std::size_t part = trace.Shaped(whole, Without(trace.shape(whole), along - 1, axis));
    joined = i == 0 ? part
                    : trace.Add({.spec = "concat:", .input = joined, .other = part},
                                Joined(trace.shape(joined), trace.shape(part)));
  }
  View view = trace.WholeViewOf(joined);
  view.axes.insert(view.axes.begin() + 1, along - 1, Axis());
  trace.Bind(node.output(0), std::move(view));
  return true;
}

bool ImportProduct(Node& node, Trace& trace) {
  node.ExpectInputs(2, 2);
  if (CombineIntegers(node, trace)) return true;
  const bool divides = node.proto().op_type() == "Div";
  const int computed = trace.Find(node.input(0)) != nullptr || divides ? 0 : 1;
  const std::optional<double> number = node.constants().Number(node.input(1 - computed));
  if (!number || (divides && *number == 0)) return false;
  const double factor = divides ? 1 / *number : *number;
  const std::string& name = node.input(computed);
  return Scale<View>(node, name, factor, trace) || Scale<HeadScores>(node, name, factor, trace);
}

}  // namespace fallow::nn::onnx_io
