// fallow eval: loss and accuracy of a model.
#include <cstdio>
#include <memory>
#include <numbers>

#include "fallow/nn/training.h"
#include "tools/command/command.h"
#include "tools/command/trained_model.h"

namespace fallow::tools {
namespace {

void RunEval(const ModelOptions& options) {
  ModelAndData loaded = LoadModelAndData(options);
  if (loaded.data.y.rows() == 0) throw UsageError("the data has no answers to compare with: give --labels or --target");
  const nn::LossSum sum = nn::EvaluateModel(loaded.model, loaded.data, loaded.loss, options.execution());
  std::printf("samples   %zu\nloss      %.4f\n", sum.rows, sum.mean_loss());
  if (nn::Positions(loaded.loss, loaded.model.output_shape()) > 1) {
    std::printf("bits      %.4f a position\n", sum.mean_loss() / std::numbers::ln2);
  }
  if (nn::HasAccuracy(loaded.loss)) std::printf("accuracy  %.4f\n", sum.accuracy());
}

}  // namespace

void AddEval(CLI::App& app, Context& context) {
  Options options(app, "eval", "Measure the loss and the accuracy of a model");
  const auto eval = std::make_shared<ModelOptions>();
  AddModelOptions(options, *eval);
  options.Footer(
      "Inputs are scaled as they were in training; the model's file says how. The loss is a mean over samples and, of\n"
      "a model that predicts a class for each position of a sequence, over positions: it is shown in bits as well.\n\n"
      "Examples\n"
      "  " +
      context.program +
      " eval runs/fashion-6000-dropout/model.safetensors --data fashion-mnist\n"
      "  " +
      context.program + " eval runs/flowers/model.safetensors --csv more-flowers.csv --target kind");
  options.Action([eval] { RunEval(*eval); });
}

}  // namespace fallow::tools
