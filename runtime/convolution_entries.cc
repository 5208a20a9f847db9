#include "runtime/convolution_entries.h"

#include <string>
#include <string_view>
#include <utility>

#include "fallow/nn/convolution.h"

namespace fallow::nn {
namespace {

std::size_t Number(const LayerEntry& entry, std::string_view text) {
  return entry.Number<std::size_t>(text, "a whole number");
}

// "3", or "3x5": height and width.
Size2D ReadSize(const LayerEntry& entry, std::string_view text) {
  const std::size_t x = text.find('x');
  if (x != std::string_view::npos) return {Number(entry, text.substr(0, x)), Number(entry, text.substr(x + 1))};
  const std::size_t both = Number(entry, text);
  return {both, both};
}

void Read(const LayerEntry& entry, std::string_view text, Size2D* size) { *size = ReadSize(entry, text); }
void Read(const LayerEntry& entry, std::string_view text, std::size_t* size) { *size = Number(entry, text); }

// Whether the name is known: of Conv1DOptions or Conv2DOptions.
template <class Options>
bool SetOption(const LayerEntry& entry, std::string_view name, std::string_view value, Options* options) {
  if (name == "bias") {
    options->use_bias = entry.Flag(name, value);
  } else if (name == "padding" && value == "same") {
    options->same_padding = true;
  } else if (name == "stride" || name == "padding" || name == "dilation") {
    Read(entry, value,
         name == "stride"    ? &options->stride
         : name == "padding" ? &options->padding
                             : &options->dilation);
  } else if (name == "groups") {
    options->groups = Number(entry, value);
  } else if (name == "l1" || name == "l2" || name == "max_norm") {
    float* number = name == "l1" ? &options->l1 : name == "l2" ? &options->l2 : &options->max_norm;
    *number = entry.Number<float>(value, "a number");
  } else {
    return false;
  }
  return true;
}

template <class Size, class Options>
void AddConvolution(const LayerEntry& entry, std::string_view form,
                    std::unique_ptr<Layer> (*make)(std::size_t, Size, const Options&), LayerChain& layers) {
  if (entry.size() < 3) entry.Fail("expected " + std::string(form));
  const bool own_activation = entry.size() >= 4 && entry.field(3).find('=') == std::string_view::npos;
  Options options;
  entry.ReadOptions(
      own_activation ? 4 : 3,
      "stride=S, padding=P, padding=same, dilation=D, groups=G, l1=X, l2=X, "
      "max_norm=X or bias=0",
      [&](std::string_view name, std::string_view value) { return SetOption(entry, name, value, &options); });
  const auto filters = entry.Number<std::size_t>(entry.field(1), "a whole number of filters");
  Size kernel{};
  Read(entry, entry.field(2), &kernel);
  layers.push_back(entry.Named([&] { return make(filters, kernel, options); }));
  if (own_activation) AddActivation(entry, entry.field(3), layers);
}

// Whether the name is known: of Pool1DOptions or Pool2DOptions.
template <class Options>
bool SetPoolOption(const LayerEntry& entry, bool averages, std::string_view name, std::string_view value,
                   Options* options) {
  if (name == "stride") {
    Read(entry, value, &options->stride);
  } else if (name == "padding") {
    Read(entry, value, &options->padding);
  } else if (averages && name == "count_include_pad") {
    options->count_include_pad = entry.Flag(name, value);
  } else {
    return false;
  }
  return true;
}

template <class Size, class Options>
void AddPool(const LayerEntry& entry, bool averages, std::unique_ptr<Layer> (*make)(Size, const Options&),
             LayerChain& layers) {
  if (entry.size() < 2) entry.Fail("expected " + std::string(entry.kind()) + ":KERNEL");
  Options options;
  entry.ReadOptions(2, averages ? "stride=S, padding=P or count_include_pad=0" : "stride=S or padding=P",
                    [&](std::string_view name, std::string_view value) {
                      return SetPoolOption(entry, averages, name, value, &options);
                    });
  Size kernel{};
  Read(entry, entry.field(1), &kernel);
  layers.push_back(entry.Named([&] { return make(kernel, options); }));
}

void AddGlobalPool(const LayerEntry& entry, std::unique_ptr<Layer> (*make)(bool), LayerChain& layers) {
  bool keepdims = false;
  entry.ReadOptions(1, "keepdims=1", [&](std::string_view name, std::string_view value) {
    if (name == "keepdims") keepdims = entry.Flag(name, value);
    return name == "keepdims";
  });
  layers.push_back(make(keepdims));
}

}  // namespace

void AddAvgPool1D(const LayerEntry& entry, LayerChain& layers) { AddPool(entry, true, MakeAvgPool1D, layers); }
void AddAvgPool2D(const LayerEntry& entry, LayerChain& layers) { AddPool(entry, true, MakeAvgPool2D, layers); }
void AddMaxPool1D(const LayerEntry& entry, LayerChain& layers) { AddPool(entry, false, MakeMaxPool1D, layers); }
void AddMaxPool2D(const LayerEntry& entry, LayerChain& layers) { AddPool(entry, false, MakeMaxPool2D, layers); }
void AddGlobalAvgPool(const LayerEntry& entry, LayerChain& layers) { AddGlobalPool(entry, MakeGlobalAvgPool, layers); }
void AddGlobalMaxPool(const LayerEntry& entry, LayerChain& layers) { AddGlobalPool(entry, MakeGlobalMaxPool, layers); }

void AddConv1D(const LayerEntry& entry, LayerChain& layers) {
  AddConvolution(entry, "conv1d:FILTERS:KERNEL", MakeConv1D, layers);
}

void AddConv2D(const LayerEntry& entry, LayerChain& layers) {
  AddConvolution(entry, "conv2d:FILTERS:KERNEL", MakeConv2D, layers);
}

}  // namespace fallow::nn
