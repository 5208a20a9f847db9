// The pictures that the command draws.
#ifndef FALLOW_TOOLS_PICTURES_H_
#define FALLOW_TOOLS_PICTURES_H_

#include <filesystem>
#include <string>
#include <vector>

#include "fallow/nn/tensor.h"
#include "tools/command/run.h"
#include "tools/command/sweep_results.h"

namespace fallow::tools {

// Loss and accuracy by epoch, of one run or of several in comparison. Throws UsageError as Draw does.
void DrawCurves(const std::vector<Run>& runs, const std::filesystem::path& path);

// Validation scores of a sweep against the rates it tried: a dot a run, the mean with its deviation, the winner. Throws
// UsageError as Draw does.
void DrawSweep(const SweepPlan& plan, const SweepResults& results, const std::string& title,
               const std::filesystem::path& path);

// One image of a grid: a row of a tensor whose samples have shape (height, width), and what to say below it.
struct Tile {
  std::size_t row;
  std::string heading;
  std::vector<std::string> lines;
  bool wrong = false;  // Sets the heading apart.
};

// Draws `tiles` line by line, dark on white. Throws UsageError as Draw does, and if x's samples are no images.
void DrawTiles(const nn::Tensor& x, const std::vector<Tile>& tiles, const std::string& title,
               const std::filesystem::path& path);

}  // namespace fallow::tools

#endif  // FALLOW_TOOLS_PICTURES_H_
