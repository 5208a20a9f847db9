// A training run as TensorBoard reads it: an event an epoch, with a scalar for each figure of history.csv.
#ifndef FALLOW_TOOLS_EVENT_FILE_H_
#define FALLOW_TOOLS_EVENT_FILE_H_

#include <filesystem>

#include "fallow/nn/training.h"
#include "tools/command/run.h"

namespace fallow::tools {

// Appends the last epoch of `run.history`; if it is the first, to a new file. Throws UsageError if that cannot be done.
void AppendEvent(const std::filesystem::path& path, const Run& run);

// For a run that is resumed: makes the file hold the epochs of `run.history`, no more. Keeps the events that are there,
// cuts off what a run that was killed left behind them, and adds those that are missing, with the present time. The
// file is changed rather than replaced, as TensorBoard may be reading it. Throws UsageError.
void ContinueEvents(const std::filesystem::path& path, const Run& run);

}  // namespace fallow::tools

#endif  // FALLOW_TOOLS_EVENT_FILE_H_
