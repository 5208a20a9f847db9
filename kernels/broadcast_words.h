// Spreads a small mask over a large array, run by run.
//
// The innermost dimension decides what a run is: one decision for all of it, or as many as it has elements, copied.
// Decisions are fetched from the mask many at a time, into a window that the next runs are likely to want too.
#ifndef FALLOW_KERNELS_BROADCAST_WORDS_H_
#define FALLOW_KERNELS_BROADCAST_WORDS_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "fallow/broadcast.h"
#include "kernels/mask_plan.h"
#include "kernels/words.h"

namespace fallow {

// The indices of an array's element along the dimensions of a Broadcast.
class BroadcastIndex {
 public:
  BroadcastIndex(const Broadcast& broadcast, std::size_t element) : dims_(broadcast.dims()) {
    for (std::size_t i = dims_.size(); i-- > 0;) {
      index_[i] = element % dims_[i].size;
      element /= dims_[i].size;
    }
  }

  // The mask's element.
  std::size_t own() const {
    std::size_t own = 0;
    for (std::size_t i = 0; i < dims_.size(); ++i) own += index_[i] * dims_[i].noise_stride;
    return own;
  }

  // Elements left of the innermost dimension.
  std::size_t run() const { return dims_.back().size - index_[dims_.size() - 1]; }

  // Goes on by n elements, at most run().
  void Advance(std::size_t n) {
    std::size_t i = dims_.size() - 1;
    index_[i] += n;
    while (i > 0 && index_[i] == dims_[i].size) {
      index_[i] = 0;
      ++index_[--i];
    }
  }

  // One past the last of the mask's elements that array elements from here to `last` take.
  std::size_t OwnEnd(const BroadcastIndex& last) const {
    std::size_t end = 0;
    bool same = true;  // Whether all indices so far are `last`'s: if not, inner ones may be anything.
    for (std::size_t i = 0; i < dims_.size(); ++i) {
      const std::size_t largest = same ? last.index_[i] : dims_[i].size - 1;
      end += largest * dims_[i].noise_stride;
      same = same && index_[i] == last.index_[i];
    }
    return end + 1;
  }

 private:
  std::span<const Broadcast::Dim> dims_;
  std::array<std::size_t, Broadcast::kMaxDims> index_;
};

// words = the decisions of array elements [first, first + count); fill(own, n, words) fetches n of the mask's, at most
// kChunkElements.
template <class FillOwn>
void SpreadWords(const Broadcast& broadcast, std::size_t first, std::size_t count, std::uint64_t* words,
                 const FillOwn& fill) {
  const bool copies = broadcast.dims().back().noise_stride != 0;
  const BroadcastIndex last(broadcast, first + count - 1);
  BroadcastIndex index(broadcast, first);
  std::uint64_t window[kChunkWords];
  std::size_t window_first = 0, window_end = 0;
  for (std::size_t done = 0; done < count;) {
    const std::size_t n = std::min(index.run(), count - done);
    const std::size_t own = index.own();
    const std::size_t own_end = own + (copies ? n : 1);
    if (own < window_first || own_end > window_end) {
      window_first = own;
      window_end = std::min(own + kChunkElements, std::max(own_end, index.OwnEnd(last)));
      fill(window_first, window_end - window_first, window);
    }
    if (copies) {
      CopyBits(window, own - window_first, n, words, done);
    } else {
      SetBits(window[(own - window_first) / 64] >> (own - window_first) % 64 & 1, n, words, done);
    }
    index.Advance(n);
    done += n;
  }
}

}  // namespace fallow

#endif  // FALLOW_KERNELS_BROADCAST_WORDS_H_
