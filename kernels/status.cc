#include "fallow/status.h"

#include <charconv>

namespace fallow {

std::string Status::Message() const {
  if (ok()) return "ok";
  char text[32];
  const auto end = std::to_chars(text, text + sizeof(text), value_).ptr;
  return std::string(argument_) + ": got " + std::string(text, end) + ", expected " + expected_;
}

}  // namespace fallow
