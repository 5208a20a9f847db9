// The text form of a block of a transformer's encoder: a list of other layers.
#include <string>
#include <string_view>

#include "fallow/nn/layers.h"
#include "runtime/attention_entries.h"

namespace fallow::nn {
namespace {

// The label of what the next layer reads; gives it one if it has none.
std::string LabelOfLast(LayerChain& layers, const std::string& label) {
  if (layers.empty()) return std::string(kModelInput);
  if (layers.back()->label.empty()) layers.back()->label = label;
  return layers.back()->label;
}

}  // namespace

// PyTorch's TransformerEncoderLayer: norms behind the sums.
void AddTransformer(const LayerEntry& entry, LayerChain& layers) {
  if (entry.size() < 4) entry.Fail("expected transformer:DIM:HEADS:FEED_FORWARD");
  AttentionOptions options;
  std::string_view activation = "relu";
  entry.ReadOptions(4, "dropout=RATE, activation=NAME or causal=1", [&](std::string_view name, std::string_view value) {
    if (name == "activation") {
      activation = value;
      return true;
    }
    if (name == "causal") {
      options.causal = entry.Flag(name, value);
    } else if (name == "dropout") {
      options.dropout = entry.Number<double>(value, "a rate");
    } else {
      return false;
    }
    return true;
  });
  const auto dim = entry.Number<std::size_t>(entry.field(1), "a whole number of dimensions");
  const auto heads = entry.Number<std::size_t>(entry.field(2), "a whole number of heads");
  const auto hidden = entry.Number<std::size_t>(entry.field(3), "a whole number of units");
  const std::string name = "block" + std::to_string(entry.position());
  const auto add = [&](const auto& make) { layers.push_back(entry.Named(make)); };
  const auto end_part = [&](const std::string& around) {
    if (options.dropout > 0) add([&] { return MakeDropout(options.dropout); });
    add([&] { return MakeAdd(around); });
    add([&] { return MakeLayerNorm(); });
  };

  const std::string before = LabelOfLast(layers, name);
  add([&] { return MakeAttention(heads, options); });
  end_part(before);
  const std::string between = LabelOfLast(layers, name + "_attention");
  add([&] { return MakeDenseLast(hidden); });
  AddActivation(entry, activation, layers);
  if (options.dropout > 0) add([&] { return MakeDropout(options.dropout); });
  add([&] { return MakeDenseLast(dim); });
  end_part(between);
}

}  // namespace fallow::nn
