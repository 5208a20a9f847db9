// safetensors: the length of the header as a little-endian 64-bit number, the header as JSON, the values one after
// another.
#include "runtime/tensor_file.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>
#include <tuple>
#include <utility>

#include "fallow/nn/model_file.h"
#include "runtime/atomic_file.h"
#include "runtime/file_error.h"

namespace fallow::nn {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

static_assert(std::endian::native == std::endian::little, "values are copied as they are in memory");

constexpr char kMetadata[] = "__metadata__";
constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kMostHeaderBytes = 100'000'000;  // The format's own limit.

// Sets `*count` to the product of the dimensions. Returns false if it overflows.
bool CountElements(std::span<const std::size_t> shape, std::uint64_t* count) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max() / sizeof(float);
  *count = 1;
  for (const std::size_t dim : shape) {
    if (dim != 0 && *count > kMost / dim) return false;
    *count *= dim;
  }
  return true;
}

std::string ToString(std::span<const std::size_t> shape) { return json(shape).dump(); }

ordered_json DescribeTensors(const std::filesystem::path& path, std::span<const TensorView> tensors) {
  ordered_json header = ordered_json::object();
  std::set<std::string_view> names = {kMetadata};
  std::uint64_t offset = 0;
  for (const TensorView& tensor : tensors) {
    std::uint64_t elements;
    if (!CountElements(tensor.shape, &elements) || elements != tensor.values.size()) {
      throw FileError(path, "the shape of tensor '" + tensor.name + "' is not that of its " +
                                std::to_string(tensor.values.size()) + " values");
    }
    if (!names.insert(tensor.name).second) throw FileError(path, "the tensor name '" + tensor.name + "' is taken");
    const std::uint64_t end = offset + tensor.values.size_bytes();
    header[tensor.name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  return header;
}

std::string FormatHeader(const std::filesystem::path& path, std::span<const TensorView> tensors,
                         const std::map<std::string, std::string>& metadata) {
  ordered_json header = DescribeTensors(path, tensors);
  if (!metadata.empty()) header[kMetadata] = metadata;
  std::string text;
  try {
    text = header.dump();
  } catch (const json::exception&) {
    throw FileError(path, "a tensor name or the metadata are not UTF-8");
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');  // So that the values are aligned.
  if (text.size() > kMostHeaderBytes) throw FileError(path, "names and metadata exceed 100 MB");
  return text;
}

// Finds what nlohmann's parser lets pass: of equal keys it keeps the last, and it nests as deep as the text does. Its
// own callback takes quadratic time.
class KeyCheck : public nlohmann::json_sax<json> {
 public:
  const std::string& error() const { return error_; }  // Empty if the text is not JSON at all.

  bool start_object(std::size_t) override { return Enter(); }
  bool end_object() override { return Leave(); }
  bool start_array(std::size_t) override { return Enter(); }
  bool end_array() override { return Leave(); }

  bool key(std::string& name) override {
    if (keys_.back().insert(name).second) return true;
    error_ = "the header has '" + name + "' twice";
    return false;
  }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(std::int64_t) override { return true; }
  bool number_unsigned(std::uint64_t) override { return true; }
  bool number_float(double, const std::string&) override { return true; }
  bool string(std::string&) override { return true; }
  bool binary(json::binary_t&) override { return true; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

 private:
  bool Enter() {
    constexpr std::size_t kDeepest = 3;  // "shape" in a tensor in the header.
    if (keys_.size() == kDeepest) error_ = "the header is nested too deeply";
    keys_.emplace_back();
    return error_.empty();
  }
  bool Leave() {
    keys_.pop_back();
    return true;
  }

  std::vector<std::set<std::string>> keys_;  // Of the objects around the current place.
  std::string error_;
};

// A tensor as the header describes it.
struct Listed {
  std::string name;
  std::vector<std::size_t> shape;
  std::uint64_t elements = 0;
  std::uint64_t begin = 0, end = 0;  // In bytes, from the end of the header.
};

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : path_(path) {
    std::error_code error;
    size_ = std::filesystem::file_size(path, error);
    if (error) throw FileError(path, error.message());
    stream_.open(path, std::ios::binary);
    if (!stream_) throw FileError(path, "cannot be opened");
  }

  TensorFile Read() {
    const json header = ReadHeader();
    TensorFile file;
    std::vector<Listed> tensors;
    for (const auto& [name, value] : header.items()) {
      if (name == kMetadata) {
        file.metadata = ParseMetadata(value);
      } else {
        tensors.push_back(ParseTensor(name, value));
      }
    }
    CheckLayout(&tensors);
    for (Listed& tensor : tensors) file.entries.push_back(ReadEntry(std::move(tensor)));
    return file;
  }

 private:
  Error Fail(const std::string& message) const { return FileError(path_, message); }
  Error FailTensor(const std::string& name, const std::string& message) const {
    return Fail("tensor '" + name + "': " + message);
  }

  void ReadBytes(void* bytes, std::uint64_t count) {
    stream_.read(static_cast<char*>(bytes), static_cast<std::streamsize>(count));
    if (!stream_) throw Fail("cannot be read to its end");
  }

  json ReadHeader() {
    if (size_ < kLengthBytes) throw Fail("too short for a safetensors file");
    std::uint64_t length;
    ReadBytes(&length, kLengthBytes);
    if (length > std::min(kMostHeaderBytes, size_ - kLengthBytes)) {
      throw Fail("not a safetensors file, or cut off: a header of " + std::to_string(length) + " bytes in a file of " +
                 std::to_string(size_));
    }
    value_bytes_ = size_ - kLengthBytes - length;
    std::string text(length, '\0');
    ReadBytes(text.data(), length);
    return ParseHeader(text);
  }

  json ParseHeader(const std::string& text) const {
    KeyCheck check;
    if (!json::sax_parse(text, &check)) throw Fail(check.error().empty() ? "the header is not JSON" : check.error());
    json header = json::parse(text);
    if (!header.is_object()) throw Fail("the header is not a JSON object");
    return header;
  }

  std::map<std::string, std::string> ParseMetadata(const json& value) const {
    try {
      return value.get<std::map<std::string, std::string>>();
    } catch (const json::exception&) {
      throw Fail("the metadata are not all text");
    }
  }

  Listed ParseTensor(const std::string& name, const json& value) const {
    if (!value.is_object()) throw FailTensor(name, "not described by a JSON object");
    const json dtype = value.value("dtype", json());
    if (dtype != "F32") throw FailTensor(name, "dtype " + dtype.dump() + ", expected \"F32\"");
    const std::vector<std::uint64_t> shape = ParseNumbers(name, value, "shape");
    const std::vector<std::uint64_t> offsets = ParseNumbers(name, value, "data_offsets");
    Listed tensor{name, {shape.begin(), shape.end()}, 0, 0, 0};
    if (offsets.size() != 2) throw FailTensor(name, "data_offsets are not two numbers");
    if (!CountElements(tensor.shape, &tensor.elements)) throw FailTensor(name, "the shape is too large");
    tensor.begin = offsets[0];
    tensor.end = offsets[1];
    if (tensor.begin > tensor.end || tensor.end > value_bytes_) {
      throw FailTensor(name, "data_offsets " + std::to_string(tensor.begin) + " to " + std::to_string(tensor.end) +
                                 " of " + std::to_string(value_bytes_) + " bytes");
    }
    if (tensor.end - tensor.begin != tensor.elements * sizeof(float)) {
      throw FailTensor(name, std::to_string(tensor.end - tensor.begin) + " bytes for " +
                                 std::to_string(tensor.elements) + " elements of 4");
    }
    return tensor;
  }

  std::vector<std::uint64_t> ParseNumbers(const std::string& name, const json& tensor, const char* key) const {
    const auto found = tensor.find(key);
    const auto is_number = [](const json& number) { return number.is_number_unsigned(); };
    if (found == tensor.end() || !found->is_array() || !std::all_of(found->begin(), found->end(), is_number)) {
      throw FailTensor(name, std::string(key) + " is not a list of whole numbers");
    }
    return found->get<std::vector<std::uint64_t>>();
  }

  // The tensors must fill the file: in order, without gap or overlap.
  void CheckLayout(std::vector<Listed>* tensors) const {
    std::sort(tensors->begin(), tensors->end(),
              [](const Listed& a, const Listed& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
    std::uint64_t position = 0;
    for (const Listed& tensor : *tensors) {
      if (tensor.begin != position) {
        throw FailTensor(tensor.name, "begins at byte " + std::to_string(tensor.begin) + ", the one before ends at " +
                                          std::to_string(position));
      }
      position = tensor.end;
    }
    if (position != value_bytes_) {
      throw Fail("holds " + std::to_string(value_bytes_) + " bytes of values, the header lists " +
                 std::to_string(position));
    }
  }

  TensorFile::Entry ReadEntry(Listed tensor) {
    TensorFile::Entry entry{std::move(tensor.name), std::move(tensor.shape), {}};
    if (tensor.elements == 0) return entry;
    const std::size_t columns = entry.shape.empty() ? 1 : entry.shape.back();
    entry.value.Resize(tensor.elements / columns, Shape{columns});
    ReadBytes(entry.value.data(), tensor.elements * sizeof(float));
    return entry;
  }

  std::filesystem::path path_;
  std::ifstream stream_;
  std::uint64_t size_ = 0;
  std::uint64_t value_bytes_ = 0;
};

}  // namespace

void WriteTensors(const std::filesystem::path& path, std::span<const TensorView> tensors,
                  const std::map<std::string, std::string>& metadata) {
  const std::string header = FormatHeader(path, tensors, metadata);
  const std::uint64_t length = header.size();
  AtomicFile file(path);
  file.Write(std::as_bytes(std::span(&length, 1)));
  file.Write(std::as_bytes(std::span(header)));
  for (const TensorView& tensor : tensors) file.Write(std::as_bytes(tensor.values));
  file.Commit();
}

void WriteTensorFile(const std::filesystem::path& path, const TensorFile& file) {
  std::vector<TensorView> views;
  for (const TensorFile::Entry& entry : file.entries) views.push_back({entry.name, entry.shape, entry.value.values()});
  WriteTensors(path, views, file.metadata);
}

TensorFile ReadTensorFile(const std::filesystem::path& path) { return Reader(path).Read(); }

TensorIndex::TensorIndex(const std::filesystem::path& path, const TensorFile& file) : path_(path) {
  for (const TensorFile::Entry& entry : file.entries) entries_.emplace(entry.name, &entry);
}

const Tensor& TensorIndex::Get(const std::string& name, std::span<const std::size_t> shape) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw FileError(path_, "has no tensor '" + name + "'");
  const TensorFile::Entry& entry = *found->second;
  if (!std::ranges::equal(entry.shape, shape)) {
    throw FileError(path_, "tensor '" + name + "' is " + ToString(entry.shape) + ", expected " + ToString(shape));
  }
  return entry.value;
}

std::vector<std::size_t> FileShape(const Parameter& parameter) {
  if (parameter.name == "bias") return {parameter.value.cols()};
  const Shape& row = parameter.value.sample_shape();
  std::vector<std::size_t> shape = {parameter.value.rows()};
  for (std::size_t i = 0; i < row.rank(); ++i) shape.push_back(row[i]);
  return shape;
}

}  // namespace fallow::nn
