// y = keep ? x * scale : 0, for a mask of any source: what most operations come down to, one way or both.
#ifndef FALLOW_KERNELS_DROP_H_
#define FALLOW_KERNELS_DROP_H_

#include <cstddef>
#include <cstdint>

#include "fallow/array.h"
#include "kernels/apply_kernels.h"
#include "kernels/call.h"
#include "kernels/masked.h"
#include "kernels/scale.h"

namespace fallow {

// `source`: a MaskWords or its like.
template <class Source>
void Drop(const Source& source, const ConstArray& x, const Scale& scale, const Array& y, const Call& call) {
  const ApplyKernels& kernels = ApplyKernelsFor(x.type(), call.target());
  const bool streaming = WantsStreaming(x, y);
  ForEachMasked(
      source, call,
      [&](const std::uint64_t* words, std::size_t n, const void* from, void* to) {
        kernels.drop(from, words, n, scale, streaming, to);
      },
      x, y);
}

}  // namespace fallow

#endif  // FALLOW_KERNELS_DROP_H_
