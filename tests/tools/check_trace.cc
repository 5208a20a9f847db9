// Usage: check_trace FILE
// Reads a trace back and fails unless it is what chrome://tracing and Perfetto open: see trace_file.h. Prints how many
// events, threads and steps it has, and which part of the time the outermost events of the main thread cover.
#include <cstdio>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using nlohmann::json;

struct Event {
  std::string name, category;
  double begin, end;
};

void Expect(bool condition, const std::string& what) {
  if (!condition) throw std::runtime_error(what);
}

// Steps hold layers, which hold kernels and products, which may have parts. A part may be another thread's.
int Rank(const Event& event) {
  if (event.category == "step") return event.name == "OptimizerPiece" ? 1 : 0;
  if (event.name == "Gemm") return 3;
  return event.category == "layer" ? 1 : 2;
}

// `events` are in the order of their beginnings. Returns the sum of the outermost.
double CheckNesting(const std::vector<Event>& events) {
  constexpr double kRounding = 1e-6;
  double outermost = 0;
  std::vector<Event> open;
  double last = 0;
  for (const Event& event : events) {
    Expect(event.begin >= last, event.name + " is out of order");
    last = event.begin;
    while (!open.empty() && open.back().end <= event.begin + kRounding) open.pop_back();
    if (open.empty()) {
      outermost += event.end - event.begin;
      Expect(Rank(event) != 2, event.name + " is in no layer");
    } else {
      Expect(event.end <= open.back().end + kRounding, event.name + " reaches out of " + open.back().name);
      Expect(Rank(event) > Rank(open.back()), event.name + " is inside of " + open.back().name);
    }
    open.push_back(event);
  }
  return outermost;
}

void Check(const char* path) {
  std::ifstream file(path);
  const json trace = json::parse(file);
  std::map<int, std::string> names;
  std::map<int, std::vector<Event>> threads;
  std::size_t count = 0, steps = 0;
  double end = 0;
  bool process_named = false;
  for (const json& e : trace.at("traceEvents")) {
    const int thread = e.at("tid").get<int>();
    Expect(e.at("pid") == 1, "another process");
    Expect(e.at("args").is_object(), "no arguments");
    const auto name = e.at("name").get<std::string>();
    if (e.at("ph") == "M") {
      process_named = process_named || name == "process_name";
      if (name == "thread_name") names[thread] = e.at("args").at("name").get<std::string>();
      continue;
    }
    Expect(e.at("ph") == "X", "an unknown kind of event");
    if (name == "Gemm") Expect(e.at("args").contains("of"), "a product of no layer");
    const double begin = e.at("ts").get<double>(), duration = e.at("dur").get<double>();
    Expect(begin >= 0 && duration >= 0, name + " has a negative time");
    threads[thread].push_back({name, e.at("cat").get<std::string>(), begin, begin + duration});
    end = std::max(end, begin + duration);
    ++count;
    steps += name == "SelectBatch";
  }
  Expect(process_named, "the process has no name");
  double covered = 0;
  for (const auto& [thread, events] : threads) {
    const double outermost = CheckNesting(events);
    Expect(names.contains(thread), "a thread has no name");
    if (names[thread] == "main") covered = outermost / end;
  }
  std::printf("events %zu\nthreads %zu\nsteps %zu\ncovered %.3f\n", count, threads.size(), steps, covered);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Expect(argc == 2, "usage: check_trace FILE");
    Check(argv[1]);
    return 0;
  } catch (const std::exception& error) {
    std::printf("FAILED: %s\n", error.what());
    return 1;
  }
}
