#include "runtime/window.h"

#include <algorithm>
#include <vector>

#include "fallow/nn/error.h"

namespace fallow::nn {
namespace {

void CheckNumber(const Window& window, const char* name, std::size_t value, std::size_t least) {
  if (value >= least && value <= kMaxWindow) return;
  throw Error(window.kind + ": " + name + " is " + std::to_string(value) + ", expected " + std::to_string(least) +
              " to " + std::to_string(kMaxWindow));
}

void CheckSize(const Window& window, const char* name, Size2D size, std::size_t least) {
  CheckNumber(window, name, size.height, least);
  CheckNumber(window, name, size.width, least);
}

struct Axis {
  std::size_t padded, output;
};

Axis SlideAlong(const Window& window, std::size_t input, std::size_t reach, std::size_t stride, std::size_t before) {
  const std::size_t padded = input + (window.same_padding ? reach : 2 * before);
  if (padded > kMaxWindow) {
    throw Error(window.kind + ": the input is " + std::to_string(padded) + " wide with its padding, expected at most " +
                std::to_string(kMaxWindow));
  }
  if (padded <= reach) {
    throw Error(window.kind + ": a window " + std::to_string(reach + 1) + " wide, expected at most the input's " +
                std::to_string(padded) + " with its padding");
  }
  return {padded, (padded - reach - 1) / stride + 1};
}

void CheckElements(const Window& window, const char* name, std::size_t channels, Size2D size) {
  const std::size_t pixels = size.height * size.width;  // Both fit 31 bits.
  if (pixels <= kMaxWindow && channels <= kMaxWindow / pixels) return;
  throw Error(window.kind + ": the " + name + " is " + std::to_string(channels) + 'x' + std::to_string(size.height) +
              'x' + std::to_string(size.width) + ", expected at most " + std::to_string(kMaxWindow) + " elements");
}

}  // namespace

void Window::Settle() {
  CheckSize(*this, "the kernel", kernel, 1);
  CheckSize(*this, "the stride", stride, 1);
  CheckSize(*this, "the padding", padding, 0);
  CheckSize(*this, "the dilation", dilation, 1);
  if (same_padding && padding != Size2D{0, 0}) {
    throw Error(kind + ": padding \"same\" and a padding of " + Text(padding) + ", expected one of them");
  }
  if (same_padding && stride != Size2D{1, 1}) {
    throw Error(kind + ": padding \"same\" with a stride of " + Text(stride) + ", expected a stride of 1");
  }
  const Size2D same = before();
  if (!same_padding || reach() != Size2D{2 * same.height, 2 * same.width}) return;
  if (std::max(same.height, same.width) > kMaxWindow) return;  // No sample is as large.
  padding = same;
  same_padding = false;
}

// Less than 2^62 each.
Size2D Window::reach() const { return {dilation.height * (kernel.height - 1), dilation.width * (kernel.width - 1)}; }

Size2D Window::before() const {
  if (!same_padding) return padding;
  return {reach().height / 2, reach().width / 2};
}

std::string Window::Text(Size2D size) const {
  const std::string width = std::to_string(size.width);
  return rank == 1 || size.height == size.width ? width : std::to_string(size.height) + 'x' + width;
}

std::string Window::Options(Size2D default_stride) const {
  std::string text;
  if (stride != default_stride) text += ":stride=" + Text(stride);
  if (same_padding) text += ":padding=same";
  if (padding != Size2D{0, 0}) text += ":padding=" + Text(padding);
  if (dilation != Size2D{1, 1}) text += ":dilation=" + Text(dilation);
  return text;
}

Sliding Slide(const Window& window, const Shape& input) {
  const std::size_t rank = window.rank;
  if (input.rank() != rank && input.rank() != rank + 1) {
    throw Error(window.kind + ": samples of " + std::to_string(input.rank()) + " dimensions, expected " +
                (rank == 2 ? "channels, height and width" : "channels and length"));
  }
  const std::size_t first = input.rank() - rank;
  Sliding sliding;
  sliding.channels = first == 0 ? 1 : input[0];
  sliding.input = {rank == 2 ? input[first] : 1, input[input.rank() - 1]};
  if (input.elements() == 0) throw Error(window.kind + ": samples without elements");
  CheckElements(window, "input", sliding.channels, sliding.input);
  const Size2D reach = window.reach();
  sliding.before = window.before();
  const Axis rows = SlideAlong(window, sliding.input.height, reach.height, window.stride.height, sliding.before.height);
  const Axis cols = SlideAlong(window, sliding.input.width, reach.width, window.stride.width, sliding.before.width);
  sliding.padded = {rows.padded, cols.padded};
  sliding.output = {rows.output, cols.output};
  CheckElements(window, "padded input", sliding.channels, sliding.padded);
  return sliding;
}

Shape OutputShape(const Window& window, const Sliding& sliding, std::size_t channels) {
  CheckElements(window, "output", std::max<std::size_t>(channels, 1), sliding.output);
  std::vector<std::size_t> dims;
  if (channels != 0) dims.push_back(channels);
  if (window.rank == 2) dims.push_back(sliding.output.height);
  dims.push_back(sliding.output.width);
  return Shape(dims);
}

void FillPositions(const Window& window, const Sliding& sliding, std::uint32_t* positions) {
  for (std::size_t i = 0; i < sliding.output.height; ++i) {
    const std::size_t row = i * window.stride.height * sliding.padded.width;
    for (std::size_t j = 0; j < sliding.output.width; ++j) {
      *positions++ = static_cast<std::uint32_t>(row + j * window.stride.width);
    }
  }
}

}  // namespace fallow::nn
