// What the C functions have in common: C's arguments made C++'s, and a Status made C's.
#ifndef FALLOW_KERNELS_C_API_H_
#define FALLOW_KERNELS_C_API_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "fallow/array.h"
#include "fallow/execution.h"
#include "fallow/fallow.h"
#include "fallow/mask.h"
#include "fallow/profile.h"
#include "fallow/rate.h"
#include "fallow/status.h"

namespace fallow::c_api {

inline fallow_status ToC(const Status& status) {
  return status.ok() ? fallow_status{} : fallow_status{status.argument(), status.expected(), status.value()};
}

// Enumerations have a byte in C++; what does not fit one must stay unknown.
template <class Enum>
Enum ToEnum(std::int32_t value) {
  return static_cast<Enum>(value >= 0 && value < 0xFF ? value : 0xFF);
}

inline Array ToCpp(const fallow_array& a) { return {a.data, ToEnum<DType>(a.dtype), a.rows, a.cols, a.row_stride}; }
inline ConstArray ToCpp(const fallow_const_array& a) {
  return {a.data, ToEnum<DType>(a.dtype), a.rows, a.cols, a.row_stride};
}
inline Rate ToCpp(const fallow_rate& rate) { return Rate(rate.drop_probability, ToEnum<Scaling>(rate.scaling)); }

// A null pointer is an error, called `argument`.
Status CheckAddress(const char* argument, const void* address) noexcept;

// Zeros, or a caller who knows more than this library.
template <class T, std::size_t kSize>
Status CheckReserved(const T (&reserved)[kSize]) noexcept {
  for (const T value : reserved) {
    if (value != 0) return Status::Invalid("reserved", static_cast<double>(value), "zeros");
  }
  return {};
}

// A null `c` is an error.
Status ToCpp(const fallow_mask* c, Mask* mask) noexcept;
Status ToCpp(const fallow_mask_key& c, MaskKey* key) noexcept;

// An Execution, with a sink that hands records on to C.
class Machine {
 public:
  explicit Machine(const fallow_execution* c) noexcept;
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // Of the C struct: what was wrong with it.
  const Status& status() const { return status_; }
  const Execution& execution() const { return execution_; }

 private:
  Status status_;
  Execution execution_;
  ProfileSink sink_;
};

// The status of call(execution), or what was wrong before.
template <class Function>
fallow_status WithExecution(const fallow_execution* c, const Function& call) noexcept {
  const Machine machine(c);
  return ToC(machine.status().ok() ? call(machine.execution()) : machine.status());
}

// Of call(mask, execution).
template <class Function>
fallow_status WithMask(const fallow_mask* c, const fallow_execution* execution, const Function& call) noexcept {
  Mask mask(Rate(0), MaskKey{});
  if (const Status status = ToCpp(c, &mask); !status.ok()) return ToC(status);
  return WithExecution(execution, [&](const Execution& e) { return call(mask, e); });
}

// Of call(key, execution).
template <class Function>
fallow_status WithKey(const fallow_mask_key& c, const fallow_execution* execution, const Function& call) noexcept {
  MaskKey key;
  if (const Status status = ToCpp(c, &key); !status.ok()) return ToC(status);
  return WithExecution(execution, [&](const Execution& e) { return call(key, e); });
}

}  // namespace fallow::c_api

#endif  // FALLOW_KERNELS_C_API_H_
