#include "tools/command/numbers.h"

#include <charconv>
#include <cmath>

namespace fallow::tools {
namespace {

template <class Number>
bool ParseAll(const std::string& text, Number* value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *value);
  return error == std::errc() && stop == end;
}

}  // namespace

bool ParseWhole(const std::string& text, std::uint64_t* value) { return ParseAll(text, value); }

bool ParseReal(const std::string& text, double* value) { return ParseAll(text, value) && std::isfinite(*value); }

std::string FormatReal(double value) {
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof(text), value).ptr);
}

}  // namespace fallow::tools
