// The text form of a model: see ParseLayers.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "fallow/nn/error.h"
#include "fallow/nn/layers.h"
#include "runtime/activity_regularization_entry.h"
#include "runtime/attention_entries.h"
#include "runtime/convolution_entries.h"
#include "runtime/dense.h"
#include "runtime/dropout_entries.h"
#include "runtime/layer_entry.h"
#include "runtime/merge_entries.h"
#include "runtime/norm_entries.h"
#include "runtime/sequence_entries.h"

namespace fallow::nn {
namespace {

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::vector<LayerEntry> Entries(std::string_view list) {
  std::vector<LayerEntry> entries;
  for (std::string_view rest = list;;) {
    const std::size_t comma = rest.find(',');
    entries.emplace_back(entries.size() + 1, Trimmed(rest.substr(0, comma)));
    if (comma == std::string_view::npos) return entries;
    rest.remove_prefix(comma + 1);
  }
}

void AddFlatten(const LayerEntry& entry, LayerChain& layers) {
  entry.ExpectFields(1, 1, "no more than a name");
  layers.push_back(MakeFlatten());
}

void AddReshape(const LayerEntry& entry, LayerChain& layers) {
  entry.ExpectFields(2, 2, "reshape:SHAPE");
  layers.push_back(MakeReshape(entry.Named([&] { return ParseShape(entry.field(1)); })));
}

void AddPermute(const LayerEntry& entry, LayerChain& layers) {
  entry.ExpectFields(2, 2, "permute:DxD");
  const Shape parsed = entry.Named([&] { return ParseShape(entry.field(1)); });
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < parsed.rank(); ++i) order.push_back(parsed[i]);
  layers.push_back(entry.Named([&] { return MakePermute(order); }));
}

void AddLeakyReLU(const LayerEntry& entry, LayerChain& layers) {
  entry.ExpectFields(1, 2, "leaky_relu[:NEGATIVE_SLOPE]");
  if (entry.size() == 1) return AddActivation(entry, entry.kind(), layers);
  const double slope = entry.Number<double>(entry.field(1), "a negative slope");
  layers.push_back(entry.Named([&] { return MakeActivation(Activation::kLeakyReLU, slope); }));
}

void AddNamedActivation(const LayerEntry& entry, LayerChain& layers) {
  entry.ExpectFields(1, 1, "no more than a name");
  AddActivation(entry, entry.kind(), layers);
}

struct Kind {
  std::string_view name;
  std::string_view form;  // For the error that lists them.
  void (*add)(const LayerEntry&, LayerChain&);
};

constexpr Kind kKinds[] = {
    {"dense", "dense:UNITS", AddDense},
    {"dropout", "dropout:RATE", AddDropout},
    {"flatten", "flatten", AddFlatten},
    {"leaky_relu", "leaky_relu", AddLeakyReLU},
    {"dense_last", "dense_last:UNITS", AddDense},
    {"activity_regularization", "activity_regularization", AddActivityRegularization},
    {"add", "add:LABEL", AddAdd},
    {"alpha_dropout", "alpha_dropout:RATE", AddMaskDropout},
    {"attention", "attention:HEADS", AddAttention},
    {"avgpool1d", "avgpool1d:KERNEL", AddAvgPool1D},
    {"avgpool2d", "avgpool2d:KERNEL", AddAvgPool2D},
    {"batch_norm", "batch_norm", AddBatchNorm},
    {"concat", "concat:LABEL", AddConcat},
    {"concrete_dropout", "concrete_dropout", AddConcreteDropout},
    {"conv1d", "conv1d:FILTERS:KERNEL", AddConv1D},
    {"conv2d", "conv2d:FILTERS:KERNEL", AddConv2D},
    {"drop_block2d", "drop_block2d:RATE:BLOCK_SIZE", AddDropBlock2D},
    {"dropconnect", "dropconnect:UNITS:RATE", AddDropConnect},
    {"embedding", "embedding:VOCABULARY:DIM", AddEmbedding},
    {"feature_alpha_dropout", "feature_alpha_dropout:RATE", AddMaskDropout},
    {"from", "from:LABEL", AddFrom},
    {"gaussian_dropout", "gaussian_dropout:RATE", AddGaussianDropout},
    {"gaussian_noise", "gaussian_noise:STDDEV", AddGaussianNoise},
    {"global_avgpool", "global_avgpool", AddGlobalAvgPool},
    {"global_maxpool", "global_maxpool", AddGlobalMaxPool},
    {"gru", "gru:UNITS", AddGRU},
    {"input", "input:NAME:SHAPE", AddInput},
    {"layer_norm", "layer_norm", AddLayerNorm},
    {"lstm", "lstm:UNITS", AddLSTM},
    {"maxpool1d", "maxpool1d:KERNEL", AddMaxPool1D},
    {"maxpool2d", "maxpool2d:KERNEL", AddMaxPool2D},
    {"drop_path", "drop_path:RATE", AddMaskDropout},
    {"permute", "permute:DxD", AddPermute},
    {"reshape", "reshape:SHAPE", AddReshape},
    {"spatial_dropout1d", "spatial_dropout1d:RATE", AddMaskDropout},
    {"spatial_dropout2d", "spatial_dropout2d:RATE", AddMaskDropout},
    {"transformer", "transformer:DIM:HEADS:FEED_FORWARD", AddTransformer},
};

// Kinds that are no activation of ParseActivation or softmax are in kKinds.
bool IsActivation(std::string_view kind) {
  if (kind == "softmax") return true;
  try {
    ParseActivation(kind);
    return true;
  } catch (const Error&) {
    return false;
  }
}

auto AdderOf(const LayerEntry& entry) {
  const Kind* found = std::ranges::find(kKinds, entry.kind(), &Kind::name);
  if (found != std::end(kKinds)) return found->add;
  if (IsActivation(entry.kind())) return AddNamedActivation;
  std::string forms;
  for (const Kind& kind : kKinds) forms += std::string(kind.form) + ", ";
  entry.Fail("expected " + forms + "or an activation (relu, elu, selu, gelu, silu, sigmoid, tanh, softmax, linear)");
}

}  // namespace

void AddActivation(const LayerEntry& entry, std::string_view name, LayerChain& layers) {
  if (name == "softmax") return layers.push_back(MakeSoftmax());
  const Activation activation = entry.Named([&] { return ParseActivation(name); });
  if (activation != Activation::kLinear) layers.push_back(MakeActivation(activation));
}

LayerChain ParseLayers(std::string_view list) {
  const std::vector<LayerEntry> entries = Entries(list);
  for (const LayerEntry& entry : entries) AdderOf(entry);  // A kind that is none comes before anything else.
  LayerChain layers;
  for (const LayerEntry& entry : entries) {
    const std::size_t before = layers.size();
    AdderOf(entry)(entry, layers);
    if (entry.label().empty()) continue;
    if (layers.size() == before) entry.Fail("a label without a layer");
    layers.back()->label = entry.label();
  }
  return layers;
}

}  // namespace fallow::nn
