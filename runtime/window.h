// Windows that slide over images: what convolutions and pooling share. A sequence is an image of height 1.
#ifndef FALLOW_RUNTIME_WINDOW_H_
#define FALLOW_RUNTIME_WINDOW_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "fallow/nn/convolution.h"
#include "fallow/nn/tensor.h"

namespace fallow::nn {

// Of a window's numbers, and of the elements of a padded sample: offsets have 32 bits.
inline constexpr std::size_t kMaxWindow = std::numeric_limits<std::int32_t>::max();

struct Window {
  std::string kind;      // "conv2d", for messages.
  std::size_t rank = 2;  // Dimensions that it slides along: 1 or 2.
  Size2D kernel;
  Size2D stride = {1, 1};
  Size2D padding = {0, 0};
  bool same_padding = false;
  Size2D dilation = {1, 1};

  // Throws Error if a number is out of range. A same padding that is as much before as behind becomes a padding.
  void Settle();
  // "3" or "3x5".
  std::string Text(Size2D size) const;
  // ":stride=2:padding=1", of what is not `default_stride` and so on.
  std::string Options(Size2D default_stride) const;
  // From the first element of a window to the last, and of same padding how much is before.
  Size2D reach() const;
  Size2D before() const;
};

// Of a layer: its window.
class Windowed {
 public:
  virtual const Window& window() const = 0;

 protected:
  ~Windowed() = default;
};

// A window on samples of one shape.
struct Sliding {
  std::size_t channels = 1;
  Size2D input;
  Size2D before;  // Padding above and to the left.
  Size2D padded;
  Size2D output;

  std::size_t pixels() const { return input.height * input.width; }
  std::size_t padded_pixels() const { return padded.height * padded.width; }
  std::size_t positions() const { return output.height * output.width; }
  bool pads() const { return padded != input; }
};

// Throws Error if a sample of that shape is none of the window's, smaller than the window, or too large.
Sliding Slide(const Window& window, const Shape& input);
// `channels` times the output; without channels if they are 0.
Shape OutputShape(const Window& window, const Sliding& sliding, std::size_t channels);

// Where each position's window begins in a padded channel: positions() numbers.
void FillPositions(const Window& window, const Sliding& sliding, std::uint32_t* positions);

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_WINDOW_H_
