#include "runtime/attention_entries.h"

#include <string>
#include <string_view>

#include "fallow/nn/layers.h"

namespace fallow::nn {
namespace {

// One option of attention; returns whether it is one.
bool ReadOption(const LayerEntry& entry, std::string_view name, std::string_view value, AttentionOptions* options) {
  if (name == "dropout") {
    options->dropout = entry.Number<double>(value, "a rate");
  } else if (name == "causal") {
    options->causal = entry.Flag(name, value);
  } else if (name == "bias") {
    options->use_bias = entry.Flag(name, value);
  } else {
    return false;
  }
  return true;
}

}  // namespace

void AddAttention(const LayerEntry& entry, LayerChain& layers) {
  if (entry.size() < 2) entry.Fail("expected attention:HEADS");
  AttentionOptions options;
  entry.ReadOptions(2, "dropout=RATE, causal=1 or bias=0", [&](std::string_view name, std::string_view value) {
    return ReadOption(entry, name, value, &options);
  });
  const auto heads = entry.Number<std::size_t>(entry.field(1), "a whole number of heads");
  layers.push_back(entry.Named([&] { return MakeAttention(heads, options); }));
}

}  // namespace fallow::nn
