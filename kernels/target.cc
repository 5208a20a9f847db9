#include "fallow/target.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>

#include "kernels/dispatch.h"

namespace fallow {
namespace {

constexpr std::int64_t kCompiledBits = HWY_TARGETS;
constexpr std::size_t kCompiledCount = std::popcount(static_cast<std::uint64_t>(kCompiledBits));

struct TargetList {
  std::array<Target, kCompiledCount> targets{};
  std::size_t size = 0;

  // Highway gives better targets lower bits.
  constexpr explicit TargetList(std::int64_t bits) {
    for (; bits != 0; bits &= bits - 1) targets[size++] = Target::FromBit(bits & -bits);
  }
  constexpr std::span<const Target> span() const { return {targets.data(), size}; }
};

constexpr TargetList kCompiled(kCompiledBits);

const TargetList& Supported() {
  static const TargetList list(hwy::SupportedTargets() & kCompiledBits);
  return list;
}

// Vectors whose size compilers do not know cannot be kept in arrays, so masks take the generator's plain path there.
constexpr std::int64_t kScalableBits = HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128;

Target Fastest() {
  const auto targets = SupportedTargets();
  const auto found = std::ranges::find_if(targets, [](Target t) { return (t.bit() & kScalableBits) == 0; });
  return found != targets.end() ? *found : targets.front();
}

Target DetectDefault() {
  Target cap;
  const char* name = std::getenv("FALLOW_TARGET");
  if (name == nullptr || !FindTarget(name, &cap).ok()) return Fastest();
  return UsedTarget(cap);
}

}  // namespace

const char* Target::name() const noexcept { return bit_ == 0 ? "default" : hwy::TargetName(bit_); }

std::span<const Target> CompiledTargets() noexcept { return kCompiled.span(); }

std::span<const Target> SupportedTargets() noexcept { return Supported().span(); }

Target DefaultTarget() noexcept {
  static const Target target = DetectDefault();
  return target;
}

Status FindTarget(std::string_view name, Target* target) noexcept {
  for (const Target compiled : CompiledTargets()) {
    if (name == compiled.name()) {
      *target = compiled;
      return {};
    }
  }
  return Status::Invalid("name", static_cast<double>(name.size()), "the name of a compiled target");
}

std::int64_t AllowedTargetBits(Target target) noexcept {
  const std::int64_t cap = (target == Target{} ? DefaultTarget() : target).bit();
  std::int64_t bits = 0;
  for (const Target supported : SupportedTargets()) {
    if (supported.bit() >= cap) bits |= supported.bit();
  }
  return bits;
}

Target UsedTarget(Target target) noexcept {
  const std::int64_t allowed = AllowedTargetBits(target);
  return Target::FromBit(allowed & -allowed);
}

std::size_t TargetIndex(Target target) noexcept {
  const auto index_of = [](Target cap) {
    hwy::ChosenTarget chosen;  // An instance of our own.
    chosen.Update(AllowedTargetBits(cap));
    return chosen.GetIndex();
  };
  static const std::size_t default_index = index_of(Target{});
  return target == Target{} ? default_index : index_of(target);
}

}  // namespace fallow
