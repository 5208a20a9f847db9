// The text form of a model: see ParseLayers.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fallow/nn/error.h"
#include "fallow/nn/layers.h"
#include "runtime/attention_entries.h"
#include "runtime/convolution_entries.h"
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

void AddDense(const LayerEntry& entry, LayerChain& layers) {
  if (entry.size() < 2) entry.Fail("expected " + std::string(entry.kind()) + ":UNITS");
  // As in "dense:N:relu".
  const bool own_activation = entry.size() >= 3 && entry.field(2).find('=') == std::string_view::npos;
  DenseOptions options;
  entry.ReadOptions(own_activation ? 3 : 2, "l1=X, l2=X, max_norm=X or bias=0",
                    [&](std::string_view name, std::string_view value) {
                      if (name == "bias") {
                        options.use_bias = entry.Flag(name, value);
                        return true;
                      }
                      for (const auto& [known, target] :
                           {std::pair{"l1", &options.l1}, {"l2", &options.l2}, {"max_norm", &options.max_norm}}) {
                        if (name != known) continue;
                        *target = entry.Number<float>(value, "a number");
                        return true;
                      }
                      return false;
                    });
  const auto units = entry.Number<std::size_t>(entry.field(1), "a whole number of units");
  const auto make = entry.kind() == "dense" ? MakeDense : MakeDenseLast;
  layers.push_back(entry.Named([&] { return make(units, options); }));
  if (own_activation) AddActivation(entry, entry.field(2), layers);
}

void AddDropout(const LayerEntry& entry, LayerChain& layers) {
  entry.ExpectFields(2, 2, "dropout:RATE");
  const double rate = entry.Number<double>(entry.field(1), "a rate");
  layers.push_back(entry.Named([&] { return MakeDropout(rate); }));
}

void AddFlatten(const LayerEntry& entry, LayerChain& layers) {
  entry.ExpectFields(1, 1, "no more than a name");
  layers.push_back(MakeFlatten());
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
    {"add", "add:LABEL", AddAdd},
    {"attention", "attention:HEADS", AddAttention},
    {"avgpool1d", "avgpool1d:KERNEL", AddAvgPool1D},
    {"avgpool2d", "avgpool2d:KERNEL", AddAvgPool2D},
    {"batch_norm", "batch_norm", AddBatchNorm},
    {"concat", "concat:LABEL", AddConcat},
    {"conv1d", "conv1d:FILTERS:KERNEL", AddConv1D},
    {"conv2d", "conv2d:FILTERS:KERNEL", AddConv2D},
    {"embedding", "embedding:VOCABULARY:DIM", AddEmbedding},
    {"from", "from:LABEL", AddFrom},
    {"global_avgpool", "global_avgpool", AddGlobalAvgPool},
    {"global_maxpool", "global_maxpool", AddGlobalMaxPool},
    {"gru", "gru:UNITS", AddGRU},
    {"input", "input:NAME:SHAPE", AddInput},
    {"layer_norm", "layer_norm", AddLayerNorm},
    {"lstm", "lstm:UNITS", AddLSTM},
    {"maxpool1d", "maxpool1d:KERNEL", AddMaxPool1D},
    {"maxpool2d", "maxpool2d:KERNEL", AddMaxPool2D},
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
