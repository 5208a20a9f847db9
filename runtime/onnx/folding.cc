// What is constant because its inputs are. The weights are only looked at another way; of numbers there are never more
// than the dimensions of a shape, so that folding costs little whatever the graph.
#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>

#include "fallow/nn/error.h"
#include "runtime/onnx/attributes.h"
#include "runtime/onnx/constants.h"
#include "runtime/onnx/piece_folding.h"
#include "runtime/onnx/tensor_proto.h"
#include "runtime/onnx/text.h"

namespace fallow::nn::onnx_io {
namespace {

using ::onnx::AttributeProto;
using ::onnx::NodeProto;
using ::onnx::TensorProto;

constexpr int kMostDims = 8;

// A node with its attributes and the constants so far.
struct Folded {
  const NodeProto& node;
  Attributes& attributes;
  Constants& constants;

  // Null if there is no such input, or it is not constant.
  const Constant* input(int i) const { return i < node.input_size() ? constants.Find(node.input(i)) : nullptr; }
  std::optional<double> number(int i) const {
    return i < node.input_size() ? constants.Number(node.input(i)) : std::nullopt;
  }
};

// Numbers of a Constant node that are not in a tensor.
std::optional<TensorProto> PlainNumbers(Attributes& attributes) {
  TensorProto tensor;
  if (const auto* number = attributes.Find("value_float", AttributeProto::FLOAT)) {
    tensor.set_data_type(TensorProto::FLOAT);
    tensor.add_float_data(number->f());
  } else if (const auto* floats = attributes.Find("value_floats", AttributeProto::FLOATS)) {
    tensor.set_data_type(TensorProto::FLOAT);
    tensor.add_dims(floats->floats_size());
    *tensor.mutable_float_data() = floats->floats();
  } else if (const auto* integer = attributes.Find("value_int", AttributeProto::INT)) {
    tensor.set_data_type(TensorProto::INT64);
    tensor.add_int64_data(integer->i());
  } else if (const auto* integers = attributes.Find("value_ints", AttributeProto::INTS)) {
    tensor.set_data_type(TensorProto::INT64);
    tensor.add_dims(integers->ints_size());
    *tensor.mutable_int64_data() = integers->ints();
  } else {
    return std::nullopt;
  }
  return tensor;
}

std::optional<Constant> FoldConstant(const Folded& folded) {
  if (const auto* value = folded.attributes.Find("value", AttributeProto::TENSOR)) return Constant{&value->t()};
  std::optional<TensorProto> numbers = PlainNumbers(folded.attributes);
  if (numbers) return folded.constants.Keep(std::move(*numbers));
  folded.attributes.ExpectNoMore();
  throw Error("has no value");
}

std::optional<Constant> FoldIdentity(const Folded& folded) {
  const Constant* input = folded.input(0);
  return input == nullptr ? std::nullopt : std::optional(*input);
}

// Rows and columns swapped, or nothing.
std::optional<Constant> FoldTranspose(const Folded& folded) {
  const Constant* input = folded.input(0);
  if (input == nullptr) return std::nullopt;
  const int rank = input->tensor->dims_size();
  const AttributeProto* perm = folded.attributes.Find("perm", AttributeProto::INTS);
  const auto is = [&](std::initializer_list<std::int64_t> order) { return std::ranges::equal(perm->ints(), order); };
  const bool swaps = rank == 2 && (perm == nullptr || is({1, 0}));
  const bool keeps =
      perm == nullptr ? rank < 2 : (rank == 0 && is({})) || (rank == 1 && is({0})) || (rank == 2 && is({0, 1}));
  if (!swaps && !keeps) {
    throw Error((perm == nullptr ? "no perm" : "attribute perm is " + ToString(perm->ints())) + " for the shape " +
                ToString(input->tensor->dims()) + ", expected an order of at most two dimensions");
  }
  return Constant{input->tensor, input->transposed != swaps};
}

// Whether a constant is an integer (rank 0) or a short list of them (rank 1).
bool IsInteger(const Constant* constant, int rank) {
  return constant != nullptr && constant->tensor->data_type() == TensorProto::INT64 &&
         constant->tensor->dims_size() == rank && CountElements(*constant->tensor) <= kMostDims;
}

std::optional<Constant> FoldedNumber(const Folded& folded, double value) {
  TensorProto number;
  number.set_data_type(TensorProto::FLOAT);
  number.add_float_data(static_cast<float>(value));
  return folded.constants.Keep(std::move(number));
}

// One integer, or only where reading the numbers as another type is what Floats and Integers do anyway.
std::optional<Constant> FoldCast(const Folded& folded) {
  const Constant* input = folded.input(0);
  if (input == nullptr) return std::nullopt;
  const std::int64_t to = folded.attributes.Integer("to", TensorProto::UNDEFINED);
  folded.attributes.Integer("saturate", 1);
  const std::int32_t from = input->tensor->data_type();
  if (to == TensorProto::FLOAT && IsInteger(input, 0)) {
    return FoldedNumber(folded, static_cast<double>(DecodeIntegers(*input->tensor)[0]));
  }
  const bool narrows = from == TensorProto::DOUBLE && to == TensorProto::FLOAT;
  const bool widens = from == TensorProto::INT32 && to == TensorProto::INT64;
  if (to != from && !narrows && !widens) {
    throw Error("attribute to is " + TypeName(static_cast<std::int32_t>(to)) + " for a constant of " + TypeName(from) +
                ", expected " + TypeName(from));
  }
  return *input;
}

// Whether Unsqueeze puts one axis in front.
bool IsFirstAxis(const Folded& folded, const AttributeProto* axes) {
  if (axes != nullptr) return axes->ints_size() == 1 && axes->ints(0) == 0;
  const Constant* list = folded.input(1);
  return IsInteger(list, 1) && DecodeIntegers(*list->tensor) == std::vector<std::int64_t>{0};
}

// An integer to a list of one; a mask to one of all samples.
std::optional<Constant> FoldUnsqueeze(const Folded& folded) {
  const Constant* input = folded.input(0);
  const bool is_mask = input != nullptr && !input->transposed && input->tensor->dims_size() > 1 &&
                       input->tensor->dims_size() < kMostDims;
  if (!is_mask && !IsInteger(input, 0)) return std::nullopt;
  const AttributeProto* axes = folded.attributes.Find("axes", AttributeProto::INTS);
  if (is_mask && !IsFirstAxis(folded, axes)) return std::nullopt;
  folded.constants.Charge(CountElements(*input->tensor));
  TensorProto tensor = *input->tensor;
  tensor.add_dims(1);
  std::rotate(tensor.mutable_dims()->begin(), tensor.mutable_dims()->end() - 1, tensor.mutable_dims()->end());
  return folded.constants.Keep(std::move(tensor));
}

// Lists of integers.
std::optional<Constant> FoldConcat(const Folded& folded) {
  TensorProto list;
  list.set_data_type(TensorProto::INT64);
  for (int i = 0; i < folded.node.input_size(); ++i) {
    const Constant* input = folded.input(i);
    if (!IsInteger(input, 1)) return std::nullopt;
    for (const std::int64_t value : DecodeIntegers(*input->tensor)) list.add_int64_data(value);
  }
  folded.attributes.Integer("axis", 0);  // 0 or -1.
  list.add_dims(list.int64_data_size());
  return folded.constants.Keep(std::move(list));
}

// A mask, and a mask turned round.
std::optional<Constant> FoldedMask(const Folded& folded, const std::vector<bool>& values) {
  TensorProto mask;
  *mask.mutable_dims() = folded.input(0)->tensor->dims();
  SetBooleans(values, &mask);
  return folded.constants.Keep(std::move(mask));
}

std::optional<Constant> FoldEqual(const Folded& folded) {
  const Constant* input = folded.input(0);
  const std::optional<double> number = folded.number(1);
  if (input == nullptr || !number || input->transposed || input->tensor->data_type() != TensorProto::FLOAT) return {};
  std::vector<bool> values;
  for (const float value : folded.constants.Floats(folded.node.input(0))) values.push_back(value == *number);
  return FoldedMask(folded, values);
}

std::optional<Constant> FoldNot(const Folded& folded) {
  const Constant* input = folded.input(0);
  if (input == nullptr || input->transposed || input->tensor->data_type() != TensorProto::BOOL) return {};
  std::vector<bool> values = folded.constants.Booleans(folded.node.input(0));
  values.flip();
  return FoldedMask(folded, values);
}

// Zeros above the diagonal of a matrix, or below it: at the end of torch.tril and torch.triu.
std::optional<Constant> FoldTrilu(const Folded& folded) {
  const Constant* input = folded.input(0);
  if (input == nullptr || input->transposed || input->tensor->dims_size() != 2 || folded.node.input_size() != 1)
    return {};
  const bool upper = folded.attributes.Integer("upper", 1) != 0;
  std::vector<float> values = folded.constants.Floats(folded.node.input(0));
  const auto cols = static_cast<std::size_t>(input->tensor->dims(1));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t row = i / cols, col = i % cols;
    if (upper ? col < row : col > row) values[i] = 0;
  }
  TensorProto tensor;
  *tensor.mutable_dims() = input->tensor->dims();
  SetFloats(values, &tensor);
  return folded.constants.Keep(std::move(tensor));
}

// A number where a mask is set, and elsewhere a constant like it, or another number: what masked_fill makes of zeros.
std::optional<Constant> FoldWhere(const Folded& folded) {
  const Constant *mask = folded.input(0), *otherwise = folded.input(2);
  const std::optional<double> number = folded.number(1);
  if (mask == nullptr || mask->transposed || otherwise == nullptr || otherwise->transposed || !number) return {};
  const std::vector<bool> is_set = folded.constants.Booleans(folded.node.input(0));
  std::vector<float> values = folded.constants.Floats(folded.node.input(2));
  if (values.size() == 1) values.assign(is_set.size(), values[0]);
  if (is_set.size() != values.size()) return {};
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (is_set[i]) values[i] = static_cast<float>(*number);
  }
  TensorProto tensor;
  *tensor.mutable_dims() = mask->tensor->dims();
  SetFloats(values, &tensor);
  return folded.constants.Keep(std::move(tensor));
}

// Of single numbers, such as the scale of an attention that is computed from a shape.
std::optional<Constant> FoldNumbers(const Folded& folded) {
  const std::optional<double> a = folded.number(0), b = folded.number(1);
  const std::string& name = folded.node.op_type();
  const bool is_unary = name == "Sqrt" || name == "Reciprocal";
  if (name == "Mul" && b == 1.0 && folded.input(0) != nullptr) return *folded.input(0);
  if (!a || (!is_unary && !b) || folded.node.input_size() != (is_unary ? 1 : 2)) return {};
  double result = 0;
  if (name == "Sqrt") result = std::sqrt(*a);
  if (name == "Reciprocal") result = 1 / *a;
  if (name == "Pow") result = std::pow(*a, *b);
  if (name == "Mul") result = *a * *b;
  if (name == "Div") result = *a / *b;
  return FoldedNumber(folded, result);
}

struct Folding {
  std::string_view operator_name;
  std::optional<Constant> (*fold)(const Folded& folded);  // Nothing if the inputs are not such constants.
};

constexpr Folding kFoldings[] = {
    {"Cast", FoldCast},   {"Concat", FoldConcat},       {"Constant", FoldConstant}, {"Div", FoldNumbers},
    {"Equal", FoldEqual}, {"Identity", FoldIdentity},   {"Mul", FoldNumbers},       {"Not", FoldNot},
    {"Pow", FoldNumbers}, {"Reciprocal", FoldNumbers},  {"Sqrt", FoldNumbers},      {"Transpose", FoldTranspose},
    {"Trilu", FoldTrilu}, {"Unsqueeze", FoldUnsqueeze}, {"Where", FoldWhere}};

}  // namespace

void Fold(const NodeProto& node, Constants* constants) {
  if (node.output_size() != 1) return;
  for (const auto& [name, fold] : kFoldings) {
    if (name != node.op_type()) continue;
    Attributes attributes(node);
    const std::optional<Constant> constant = fold({node, attributes, *constants});
    if (!constant) break;
    attributes.ExpectNoMore();
    return constants->Add(node.output(0), *constant);
  }
  FoldPieces(node, constants);
}

}  // namespace fallow::nn::onnx_io
