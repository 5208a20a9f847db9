// Enumerations and their names in files and options.
#ifndef FALLOW_RUNTIME_NAMES_H_
#define FALLOW_RUNTIME_NAMES_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "fallow/nn/error.h"

namespace fallow::nn {

template <class Enum, std::size_t kCount>
std::string_view FindName(const std::pair<Enum, std::string_view> (&names)[kCount], Enum value) {
  for (const auto& [candidate, name] : names) {
    if (candidate == value) return name;
  }
  return "unknown";
}

// Throws Error for an unknown name, listing the known ones. `what` is what is named, such as "activation".
template <class Enum, std::size_t kCount>
Enum ParseName(const std::pair<Enum, std::string_view> (&names)[kCount], std::string_view text, std::string_view what) {
  std::string known;
  for (const auto& [value, name] : names) {
    if (name == text) return value;
    known += (known.empty() ? "" : ", ") + std::string(name);
  }
  throw Error(std::string(what) + ": got \"" + std::string(text) + "\", expected one of " + known);
}

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_NAMES_H_
