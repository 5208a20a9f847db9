#include "tools/command/sweep_plan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tools/command/command.h"
#include "tools/command/numbers.h"
#include "tools/command/text.h"

namespace fallow::tools {
namespace {

constexpr std::size_t kMostCandidates = 10'000;

Rates ParseRates(const std::string& text) {
  Rates rates;
  for (const std::string& part : Split(text, ',')) {
    double rate = 0;
    if (!ParseReal(part, &rate) || rate < 0 || rate >= 1) {
      throw UsageError("'" + part + "' is not a rate of at least 0 and less than 1");
    }
    if (std::ranges::count(rates, rate) > 0) throw UsageError("rate " + part + " is given twice");
    rates.push_back(rate);
  }
  return rates;
}

std::size_t DivideUp(std::size_t a, std::size_t b) { return a / b + (a % b == 0 ? 0 : 1); }

}  // namespace

std::vector<Rates> ParseRateLists(const std::string& text) {
  std::vector<Rates> lists;
  for (const std::string& part : Split(text, '/')) lists.push_back(ParseRates(part));
  return lists;
}

std::vector<Rates> Candidates(const std::vector<Rates>& lists, std::size_t layers) {
  if (lists.size() != 1 && lists.size() != layers) {
    throw UsageError("--rates has " + std::to_string(lists.size()) + " lists, expected one, or one for each of the " +
                     std::to_string(layers) + " layers with a dropout rate");
  }
  std::vector<Rates> candidates;
  if (lists.size() == 1) {
    for (const double rate : lists.front()) candidates.emplace_back(layers, rate);
    return candidates;
  }
  candidates.emplace_back();
  for (const Rates& list : lists) {
    if (candidates.size() * list.size() > kMostCandidates) {
      throw UsageError("--rates has more than " + std::to_string(kMostCandidates) + " combinations");
    }
    std::vector<Rates> longer;
    for (const Rates& start : candidates) {
      for (const double rate : list) longer.emplace_back(start).push_back(rate);
    }
    candidates = std::move(longer);
  }
  return candidates;
}

std::vector<Rung> PlanRungs(std::size_t candidates, std::size_t epochs, std::size_t share) {
  std::vector<Rung> rungs = {{candidates, epochs}};
  for (std::size_t left = candidates; share > 1 && left > share; left = DivideUp(left, share)) {
    const std::size_t fewer = DivideUp(rungs.front().epochs, share);
    if (fewer == rungs.front().epochs) break;
    rungs.insert(rungs.begin(), {candidates, fewer});
  }
  for (std::size_t i = 1; i < rungs.size(); ++i) rungs[i].candidates = DivideUp(rungs[i - 1].candidates, share);
  return rungs;
}

std::vector<std::size_t> Best(std::span<const double> scores, std::size_t count) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto score = [&](std::size_t i) {
    return std::isnan(scores[i]) ? -std::numeric_limits<double>::infinity() : scores[i];
  };
  std::ranges::stable_sort(order, std::ranges::greater{}, score);
  order.resize(std::min(count, order.size()));
  std::ranges::sort(order);
  return order;
}

}  // namespace fallow::tools
