// The functions that make a mask and apply it, behind one signature, so that one test covers them all.
#ifndef FALLOW_TESTS_KERNELS_DROPOUT_FORMS_H_
#define FALLOW_TESTS_KERNELS_DROPOUT_FORMS_H_

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <span>
#include <utility>
#include <vector>

#include "fallow/dropout.h"
#include "tests/support/dropout_oracle.h"
#include "tests/support/oracle.h"

namespace fallow::test {

enum class Form { kForward, kForwardStoreBits, kForwardStoreBytes, kBackward, kAccumulate };

inline constexpr Form kForms[] = {Form::kForward, Form::kForwardStoreBits, Form::kForwardStoreBytes, Form::kBackward,
                                  Form::kAccumulate};

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
    case Form::kAccumulate:
      return out << "DropoutAccumulate";
  }
  return out;
}

// Whether the output may be the input.
inline bool WorksInPlace(Form form) { return form != Form::kAccumulate; }

// Bytes of the mask that `form` writes for `count` elements.
inline std::size_t MaskBytesOf(Form form, std::size_t count) {
  if (form == Form::kForwardStoreBits) return BitMaskBytes(count);
  return form == Form::kForwardStoreBytes ? count : 0;
}

// `stored` is ignored by the forms that write no mask.
inline Status RunForm(Form form, ConstArray x, const Mask& mask, Array y, std::span<std::uint8_t> stored,
                      const Execution& execution) {
  switch (form) {
    case Form::kForward:
      return DropoutForward(x, mask, y, execution);
    case Form::kForwardStoreBits:
      return DropoutForwardStore(x, mask, y, MaskFormat::kBits, stored, execution);
    case Form::kForwardStoreBytes:
      return DropoutForwardStore(x, mask, y, MaskFormat::kBytes, stored, execution);
    case Form::kBackward:
      return DropoutBackward(x, mask, y, execution);
    case Form::kAccumulate:
      return DropoutAccumulate(x, mask, y, execution);
  }
  return Status::Invalid("form", 0, "one of kForms");
}

// What the oracle says that each form writes.
class Expected {
 public:
  // `before` is what the output held.
  Expected(oracle::Type type, double p, std::vector<std::uint8_t> mask_bytes, oracle::ElementView x,
           oracle::ElementView before)
      : bytes_(std::move(mask_bytes)),
        bits_(oracle::PackBits(bytes_)),
        // A multiplication by 1 would quiet signalling NaNs, and p = 0 promises every bit.
        dropout_(p == 0.0 ? oracle::Elements(x.begin(), x.end())
                          : oracle::Dropout(type, x, bytes_, oracle::TrainingFactor(p))),
        accumulated_(oracle::Accumulate(type, x, bytes_, oracle::TrainingFactor(p), before)) {}

  const oracle::Elements& output(Form form) const { return form == Form::kAccumulate ? accumulated_ : dropout_; }

  // Nothing for the forms that write none.
  std::span<const std::uint8_t> mask(Form form) const {
    if (form == Form::kForwardStoreBits) return bits_;
    if (form == Form::kForwardStoreBytes) return bytes_;
    return {};
  }

 private:
  std::vector<std::uint8_t> bytes_;
  std::vector<std::uint8_t> bits_;
  oracle::Elements dropout_;
  oracle::Elements accumulated_;
};

}  // namespace fallow::test

#endif  // FALLOW_TESTS_KERNELS_DROPOUT_FORMS_H_
