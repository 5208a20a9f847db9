#include "runtime/onnx/constants.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>

#include "fallow/nn/error.h"
#include "runtime/onnx/attributes.h"
#include "runtime/onnx/tensor_proto.h"
#include "runtime/onnx/text.h"

namespace fallow::nn::onnx_io {
namespace {

using ::onnx::AttributeProto;
using ::onnx::NodeProto;
using ::onnx::TensorProto;

Constant FoldIdentity(Constant input, Attributes&) { return input; }

// Rows and columns swapped, or nothing.
Constant FoldTranspose(Constant input, Attributes& attributes) {
  const int rank = input.tensor->dims_size();
  const AttributeProto* perm = attributes.Find("perm", AttributeProto::INTS);
  const auto is = [&](std::initializer_list<std::int64_t> order) { return std::ranges::equal(perm->ints(), order); };
  const bool swaps = rank == 2 && (perm == nullptr || is({1, 0}));
  const bool keeps =
      perm == nullptr ? rank < 2 : (rank == 0 && is({})) || (rank == 1 && is({0})) || (rank == 2 && is({0, 1}));
  if (!swaps && !keeps) {
    throw Error((perm == nullptr ? "no perm" : "attribute perm is " + ToString(perm->ints())) + " for the shape " +
                ToString(input.tensor->dims()) + ", expected an order of at most two dimensions");
  }
  if (swaps) input.transposed = !input.transposed;
  return input;
}

// Only where reading the numbers as another type is what Floats and Integers do anyway.
Constant FoldCast(Constant input, Attributes& attributes) {
  const std::int64_t to = attributes.Integer("to", TensorProto::UNDEFINED);
  const std::int32_t from = input.tensor->data_type();
  const bool narrows = from == TensorProto::DOUBLE && to == TensorProto::FLOAT;
  const bool widens = from == TensorProto::INT32 && to == TensorProto::INT64;
  if (to != from && !narrows && !widens) {
    throw Error("attribute to is " + TypeName(static_cast<std::int32_t>(to)) + " for a constant of " + TypeName(from) +
                ", expected " + TypeName(from));
  }
  return input;
}

struct Folding {
  std::string_view operator_name;
  Constant (*fold)(Constant input, Attributes& attributes);
};

constexpr Folding kFoldings[] = {{"Cast", FoldCast}, {"Identity", FoldIdentity}, {"Transpose", FoldTranspose}};

// The tensor of a Constant node that holds plain numbers.
TensorProto MakeTensor(Attributes& attributes) {
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
    attributes.ExpectNoMore();
    throw Error("has no value");
  }
  return tensor;
}

std::vector<float> Transposed(const std::vector<float>& values, std::size_t rows, std::size_t cols) {
  std::vector<float> result(values.size());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < cols; ++c) result[c * rows + r] = values[r * cols + c];
  }
  return result;
}

}  // namespace

std::vector<std::int64_t> Constant::dims() const {
  std::vector<std::int64_t> result(tensor->dims().begin(), tensor->dims().end());
  if (transposed) std::swap(result[0], result[1]);
  return result;
}

Constants::Constants(const ::onnx::GraphProto& graph, std::size_t most_numbers) : numbers_left_(most_numbers) {
  for (const TensorProto& tensor : graph.initializer()) {
    if (all_.emplace(tensor.name(), Constant{&tensor}).second) continue;
    throw Error("two initializers have the name " + Quoted(tensor.name()));
  }
}

void Constants::Fold(const NodeProto& node) {
  const std::optional<Constant> folded = Evaluate(node);
  if (folded) all_.emplace(node.output(0), *folded);
}

std::optional<Constant> Constants::Evaluate(const NodeProto& node) {
  if (node.output_size() != 1) return std::nullopt;
  Attributes attributes(node);
  std::optional<Constant> result;
  if (node.op_type() == "Constant") {
    if (const auto* value = attributes.Find("value", AttributeProto::TENSOR)) {
      result = Constant{&value->t()};
    } else {
      result = Constant{&made_.emplace_back(MakeTensor(attributes))};
    }
  }
  for (const auto& [name, fold] : kFoldings) {
    const Constant* input = name == node.op_type() && node.input_size() == 1 ? Find(node.input(0)) : nullptr;
    if (input != nullptr) result = fold(*input, attributes);
  }
  if (result) attributes.ExpectNoMore();
  return result;
}

const Constant* Constants::Find(std::string_view name) const {
  const auto found = all_.find(name);
  return found == all_.end() ? nullptr : &found->second;
}

const Constant& Constants::Get(std::string_view name) const {
  const Constant* constant = Find(name);
  if (constant == nullptr) throw Error("input " + Quoted(name) + " is computed, expected a constant");
  return *constant;
}

template <class T>
std::vector<T> Constants::Charged(std::string_view name, std::vector<T> values) const {
  if (values.size() > numbers_left_) {
    throw Error("tensor " + Quoted(name) + " is used too often for the size of the file");
  }
  numbers_left_ -= values.size();
  return values;
}

std::vector<float> Constants::Floats(std::string_view name, bool transposed) const {
  const Constant& constant = Get(name);
  std::vector<float> values = Charged(name, DecodeFloats(*constant.tensor));
  const auto& dims = constant.tensor->dims();
  if (dims.size() != 2 || transposed == constant.transposed) return values;
  return Transposed(values, static_cast<std::size_t>(dims[0]), static_cast<std::size_t>(dims[1]));
}

std::vector<std::int64_t> Constants::Integers(std::string_view name) const {
  const Constant& constant = Get(name);
  if (constant.transposed) throw Error("input " + Quoted(name) + " is transposed integers, expected them as they are");
  return Charged(name, DecodeIntegers(*constant.tensor));
}

std::optional<double> Constants::Number(std::string_view name) const {
  const Constant* constant = Find(name);
  if (constant == nullptr || constant->tensor->dims_size() > 1) return std::nullopt;
  return DecodeNumber(*constant->tensor);
}

}  // namespace fallow::nn::onnx_io
