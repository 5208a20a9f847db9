// fallow export: a model for other programs.
#include <memory>

#include "fallow/nn/model_file.h"
#include "fallow/nn/onnx_file.h"
#include "tools/command/command.h"
#include "tools/command/trained_model.h"

namespace fallow::tools {
namespace {

struct ExportOptions {
  std::string model, output;
};

void RunExport(const ExportOptions& options) {
  if (!IsOnnx(options.output)) throw UsageError(options.output + ": expected a name that ends in .onnx");
  nn::LoadedModel loaded = ReadModel(options.model);
  nn::SaveOnnx(options.output, loaded.model, loaded.metadata);
}

}  // namespace

void AddExport(CLI::App& app, Context& context) {
  Options options(app, "export", "Write a model as ONNX, for other programs");
  const auto exported = std::make_shared<ExportOptions>();
  options.Text("model", exported->model, "A model.safetensors that 'train' wrote, or an ONNX file").Required();
  options.Text("output", exported->output, "The ONNX file to write").Required();
  options.Footer(
      "Dropout stays in the file and does nothing in inference. The loss and the scaling of inputs go into the\n"
      "metadata, so 'eval' and 'predict' take the file as they take the model. Other programs must scale inputs\n"
      "themselves: (x - fallow.input_offset) / fallow.input_divisor. Outputs are those of the last layer: without a\n"
      "softmax, if training had softmax_cross_entropy as its loss.\n\n"
      "Examples\n"
      "  " +
      context.program +
      " export runs/flowers/model.safetensors flowers.onnx\n"
      "  " +
      context.program + " predict flowers.onnx --csv new-flowers.csv --mc 50");
  options.Action([exported] { RunExport(*exported); });
}

}  // namespace fallow::tools
