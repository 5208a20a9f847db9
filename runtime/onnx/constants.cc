#include "runtime/onnx/constants.h"

#include <string>
#include <utility>

#include "fallow/nn/error.h"
#include "runtime/onnx/tensor_proto.h"
#include "runtime/onnx/text.h"

namespace fallow::nn::onnx_io {
namespace {

using ::onnx::TensorProto;

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

const Constant* Constants::Find(std::string_view name) const {
  const auto found = all_.find(name);
  return found == all_.end() ? nullptr : &found->second;
}

const Constant& Constants::Get(std::string_view name) const {
  const Constant* constant = Find(name);
  if (constant == nullptr) throw Error("input " + Quoted(name) + " is computed, expected a constant");
  return *constant;
}

std::optional<Pieces> Constants::FindPieces(std::string_view name) const {
  const auto found = pieces_.find(name);
  if (found != pieces_.end()) return found->second;
  const Constant* constant = Find(name);
  return constant == nullptr || constant->transposed ? std::nullopt : PiecesOf(*constant->tensor);
}

void Constants::AddPieces(std::string_view name, Pieces pieces) {
  Charge(name, pieces.runs.size() * (sizeof(Pieces::Run) / sizeof(float)));
  pieces_.emplace(name, std::move(pieces));
}

void Constants::Charge(std::string_view name, std::size_t numbers) const {
  if (numbers > numbers_left_) throw Error("tensor " + Quoted(name) + " is used too often for the size of the file");
  numbers_left_ -= numbers;
}

void Constants::Charge(std::size_t numbers) const {
  if (numbers > numbers_left_) throw Error("numbers are used too often for the size of the file");
  numbers_left_ -= numbers;
}

std::vector<bool> Constants::Booleans(std::string_view name) const {
  return Charged(name, DecodeBooleans(*Get(name).tensor));
}

std::vector<float> Constants::Floats(std::string_view name, bool transposed) const {
  const Constant& constant = Get(name);
  std::vector<float> values = Charged(name, DecodeFloats(*constant.tensor));
  const auto& dims = constant.tensor->dims();
  if (dims.size() != 2 || transposed == constant.transposed) return values;
  return Transposed(values, static_cast<std::size_t>(dims[0]), static_cast<std::size_t>(dims[1]));
}

std::vector<float> Constants::Floats(std::string_view name, const Pieces& pieces) const {
  std::vector<float> values;
  for (const Pieces::Run& run : pieces.runs) {
    const std::vector<float> part = Charged(name, DecodeFloats(*run.tensor, run.begin, run.count));
    values.insert(values.end(), part.begin(), part.end());
  }
  return values;
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
