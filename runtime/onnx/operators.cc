#include "runtime/onnx/operators.h"

#include <iterator>
#include <set>

#include "fallow/nn/error.h"
#include "runtime/onnx/text.h"

namespace fallow::nn::onnx_io {
namespace {

struct NamedImport {
  std::string_view operator_name;
  KnownImport import;
};

constexpr bool kByVector = true;

constexpr NamedImport kImports[] = {{"AveragePool", {ImportAveragePool}},
                                    {"BatchNormalization", {ImportBatchNormalization}},
                                    {"Cast", {ImportCast}},
                                    {"Conv", {ImportConv}},
                                    {"Dropout", {ImportDropout, kByVector}},
                                    {"Elu", {ImportElu, kByVector}},
                                    {"Gelu", {ImportGelu, kByVector}},
                                    {"GlobalAveragePool", {ImportGlobalAveragePool}},
                                    {"GlobalMaxPool", {ImportGlobalMaxPool}},
                                    {"LayerNormalization", {ImportLayerNormalization, kByVector}},
                                    {"LeakyRelu", {ImportLeakyRelu, kByVector}},
                                    {"MaxPool", {ImportMaxPool}},
                                    {"ReduceMean", {ImportReduceMean}},
                                    {"Relu", {ImportRelu, kByVector}},
                                    {"Selu", {ImportSelu, kByVector}},
                                    {"Sigmoid", {ImportSigmoid, kByVector}},
                                    {"Softmax", {ImportSoftmax, kByVector}},
                                    {"Tanh", {ImportTanh, kByVector}}};

struct NamedGraphImport {
  std::string_view operator_name;
  GraphImport import;
};

constexpr NamedGraphImport kGraphImports[] = {{"Add", ImportAdd},
                                              {"Cast", ImportCastOfAny},
                                              {"Concat", ImportConcat},
                                              {"ConstantOfShape", ImportConstantOfShape},
                                              {"Div", ImportProduct},
                                              {"Dropout", ImportHeadDropout},
                                              {"Expand", ImportExpand},
                                              {"Flatten", ImportFlatten},
                                              {"Gather", ImportGather},
                                              {"Gemm", ImportGemm},
                                              {"GRU", ImportRecurrent},
                                              {"Identity", ImportIdentity},
                                              {"LSTM", ImportRecurrent},
                                              {"MatMul", ImportMatMul},
                                              {"Mul", ImportProduct},
                                              {"Reshape", ImportReshape},
                                              {"Shape", ImportShape},
                                              {"Slice", ImportSlice},
                                              {"Softmax", ImportHeadSoftmax},
                                              {"Split", ImportSplit},
                                              {"Squeeze", ImportSqueeze},
                                              {"Sub", ImportSub},
                                              {"Transpose", ImportTranspose},
                                              {"Unsqueeze", ImportUnsqueeze},
                                              {"Where", ImportWhere}};

constexpr Pattern kPatterns[] = {{FindChannel, {ImportChannel}},
                                 {FindGelu, {ImportGeluPattern, kByVector}},
                                 {FindLayerNorm, {ImportLayerNormPattern, kByVector}},
                                 {FindPaddedAverage, {ImportPaddedAverage}},
                                 {FindSilu, {ImportSilu, kByVector}}};

struct NamedExport {
  std::string_view kind;
  Export write;
};

constexpr NamedExport kExports[] = {{"activity_regularization", ExportNothing},
                                    {"add", ExportAdd},
                                    {"alpha_dropout", ExportNothing},
                                    {"attention", ExportAttention},
                                    {"avgpool1d", ExportAveragePool},
                                    {"avgpool2d", ExportAveragePool},
                                    {"batch_norm", ExportBatchNorm},
                                    {"concat", ExportConcat},
                                    {"concrete_dropout", ExportNothing},
                                    {"conv1d", ExportConvolution},
                                    {"conv2d", ExportConvolution},
                                    {"dense", ExportDense},
                                    {"dense_last", ExportDenseLast},
                                    {"drop_block2d", ExportNothing},
                                    {"drop_path", ExportNothing},
                                    {"dropconnect", ExportDense},
                                    {"dropout", ExportDropout},
                                    {"elu", ExportActivation},
                                    {"embedding", ExportEmbedding},
                                    {"feature_alpha_dropout", ExportNothing},
                                    {"flatten", ExportFlatten},
                                    {"from", ExportFrom},
                                    {"gaussian_dropout", ExportNothing},
                                    {"gaussian_noise", ExportNothing},
                                    {"gelu", ExportGelu},
                                    {"global_avgpool", ExportGlobalPool},
                                    {"global_maxpool", ExportGlobalPool},
                                    {"gru", ExportRecurrent},
                                    {"layer_norm", ExportLayerNorm},
                                    {"leaky_relu", ExportActivation},
                                    {"lstm", ExportRecurrent},
                                    {"maxpool1d", ExportMaxPool},
                                    {"maxpool2d", ExportMaxPool},
                                    {"relu", ExportActivation},
                                    {"permute", ExportPermute},
                                    {"reshape", ExportReshape},
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

std::vector<float> Node::Floats(const std::string& name, std::size_t count) const {
  std::vector<float> values = constants_.Floats(name);
  if (values.size() == count) return values;
  throw Error("input " + Quoted(name) + " has " + std::to_string(values.size()) + " numbers, expected " +
              std::to_string(count));
}

KnownImport FindImport(std::string_view operator_name) {
  for (const auto& [name, import] : kImports) {
    if (name == operator_name) return import;
  }
  return {};
}

GraphImport FindGraphImport(std::string_view operator_name) {
  for (const auto& [name, import] : kGraphImports) {
    if (name == operator_name) return import;
  }
  return nullptr;
}

std::string ImportedOperators() {
  std::set<std::string_view> sorted;
  for (const NamedImport& entry : kImports) sorted.insert(entry.operator_name);
  for (const NamedGraphImport& entry : kGraphImports) sorted.insert(entry.operator_name);
  std::string names;
  for (const std::string_view name : sorted) names.append(names.empty() ? "" : ", ").append(name);
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
