// Loss and accuracy by epoch: colour says which run, a dashed line training data, a solid one held-out data.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "tools/command/command.h"
#include "tools/command/gnuplot.h"
#include "tools/command/numbers.h"
#include "tools/command/pictures.h"

namespace fallow::tools {
namespace {

constexpr double kLegendTop = 0.87;  // As a share of the picture's height.

// Okabe and Ito's colours, which people with any kind of colour vision tell apart, without the light ones.
constexpr std::array<const char*, 6> kColours = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#000000"};

// One of the picture's two halves.
struct Panel {
  const char* unit;
  double factor;  // From the figure in the history to that in the picture.
  bool lower_is_better;
  std::function<double(const nn::EpochRecord&)> train;
  std::function<std::optional<double>(const nn::EpochRecord&)> held_out;
  double left, right;  // Of the plot's frame, as shares of the picture's width.
};

const char* LossUnit(nn::Loss loss) {
  return loss == nn::Loss::kMeanSquaredError ? "mean squared error" : "cross-entropy (nats)";
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

std::string DrawPanel(const std::vector<Run>& runs, const Panel& panel) {
  std::string script = "set lmargin at screen " + FormatReal(panel.left) + "\nset rmargin at screen " +
                       FormatReal(panel.right) + "\nset key at screen " + FormatReal(panel.left) + "," +
                       FormatReal(kLegendTop) + "\nset ylabel " + PlotText(panel.unit) + "\n";
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
std::string StyleLegend(const std::string& held_out) {
  const std::string height = ", screen 0.905";
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

// Everything before the first panel.
std::string Header(const std::vector<Run>& runs) {
  std::size_t epochs = 2;
  for (const Run& run : runs) epochs = std::max(epochs, run.history.back().epoch);
  const std::string title = runs.size() == 1 ? runs.front().name : "Training runs compared";
  return "set terminal pngcairo noenhanced size 1800,900 font 'DejaVu Sans,17' background rgb 'white'\n"
         "set multiplot\nset label " +
         PlotText(title) + " at screen 0.5, screen 0.96 center font ',22'\n" + StyleLegend(runs.front().held_out) +
         "set tmargin at screen " + FormatReal(kLegendTop - 0.02 - 0.036 * static_cast<double>(runs.size())) +
         "\nset bmargin at screen 0.12\n"
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
  Draw(Header(runs) + DrawPanel(runs, LossPanel(runs.front().loss, accuracy ? 0.475 : 0.985)) +
           (accuracy ? DrawPanel(runs, AccuracyPanel()) : ""),
       path);
}

}  // namespace fallow::tools
