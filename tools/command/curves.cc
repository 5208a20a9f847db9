// fallow curves: runs compared, in a table and a picture.
#include <cstdio>
#include <memory>

#include "tools/command/command.h"
#include "tools/command/options.h"
#include "tools/command/pictures.h"
#include "tools/command/run.h"

namespace fallow::tools {
namespace {

struct CurvesOptions {
  std::vector<std::string> folders;
  std::string output;
};

void RunCurves(const CurvesOptions& options) {
  std::vector<Run> runs;
  for (const std::string& folder : options.folders) runs.push_back(ReadRun(folder));
  for (const Run& run : runs) {
    if (run.loss != runs.front().loss) {
      throw UsageError(run.name + " and " + runs.front().name + " have different losses and cannot share axes");
    }
  }
  if (!options.output.empty()) DrawCurves(runs, options.output);
  PrintRuns(runs);
}

}  // namespace

void AddCurves(CLI::App& app, Context& context) {
  Options options(app, "curves", "Compare training runs in a table and a picture");
  const auto curves = std::make_shared<CurvesOptions>();
  options.Texts("runs", curves->folders, "Run folders").Required();
  options.Text("--output", curves->output, "Where to draw their curves, a PNG file");
  options.Footer(
      "Examples\n"
      "  " +
      context.program + " curves runs/fashion-6000-plain runs/fashion-6000-dropout --output compared.png");
  options.Action([curves] { RunCurves(*curves); });
}

}  // namespace fallow::tools
