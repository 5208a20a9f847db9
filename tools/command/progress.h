// The progress bar on a terminal.
#ifndef FALLOW_TOOLS_PROGRESS_H_
#define FALLOW_TOOLS_PROGRESS_H_

#include <chrono>
#include <string>

#include "fallow/nn/training.h"

namespace fallow::tools {

// "1:23 left".
std::string TimeLeft(double seconds);

// One line on standard error, redrawn in place; nothing at all where standard error is no terminal.
class ProgressBar {
 public:
  explicit ProgressBar(bool with_accuracy);
  ~ProgressBar() { Clear(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void Show(const nn::Progress& progress);
  // The same with other words: a bar of which `share` is done, between them. May be called as often as one likes.
  void Show(const std::string& head, double share, const std::string& tail);
  void Clear();

 private:
  bool Due();  // Whether a person could read the last line by now.
  void Draw(const std::string& head, double share, const std::string& tail) const;

  const bool terminal_;
  const bool with_accuracy_;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace fallow::tools

#endif  // FALLOW_TOOLS_PROGRESS_H_
