// The arithmetic of shapes that exporters write where the number of samples is open.
#include <algorithm>
#include <utility>

#include "fallow/nn/error.h"
#include "runtime/onnx/integer_operators.h"
#include "runtime/onnx/operators.h"
#include "runtime/onnx/tensor_proto.h"
#include "runtime/onnx/text.h"
#include "runtime/onnx/trace.h"

namespace fallow::nn::onnx_io {

bool CombineIntegers(Node& node, Trace& trace) {
  const std::optional<Integers> a = trace.IntegersOf(node.input(0)), b = trace.IntegersOf(node.input(1));
  if (!a || !b) return false;
  std::optional<Integers> result = Combined(node.proto().op_type(), *a, *b);
  if (!result) throw Error("computes what is not known beforehand");
  trace.Bind(node.output(0), std::move(*result));
  return true;
}

bool ConcatIntegers(Node& node, Trace& trace) {
  Integers list;
  for (int i = 0; i < node.inputs(); ++i) {
    const std::optional<Integers> part = trace.IntegersOf(node.input(i));
    if (!part || !part->is_list || list.values.size() + part->values.size() > Integers::kMost) return false;
    list.values.insert(list.values.end(), part->values.begin(), part->values.end());
  }
  node.attributes().Integer("axis", 0);  // 0 or -1.
  trace.Bind(node.output(0), std::move(list));
  return true;
}

bool ImportSub(Node& node, Trace& trace) {
  node.ExpectInputs(2, 2);
  return CombineIntegers(node, trace);
}

bool ImportShape(Node& node, Trace& trace) {
  node.ExpectInputs(1, 1);
  Integers shape{trace.ViewOf(node.input(0)).sizes(), true};
  const auto rank = static_cast<std::int64_t>(shape.values.size());
  const auto bound = [&](const char* name, std::int64_t otherwise) {
    const std::int64_t value = node.attributes().Integer(name, otherwise);
    return std::clamp<std::int64_t>(value < 0 && value >= -rank ? value + rank : value, 0, rank);
  };
  const std::int64_t begin = bound("start", 0), end = bound("end", rank);
  shape.values =
      begin < end ? std::vector<Size>(shape.values.begin() + begin, shape.values.begin() + end) : std::vector<Size>();
  trace.Bind(node.output(0), std::move(shape));
  return true;
}

// A number repeated, such as the ones that a mask is made of.
bool ImportExpand(Node& node, Trace& trace) {
  node.ExpectInputs(2, 2);
  const std::optional<double> number = node.constants().Number(node.input(0));
  const std::optional<Integers> sizes = trace.IntegersOf(node.input(1));
  if (!number || !sizes) return false;
  ::onnx::TensorProto tensor;
  for (const Size& size : sizes->values) {
    if (size.batches || size.number <= 0) throw Error("makes a constant of " + ToString(sizes->values));
    tensor.add_dims(size.number);
  }
  const std::size_t elements = CountElements(tensor);
  node.constants().Charge(elements);
  SetFloats(std::vector<float>(elements, static_cast<float>(*number)), &tensor);
  trace.graph().constants().Add(node.output(0), trace.graph().constants().Keep(std::move(tensor)));
  return true;
}

// A list of one number that is repeated.
bool ImportConstantOfShape(Node& node, Trace& trace) {
  node.ExpectInputs(1, 1);
  const std::optional<Integers> count = trace.IntegersOf(node.input(0));
  const auto* value = node.attributes().Find("value", ::onnx::AttributeProto::TENSOR);
  const bool is_short = count && count->values.size() == 1 && !count->values[0].batches &&
                        count->values[0].number >= 0 &&
                        count->values[0].number <= static_cast<std::int64_t>(Integers::kMost);
  if (!is_short || value == nullptr || value->t().data_type() != ::onnx::TensorProto::INT64) return false;
  const std::vector<std::int64_t> numbers = DecodeIntegers(value->t());
  if (numbers.size() != 1)
    throw Error("attribute value has " + std::to_string(numbers.size()) + " numbers, expected one");
  const auto size = static_cast<std::size_t>(count->values[0].number);
  trace.Bind(node.output(0), Integers{std::vector<Size>(size, Size{numbers[0], false}), true});
  return true;
}

}  // namespace fallow::nn::onnx_io
