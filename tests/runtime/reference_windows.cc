// Convolutions and pooling.
#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "tests/runtime/reference_layers.h"

namespace fallow::nn::reference {
namespace {

struct Pair {
  long height, width;
};

bool HasTwoDimensions(const LayerContext& layer) { return layer.Field(0).ends_with("2d"); }

// "3", or "3x5" if there are two dimensions; `otherwise` if empty.
Pair Size(const LayerContext& layer, const std::string& text, Pair otherwise) {
  if (text.empty()) return otherwise;
  const std::size_t x = text.find('x');
  const long last = std::stol(text.substr(x == std::string::npos ? 0 : x + 1));
  return {HasTwoDimensions(layer) ? std::stol(text) : otherwise.height, last};
}

// Images: {channels, height, width}, of height 1 for sequences.
struct Image {
  explicit Image(const LayerContext& layer) {
    const Shape& shape = layer.input;
    const bool two_dimensions = HasTwoDimensions(layer);
    const std::size_t rank = two_dimensions ? 2 : 1;
    channels = shape.rank() > rank ? static_cast<long>(shape[0]) : 1;
    height = two_dimensions ? static_cast<long>(shape[shape.rank() - 2]) : 1;
    width = static_cast<long>(shape[shape.rank() - 1]);
  }
  long channels, height, width;
};

struct Window {
  Window(const LayerContext& layer, const Image& image, Pair kernel_size, Pair default_stride)
      : kernel(kernel_size),
        stride(Size(layer, layer.Option("stride"), default_stride)),
        dilation(Size(layer, layer.Option("dilation"), {1, 1})),
        before{0, 0} {
    Pair total{0, 0};
    if (layer.Option("padding") == "same") {
      total = {dilation.height * (kernel.height - 1), dilation.width * (kernel.width - 1)};
      before = {total.height / 2, total.width / 2};
    } else {
      before = Size(layer, layer.Option("padding"), {0, 0});
      total = {2 * before.height, 2 * before.width};
    }
    output = {(image.height + total.height - dilation.height * (kernel.height - 1) - 1) / stride.height + 1,
              (image.width + total.width - dilation.width * (kernel.width - 1) - 1) / stride.width + 1};
  }

  // Calls body(tap, pixel) for the elements inside the image of the window at (i, j).
  void ForEachInside(const Image& image, long i, long j, const std::function<void(long, long)>& body) const {
    for (long u = 0; u < kernel.height; ++u) {
      for (long v = 0; v < kernel.width; ++v) {
        const long row = i * stride.height + u * dilation.height - before.height;
        const long col = j * stride.width + v * dilation.width - before.width;
        if (row < 0 || row >= image.height || col < 0 || col >= image.width) continue;
        body(u * kernel.width + v, row * image.width + col);
      }
    }
  }

  Pair kernel, stride, dilation, before, output;
};

double PoolOne(const std::string& kind, const Row& values, std::size_t count) {
  if (kind.find("maxpool") != std::string::npos) return *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(count);
}

}  // namespace

Row Convolve(const LayerContext& layer, const Row& x) {
  const Image image(layer);
  const Window window(layer, image, Size(layer, layer.Field(2), {1, 1}), {1, 1});
  const long filters = std::stol(layer.Field(1));
  const auto groups = static_cast<long>(layer.Number("groups", 1));
  const long channels = image.channels / groups, taps = window.kernel.height * window.kernel.width;
  Row y;
  for (long f = 0; f < filters; ++f) {
    const long first_channel = f / (filters / groups) * channels;
    for (long i = 0; i < window.output.height; ++i) {
      for (long j = 0; j < window.output.width; ++j) {
        double sum = layer.parameters.size() == 1 ? 0 : layer.parameters[1][static_cast<std::size_t>(f)];
        for (long c = 0; c < channels; ++c) {
          window.ForEachInside(image, i, j, [&](long tap, long pixel) {
            sum += layer.parameters[0][static_cast<std::size_t>((f * channels + c) * taps + tap)] *
                   x[static_cast<std::size_t>((first_channel + c) * image.height * image.width + pixel)];
          });
        }
        y.push_back(sum);
      }
    }
  }
  return y;
}

Row Pool(const LayerContext& layer, const Row& x) {
  Row y;
  const std::string kind = layer.Field(0);
  if (kind.starts_with("global")) {
    const std::size_t channels = layer.input[0], size = x.size() / channels;
    for (std::size_t c = 0; c < channels; ++c) {
      y.push_back(PoolOne(kind, {x.begin() + c * size, x.begin() + (c + 1) * size}, size));
    }
    return y;
  }
  const Image image(layer);
  const Pair kernel = Size(layer, layer.Field(1), {1, 1});
  const Window window(layer, image, kernel, kernel);
  const bool counts_padding = layer.Number("count_include_pad", 1) != 0;
  for (long c = 0; c < image.channels; ++c) {
    for (long i = 0; i < window.output.height; ++i) {
      for (long j = 0; j < window.output.width; ++j) {
        Row values;
        window.ForEachInside(image, i, j, [&](long, long pixel) {
          values.push_back(x[static_cast<std::size_t>(c * image.height * image.width + pixel)]);
        });
        const auto all = static_cast<std::size_t>(kernel.height * kernel.width);
        y.push_back(PoolOne(kind, values, counts_padding ? all : values.size()));
      }
    }
  }
  return y;
}

}  // namespace fallow::nn::reference
