#include "runtime/onnx/operators.h"

#include <iterator>

#include "fallow/nn/error.h"
#include "runtime/onnx/text.h"

namespace fallow::nn::onnx_io {
namespace {

struct NamedImport {
  std::string_view operator_name;
  Import import;
};

constexpr NamedImport kImports[] = {{"Add", ImportAdd},
                                    {"AveragePool", ImportAveragePool},
                                    {"BatchNormalization", ImportBatchNormalization},
                                    {"Cast", ImportCast},
                                    {"Conv", ImportConv},
                                    {"Dropout", ImportDropout},
                                    {"Elu", ImportElu},
                                    {"Flatten", ImportFlatten},
                                    {"Gelu", ImportGelu},
                                    {"Gemm", ImportGemm},
                                    {"GlobalAveragePool", ImportGlobalAveragePool},
                                    {"GlobalMaxPool", ImportGlobalMaxPool},
                                    {"Identity", ImportIdentity},
                                    {"LayerNormalization", ImportLayerNormalization},
                                    {"LeakyRelu", ImportLeakyRelu},
                                    {"MatMul", ImportMatMul},
                                    {"MaxPool", ImportMaxPool},
                                    {"Relu", ImportRelu},
                                    {"Reshape", ImportReshape},
                                    {"Selu", ImportSelu},
                                    {"Sigmoid", ImportSigmoid},
                                    {"Softmax", ImportSoftmax},
                                    {"Tanh", ImportTanh}};

constexpr Pattern kPatterns[] = {FollowChannel, FollowGelu, FollowPaddedAverage, FollowSilu, FollowView};

struct NamedExport {
  std::string_view kind;
  Export write;
};

constexpr NamedExport kExports[] = {{"alpha_dropout", ExportNothing},
                                    {"avgpool1d", ExportAveragePool},
                                    {"avgpool2d", ExportAveragePool},
                                    {"batch_norm", ExportBatchNorm},
                                    {"concrete_dropout", ExportNothing},
                                    {"conv1d", ExportConvolution},
                                    {"conv2d", ExportConvolution},
                                    {"dense", ExportDense},
                                    {"drop_block2d", ExportNothing},
                                    {"dropconnect", ExportDense},
                                    {"dropout", ExportDropout},
                                    {"elu", ExportActivation},
                                    {"feature_alpha_dropout", ExportNothing},
                                    {"flatten", ExportFlatten},
                                    {"gaussian_dropout", ExportNothing},
                                    {"gaussian_noise", ExportNothing},
                                    {"gelu", ExportGelu},
                                    {"global_avgpool", ExportGlobalPool},
                                    {"global_maxpool", ExportGlobalPool},
                                    {"layer_norm", ExportLayerNorm},
                                    {"leaky_relu", ExportActivation},
                                    {"maxpool1d", ExportMaxPool},
                                    {"maxpool2d", ExportMaxPool},
                                    {"relu", ExportActivation},
                                    {"selu", ExportActivation},
                                    {"sigmoid", ExportActivation},
                                    {"silu", ExportSilu},
                                    {"softmax", ExportSoftmax},
                                    {"spatial_dropout1d", ExportNothing},
                                    {"spatial_dropout2d", ExportNothing},
                                    {"tanh", ExportActivation}};

}  // namespace

void Node::ExpectInputs(int least, int most) const {
  int count = proto_.input_size();
  while (count > 0 && proto_.input(count - 1).empty()) --count;
  if (count >= least && count <= most) return;
  throw Error("has " + std::to_string(count) + " inputs, expected " + std::to_string(least) +
              (most > least ? " to " + std::to_string(most) : ""));
}

void Node::ExpectData(int i, const Chain& chain) const {
  if (input(i) == chain.value) return;
  throw Error("input " + std::to_string(i) + " is " + Quoted(input(i)) + ", expected " + Quoted(chain.value) +
              ", which the layers before compute");
}

Import FindImport(std::string_view operator_name) {
  for (const auto& [name, import] : kImports) {
    if (name == operator_name) return import;
  }
  return nullptr;
}

std::string ImportedOperators() {
  std::string names;
  for (const NamedImport& entry : kImports) names.append(names.empty() ? "" : ", ").append(entry.operator_name);
  return names;
}

std::span<const Pattern> Patterns() { return kPatterns; }

Export FindExport(std::string_view kind) {
  for (const auto& [name, write] : kExports) {
    if (name == kind) return write;
  }
  return nullptr;
}

}  // namespace fallow::nn::onnx_io
