// The response's half of infer_message.h.
#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "tools/command/text.h"
#include "tools/serve/infer_message.h"
#include "tools/serve/request_error.h"

namespace fallow::serve {
namespace {

using nlohmann::json;

std::string Quoted(const std::string& text) {
  return json(text).dump(-1, ' ', /*ensure_ascii=*/false, json::error_handler_t::replace);
}

const nn::Tensor& TensorOf(const nn::McPrediction& prediction, const WantedOutput& output) {
  switch (output.statistic) {
    case Statistic::kMean:
      return prediction.mean;
    case Statistic::kStandardDeviation:
      return prediction.standard_deviation;
    case Statistic::kPredictiveEntropy:
      return prediction.predictive_entropy;
    case Statistic::kMutualInformation:
      return prediction.mutual_information;
    case Statistic::kQuantile:
      break;
  }
  return prediction.quantiles[output.quantile];
}

// [rows, …]: of one number a row, or of the model's outputs.
std::string ShapeOf(const nn::Tensor& tensor) {
  std::string shape = "[" + std::to_string(tensor.rows());
  for (std::size_t i = 0; i < tensor.sample_shape().rank(); ++i) {
    shape += "," + std::to_string(tensor.sample_shape()[i]);
  }
  return shape + "]";
}

// The shortest decimals that give the same floats back.
void AppendNumbers(const nn::Tensor& tensor, const std::string& name, std::string& text) {
  char number[32];
  text += '[';
  for (const float value : tensor.values()) {
    if (!std::isfinite(value)) {
      throw RequestError(422, "output " + name + " holds an infinity or a NaN, which only binary_data can tell");
    }
    if (text.back() != '[') text += ',';
    text.append(number, std::to_chars(number, number + sizeof(number), value).ptr);
  }
  text += ']';
}

json TensorMetadata(const std::string& name, const nn::Shape& shape) {
  json dimensions = json::array({-1});
  for (std::size_t i = 0; i < shape.rank(); ++i) dimensions.push_back(shape[i]);
  return {{"name", name}, {"datatype", "FP32"}, {"shape", dimensions}};
}

}  // namespace

Message FormatInferResponse(const ServedModel& model, const InferRequest& request, const nn::McPrediction& prediction) {
  Message message;
  std::string& text = message.body;
  std::string tensors;
  text = "{\"model_name\":" + Quoted(model.name) + ",\"model_version\":" + Quoted(model.version);
  if (!request.id.empty()) text += ",\"id\":" + Quoted(request.id);
  text += ",\"outputs\":[";
  for (const WantedOutput& output : request.outputs) {
    const nn::Tensor& tensor = TensorOf(prediction, output);
    if (text.back() != '[') text += ',';
    text += "{\"name\":" + Quoted(output.name) + ",\"datatype\":\"FP32\",\"shape\":" + ShapeOf(tensor);
    if (output.binary) {
      const auto bytes = std::as_bytes(tensor.values());
      text += ",\"parameters\":{\"binary_data_size\":" + std::to_string(bytes.size()) + "}";
      tensors.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    } else {
      text += ",\"data\":";
      AppendNumbers(tensor, output.name, text);
    }
    text += '}';
  }
  text += "]}";
  if (!tensors.empty()) message.json_bytes = text.size();
  text += tensors;
  return message;
}

std::string FormatModelMetadata(const ServedModel& model) {
  const nn::Shape output = nn::PredictionShape(model.loss, model.model.output_shape());
  json outputs = json::array({TensorMetadata(model.output_name, output), TensorMetadata("standard_deviation", output)});
  if (model.has_entropy()) {
    const nn::Shape positions{nn::Positions(model.loss, model.model.output_shape())};
    outputs.push_back(TensorMetadata("predictive_entropy", positions));
    outputs.push_back(TensorMetadata("mutual_information", positions));
  }
  for (const char* quantile : {"quantile_0.05", "quantile_0.95"}) outputs.push_back(TensorMetadata(quantile, output));
  std::map<std::string, std::string> parameters = {{"layers", model.model.Layers()},
                                                   {"classes", tools::Join(model.classes, ',')},
                                                   {"loss", std::string(nn::Name(model.loss))}};
  model.scaling.Store(parameters);
  const json metadata = {{"name", model.name},
                         {"versions", json::array({model.version})},
                         {"platform", "fallow_" + model.platform},
                         {"inputs", json::array({TensorMetadata(model.input_name, model.model.input_shape())})},
                         {"outputs", outputs},
                         {"parameters", parameters}};
  return metadata.dump(-1, ' ', /*ensure_ascii=*/false, json::error_handler_t::replace);
}

}  // namespace fallow::serve
