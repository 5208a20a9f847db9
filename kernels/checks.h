// Argument checks of the public functions. Each returns what is wrong with one argument.
#ifndef FALLOW_KERNELS_CHECKS_H_
#define FALLOW_KERNELS_CHECKS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "fallow/mask.h"
#include "fallow/rate.h"
#include "fallow/status.h"

namespace fallow {

inline Status CheckRate(const Rate& rate) {
  if (rate.valid()) return {};
  return Status::Invalid("rate", rate.drop_probability(), "a number in [0, 1]");
}

inline Status CheckKey(const MaskKey& key, std::size_t count) {
  constexpr std::uint64_t kLimit = std::uint64_t{1} << 57;
  if (count <= kLimit && key.first_element <= kLimit - count) return {};
  return Status::Invalid("key", static_cast<double>(key.first_element),
                         "first_element + number of elements at most 2^57");
}

inline Status CheckSize(const char* argument, std::size_t size, std::size_t wanted, const char* expected) {
  if (size == wanted) return {};
  return Status::Invalid(argument, static_cast<double>(size), expected);
}

// std::less: a total order on pointers, which < is not.
template <class A, class B>
std::size_t SharedElements(std::span<A> a, std::span<B> b) {
  const auto begin = [](auto span) { return reinterpret_cast<const std::byte*>(span.data()); };
  const auto end = [&](auto span) { return begin(span) + span.size_bytes(); };
  const std::byte* first = std::max(begin(a), begin(b), std::less<>());
  const std::byte* last = std::min(end(a), end(b), std::less<>());
  if (!std::less<>()(first, last)) return 0;
  return (static_cast<std::size_t>(last - first) + sizeof(B) - 1) / sizeof(B);
}

// The output may be the input.
template <class In, class Out>
Status CheckOutput(const char* argument, std::span<In> input, std::span<Out> output) {
  if (output.size() != input.size()) {
    return Status::Invalid(argument, static_cast<double>(output.size()), "as many elements as the input");
  }
  if (static_cast<const void*>(input.data()) == output.data()) return {};
  const std::size_t shared = SharedElements(input, output);
  if (shared == 0) return {};
  return Status::Invalid(argument, static_cast<double>(shared), "no elements shared with the input, or all");
}

// A mask is never another span.
template <class Other>
Status CheckMaskApart(std::span<const std::uint8_t> mask, std::span<Other> other) {
  const std::size_t shared = SharedElements(other, mask);
  if (shared == 0) return {};
  return Status::Invalid("mask", static_cast<double>(shared), "no bytes shared with input or output");
}

// The first that is not ok.
template <class... Rest>
Status FirstError(const Status& first, const Rest&... rest) {
  if constexpr (sizeof...(rest) == 0) {
    return first;
  } else {
    return first.ok() ? FirstError(rest...) : first;
  }
}

}  // namespace fallow

#endif  // FALLOW_KERNELS_CHECKS_H_
