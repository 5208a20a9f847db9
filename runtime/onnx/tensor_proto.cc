#include "runtime/onnx/tensor_proto.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "fallow/nn/error.h"
#include "runtime/onnx/decimal.h"
#include "runtime/onnx/text.h"

namespace fallow::nn::onnx_io {
namespace {

using ::onnx::TensorProto;

static_assert(std::endian::native == std::endian::little, "values are copied as they are in memory");

Error Fail(const TensorProto& tensor, const std::string& message) {
  return Error("tensor " + Quoted(tensor.name()) + ": " + message);
}

void CheckCount(const TensorProto& tensor, std::size_t elements, std::size_t found) {
  if (found == elements) return;
  throw Fail(tensor, std::to_string(found) + " numbers for the shape " + ToString(tensor.dims()) + ", expected " +
                         std::to_string(elements));
}

// Numbers of a tensor, which has as many as its shape says.
struct Part {
  std::size_t begin, count;
};

// `field` is where numbers are that are not raw bytes.
template <class T, class Field>
std::vector<T> Decode(const TensorProto& tensor, const Field& field, std::size_t elements, Part part) {
  if (!tensor.has_raw_data()) {
    CheckCount(tensor, elements, static_cast<std::size_t>(field.size()));
    return std::vector<T>(field.begin() + part.begin, field.begin() + part.begin + part.count);
  }
  const std::string& raw = tensor.raw_data();
  if (raw.size() % sizeof(T) != 0) {
    throw Fail(tensor, std::to_string(raw.size()) + " bytes, expected numbers of " + std::to_string(sizeof(T)));
  }
  CheckCount(tensor, elements, raw.size() / sizeof(T));
  std::vector<T> values(part.count);
  if (part.count > 0) std::memcpy(values.data(), raw.data() + part.begin * sizeof(T), part.count * sizeof(T));
  return values;
}

template <class T, class Field>
std::vector<T> Decode(const TensorProto& tensor, const Field& field) {
  const std::size_t elements = CountElements(tensor);
  return Decode<T>(tensor, field, elements, {0, elements});
}

std::vector<float> Narrow(const TensorProto& tensor, const std::vector<double>& values) {
  std::vector<float> narrow;
  narrow.reserve(values.size());
  for (const double value : values) {
    if (std::isfinite(value) && std::abs(value) > std::numeric_limits<float>::max()) {
      throw Fail(tensor, std::to_string(value) + " is beyond the range of f32");
    }
    narrow.push_back(static_cast<float>(value));
  }
  return narrow;
}

}  // namespace

std::string TypeName(std::int32_t type) {
  return ::onnx::TensorProto_DataType_IsValid(type)
             ? ::onnx::TensorProto_DataType_Name(static_cast<::onnx::TensorProto_DataType>(type))
             : std::to_string(type);
}

std::size_t CountElements(const TensorProto& tensor) {
  if (tensor.data_location() == TensorProto::EXTERNAL || tensor.external_data_size() > 0) {
    throw Fail(tensor, "its numbers are in another file, which is not read");
  }
  if (tensor.has_segment()) throw Fail(tensor, "is in segments, which are not read");
  constexpr std::uint64_t kMost = std::uint64_t{1} << 40;  // More than any file has.
  std::uint64_t elements = 1;
  for (const std::int64_t dim : tensor.dims()) {
    if (dim < 0) throw Fail(tensor, "the shape " + ToString(tensor.dims()) + " has negative dimensions");
    if (dim != 0 && elements > kMost / static_cast<std::uint64_t>(dim)) {
      throw Fail(tensor, "the shape " + ToString(tensor.dims()) + " is too large");
    }
    elements *= static_cast<std::uint64_t>(dim);
  }
  return elements;
}

std::vector<float> DecodeFloats(const TensorProto& tensor) { return DecodeFloats(tensor, 0, CountElements(tensor)); }

std::vector<float> DecodeFloats(const TensorProto& tensor, std::size_t begin, std::size_t count) {
  const std::size_t elements = CountElements(tensor);
  switch (tensor.data_type()) {
    case TensorProto::FLOAT:
      return Decode<float>(tensor, tensor.float_data(), elements, {begin, count});
    case TensorProto::DOUBLE:
      return Narrow(tensor, Decode<double>(tensor, tensor.double_data(), elements, {begin, count}));
    default:
      throw Fail(tensor, "type " + TypeName(tensor.data_type()) + ", expected FLOAT or DOUBLE");
  }
}

std::vector<std::int64_t> DecodeIntegers(const TensorProto& tensor) {
  switch (tensor.data_type()) {
    case TensorProto::INT64:
      return Decode<std::int64_t>(tensor, tensor.int64_data());
    case TensorProto::INT32: {
      const std::vector<std::int32_t> values = Decode<std::int32_t>(tensor, tensor.int32_data());
      return {values.begin(), values.end()};
    }
    default:
      throw Fail(tensor, "type " + TypeName(tensor.data_type()) + ", expected INT64 or INT32");
  }
}

std::vector<bool> DecodeBooleans(const TensorProto& tensor) {
  if (tensor.data_type() != TensorProto::BOOL) {
    throw Fail(tensor, "type " + TypeName(tensor.data_type()) + ", expected BOOL");
  }
  const std::vector<std::uint8_t> values = Decode<std::uint8_t>(tensor, tensor.int32_data());
  return {values.begin(), values.end()};
}

std::optional<double> DecodeNumber(const TensorProto& tensor) {
  try {
    if (CountElements(tensor) != 1) return std::nullopt;
    if (tensor.data_type() == TensorProto::DOUBLE) return Decode<double>(tensor, tensor.double_data())[0];
    if (tensor.data_type() == TensorProto::FLOAT) return DecimalOf(Decode<float>(tensor, tensor.float_data())[0]);
  } catch (const Error&) {
    return std::nullopt;
  }
  return std::nullopt;
}

void SetFloats(std::span<const float> values, TensorProto* tensor) {
  tensor->set_data_type(TensorProto::FLOAT);
  tensor->set_raw_data(values.data(), values.size_bytes());
}

void SetBooleans(const std::vector<bool>& values, TensorProto* tensor) {
  tensor->set_data_type(TensorProto::BOOL);
  tensor->set_raw_data(std::string(values.begin(), values.end()));
}

void SetDouble(double value, TensorProto* tensor) {
  tensor->set_data_type(TensorProto::DOUBLE);
  tensor->set_raw_data(&value, sizeof(value));
}

}  // namespace fallow::nn::onnx_io
