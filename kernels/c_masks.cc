#include "fallow/mask.h"
#include "kernels/c_api.h"

using namespace fallow;         // NOLINT(google-build-using-namespace): the functions below are in no namespace.
using namespace fallow::c_api;  // NOLINT(google-build-using-namespace)

fallow_status fallow_generate_mask(const fallow_mask* mask, size_t count, fallow_mask_format format, uint8_t* stored,
                                   size_t stored_bytes, const fallow_execution* execution) {
  return WithMask(mask, execution, [&](const Mask& m, const Execution& e) {
    return GenerateMask(m, count, ToEnum<MaskFormat>(format), {stored, stored_bytes}, e);
  });
}

fallow_status fallow_count_kept(const fallow_mask* mask, size_t count, size_t* kept,
                                const fallow_execution* execution) {
  return WithMask(mask, execution, [&](const Mask& m, const Execution& e) { return CountKept(m, count, kept, e); });
}
