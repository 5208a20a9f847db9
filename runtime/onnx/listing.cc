#include "runtime/onnx/listing.h"

#include <utility>

#include "fallow/nn/layer.h"

namespace fallow::nn::onnx_io {
namespace {

// What an entry of the list reads: `x`, which is the value before it unless `jumps`, and perhaps `other`.
struct Reads {
  std::size_t x, other;
  bool jumps;
};

// `before`: the value that the list so far ends with.
Reads ReadsOf(const ChainLayer& layer, std::size_t before) {
  // The order of a sum's two does not matter.
  if (layer.spec == "add:" && layer.other == before) return {layer.other, layer.input, false};
  const bool names_its_own = layer.spec.starts_with("input:");
  return {layer.input, layer.other, layer.input != before && !names_its_own};
}

class Labels {
 public:
  // Marks the values that are read by a label.
  explicit Labels(const std::vector<ChainLayer>& layers) : is_needed_(layers.size() + 1) {
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const Reads reads = ReadsOf(layers[i], i);
      if (reads.jumps) is_needed_[reads.x] = true;
      if (reads.other != kNoValue) is_needed_[reads.other] = true;
    }
    labels_.push_back(std::string(kModelInput));
    for (std::size_t value = 1; value <= layers.size(); ++value) {
      labels_.emplace_back();
      if (is_needed_[value]) labels_.back().append("v").append(std::to_string(++count_));
    }
  }

  const std::string& of(std::size_t value) const { return labels_[value]; }

 private:
  std::vector<bool> is_needed_;
  std::vector<std::string> labels_;
  std::size_t count_ = 0;
};

}  // namespace

void KeepWhatIsRead(std::size_t value, std::vector<ChainLayer>* layers) {
  std::vector<bool> is_read(layers->size() + 1);
  is_read[value] = true;
  for (std::size_t i = layers->size(); i-- > 0;) {
    if (!is_read[i + 1]) continue;
    is_read[(*layers)[i].input] = true;
    if ((*layers)[i].other != kNoValue) is_read[(*layers)[i].other] = true;
  }
  std::vector<ChainLayer> kept;
  std::vector<std::size_t> value_of(layers->size() + 1);  // The new one of the old.
  for (std::size_t i = 0; i < layers->size(); ++i) {
    if (!is_read[i + 1]) continue;
    ChainLayer& layer = kept.emplace_back(std::move((*layers)[i]));
    layer.input = value_of[layer.input];
    if (layer.other != kNoValue) layer.other = value_of[layer.other];
    value_of[i + 1] = kept.size();
  }
  *layers = std::move(kept);
}

std::string ListOf(const std::vector<ChainLayer>& layers) {
  const Labels labels(layers);
  std::string list;
  const auto append = [&](const std::string& entry) { list.append(list.empty() ? "" : ",").append(entry); };
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Reads reads = ReadsOf(layers[i], i);
    if (reads.jumps) append("from:" + labels.of(reads.x));
    append(layers[i].spec);
    if (reads.other != kNoValue) list += labels.of(reads.other);
    if (!labels.of(i + 1).empty()) list.append("@").append(labels.of(i + 1));
  }
  return list;
}

}  // namespace fallow::nn::onnx_io
