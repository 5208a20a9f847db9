// fallow mask: the mask contract made visible.
#include "fallow/mask.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "tools/command/command.h"
#include "tools/command/options.h"

namespace fallow::tools {
namespace {

constexpr std::uint64_t kEnd = std::uint64_t{1} << 57;  // Of the elements that the contract numbers.
constexpr std::uint64_t kPiece = std::uint64_t{1} << 20;

struct MaskOptions {
  std::uint64_t seed = 0, stream = 0, first = 0, count = 0;
  double rate = 0;
  std::string rounds = "10";
};

void Write(const std::vector<std::uint8_t>& bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size()) return;
  throw UsageError(std::string("standard output cannot be written: ") + std::strerror(errno));
}

void RunMask(const MaskOptions& options) {
  if (options.first > kEnd || options.count > kEnd - options.first) {
    throw UsageError("--first plus --count goes beyond element 2^57, the end of the mask");
  }
  MaskKey key{options.seed, options.stream, options.first, options.rounds == "7" ? Rounds::k7 : Rounds::k10};
  std::vector<std::uint8_t> piece;
  for (std::uint64_t left = options.count; left > 0; left -= piece.size(), key.first_element += piece.size()) {
    piece.resize(std::min(left, kPiece));
    const Status status = GenerateMask({Rate(options.rate), key}, piece.size(), MaskFormat::kBytes, piece);
    if (!status.ok()) throw UsageError(status.Message());
    for (std::uint8_t& kept : piece) kept = static_cast<std::uint8_t>('0' + kept);
    Write(piece);
  }
  Write({'\n'});
}

void CheckRounds(const std::string& text) {
  if (text != "7" && text != "10") throw UsageError("'" + text + "' is neither 7 nor 10");
}

}  // namespace

void AddMask(CLI::App& app, Context& context) {
  Options options(app, "mask", "Print a dropout mask: 1 where an element is kept, 0 where it is dropped");
  const auto mask = std::make_shared<MaskOptions>();
  options.Whole("--seed", mask->seed, 0, kNoLimit, "Seed of the run").Required();
  options.Whole("--stream", mask->stream, 0, kNoLimit, "Use of the mask: layer * 2^40 + step").Required();
  options.Real("--rate", mask->rate, 0, 1, "Probability that an element is dropped").Required();
  options.Whole("--first", mask->first, 0, kEnd, "Index of the first element").Required();
  options.Whole("--count", mask->count, 0, kEnd, "How many elements").Required();
  options.Text("--rounds", mask->rounds, "Rounds of Philox4x32: 7 or 10").KnownBy(CheckRounds);
  options.Footer(
      "The mask is a pure function of these numbers: the same on every CPU, for any number of threads, and for\n"
      "any part of it on its own.\n\n"
      "Examples\n"
      "  Half of 64 elements:\n"
      "    " +
      context.program +
      " mask --seed 1 --stream 0 --rate 0.5 --first 0 --count 64\n"
      "  The last 32 of them again:\n"
      "    " +
      context.program +
      " mask --seed 1 --stream 0 --rate 0.5 --first 32 --count 32\n"
      "  Another set of instructions, the same mask:\n"
      "    FALLOW_TARGET=SCALAR " +
      context.program + " mask --seed 1 --stream 0 --rate 0.5 --first 0 --count 64");
  options.Action([mask] { RunMask(*mask); });
}

}  // namespace fallow::tools
