// One row of the suite: an operation on the shared buffers.
#ifndef FALLOW_BENCH_ROW_H_
#define FALLOW_BENCH_ROW_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "bench/buffers.h"
#include "fallow/execution.h"
#include "fallow/mask.h"
#include "fallow/status.h"
#include "fallow/types.h"

namespace fallow::bench {

struct Case {
  // `rate_name`: the rate as in the row's name; empty where none applies.
  Case(std::size_t size, const Execution& how, std::string rate_name, DType element_type = DType::kF32)
      : n(size),
        execution(how),
        rate_text(std::move(rate_name)),
        rate(rate_text.empty() ? 0.0 : std::stod(rate_text)),
        type(element_type) {}

  // A new key each iteration, so that no branch predictor learns a mask.
  MaskKey KeyOf(std::uint64_t iteration) const {
    return {.seed = iteration + 1, .stream = iteration + 1, .rounds = rounds, .layout = layout};
  }
  Mask MaskOf(std::uint64_t iteration) const { return {rate, KeyOf(iteration)}; }

  double p() const { return rate.drop_probability(); }

  std::size_t n;
  Execution execution;
  std::string rate_text;
  Rate rate;
  DType type;
  Rounds rounds = Rounds::k10;
  MaskStream layout = MaskStream::kFallow;
};

using Operation = std::function<Status(const Case&, Buffers&, std::uint64_t iteration)>;
// Whether what the operation leaves in fresh buffers, with iteration 0, is right.
using Verify = std::function<bool(const Case&, Buffers&)>;

// Takes a row with its whole name: what a program does with its rows.
void AddRow(const std::string& name, const Case& c, double bytes, Operation operation, Verify verify);

// Adds Operation/type/p=0.1/n=65536/t=1/AVX2. `bytes` an element are read and written.
void RegisterRow(const std::string& name, const Case& c, double bytes, Operation operation, Verify verify);

// The same of another library: Peer/Operation/type/p=0.1/n=65536/t=1.
void RegisterPeerRow(const std::string& peer, const std::string& name, const Case& c, double bytes, Operation operation,
                     Verify verify);

}  // namespace fallow::bench

#endif  // FALLOW_BENCH_ROW_H_
