#include "runtime/sequence_entries.h"

#include <utility>

#include "fallow/nn/sequences.h"

namespace fallow::nn {
namespace {

using MakeRecurrent = std::unique_ptr<Layer> (*)(std::size_t, const RecurrentOptions&);

bool SetOption(const LayerEntry& entry, std::string_view name, std::string_view value, RecurrentOptions& options) {
  for (const auto& [known, flag] : {std::pair{"sequences", &options.sequences},
                                    {"bidirectional", &options.bidirectional},
                                    {"mask", &options.mask}}) {
    if (name != known) continue;
    *flag = entry.Flag(name, value);
    return true;
  }
  for (const auto& [known, rate] : {std::pair{"dropout", &options.dropout},
                                    {"recurrent_dropout", &options.recurrent_dropout},
                                    {"zoneout", &options.zoneout},
                                    {"weight_dropout", &options.weight_dropout}}) {
    if (name != known) continue;
    *rate = entry.Number<double>(value, "a rate");
    return true;
  }
  return false;
}

void AddRecurrent(const LayerEntry& entry, MakeRecurrent make, LayerChain& layers) {
  if (entry.size() < 2) entry.Fail("expected " + std::string(entry.kind()) + ":UNITS");
  RecurrentOptions options;
  entry.ReadOptions(
      2,
      "sequences=1, bidirectional=1, dropout=P, recurrent_dropout=P, zoneout=P, weight_dropout=P or "
      "mask=1",
      [&](std::string_view name, std::string_view value) { return SetOption(entry, name, value, options); });
  const auto units = entry.Number<std::size_t>(entry.field(1), "a whole number of units");
  layers.push_back(entry.Named([&] { return make(units, options); }));
}

}  // namespace

void AddEmbedding(const LayerEntry& entry, LayerChain& layers) {
  if (entry.size() < 3) entry.Fail("expected embedding:VOCABULARY:DIM");
  EmbeddingOptions options;
  entry.ReadOptions(3, "dropout=P or padding=TOKEN", [&](std::string_view name, std::string_view value) {
    if (name == "dropout") options.dropout = entry.Number<double>(value, "a rate");
    if (name == "padding") options.padding = entry.Number<std::size_t>(value, "a token");
    return name == "dropout" || name == "padding";
  });
  const auto vocabulary = entry.Number<std::size_t>(entry.field(1), "a whole number of tokens");
  const auto dim = entry.Number<std::size_t>(entry.field(2), "a whole number");
  layers.push_back(entry.Named([&] { return MakeEmbedding(vocabulary, dim, options); }));
}

void AddLSTM(const LayerEntry& entry, LayerChain& layers) { AddRecurrent(entry, MakeLSTM, layers); }
void AddGRU(const LayerEntry& entry, LayerChain& layers) { AddRecurrent(entry, MakeGRU, layers); }

}  // namespace fallow::nn
