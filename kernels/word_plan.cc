#include "kernels/word_plan.h"

#include "fallow/philox.h"

namespace fallow {
namespace {

std::uint32_t Lo(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
std::uint32_t Hi(std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); }

constexpr std::uint32_t kOnes = 0xFFFFFFFF;

void SetKey(std::uint32_t word0, std::uint32_t word1, WordPlan& plan) {
  for (std::uint32_t round = 0; round < 10; ++round) {
    plan.key0[round] = word0 + round * kPhiloxWeyl0;
    plan.key1[round] = word1 + round * kPhiloxWeyl1;
  }
}

// Counter words `word` and `word` + 1 count.
void CountIn(int word, WordPlan& plan) {
  plan.low[word] = kOnes;
  plan.high[word + 1] = kOnes;
}

void SetWords(int first, std::uint64_t value, WordPlan& plan) {
  plan.counter[first] = Lo(value);
  plan.counter[first + 1] = Hi(value);
}

void PlanTensorFlow(const MaskKey& key, WordPlan& plan) {
  const auto mixed =
      Philox4x32({Lo(key.seed), Hi(key.seed), Lo(key.stream), Hi(key.stream)}, {0x3EC8F720, 0x02461E29}, Rounds::k10);
  SetKey(mixed[0], mixed[1], plan);
  plan.counter[2] = mixed[2];
  plan.counter[3] = mixed[3];
  CountIn(0, plan);
}

void PlanOneDnn36(const MaskKey& key, WordPlan& plan) {
  SetKey(Lo(key.seed), Lo(key.seed), plan);
  for (std::uint32_t word = 0; word < 4; ++word) {
    plan.counter[word] = word;
    plan.low[word] = kOnes;
  }
  plan.position_shift = 2;
}

WordGenerator GeneratorOf(MaskStream layout, Rounds rounds) {
  if (layout == MaskStream::kJaxThreefry) return WordGenerator::kThreefry20;
  return rounds == Rounds::k7 ? WordGenerator::kPhilox7 : WordGenerator::kPhilox10;
}

}  // namespace

WordPlan::WordPlan(const MaskKey& key) noexcept : generator(GeneratorOf(key.layout, key.rounds)) {
  SetKey(Lo(key.seed), Hi(key.seed), *this);
  switch (key.layout) {
    case MaskStream::kFallow:
      SetWords(2, key.stream, *this);
      CountIn(0, *this);
      counter[1] = std::uint32_t{1} << 31;  // Never in a counter of the mask contract.
      break;
    case MaskStream::kCurand:
      SetWords(2, key.stream, *this);
      CountIn(0, *this);
      break;
    case MaskStream::kPyTorchStateless:
      origin = key.stream;
      CountIn(0, *this);
      break;
    case MaskStream::kOneDnn:
      SetWords(0, key.stream, *this);
      CountIn(2, *this);
      position_shift = 2;
      break;
    case MaskStream::kOneDnn36:
      PlanOneDnn36(key, *this);
      break;
    case MaskStream::kTensorFlow:
      PlanTensorFlow(key, *this);
      break;
    case MaskStream::kJaxThreefry:
      SetKey(Hi(key.seed), Lo(key.seed), *this);
      break;
  }
}

WordPlan::WordPlan(const MaskKey& key, const Rate& rate) noexcept : WordPlan(key) {
  rule = KeepRuleOf(key.layout, rate);
}

std::array<std::uint32_t, 4> WordPlan::Counter(std::uint64_t block) const {
  const std::uint64_t position = Position(block);
  std::array<std::uint32_t, 4> words;
  for (std::size_t k = 0; k < 4; ++k) words[k] = counter[k] | (Lo(position) & low[k]) | (Hi(position) & high[k]);
  return words;
}

Status CheckLayout(const char* argument, const MaskKey& key) noexcept {
  const MaskStream layout = key.layout;
  const auto error = [&](std::uint64_t value, const char* expected) {
    return Status::Invalid(argument, static_cast<double>(value), expected);
  };
  if (layout == MaskStream::kFallow) return {};
  if (layout > MaskStream::kJaxThreefry) return error(static_cast<std::uint64_t>(layout), "a layout of MaskStream");
  if (key.rounds != Rounds::k10) {
    return error(static_cast<std::uint64_t>(key.rounds), "rounds k10 in a layout that is not Fallow's");
  }
  if (layout == MaskStream::kOneDnn && key.stream == 0) return error(0, "a stream other than 0, oneDNN's offset");
  const bool no_stream = layout == MaskStream::kOneDnn36 || layout == MaskStream::kJaxThreefry;
  if (no_stream && key.stream != 0) return error(key.stream, "stream 0 in a layout that has none");
  if (layout == MaskStream::kOneDnn36 && Hi(key.seed) != 0) return error(key.seed, "a seed of 32 bits");
  return {};
}

}  // namespace fallow
