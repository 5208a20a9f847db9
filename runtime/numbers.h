// Numbers as text, in messages and layer lists.
#ifndef FALLOW_RUNTIME_NUMBERS_H_
#define FALLOW_RUNTIME_NUMBERS_H_

#include <charconv>
#include <string>

namespace fallow::nn {

// The shortest text that reads back as the same number: "0.5", "1e-04".
template <class T>
std::string FormatNumber(T value) {
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof(text), value).ptr);
}

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_NUMBERS_H_
