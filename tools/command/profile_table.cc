#include "tools/command/profile_table.h"

#include <cstdio>
#include <string>

#include "fallow/nn/blas.h"
#include "fallow/target.h"

namespace fallow::tools {
namespace {

constexpr int kNameWidth = 25, kTableWidth = 97;

// Writes the rows: times a step, in one unit for the whole table.
class Table {
 public:
  // `whole`: nanoseconds of all threads, which shares are of.
  Table(std::int64_t whole, std::size_t steps)
      : whole_(static_cast<double>(whole)), steps_(static_cast<double>(steps)), microseconds_(whole_ / steps_ < 1e6) {}

  void PrintHead() const {
    std::printf("%s a step, summed over threads:\n\n", microseconds_ ? "Microseconds" : "Milliseconds");
    std::printf("%-*s %-9s %8s %7s %8s %8s %8s %8s %8s\n", kNameWidth, "layer", "pass", "time", "share", "GEMM", "mask",
                "apply", "other", "Gflop/s");
    PrintLine();
  }

  void PrintRow(const std::string& name, const char* pass, const Times& times) const {
    PrintNameAndTotal(name, pass, times.total);
    std::printf(" %s %s %s %s%s\n", Cell(times.gemm).c_str(), Cell(times.mask).c_str(), Cell(times.apply).c_str(),
                Cell(times.other()).c_str(), Speed(times).c_str());
  }

  // Of a time that has no parts.
  void PrintTotal(const std::string& name, std::int64_t nanoseconds) const {
    PrintNameAndTotal(name, "", nanoseconds);
    std::printf("\n");
  }

  void PrintShares(const std::string& name, const Times& times) const {
    std::printf("%-*s %-9s %8s %6.1f%% %7.1f%% %7.1f%% %7.1f%% %7.1f%%\n", kNameWidth, name.c_str(), "", "",
                Share(times.total), Share(times.gemm), Share(times.mask), Share(times.apply), Share(times.other()));
  }

  static void PrintLine() { std::printf("%s\n", std::string(kTableWidth, '-').c_str()); }

 private:
  double PerStep(std::int64_t nanoseconds) const {
    return static_cast<double>(nanoseconds) / steps_ / (microseconds_ ? 1e3 : 1e6);
  }

  double Share(std::int64_t nanoseconds) const { return 100.0 * static_cast<double>(nanoseconds) / whole_; }

  void PrintNameAndTotal(const std::string& name, const char* pass, std::int64_t nanoseconds) const {
    const std::string shown = name.size() <= kNameWidth ? name : name.substr(0, kNameWidth - 2) + "..";
    std::printf("%-*s %-9s %8.3f %6.1f%%", kNameWidth, shown.c_str(), pass, PerStep(nanoseconds), Share(nanoseconds));
  }

  std::string Cell(std::int64_t nanoseconds) const {
    if (nanoseconds == 0) return "       -";
    char text[32];
    std::snprintf(text, sizeof(text), "%8.3f", PerStep(nanoseconds));
    return text;
  }

  // Of one thread, while it was in a product.
  static std::string Speed(const Times& times) {
    if (times.gemm == 0) return "";
    char text[32];
    std::snprintf(text, sizeof(text), " %8.1f",
                  2.0 * static_cast<double>(times.multiplications) / static_cast<double>(times.gemm));
    return text;
  }

  double whole_;
  double steps_;
  bool microseconds_;
};

void PrintLayer(const Table& table, std::size_t index, const LayerTimes& layer) {
  std::string name = std::to_string(index) + ' ' + layer.spec;
  const char* const passes[] = {"forward", "backward", "gradients"};
  for (const Direction direction : {kForwards, kBackwards, kOfParameters}) {
    const Times& times = layer.by_direction[direction];
    if (times.total == 0) continue;
    table.PrintRow(name, passes[direction], times);
    name.clear();
  }
}

}  // namespace

void PrintProfile(const ProfileSums& sums, std::size_t samples) {
  const std::size_t steps = sums.steps();
  const double seconds = static_cast<double>(sums.wall()) * 1e-9;
  std::printf("%zu %s, %zu samples in %.3g s: %.4g ms a step, %.0f samples/s\n", steps, steps == 1 ? "step" : "steps",
              samples, seconds, 1e3 * seconds / static_cast<double>(steps), static_cast<double>(samples) / seconds);
  std::printf("%d %s, %s, %s\n\n", sums.threads(), sums.threads() == 1 ? "thread" : "threads", DefaultTarget().name(),
              nn::BlasName());

  const std::int64_t whole = sums.wall() * sums.threads();
  const Table table(whole, steps);
  const Times all = sums.all();
  table.PrintHead();
  for (std::size_t i = 0; i < sums.layers().size(); ++i) PrintLayer(table, i, sums.layers()[i]);
  table.PrintRow("loss", "", sums.loss());
  table.PrintRow("optimiser", "", sums.optimizer());
  table.PrintRow("data", "", sums.data());
  Table::PrintLine();
  table.PrintRow("all of these", "", all);
  table.PrintShares("  share", all);
  table.PrintTotal("waiting, and the rest", whole - all.total);
  table.PrintTotal("wall time times threads", whole);
  std::printf(
      "\nGEMM: matrix products. mask, apply: in kernels, generating dropout masks and all else. other:\n"
      "activations, biases, sums, copies. Shares are of the wall time times the threads.\n");
}

}  // namespace fallow::tools
