#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>

#include "fallow/target.h"
#include "kernels/c_api.h"

namespace fallow::c_api {
namespace {

// Text that is cut to fit; Status::Message makes a std::string, whose allocation may throw.
class Line {
 public:
  Line(char* text, std::size_t size) : text_(text), size_(size) {
    if (size_ > 0) text_[0] = '\0';
  }
  void Append(std::string_view part) {
    if (length_ + 1 < size_) {
      const std::size_t fitting = std::min(part.size(), size_ - 1 - length_);
      std::memcpy(text_ + length_, part.data(), fitting);
      text_[length_ + fitting] = '\0';
    }
    length_ += part.size();
  }
  std::size_t length() const { return length_; }

 private:
  char* text_;
  std::size_t size_;
  std::size_t length_ = 0;
};

Status Find(const char* name, fallow_target* target) {
  if (const Status status = CheckAddress("name", name); !status.ok()) return status;
  if (const Status status = CheckAddress("target", target); !status.ok()) return status;
  Target found;
  const Status status = FindTarget(name, &found);
  if (status.ok()) *target = found.bit();
  return status;
}

}  // namespace
}  // namespace fallow::c_api

using namespace fallow;         // NOLINT(google-build-using-namespace): the functions below are in no namespace.
using namespace fallow::c_api;  // NOLINT(google-build-using-namespace)

uint32_t fallow_abi_version(void) { return FALLOW_ABI_VERSION; }

size_t fallow_status_message(fallow_status status, char* text, size_t size) {
  Line line(text, size);
  if (fallow_ok(status)) {
    line.Append("ok");
  } else {
    char value[32];
    const char* end = std::to_chars(value, value + sizeof(value), status.value).ptr;
    line.Append(status.argument);
    line.Append(": got ");
    line.Append({value, end});
    line.Append(", expected ");
    line.Append(status.expected);
  }
  return line.length();
}

size_t fallow_supported_targets(fallow_target* targets, size_t capacity) {
  const std::span<const Target> all = SupportedTargets();
  for (size_t i = 0; i < std::min(capacity, all.size()); ++i) targets[i] = all[i].bit();
  return all.size();
}

fallow_target fallow_default_target(void) { return DefaultTarget().bit(); }

const char* fallow_target_name(fallow_target target) {
  const Target asked = Target::FromBit(target);
  const std::span<const Target> all = CompiledTargets();
  return asked == Target() || std::ranges::find(all, asked) != all.end() ? asked.name() : "unknown";
}

fallow_status fallow_find_target(const char* name, fallow_target* target) { return ToC(Find(name, target)); }
