// Validation scores against dropout rates.
#include <algorithm>
#include <array>
#include <map>

#include "tools/command/gnuplot.h"
#include "tools/command/numbers.h"
#include "tools/command/pictures.h"
#include "tools/command/text.h"

namespace fallow::tools {
namespace {

// Okabe and Ito's colours, as in the curves.
constexpr std::array<const char*, 6> kColours = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#000000"};

struct Point {
  double rate;
  Summary summary;
};

// What one line joins.
struct Series {
  std::string label;
  std::vector<Point> points;
};

// Positions, among the layers that drop, of those whose rates differ from candidate to candidate. Layers that always
// have the same rate as one before them count once.
std::vector<std::size_t> Varied(const std::vector<Rates>& candidates) {
  std::vector<std::size_t> varied;
  for (std::size_t i = 0; i < candidates.front().size(); ++i) {
    const auto same_as = [&](std::size_t j) {
      return std::ranges::all_of(candidates, [&](const Rates& rates) { return rates[i] == rates[j]; });
    };
    const bool constant =
        std::ranges::all_of(candidates, [&](const Rates& rates) { return rates[i] == candidates.front()[i]; });
    if (!constant && std::ranges::none_of(varied, same_as)) varied.push_back(i);
  }
  if (varied.empty()) varied.push_back(candidates.front().size() - 1);
  return varied;
}

void Sort(Series& series) {
  std::ranges::sort(series.points, {}, [](const Point& point) { return point.rate; });
}

// One rate that varies: a line a rung.
std::vector<Series> ByRung(const SweepPlan& plan, const SweepResults& results, std::size_t varied) {
  std::vector<Series> lines;
  for (std::size_t rung = 0; rung < plan.rungs.size(); ++rung) {
    Series& series = lines.emplace_back();
    series.label = "after " + std::to_string(plan.rungs[rung].epochs) + " epochs";
    for (const std::size_t candidate : results.CandidatesOf(rung)) {
      series.points.push_back({plan.candidates[candidate][varied], results.Summarize(rung, candidate)});
    }
    Sort(series);
  }
  std::ranges::reverse(lines);  // The last rung first.
  return lines;
}

// Several: a line for each choice of all but the last one, with the candidates of the last rung.
std::vector<Series> ByOtherRates(const SweepPlan& plan, const SweepResults& results,
                                 const std::vector<std::size_t>& varied) {
  std::map<Rates, Series> lines;
  const std::size_t rung = plan.rungs.size() - 1;
  for (const std::size_t candidate : results.CandidatesOf(rung)) {
    const Rates& rates = plan.candidates[candidate];
    Rates others;
    for (const std::size_t i : varied) {
      if (i != varied.back()) others.push_back(rates[i]);
    }
    Series& series = lines[others];
    series.label.clear();
    for (std::size_t i = 0; i + 1 < varied.size(); ++i) {
      series.label +=
          (i == 0 ? "layer " : ", layer ") + std::to_string(plan.layers[varied[i]]) + ": " + FormatReal(others[i]);
    }
    series.points.push_back({rates[varied.back()], results.Summarize(rung, candidate)});
  }
  std::vector<Series> all;
  for (auto& [others, series] : lines) {
    Sort(series);
    all.push_back(std::move(series));
  }
  return all;
}

// Of the points that did not diverge; higher is better.
double BestScore(const Series& series, bool by_accuracy) {
  double best = -1e300;
  for (const Point& point : series.points) {
    if (!point.summary.diverged) best = std::max(best, by_accuracy ? point.summary.mean : -point.summary.mean);
  }
  return best;
}

// Of many lines the best, as many as there are colours, in their old order.
void KeepBestSeries(std::vector<Series>& lines, bool by_accuracy) {
  if (lines.size() <= kColours.size()) return;
  std::vector<double> scores;
  for (const Series& series : lines) scores.push_back(BestScore(series, by_accuracy));
  std::vector<Series> kept;
  for (const std::size_t i : Best(scores, kColours.size())) kept.push_back(std::move(lines[i]));
  lines = std::move(kept);
}

// Lines are set apart a little, so that their bars do not cover each other: at most by a share of the range of rates.
double Shift(std::size_t i, std::size_t count, double range) {
  return count < 2 ? 0 : range * 0.012 * (static_cast<double>(i) - static_cast<double>(count - 1) / 2);
}

// Data blocks of the means and of single runs, and the plots that show them.
struct Drawn {
  std::string blocks, plots;
};

Drawn DrawSeries(const Series& series, std::size_t i, double shift, double factor) {
  std::string means = "$mean" + std::to_string(i) + " << EOD\n", runs = "$runs" + std::to_string(i) + " << EOD\n";
  for (const Point& point : series.points) {
    if (point.summary.diverged) continue;
    const std::string x = FormatReal(point.rate + shift);
    means +=
        x + " " + FormatReal(point.summary.mean * factor) + " " + FormatReal(point.summary.deviation * factor) + "\n";
    for (const double score : point.summary.scores) runs += x + " " + FormatReal(score * factor) + "\n";
  }
  const std::string colour = std::string(" linecolor rgb '") + kColours[i] + "'";
  const std::string mean = "$mean" + std::to_string(i);
  return {means + "EOD\n" + runs + "EOD\n",
          mean + " using 1:2 with lines linewidth 3.5" + colour + " title " + PlotText(series.label) + ", " + mean +
              " using 1:2:3 with yerrorbars pointtype 7 pointsize 1.5 linewidth 2.5" + colour + " notitle, $runs" +
              std::to_string(i) + " using 1:2 with points pointtype 6 pointsize 1 linewidth 1.5" + colour + " notitle"};
}

std::string AxisOfRates(const SweepPlan& plan, const std::vector<std::size_t>& varied) {
  if (plan.layers.size() == 1) return "dropout rate";
  if (plan.shared) return "dropout rate of all layers";
  return "dropout rate of layer " + std::to_string(plan.layers[varied.back()]);
}

std::string MarkWinner(const SweepPlan& plan, const SweepResults& results, double factor, double shift,
                       std::size_t varied) {
  const std::size_t winner = results.Winner();
  const Summary summary = results.Summarize(plan.rungs.size() - 1, winner);
  char text[96];
  std::snprintf(text, sizeof(text), plan.by_accuracy ? "best: %.1f %%, sd %.1f, at " : "best: %.3f, sd %.3f, at ",
                summary.mean * factor, summary.deviation * factor);
  return "set label '' at " + FormatReal(plan.candidates[winner][varied] + shift) + "," +
         FormatReal(summary.mean * factor) +
         " point pointtype 6 pointsize 4 linewidth 3 linecolor rgb '#333333' front\n" + "set label " +
         PlotText(text + plan.Label(winner)) + " at screen 0.97, screen 0.885 right\n";
}

}  // namespace

void DrawSweep(const SweepPlan& plan, const SweepResults& results, const std::string& title,
               const std::filesystem::path& path) {
  const std::vector<std::size_t> varied = Varied(plan.candidates);
  std::vector<Series> lines =
      varied.size() == 1 ? ByRung(plan, results, varied.front()) : ByOtherRates(plan, results, varied);
  KeepBestSeries(lines, plan.by_accuracy);

  double least = 1, most = 0;
  for (const Rates& rates : plan.candidates) {
    least = std::min(least, rates[varied.back()]);
    most = std::max(most, rates[varied.back()]);
  }
  const double range = most > least ? most - least : 0.1, factor = plan.by_accuracy ? 100 : 1;
  const Rates& best = plan.candidates[results.Winner()];
  std::string blocks, plots;
  double winner_shift = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const double shift = varied.size() == 1 ? 0 : Shift(i, lines.size(), range);
    const Summary winner = results.Summarize(plan.rungs.size() - 1, results.Winner());
    for (const Point& point : lines[i].points) {
      if (point.rate == best[varied.back()] && point.summary.scores == winner.scores) winner_shift = shift;
    }
    const Drawn drawn = DrawSeries(lines[i], i, shift, factor);
    blocks += drawn.blocks;
    plots += (i == 0 ? "plot " : ", ") + drawn.plots;
  }
  Draw("set terminal pngcairo noenhanced size 1400,900 font 'DejaVu Sans,17' background rgb 'white'\nset label " +
           PlotText(title) + " at screen 0.535, screen 0.955 center font ',22'\nset label " +
           PlotText("dot: mean; bar: standard deviation; small circle: one run; ring: the best") +
           " at screen 0.1, screen 0.885\n" + MarkWinner(plan, results, factor, winner_shift, varied.back()) +
           "set border 3 linecolor rgb '#555555'\nset tics nomirror out textcolor rgb '#333333'\n"
           "set grid linetype 1 linecolor rgb '#d8d8d8' linewidth 1\n"
           "set lmargin at screen 0.1\nset rmargin at screen 0.97\nset tmargin at screen 0.85\n"
           "set bmargin at screen 0.17\nset offsets 0, 0, graph 0.03, graph 0.03\n"
           "set key at screen 0.535,0.045 center center horizontal Left reverse samplen 3\nset xlabel " +
           PlotText(AxisOfRates(plan, varied)) + "\nset ylabel " +
           PlotText(plan.by_accuracy ? "validation accuracy (%)" : "validation loss") + "\nset xrange [" +
           FormatReal(least - 0.05 * range) + ":" + FormatReal(most + 0.05 * range) + "]\n" + blocks + plots + "\n",
       path);
}

}  // namespace fallow::tools
