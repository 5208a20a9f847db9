// What kept elements are multiplied with, for every type that is computed in.
#ifndef FALLOW_KERNELS_SCALE_H_
#define FALLOW_KERNELS_SCALE_H_

#include <type_traits>

#include "fallow/rate.h"

namespace fallow {

struct Scale {
  explicit Scale(const Rate& rate) : f32(rate.scale()), f64(rate.scale_f64()) {}
  explicit Scale(double factor) : f32(static_cast<float>(factor)), f64(factor) {}

  // For elements of type T, which are computed in float unless they are doubles.
  template <class T>
  auto For() const {
    if constexpr (std::is_same_v<T, double>) {
      return f64;
    } else {
      return f32;
    }
  }

  float f32;
  double f64;
};

}  // namespace fallow

#endif  // FALLOW_KERNELS_SCALE_H_
