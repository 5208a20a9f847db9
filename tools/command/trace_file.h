// A profile as a trace that chrome://tracing and Perfetto open.
#ifndef FALLOW_TOOLS_TRACE_FILE_H_
#define FALLOW_TOOLS_TRACE_FILE_H_

#include <filesystem>
#include <string>
#include <vector>

#include "tools/command/profile_sums.h"

namespace fallow::tools {

// Writes the events, in the JSON object form of Chrome's Trace Event Format: one complete event ("X") a record, one
// thread name ("M") a thread; times in microseconds since the first. `process` is shown as the process's name. Memory
// beyond that of the events does not grow with them. Throws UsageError.
//
// Source: "Trace Event Format", Google, 2016.
void WriteTrace(const std::filesystem::path& path, const std::string& process, std::vector<TraceEvent> events);

}  // namespace fallow::tools

#endif  // FALLOW_TOOLS_TRACE_FILE_H_
