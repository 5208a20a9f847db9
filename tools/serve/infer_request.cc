// The request's half of infer_message.h.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/serve/infer_message.h"
#include "tools/serve/json.h"
#include "tools/serve/request_error.h"

namespace fallow::serve {
namespace {

[[noreturn]] void Fail(const std::string& what, int status = 400) { throw RequestError(status, what); }

// Shown, or that there is none.
std::string ShownIfThere(const std::optional<JsonValue>& value) { return value ? Shown(*value) : "missing"; }

// The member `parameters` of an object. Others than `known` are refused: a parameter that is misspelt and ignored would
// give an answer to another question.
class Parameters {
 public:
  Parameters(JsonObject of, const std::string& what, const std::set<std::string_view>& known) {
    const std::optional<JsonValue> parameters = Find(of, "parameters");
    if (!parameters) return;
    object_ = AsObject(*parameters);
    if (!object_) Fail(what + ": parameters is " + Shown(*parameters) + ", expected an object");
    for (const auto [name, value] : *object_) {
      if (known.contains(name)) continue;
      std::string names;
      for (const std::string_view one : known) names += (names.empty() ? "" : ", ") + std::string(one);
      Fail(what + ": parameter " + Shown(name) + " is not known, expected " + names);
    }
  }

  std::optional<JsonValue> Get(std::string_view name) const { return object_ ? Find(*object_, name) : std::nullopt; }

  std::uint64_t Whole(const char* name, std::uint64_t value, std::uint64_t most) const {
    const std::optional<JsonValue> given = Get(name);
    if (!given) return value;
    const std::optional<std::uint64_t> number = AsWhole(*given);
    if (number && *number <= most) return *number;
    Fail(std::string("parameter ") + name + " is " + Shown(*given) + ", expected a whole number from 0 to " +
         std::to_string(most));
  }

  bool Flag(const char* name, bool value) const {
    const std::optional<JsonValue> given = Get(name);
    if (!given) return value;
    if (const std::optional<bool> flag = AsFlag(*given)) return *flag;
    Fail(std::string("parameter ") + name + " is " + Shown(*given) + ", expected true or false");
  }

 private:
  std::optional<JsonObject> object_;
};

std::string Text(JsonObject of, const char* key, const std::string& what) {
  const std::optional<JsonValue> given = Find(of, key);
  if (!given) Fail(what + ": no " + key + ", expected a string");
  if (const auto text = AsText(*given)) return std::string(*text);
  Fail(what + ": " + key + " is " + Shown(*given) + ", expected a string");
}

// The binary tensors that follow the JSON, in the order of the inputs.
class Binary {
 public:
  explicit Binary(std::string_view bytes) : bytes_(bytes) {}

  std::string_view Take(JsonValue size) {
    const std::optional<std::uint64_t> count = AsWhole(size);
    if (!count || *count > bytes_.size()) {
      Fail("binary_data_size is " + Shown(size) + ", expected a whole number, at most the " +
           std::to_string(bytes_.size()) + " bytes there are");
    }
    const std::string_view taken = bytes_.substr(0, *count);
    bytes_.remove_prefix(taken.size());
    return taken;
  }

  void ExpectNone() const {
    if (!bytes_.empty()) Fail(std::to_string(bytes_.size()) + " bytes behind the request that no input takes");
  }

 private:
  std::string_view bytes_;
};

bool IsShapeOf(const std::vector<std::uint64_t>& shape, const nn::Shape& sample) {
  if (shape.size() == 2 && shape[1] == sample.elements()) return true;
  if (shape.size() != sample.rank() + 1) return false;
  for (std::size_t i = 0; i < sample.rank(); ++i) {
    if (shape[i + 1] != sample[i]) return false;
  }
  return true;
}

// The dimensions; empty if that is not what it is.
std::vector<std::uint64_t> DimensionsOf(JsonValue shape) {
  std::vector<std::uint64_t> dimensions;
  const std::optional<JsonArray> array = AsArray(shape);
  if (!array || array->size() > nn::Shape::kMaxRank + 1) return {};
  for (const JsonValue dimension : *array) {
    const std::optional<std::uint64_t> size = AsWhole(dimension);
    if (!size) return {};
    dimensions.push_back(*size);
  }
  return dimensions;
}

// The number of rows of a tensor of shape `shape`, whose rows are what the model takes, or that in one dimension.
std::size_t RowsOf(const std::optional<JsonValue>& given, const ServedModel& model) {
  const nn::Shape& sample = model.model.input_shape();
  std::string expected = "[rows";
  for (std::size_t i = 0; i < sample.rank(); ++i) expected += ", " + std::to_string(sample[i]);
  const std::vector<std::uint64_t> shape = given ? DimensionsOf(*given) : std::vector<std::uint64_t>();
  const std::string what = "input " + Shown(model.input_name) + ": shape is " + ShownIfThere(given);
  if (!IsShapeOf(shape, sample)) Fail(what + ", expected " + expected + "]");
  if (shape[0] == 0) Fail(what + ", expected at least one row");
  return shape[0];
}

// Numbers in the order that they are written, nested or not.
void AppendNumbers(JsonArray array, std::vector<float>& numbers) {
  for (const JsonValue value : array) {
    if (const auto inner = AsArray(value)) {
      AppendNumbers(*inner, numbers);
      continue;
    }
    const std::optional<double> number = AsNumber(value);
    if (!number) Fail("data holds " + Shown(value) + ", expected numbers");
    if (!(std::abs(*number) <= std::numeric_limits<float>::max())) {
      Fail("data holds " + Shown(value) + ", expected numbers that FP32 holds");
    }
    numbers.push_back(static_cast<float>(*number));
  }
}

// Before memory is taken for what a shape promises: is it there?
void ExpectCount(const std::string& what, std::size_t has, std::size_t expected) {
  if (has != expected) Fail(what + std::to_string(has) + ", expected " + std::to_string(expected) + " for the shape");
}

nn::Tensor FromJson(JsonValue data, std::size_t rows, const nn::Shape& sample) {
  const std::optional<JsonArray> array = AsArray(data);
  if (!array) Fail("data is " + Shown(data) + ", expected an array of numbers");
  std::vector<float> numbers;
  numbers.reserve(array->size());
  AppendNumbers(*array, numbers);
  ExpectCount("numbers in data: ", numbers.size(), rows * sample.elements());
  nn::Tensor x(rows, sample);
  std::ranges::copy(numbers, x.data());
  return x;
}

nn::Tensor FromBinary(std::string_view bytes, std::size_t rows, const nn::Shape& sample) {
  ExpectCount("binary_data_size is ", bytes.size(), rows * sample.elements() * sizeof(float));
  nn::Tensor x(rows, sample);
  std::memcpy(x.data(), bytes.data(), bytes.size());
  for (const float value : x.values()) {
    if (!std::isfinite(value)) Fail("the binary tensor holds an infinity or a NaN, expected finite numbers");
  }
  return x;
}

// The request's one input.
JsonObject OnlyInput(JsonObject request) {
  const std::optional<JsonValue> inputs = Find(request, "inputs");
  const std::optional<JsonArray> array = inputs ? AsArray(*inputs) : std::nullopt;
  const std::optional<JsonObject> input = array && array->size() == 1 ? AsObject(*array->begin()) : std::nullopt;
  if (!input) Fail("inputs is " + ShownIfThere(inputs) + ", expected an array of one object");
  return *input;
}

nn::Tensor ParseInput(const ServedModel& model, const Limits& limits, JsonObject request, Binary& binary) {
  const JsonObject input = OnlyInput(request);
  const std::string name = Text(input, "name", "input");
  if (name != model.input_name) Fail("input " + Shown(name) + " is not known, expected " + Shown(model.input_name));
  const std::string type = Text(input, "datatype", "input " + Shown(name));
  if (type != "FP32") Fail("input " + Shown(name) + ": datatype is " + Shown(type) + ", expected \"FP32\"");

  const std::size_t rows = RowsOf(Find(input, "shape"), model);
  if (rows > limits.elements / model.inputs()) {
    Fail("input " + Shown(name) + ": " + std::to_string(rows) + " rows of " + std::to_string(model.inputs()) +
             " numbers, expected at most " + std::to_string(limits.elements) + " numbers",
         413);
  }
  const Parameters parameters(input, "input " + Shown(name), {"binary_data_size"});
  const std::optional<JsonValue> size = parameters.Get("binary_data_size"), data = Find(input, "data");
  if (size.has_value() == data.has_value()) Fail("input " + Shown(name) + ": expected data or binary_data_size");
  const nn::Shape& sample = model.model.input_shape();
  return data ? FromJson(*data, rows, sample) : FromBinary(binary.Take(*size), rows, sample);
}

// The statistic that a name asks for.
WantedOutput FindOutput(const std::string& name, const ServedModel& model, std::vector<double>& quantiles) {
  if (name == model.output_name) return {name, Statistic::kMean};
  if (name == "standard_deviation") return {name, Statistic::kStandardDeviation};
  if (name == "predictive_entropy" || name == "mutual_information") {
    if (!model.has_entropy()) Fail("output " + name + ": the model's outputs are no probabilities");
    return {name, name[0] == 'p' ? Statistic::kPredictiveEntropy : Statistic::kMutualInformation};
  }
  constexpr std::string_view kQuantile = "quantile_";
  if (name.starts_with(kQuantile)) {
    double quantile = -1;
    const char* end = name.data() + name.size();
    const auto [rest, error] = std::from_chars(name.data() + kQuantile.size(), end, quantile);
    if (error != std::errc() || rest != end || !(quantile >= 0 && quantile <= 1)) {
      Fail("output " + Shown(name) + ": expected a number from 0 to 1 behind quantile_");
    }
    quantiles.push_back(quantile);
    return {name, Statistic::kQuantile, quantiles.size() - 1};
  }
  Fail("output " + Shown(name) + " is not known, expected " + Shown(model.output_name) +
       ", standard_deviation, predictive_entropy, mutual_information or quantile_0.05");
}

void ParseOutputs(const ServedModel& model, JsonObject document, bool binary, InferRequest& request) {
  const std::optional<JsonValue> outputs = Find(document, "outputs");
  if (!outputs) {
    request.outputs.push_back({model.output_name, Statistic::kMean, 0, binary});
    return;
  }
  constexpr std::size_t kMostOutputs = 64;
  const std::optional<JsonArray> array = AsArray(*outputs);
  if (!array || array->size() == 0 || array->size() > kMostOutputs) {
    Fail("outputs is " + Shown(*outputs) + ", expected an array of 1 to 64 objects");
  }
  for (const JsonValue value : *array) {
    const std::optional<JsonObject> output = AsObject(value);
    if (!output) Fail("outputs holds " + Shown(value) + ", expected objects");
    const std::string name = Text(*output, "name", "output");
    WantedOutput wanted = FindOutput(name, model, request.quantiles);
    const bool spread = wanted.statistic != Statistic::kMean && wanted.statistic != Statistic::kPredictiveEntropy;
    if (spread && request.samples == 0) Fail("output " + name + ": expected the parameter mc_samples with it");
    wanted.binary = Parameters(*output, "output " + Shown(name), {"binary_data"}).Flag("binary_data", binary);
    request.outputs.push_back(std::move(wanted));
  }
}

}  // namespace

InferRequest ParseInferRequest(const ServedModel& model, const Limits& limits, std::string_view body,
                               std::optional<std::size_t> json_bytes) {
  if (json_bytes && *json_bytes > body.size()) {
    Fail("Inference-Header-Content-Length is " + std::to_string(*json_bytes) + ", the body has " +
         std::to_string(body.size()) + " bytes");
  }
  const std::string_view text = body.substr(0, json_bytes.value_or(body.size()));
  Binary binary(body.substr(text.size()));
  const Json json(text);
  const std::optional<JsonObject> document = AsObject(json.value());
  if (!document) Fail("request: " + Shown(json.value()) + ", expected an object");

  InferRequest request;
  if (Find(*document, "id")) request.id = Text(*document, "id", "request");
  const Parameters parameters(*document, "request", {"binary_data_output", "mc_samples", "rate", "seed"});
  request.samples = parameters.Whole("mc_samples", 0, limits.samples);
  request.seed = parameters.Whole("seed", 0, std::numeric_limits<std::uint64_t>::max());
  if (const std::optional<JsonValue> given = parameters.Get("rate")) {
    request.rate = AsNumber(*given);
    if (!request.rate || !(*request.rate >= 0 && *request.rate <= 1)) {
      Fail("parameter rate is " + Shown(*given) + ", expected a number from 0 to 1");
    }
  }
  ParseOutputs(model, *document, parameters.Flag("binary_data_output", false), request);
  request.x = ParseInput(model, limits, *document, binary);
  binary.ExpectNone();
  if (request.x.rows() > limits.passes / std::max<std::uint64_t>(request.samples, 1)) {
    Fail(std::to_string(request.x.rows()) + " rows of " + std::to_string(request.samples) +
             " samples, expected at most " + std::to_string(limits.passes) + " passes",
         413);
  }
  model.scaling.Apply(request.x);
  return request;
}

}  // namespace fallow::serve
