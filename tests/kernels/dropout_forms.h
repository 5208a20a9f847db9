// The four functions that regenerate a mask and apply it, behind one signature, so that one test covers them all.
#ifndef FALLOW_TESTS_KERNELS_DROPOUT_FORMS_H_
#define FALLOW_TESTS_KERNELS_DROPOUT_FORMS_H_

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <span>
#include <vector>

#include "fallow/dropout.h"
#include "tests/kernels/mask_cases.h"
#include "tests/support/oracle.h"

namespace fallow::test {

enum class Form { kForward, kForwardStoreBits, kForwardStoreBytes, kBackward };

inline constexpr Form kForms[] = {Form::kForward, Form::kForwardStoreBits, Form::kForwardStoreBytes, Form::kBackward};

inline std::ostream& operator<<(std::ostream& out, Form form) {
  switch (form) {
    case Form::kForward:
      return out << "DropoutForward";
    case Form::kForwardStoreBits:
      return out << "DropoutForwardStoreBits";
    case Form::kForwardStoreBytes:
      return out << "DropoutForwardStoreBytes";
    case Form::kBackward:
      return out << "DropoutBackward";
  }
  return out;
}

// Bytes of the mask that `form` writes for `count` elements.
inline std::size_t MaskBytesOf(Form form, std::size_t count) {
  if (form == Form::kForwardStoreBits) return BitMaskBytes(count);
  return form == Form::kForwardStoreBytes ? count : 0;
}

// `mask` is ignored by the forms that write none.
inline Status RunForm(Form form, std::span<const float> x, Rate rate, const MaskKey& key, std::span<float> y,
                      std::span<std::uint8_t> mask, const Execution& execution) {
  switch (form) {
    case Form::kForward:
      return DropoutForward(x, {rate, key}, y, execution);
    case Form::kForwardStoreBits:
      return DropoutForwardStore(x, {rate, key}, y, MaskFormat::kBits, mask, execution);
    case Form::kForwardStoreBytes:
      return DropoutForwardStore(x, {rate, key}, y, MaskFormat::kBytes, mask, execution);
    case Form::kBackward:
      return DropoutBackward(x, {rate, key}, y, execution);
  }
  return Status::Invalid("form", 0, "one of kForms");
}

// What the oracle says that any form writes.
struct Expected {
  Expected(double p, const MaskKey& key, std::span<const float> x)
      : bytes(oracle::MaskBytes(p, ToOracle(key), x.size())),
        bits(oracle::PackBits(bytes)),
        y(oracle::Dropout(p, x, bytes)) {}

  // Nothing for the forms that write none.
  std::span<const std::uint8_t> mask(Form form) const {
    if (form == Form::kForwardStoreBits) return bits;
    if (form == Form::kForwardStoreBytes) return bytes;
    return {};
  }

  std::vector<std::uint8_t> bytes;
  std::vector<std::uint8_t> bits;
  std::vector<float> y;
};

}  // namespace fallow::test

#endif  // FALLOW_TESTS_KERNELS_DROPOUT_FORMS_H_
