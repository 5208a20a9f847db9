// Loss and accuracy by epoch: colour says which run, a dashed line training data, a solid one held-out data. Where
// dropout rates moved, they stand below.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "tools/command/command.h"
#include "tools/command/gnuplot.h"
#include "tools/command/numbers.h"
#include "tools/command/pictures.h"
#include "tools/command/text.h"

namespace fallow::tools {
namespace {

constexpr double kWidth = 1800, kPanelsHeight = 900, kRatesHeight = 380;  // In pixels.
constexpr double kLegendTop = 0.87;                                       // As a share of the panels' height.

// Okabe and Ito's colours, which people with any kind of colour vision tell apart, without the light ones.
constexpr std::array<const char*, 6> kColours = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#000000"};

// Where things are, as shares of the picture's height: below the panels, rates may have a strip of their own.
struct Layout {
  bool rates;
  double height() const { return kPanelsHeight + (rates ? kRatesHeight : 0); }
  double InPanels(double share) const { return 1 - (1 - share) * kPanelsHeight / height(); }
  double InRates(double share) const { return share * kRatesHeight / height(); }
};

// One of the two halves above.
struct Panel {
  const char* unit;
  double factor;  // From the figure in the history to that in the picture.
  bool lower_is_better;
  std::function<double(const nn::EpochRecord&)> train;
  std::function<std::optional<double>(const nn::EpochRecord&)> held_out;
  double left, right;  // Of the plot's frame, as shares of the picture's width.
};

const char* LossUnit(nn::Loss loss) {
  switch (loss) {
    case nn::Loss::kMeanSquaredError:
      return "mean squared error";
    case nn::Loss::kHuber:
      return "Huber loss";
    case nn::Loss::kGaussianNegativeLogLikelihood:
      return "negative log-likelihood (nats)";
    default:
      return "cross-entropy (nats)";
  }
}

std::string Block(const std::string& name) { return "$" + name; }

// A data block: epoch, training figure, held-out figure, which is NaN where there is none.
std::string Data(const Run& run, const Panel& panel, const std::string& name) {
  std::string text = Block(name) + " << EOD\n";
  for (const nn::EpochRecord& record : run.history) {
    const double held_out = panel.held_out(record).value_or(NAN);
    text += std::to_string(record.epoch) + " " + FormatReal(panel.train(record) * panel.factor) + " " +
            (std::isnan(held_out) ? "NaN" : FormatReal(held_out * panel.factor)) + "\n";
  }
  return text + "EOD\n";
}

const nn::EpochRecord* BestEpoch(const Run& run, const Panel& panel) {
  const nn::EpochRecord* best = nullptr;
  for (const nn::EpochRecord& record : run.history) {
    if (!panel.held_out(record)) continue;
    const double change = best == nullptr ? 0 : *panel.held_out(record) - *panel.held_out(*best);
    if (best == nullptr || (panel.lower_is_better ? change < 0 : change > 0)) best = &record;
  }
  return best;
}

// The legend's line for a run, and a dot on its curve at the best held-out figure.
struct Marked {
  std::string legend, dot;
};

Marked MarkBest(const Run& run, const Panel& panel, const std::string& colour) {
  const nn::EpochRecord* best = BestEpoch(run, panel);
  if (best == nullptr) return {run.name, ""};
  const double value = *panel.held_out(*best) * panel.factor;
  char text[96];
  std::snprintf(text, sizeof(text), panel.lower_is_better ? ": lowest %.3f, epoch %zu" : ": highest %.1f %%, epoch %zu",
                value, best->epoch);
  return {run.name + text, "set label '' at " + std::to_string(best->epoch) + "," + FormatReal(value) +
                               " point pointtype 7 pointsize 1.8 linecolor rgb '" + colour + "' front\n"};
}

std::string DrawPanel(const std::vector<Run>& runs, const Panel& panel, const Layout& layout) {
  std::string script = "set lmargin at screen " + FormatReal(panel.left) + "\nset rmargin at screen " +
                       FormatReal(panel.right) + "\nset key at screen " + FormatReal(panel.left) + "," +
                       FormatReal(layout.InPanels(kLegendTop)) + "\nset ylabel " + PlotText(panel.unit) + "\n";
  std::string plots;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::string name = "run" + std::to_string(i), colour = kColours[i];
    const Marked marked = MarkBest(runs[i], panel, colour);
    script += Data(runs[i], panel, name) + marked.dot;
    const std::string style = " linewidth 3.5 linecolor rgb '" + colour + "' ";
    plots += (i == 0 ? "plot " : ", ") + Block(name) + " using 1:2 with lines dashtype (12,8)" + style + "notitle, " +
             Block(name) + " using 1:3 with lines title " + PlotText(marked.legend) + style;
  }
  return script + plots + "\nunset label\nunset arrow\n";
}

Panel LossPanel(nn::Loss loss, double right) {
  return {.unit = LossUnit(loss),
          .factor = 1,
          .lower_is_better = true,
          .train = [](const nn::EpochRecord& record) { return record.train_loss; },
          .held_out = [](const nn::EpochRecord& record) { return record.validation_loss; },
          .left = 0.08,
          .right = right};
}

Panel AccuracyPanel() {
  return {.unit = "accuracy (%)",
          .factor = 100,
          .lower_is_better = false,
          .train = [](const nn::EpochRecord& record) { return record.train_accuracy; },
          .held_out = [](const nn::EpochRecord& record) { return record.validation_accuracy; },
          .left = 0.575,
          .right = 0.985};
}

// One line for the whole picture: what dashed lines, solid lines and dots stand for.
std::string StyleLegend(const std::string& held_out, const Layout& layout) {
  const std::string height = ", screen " + FormatReal(layout.InPanels(0.905));
  const auto line = [&](double x, const std::string& text, const std::string& dashes) {
    return "set arrow from screen " + FormatReal(x) + height + " to screen " + FormatReal(x + 0.03) + height +
           " nohead linewidth 3.5 linecolor rgb '#555555' dashtype " + dashes + "\nset label " + PlotText(text) +
           " at screen " + FormatReal(x + 0.035) + height + "\n";
  };
  if (held_out.empty()) return line(0.47, "train", "(12,8)");
  return line(0.34, "train", "(12,8)") + line(0.43, held_out, "solid") + "set label '' at screen 0.55" + height +
         " point pointtype 7 pointsize 1.8 linecolor rgb '#555555'\nset label " +
         PlotText("best epoch by " + held_out + " data") + " at screen 0.562" + height + "\n";
}

// Layers that have the same rates all the time share a line.
struct RateLine {
  std::vector<double> rates;
  std::vector<std::string> layers;
};

std::vector<RateLine> RateLines(const Run& run) {
  std::vector<RateLine> lines;
  for (std::size_t i = 0; i < run.history.front().dropout_rates.size(); ++i) {
    std::vector<double> rates;
    for (const nn::EpochRecord& record : run.history) rates.push_back(record.dropout_rates[i].rate);
    auto line = std::find_if(lines.begin(), lines.end(), [&](const RateLine& known) { return known.rates == rates; });
    if (line == lines.end()) line = lines.insert(line, {rates, {}});
    line->layers.push_back(std::to_string(run.history.front().dropout_rates[i].layer));
  }
  return lines;
}

// Rates against epochs: colour says which run, dashes which layer.
std::string DrawRates(const std::vector<Run>& runs, const Layout& layout) {
  constexpr std::array<const char*, 4> kDashes = {"solid", "(12,8)", "(3,5)", "(14,6,3,6)"};
  std::string blocks, plots;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::vector<RateLine> lines = RateLines(runs[i]);
    for (std::size_t l = 0; l < lines.size(); ++l) {
      const std::string name = Block("rates" + std::to_string(i) + "x" + std::to_string(l));
      blocks += name + " << EOD\n";
      for (std::size_t e = 0; e < lines[l].rates.size(); ++e) {
        blocks += std::to_string(runs[i].history[e].epoch) + " " + FormatReal(lines[l].rates[e]) + "\n";
      }
      blocks += "EOD\n";
      const std::string title = (runs.size() == 1 ? "" : runs[i].name + ", ") +
                                (lines[l].layers.size() == 1 ? "layer " : "layers ") + Join(lines[l].layers, ',');
      plots += (plots.empty() ? "plot " : ", ") + name + " using 1:2 with lines linewidth 3.5 linecolor rgb '" +
               kColours[i] + "' dashtype " + kDashes[l % kDashes.size()] + " title " + PlotText(title);
    }
  }
  return blocks + "set lmargin at screen 0.08\nset rmargin at screen 0.985\nset tmargin at screen " +
         FormatReal(layout.InRates(0.82)) + "\nset bmargin at screen " + FormatReal(layout.InRates(0.27)) +
         "\nset key at screen 0.08," + FormatReal(layout.InRates(0.97)) +
         " left top horizontal Left reverse samplen 4 maxrows 2\nset yrange [0:*]\nset ylabel 'dropout rate'\n" +
         plots + "\n";
}

// Everything before the first panel.
std::string Header(const std::vector<Run>& runs, const Layout& layout) {
  std::size_t epochs = 2;
  for (const Run& run : runs) epochs = std::max(epochs, run.history.back().epoch);
  const std::string title = runs.size() == 1 ? runs.front().name : "Training runs compared";
  return "set terminal pngcairo noenhanced size " + FormatReal(kWidth) + "," + FormatReal(layout.height()) +
         " font 'DejaVu Sans,17' background rgb 'white'\n"
         "set multiplot\nset label " +
         PlotText(title) + " at screen 0.5, screen " + FormatReal(layout.InPanels(0.96)) + " center font ',22'\n" +
         StyleLegend(runs.front().held_out, layout) + "set tmargin at screen " +
         FormatReal(layout.InPanels(kLegendTop - 0.02 - 0.036 * static_cast<double>(runs.size()))) +
         "\nset bmargin at screen " + FormatReal(layout.InPanels(0.12)) +
         "\n"
         "set border 3 linecolor rgb '#555555'\nset tics nomirror out textcolor rgb '#333333'\n"
         "set grid linetype 1 linecolor rgb '#d8d8d8' linewidth 1\n"
         "set xlabel 'epoch'\nset xrange [1:" +
         std::to_string(epochs) +
         "]\n"
         "set key left top Left reverse vertical samplen 2 width 0\n";
}

}  // namespace

void DrawCurves(const std::vector<Run>& runs, const std::filesystem::path& path) {
  if (runs.size() > kColours.size()) {
    throw UsageError("at most " + std::to_string(kColours.size()) + " runs fit into one picture");
  }
  const bool accuracy = nn::HasAccuracy(runs.front().loss);
  const Layout layout{std::any_of(runs.begin(), runs.end(), RatesMove)};
  Draw(Header(runs, layout) + DrawPanel(runs, LossPanel(runs.front().loss, accuracy ? 0.475 : 0.985), layout) +
           (accuracy ? DrawPanel(runs, AccuracyPanel(), layout) : "") + (layout.rates ? DrawRates(runs, layout) : ""),
       path);
}

}  // namespace fallow::tools
