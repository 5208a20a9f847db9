// The request's half of infer_message.h.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <string>
#include <utility>

#include "tools/serve/infer_message.h"
#include "tools/serve/json_reader.h"
#include "tools/serve/request_error.h"

namespace fallow::serve {
namespace {

using nlohmann::json;

[[noreturn]] void Fail(const std::string& what, int status = 400) { throw RequestError(status, what); }

// How an error shows a value that somebody sent.
std::string Shown(const json& value) {
  const std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true, json::error_handler_t::replace);
  return text.size() <= 60 ? text : text.substr(0, 57) + "...";
}

// Member `key`, null if there is none.
const json* Find(const json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

// The member `parameters` of `of`, an empty object if there is none. Others than `known` are refused: a parameter that
// is misspelt and ignored would give an answer to another question.
json Parameters(const json& of, const std::string& what, const std::set<std::string>& known) {
  const json* parameters = Find(of, "parameters");
  if (parameters == nullptr) return json::object();
  if (!parameters->is_object()) Fail(what + ": parameters is " + Shown(*parameters) + ", expected an object");
  for (const auto& [name, value] : parameters->items()) {
    if (known.contains(name)) continue;
    std::string names;
    for (const std::string& one : known) names += (names.empty() ? "" : ", ") + one;
    Fail(what + ": parameter " + Shown(name) + " is not known, expected " + names);
  }
  return *parameters;
}

std::uint64_t Whole(const json& parameters, const char* name, std::uint64_t value, std::uint64_t most) {
  const json* given = Find(parameters, name);
  if (given == nullptr) return value;
  if (!given->is_number_unsigned() || given->get<std::uint64_t>() > most) {
    Fail(std::string("parameter ") + name + " is " + Shown(*given) + ", expected a whole number from 0 to " +
         std::to_string(most));
  }
  return given->get<std::uint64_t>();
}

bool Flag(const json& parameters, const char* name, bool value) {
  const json* given = Find(parameters, name);
  if (given == nullptr) return value;
  if (!given->is_boolean())
    Fail(std::string("parameter ") + name + " is " + Shown(*given) + ", expected true or false");
  return given->get<bool>();
}

std::string Text(const json& of, const char* key, const std::string& what) {
  const json* given = Find(of, key);
  if (given == nullptr) Fail(what + ": no " + key + ", expected a string");
  if (!given->is_string()) Fail(what + ": " + key + " is " + Shown(*given) + ", expected a string");
  return given->get<std::string>();
}

// The binary tensors that follow the JSON, in the order of the inputs.
class Binary {
 public:
  explicit Binary(std::string_view bytes) : bytes_(bytes) {}

  std::string_view Take(const json& size) {
    if (!size.is_number_unsigned() || size.get<std::uint64_t>() > bytes_.size()) {
      Fail("binary_data_size is " + Shown(size) + ", expected a whole number, at most the " +
           std::to_string(bytes_.size()) + " bytes there are");
    }
    const std::string_view taken = bytes_.substr(0, size.get<std::size_t>());
    bytes_.remove_prefix(taken.size());
    return taken;
  }

  void ExpectNone() const {
    if (!bytes_.empty()) Fail(std::to_string(bytes_.size()) + " bytes behind the request that no input takes");
  }

 private:
  std::string_view bytes_;
};

// The number of rows of a tensor of shape `shape`, whose rows are what the model takes, or that in one dimension.
std::size_t RowsOf(const json* shape, const ServedModel& model) {
  const nn::Shape& sample = model.model.input_shape();
  std::string expected = "[rows";
  for (std::size_t i = 0; i < sample.rank(); ++i) expected += ", " + std::to_string(sample[i]);
  expected += "]";
  const auto is = [](const json& dimension, std::size_t value) {
    return dimension.is_number_unsigned() && dimension.get<std::uint64_t>() == value;
  };
  const auto fits = [&] {
    if (shape == nullptr || !shape->is_array() || shape->empty() || !(*shape)[0].is_number_unsigned()) return false;
    if (shape->size() == 2 && is((*shape)[1], sample.elements())) return true;
    if (shape->size() != sample.rank() + 1) return false;
    for (std::size_t i = 0; i < sample.rank(); ++i) {
      if (!is((*shape)[i + 1], sample[i])) return false;
    }
    return true;
  };
  const std::string what = "input " + Shown(model.input_name) + ": shape is ";
  if (!fits()) Fail(what + (shape == nullptr ? "missing" : Shown(*shape)) + ", expected " + expected);
  const auto rows = (*shape)[0].get<std::uint64_t>();
  if (rows == 0) Fail(what + Shown(*shape) + ", expected at least one row");
  return rows;
}

float ToFloat(double value) {
  if (std::abs(value) <= std::numeric_limits<float>::max()) return static_cast<float>(value);
  Fail("data holds " + json(value).dump() + ", expected numbers that FP32 holds");
}

// Before memory is taken for what a shape promises: is it there?
void ExpectCount(const std::string& what, std::size_t has, std::size_t expected) {
  if (has != expected) Fail(what + std::to_string(has) + ", expected " + std::to_string(expected) + " for the shape");
}

nn::Tensor FromJson(const json& data, const JsonWithTensors& request, std::size_t rows, const nn::Shape& sample) {
  if (!data.is_number_unsigned() || data.get<std::size_t>() >= request.tensors.size()) {
    Fail("data is " + Shown(data) + ", expected an array of numbers");
  }
  const std::vector<double>& values = request.tensors[data.get<std::size_t>()];
  ExpectCount("numbers in data: ", values.size(), rows * sample.elements());
  nn::Tensor x(rows, sample);
  std::ranges::transform(values, x.data(), ToFloat);
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

nn::Tensor ParseInput(const ServedModel& model, const Limits& limits, const JsonWithTensors& request, Binary& binary) {
  const json* inputs = Find(request.document, "inputs");
  if (inputs == nullptr || !inputs->is_array() || inputs->size() != 1 || !(*inputs)[0].is_object()) {
    Fail("inputs is " + (inputs == nullptr ? "missing" : Shown(*inputs)) + ", expected an array of one object");
  }
  const json& input = (*inputs)[0];
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
  const json parameters = Parameters(input, "input " + Shown(name), {"binary_data_size"});
  const json* size = Find(parameters, "binary_data_size");
  const json* data = Find(input, "data");
  if ((size == nullptr) == (data == nullptr)) Fail("input " + Shown(name) + ": expected data or binary_data_size");

  const nn::Shape& sample = model.model.input_shape();
  return size == nullptr ? FromJson(*data, request, rows, sample) : FromBinary(binary.Take(*size), rows, sample);
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

void ParseOutputs(const ServedModel& model, const json& document, bool binary, InferRequest& request) {
  const json* outputs = Find(document, "outputs");
  if (outputs == nullptr) {
    request.outputs.push_back({model.output_name, Statistic::kMean, 0, binary});
    return;
  }
  constexpr std::size_t kMostOutputs = 64;
  if (!outputs->is_array() || outputs->empty() || outputs->size() > kMostOutputs) {
    Fail("outputs is " + Shown(*outputs) + ", expected an array of 1 to 64 objects");
  }
  for (const json& output : *outputs) {
    if (!output.is_object()) Fail("outputs holds " + Shown(output) + ", expected objects");
    const std::string name = Text(output, "name", "output");
    WantedOutput wanted = FindOutput(name, model, request.quantiles);
    const bool spread = wanted.statistic != Statistic::kMean && wanted.statistic != Statistic::kPredictiveEntropy;
    if (spread && request.samples == 0) Fail("output " + name + ": expected the parameter mc_samples with it");
    wanted.binary = Flag(Parameters(output, "output " + Shown(name), {"binary_data"}), "binary_data", binary);
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
  const JsonWithTensors read = ReadJson(text);
  if (!read.document.is_object()) Fail("request: " + Shown(read.document) + ", expected an object");

  InferRequest request;
  if (Find(read.document, "id") != nullptr) request.id = Text(read.document, "id", "request");
  const json parameters = Parameters(read.document, "request", {"binary_data_output", "mc_samples", "rate", "seed"});
  request.samples = Whole(parameters, "mc_samples", 0, limits.samples);
  request.seed = Whole(parameters, "seed", 0, std::numeric_limits<std::uint64_t>::max());
  if (const json* rate = Find(parameters, "rate")) {
    if (!rate->is_number() || !(rate->get<double>() >= 0 && rate->get<double>() <= 1)) {
      Fail("parameter rate is " + Shown(*rate) + ", expected a number from 0 to 1");
    }
    request.rate = rate->get<double>();
  }
  ParseOutputs(model, read.document, Flag(parameters, "binary_data_output", false), request);
  request.x = ParseInput(model, limits, read, binary);
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
