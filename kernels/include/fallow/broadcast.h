// Masks with fewer elements than what they are applied to: channels, rows, time steps that share one decision.
#ifndef FALLOW_BROADCAST_H_
#define FALLOW_BROADCAST_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace fallow {

// An array's shape, and for each dimension whether the mask varies along it. Element (i0, i1, …) of the array takes the
// decision of the mask's element at the same indices with those of the fixed dimensions left out, row-major.
//
// This is the `noise_shape` of Keras: there, a fixed dimension has noise size 1. Some of its uses:
//
//   what                                   shape            noise shape    paper
//   feature dropout, channels first        {N, C, H, W}     {N, C, 1, 1}   Tompson et al., CVPR 2015 (spatial dropout)
//   feature dropout, channels last         {N, H, W, C}     {N, 1, 1, C}
//   1d and 3d                              {N, C, L} …      {N, C, 1} …
//   locked (variational) over time         {B, T, F}        {B, 1, F}      Gal, Ghahramani, NeurIPS 2016
//   words, rows of an embedding            {V, D}           {V, 1}         Gal, Ghahramani, NeurIPS 2016
//   stochastic depth (DropPath), by sample {N, …}           {N, 1}         Huang et al., ECCV 2016
class Broadcast {
 public:
  static constexpr std::size_t kMaxDims = 8;

  // None: every element has its own decision.
  constexpr Broadcast() noexcept {}

  // Each size of `noise_shape` is that of `shape`, or 1. From 1 to kMaxDims dimensions; the numbers of elements of both
  // fit a size_t. Calls fail that are given something else.
  Broadcast(std::span<const std::size_t> shape, std::span<const std::size_t> noise_shape) noexcept;
  template <std::size_t kDims>
  Broadcast(const std::size_t (&shape)[kDims], const std::size_t (&noise_shape)[kDims]) noexcept
      : Broadcast(std::span<const std::size_t>(shape), std::span<const std::size_t>(noise_shape)) {}

  // One decision for all `repeats` elements that follow each other: {n, repeats}, noise {n, 1}.
  static Broadcast Rows(std::size_t n, std::size_t repeats) noexcept { return Broadcast({n, repeats}, {n, 1}); }
  // One for each (sample, channel): N samples of C channels of `positions` elements, channels before positions …
  static Broadcast ChannelsFirst(std::size_t n, std::size_t channels, std::size_t positions) noexcept {
    return Broadcast({n, channels, positions}, {n, channels, 1});
  }
  // … or after them. Also the locked mask of a sequence: batch, time steps, features.
  static Broadcast ChannelsLast(std::size_t n, std::size_t positions, std::size_t channels) noexcept {
    return Broadcast({n, positions, channels}, {n, 1, channels});
  }

  bool valid() const { return valid_; }
  // Whether there is anything to repeat.
  bool is_none() const { return dims_ == 0; }
  std::size_t size() const { return size_; }              // Elements of the array.
  std::size_t noise_size() const { return noise_size_; }  // Elements of the mask.

  // Neighbouring dimensions of one kind made one, so that kinds alternate, outermost first.
  struct Dim {
    std::size_t size;
    std::size_t noise_stride;  // In the mask: 0 if fixed.
  };
  std::span<const Dim> dims() const { return {dim_.data(), dims_}; }

 private:
  std::array<Dim, kMaxDims> dim_;  // The first dims_ of them.
  std::size_t dims_ = 0;
  std::size_t size_ = 0;
  std::size_t noise_size_ = 0;
  bool valid_ = true;
};

}  // namespace fallow

#endif  // FALLOW_BROADCAST_H_
