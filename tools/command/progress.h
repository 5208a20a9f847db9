// The progress bar on a terminal.
#ifndef FALLOW_TOOLS_PROGRESS_H_
#define FALLOW_TOOLS_PROGRESS_H_

#include <chrono>

#include "fallow/nn/training.h"

namespace fallow::tools {

// One line on standard error, redrawn in place; nothing at all where standard error is no terminal.
class ProgressBar {
 public:
  explicit ProgressBar(bool with_accuracy);
  ~ProgressBar() { Clear(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void Show(const nn::Progress& progress);
  void Clear();

 private:
  const bool terminal_;
  const bool with_accuracy_;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace fallow::tools

#endif  // FALLOW_TOOLS_PROGRESS_H_
