#include "tools/command/samples.h"

#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "tools/command/command.h"
#include "tools/command/numbers.h"
#include "tools/command/text.h"

namespace fallow::tools {
namespace {

// Whether the values of an IDX file are bytes: its third byte says so. ReadIdx returns floats for either kind.
bool HoldsBytes(const std::string& path) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  unsigned char magic[4];
  constexpr unsigned char kUnsignedByte = 0x08;
  return file && gzread(file.get(), magic, sizeof(magic)) == sizeof(magic) && magic[2] == kUnsignedByte;
}

Samples ReadImages(const Source& source) {
  if (source.images.empty()) throw UsageError(source.labels + ": labels are given without images");
  Samples samples;
  samples.data.x = nn::ReadIdx(source.images);
  samples.bytes = HoldsBytes(source.images);
  if (source.labels.empty()) return samples;
  samples.data.y = nn::ReadIdx(source.labels);
  if (samples.data.y.rows() != samples.data.x.rows()) {
    throw UsageError(source.labels + ": has " + std::to_string(samples.data.y.rows()) + " labels, but " +
                     source.images + " has " + std::to_string(samples.data.x.rows()) + " images");
  }
  return samples;
}

// Index of the target column; a header's name goes before a number.
std::size_t FindTargetColumn(const Source& source, const nn::CsvTable& table) {
  for (std::size_t i = 0; i < table.header.size(); ++i) {
    if (table.header[i] == source.target) return i;
  }
  std::uint64_t number = 0;
  if (ParseWhole(source.target, &number) && number >= 1 && number <= table.values.cols()) return number - 1;
  std::string names;
  for (const std::string& name : table.header) names += (names.empty() ? ": " : ", ") + name;
  throw UsageError(source.csv + ": has no column '" + source.target + "' among its " +
                   std::to_string(table.values.cols()) + " columns" + names);
}

Samples ReadTable(const Source& source) {
  nn::CsvTable table = nn::ReadCsv(source.csv);
  Samples samples;
  samples.table = true;
  if (source.target.empty()) {
    samples.data.x = std::move(table.values);
    samples.columns = std::move(table.header);
    return samples;
  }
  const std::size_t target = FindTargetColumn(source, table);
  const nn::Tensor& values = table.values;
  if (values.cols() < 2) throw UsageError(source.csv + ": has no column besides the target");
  samples.data.x = nn::Tensor(values.rows(), {values.cols() - 1});
  samples.data.y = nn::Tensor(values.rows(), {1});
  for (std::size_t r = 0; r < values.rows(); ++r) {
    float* x = samples.data.x.row(r).data();
    for (std::size_t j = 0; j < values.cols(); ++j) {
      (j == target ? samples.data.y.row(r)[0] : *x++) = values.row(r)[j];
    }
  }
  for (std::size_t j = 0; j < table.header.size(); ++j) {
    if (j != target) samples.columns.push_back(table.header[j]);
  }
  return samples;
}

void Standardize(const nn::Tensor& x, InputScaling& scaling) {
  scaling.offset.clear();
  scaling.divisor.clear();
  const auto rows = static_cast<double>(x.rows());
  for (std::size_t j = 0; j < x.cols(); ++j) {
    double sum = 0, squares = 0;
    for (std::size_t r = 0; r < x.rows(); ++r) sum += x.row(r)[j];
    const double mean = sum / rows;
    for (std::size_t r = 0; r < x.rows(); ++r) squares += (x.row(r)[j] - mean) * (x.row(r)[j] - mean);
    const auto deviation = static_cast<float>(std::sqrt(squares / rows));
    scaling.offset.push_back(static_cast<float>(mean));
    scaling.divisor.push_back(deviation > 0.0f ? deviation : 1.0f);  // A constant feature becomes 0.
  }
}

constexpr const char* kOffsetKey = "fallow.input_offset";
constexpr const char* kDivisorKey = "fallow.input_divisor";

std::string Join(const std::vector<float>& values) {
  std::string text;
  for (const float value : values) text += (text.empty() ? "" : ",") + FormatReal(value);
  return text;
}

std::vector<float> LoadNumbers(const std::map<std::string, std::string>& metadata, const char* key) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) throw UsageError(std::string("the model has no ") + key + " in its metadata");
  std::vector<float> values;
  for (const std::string& text : Split(found->second, ',')) {
    double value = 0;
    if (!ParseReal(text, &value)) throw UsageError(std::string(key) + " in the model: '" + text + "' is not a number");
    values.push_back(static_cast<float>(value));
  }
  return values;
}

}  // namespace

Samples ReadSamples(const Source& source) {
  Samples samples = source.csv.empty() ? ReadImages(source) : ReadTable(source);
  const std::string& path = source.csv.empty() ? source.images : source.csv;
  if (samples.data.rows() == 0) throw UsageError(path + ": holds no samples");
  return samples;
}

KnownData FindKnownData(const std::string& name) {
  if (name != "fashion-mnist") throw UsageError("--data: '" + name + "' is not known; the known data is fashion-mnist");
  const std::filesystem::path folder = "/usr/share/datasets/fashion-mnist";
  const auto part = [&](const std::string& prefix) {
    return Source{.images = folder / (prefix + "-images-idx3-ubyte.gz"),
                  .labels = folder / (prefix + "-labels-idx1-ubyte.gz"),
                  .csv = "",
                  .target = ""};
  };
  KnownData data{
      part("train"),
      part("t10k"),
      {"T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"}};
  if (!std::filesystem::exists(data.train.images)) {
    throw UsageError("--data fashion-mnist: " + folder.string() +
                     " is missing; install it with: apt-get install dataset-fashion-mnist");
  }
  return data;
}

void InputScaling::Apply(nn::Tensor& x) const {
  const std::size_t count = divisor.size();
  if (count != 1 && count != x.cols()) {
    throw UsageError("the model was trained on " + std::to_string(count) + " features, the data has " +
                     std::to_string(x.cols()));
  }
  for (std::size_t r = 0; r < x.rows(); ++r) {
    for (std::size_t j = 0; j < x.cols(); ++j) {
      const std::size_t k = count == 1 ? 0 : j;
      x.row(r)[j] = (x.row(r)[j] - offset[k]) / divisor[k];
    }
  }
}

void InputScaling::Store(std::map<std::string, std::string>& metadata) const {
  metadata[kOffsetKey] = Join(offset);
  metadata[kDivisorKey] = Join(divisor);
}

InputScaling InputScaling::Load(const std::map<std::string, std::string>& metadata) {
  InputScaling scaling{LoadNumbers(metadata, kOffsetKey), LoadNumbers(metadata, kDivisorKey)};
  const auto zero = [](float value) { return value == 0.0f; };
  if (scaling.offset.size() != scaling.divisor.size() ||
      std::any_of(scaling.divisor.begin(), scaling.divisor.end(), zero)) {
    throw UsageError(std::string("the model's ") + kOffsetKey + " and " + kDivisorKey + " do not fit each other");
  }
  return scaling;
}

InputScaling MakeScaling(const Samples& samples) {
  InputScaling scaling;
  if (samples.table) Standardize(samples.data.x, scaling);
  if (samples.bytes) scaling.divisor = {255.0f};
  return scaling;
}

}  // namespace fallow::tools
