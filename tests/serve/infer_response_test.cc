#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "tools/serve/infer_message.h"
#include "tools/serve/request_error.h"

namespace fallow::serve {
namespace {

ServedModel MakeModel() {
  return {"a \"name\"", "3", "onnx", "x", "y", nn::Model({2}, "dense:2", 1), nn::Loss::kMeanSquaredError, {}, {}};
}

nn::McPrediction PredictionOf(float a, float b) {
  nn::McPrediction prediction{nn::Tensor(1, {2}), nn::Tensor(1, {2}), {}, {}, {}};
  prediction.mean.row(0)[0] = a;
  prediction.mean.row(0)[1] = b;
  return prediction;
}

TEST(InferResponseTest, NumbersComeBackAsTheyWere) {
  const float values[] = {0.1f, -0.0f, 1e-45f, 3.4028235e38f, 1.0f / 3, 16777217.0f};
  for (const float value : values) {
    InferRequest request;
    request.outputs = {{.name = "y"}};
    const Message message = FormatInferResponse(MakeModel(), request, PredictionOf(value, -value));
    EXPECT_FALSE(message.json_bytes.has_value());
    const nlohmann::json answer = nlohmann::json::parse(message.body);
    EXPECT_EQ(answer["model_name"], "a \"name\"");
    EXPECT_EQ(answer["outputs"][0]["data"][0].get<float>(), value);
    EXPECT_EQ(answer["outputs"][0]["data"][1].get<float>(), -value);
  }
}

TEST(InferResponseTest, WhatJsonCannotHold) {
  for (const float value : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    InferRequest request;
    request.outputs = {{.name = "y"}};
    try {
      FormatInferResponse(MakeModel(), request, PredictionOf(1, value));
      ADD_FAILURE() << "no error";
    } catch (const RequestError& error) {
      EXPECT_EQ(error.status(), 422);
      EXPECT_NE(std::string(error.what()).find("output y"), std::string::npos) << error.what();
    }
    request.outputs[0].binary = true;
    const Message message = FormatInferResponse(MakeModel(), request, PredictionOf(1, value));
    EXPECT_EQ(message.body.size(), *message.json_bytes + 8);
  }
}

TEST(InferResponseTest, NamesThatAreNoUtf8StillMakeJson) {
  InferRequest request;
  request.id = "\xff\"";
  request.outputs = {{.name = "y"}};
  EXPECT_TRUE(nlohmann::json::accept(FormatInferResponse(MakeModel(), request, PredictionOf(1, 2)).body));
}

}  // namespace
}  // namespace fallow::serve
