// What a sweep over dropout rates tries, and for how long.
#ifndef FALLOW_TOOLS_SWEEP_PLAN_H_
#define FALLOW_TOOLS_SWEEP_PLAN_H_

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace fallow::tools {

// One rate for each layer that drops.
using Rates = std::vector<double>;

// "0.1,0.2": one list. "0.1,0.2/0.5": two. Rates are in [0, 1), and no list has one twice. Throws UsageError.
std::vector<Rates> ParseRateLists(const std::string& text);

// With one list, each of its rates for all `layers` layers; with a list for each layer, all combinations, the last
// layer's rates in turn fastest. Throws UsageError for another number of lists, and for more than 10,000 combinations.
std::vector<Rates> Candidates(const std::vector<Rates>& lists, std::size_t layers);

// So many candidates are trained up to so many epochs, counted from the start.
struct Rung {
  std::size_t candidates, epochs;
  bool operator==(const Rung&) const = default;
};

// Successive halving (Jamieson and Talwalkar 2016): each rung keeps one candidate of `share`, rounded up, and trains it
// `share` times as long, rounded up, so that the last has at most `share` of them, after all epochs. There are fewer
// rungs if an epoch is not enough for the first. A grid is its last rung with all candidates: `share` 1.
std::vector<Rung> PlanRungs(std::size_t candidates, std::size_t epochs, std::size_t share);

// The indices, in ascending order, of the `count` highest scores; the first of equals. NaN is lower than everything.
std::vector<std::size_t> Best(std::span<const double> scores, std::size_t count);

}  // namespace fallow::tools

#endif  // FALLOW_TOOLS_SWEEP_PLAN_H_
