#include "tools/command/trace_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "fallow/nn/profile.h"
#include "tools/command/command.h"
#include "tools/command/files.h"

namespace fallow::tools {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kProcess = 1;

double Microseconds(std::int64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e3; }

bool IsLayer(const CallRecord& record) {
  return record.spec != nullptr && std::string_view(record.operation) == record.pass;
}

// "dense:1024 forward".
std::string LayerOf(const CallRecord& record) {
  const std::string_view pass = record.pass;
  const char* const name = pass == nn::kLayerForward    ? " forward"
                           : pass == nn::kLayerBackward ? " backward"
                                                        : " gradients";
  return record.spec + std::string(name);
}

// What viewers colour and filter by.
const char* CategoryOf(const CallRecord& record) {
  const std::string_view operation = record.operation;
  if (IsLayer(record)) return "layer";
  if (operation == nn::kGemm || operation == nn::kProductInParts) return "gemm";
  for (const char* const step :
       {nn::kForward, nn::kBackward, nn::kLoss, nn::kOptimizerStep, nn::kOptimizerPiece, nn::kSelectBatch}) {
    if (operation == step) return "step";
  }
  return "kernel";
}

Json ArgumentsOf(const CallRecord& record) {
  Json arguments;
  const std::string_view category = CategoryOf(record);
  if (record.spec != nullptr) {
    arguments["layer"] = record.layer;
    if (!IsLayer(record)) arguments["of"] = LayerOf(record);
  }
  if (category == "gemm") {
    arguments["multiplications"] = record.elements;
    const auto nanoseconds = static_cast<double>(std::max<std::int64_t>(1, record.nanoseconds));
    arguments["Gflop/s"] = 2.0 * static_cast<double>(record.elements) / nanoseconds;
    return arguments;
  }
  arguments["elements"] = record.elements;
  arguments["threads"] = record.threads;
  if (category != "kernel") return arguments;
  arguments["dtype"] = NameOf(record.dtype);
  arguments["target"] = record.target.name();
  arguments["mask us"] = Microseconds(record.mask_nanoseconds);
  return arguments;
}

Json NameEvent(const char* kind, std::size_t thread, const std::string& name) {
  return {{"ph", "M"}, {"pid", kProcess}, {"tid", thread}, {"name", kind}, {"args", {{"name", name}}}};
}

Json CompleteEvent(const TraceEvent& event, std::int64_t origin) {
  const CallRecord& record = event.record;
  return {{"ph", "X"},
          {"pid", kProcess},
          {"tid", event.thread},
          {"name", IsLayer(record) ? LayerOf(record) : record.operation},
          {"cat", CategoryOf(record)},
          {"ts", Microseconds(record.start - origin)},
          {"dur", Microseconds(record.nanoseconds)},
          {"args", ArgumentsOf(record)}};
}

// Outer ones first, as viewers want them that nest events by their order where times are equal.
void Sort(std::vector<TraceEvent>& events) {
  std::ranges::stable_sort(events, [](const TraceEvent& a, const TraceEvent& b) {
    if (a.record.start != b.record.start) return a.record.start < b.record.start;
    return a.record.nanoseconds > b.record.nanoseconds;
  });
}

// The thread that runs the step, which is the one with the most to say of it.
std::size_t CallersThread(const std::vector<TraceEvent>& events) {
  const auto found = std::ranges::find_if(
      events, [](const TraceEvent& event) { return std::string_view(event.record.operation) == nn::kSelectBatch; });
  return found != events.end() ? found->thread : 0;
}

void Write(std::ostream& file, const std::string& process, const std::vector<TraceEvent>& events) {
  // Replaced: a file's name, which is in the process's, may be no UTF-8.
  const auto text = [](const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); };
  std::size_t threads = 0;
  for (const TraceEvent& event : events) threads = std::max(threads, event.thread + 1);
  const std::size_t caller = CallersThread(events);

  file << R"({"displayTimeUnit":"ns","traceEvents":[)" << '\n' << text(NameEvent("process_name", caller, process));
  for (std::size_t thread = 0; thread < threads; ++thread) {
    const std::string name = thread == caller ? "main" : "worker " + std::to_string(thread);
    file << ",\n" << text(NameEvent("thread_name", thread, name));
  }
  for (const TraceEvent& event : events) file << ",\n" << text(CompleteEvent(event, events.front().record.start));
  file << "\n]}\n";
}

}  // namespace

void WriteTrace(const std::filesystem::path& path, const std::string& process, std::vector<TraceEvent> events) {
  Sort(events);
  WriteWhole(path, [&](const std::filesystem::path& temporary) {
    errno = 0;
    std::ofstream file(temporary, std::ios::binary);
    Write(file, process, events);
    file.flush();
    if (!file) throw UsageError(path.string() + ": cannot be written: " + std::strerror(errno));
  });
}

}  // namespace fallow::tools
