// fallow info: what this build and this machine offer.
#include <dlfcn.h>
#include <sys/utsname.h>
#include <zlib.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>

#include "fallow/nn/blas.h"
#include "fallow/target.h"
#include "tools/command/command.h"
#include "tools/command/options.h"

namespace fallow::tools {
namespace {

void Print(const char* name, const std::string& value) { std::printf("%-14s%s\n", name, value.c_str()); }

std::string FirstLine(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string CpuName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  utsname system{};
  uname(&system);
  return system.machine;
}

// "2 (2 hardware threads)": the kernel's siblings lists name each core once.
std::string Cores() {
  std::set<std::string> cores;
  const unsigned threads = std::thread::hardware_concurrency();
  for (unsigned i = 0; i < threads; ++i) {
    const std::string siblings =
        FirstLine("/sys/devices/system/cpu/cpu" + std::to_string(i) + "/topology/thread_siblings_list");
    if (!siblings.empty()) cores.insert(siblings);
  }
  if (cores.empty()) return std::to_string(threads) + " hardware threads";
  return std::to_string(cores.size()) + ", " + std::to_string(threads) + " hardware threads";
}

void PrintCaches() {
  for (int index = 0;; ++index) {
    const std::filesystem::path cache = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index);
    if (!std::filesystem::exists(cache)) return;
    const std::string type = FirstLine(cache / "type");
    std::string name = "L";
    name += FirstLine(cache / "level");
    if (type != "Unified") name += " " + type;
    std::string size = FirstLine(cache / "size");
    if (!size.empty() && size.back() == 'K') size.back() = ' ', size += "KiB";
    Print(index == 0 ? "caches" : "", name + std::string(name.size() < 16 ? 16 - name.size() : 1, ' ') + size);
  }
}

std::string Names(std::span<const Target> targets) {
  std::string names;
  for (const Target& target : targets) names += std::string(names.empty() ? "" : "  ") + target.name();
  return names;
}

// The version of the oneTBB that runs, not of the headers we were compiled with; "unknown" before 2021.
std::string TbbVersion() {
  void* const symbol = dlsym(RTLD_DEFAULT, "TBB_runtime_version");
  return symbol == nullptr ? "unknown" : reinterpret_cast<const char* (*)()>(symbol)();
}

std::string Compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

void RunInfo() {
  const char* cap = std::getenv("FALLOW_TARGET");
  const bool capped = cap != nullptr && *cap != '\0';
  Print("fallow", FALLOW_VERSION ", mask stream v1");
  Print("compiler", Compiler());
  Print("CPU", CpuName());
  Print("cores", Cores());
  PrintCaches();
  Print("targets", "compiled        " + Names(CompiledTargets()));
  Print("", "supported here  " + Names(SupportedTargets()));
  Print("", std::string("chosen          ") + DefaultTarget().name() +
                (capped ? std::string(", by FALLOW_TARGET=") + cap : ", the best of those"));
  Print("BLAS", nn::BlasName());
  Print("threads", "oneTBB " + TbbVersion());
  Print("zlib", zlibVersion());
}

}  // namespace

void AddInfo(CLI::App& app, Context& context) {
  Options options(app, "info", "Tell what this build and this machine offer");
  options.Footer(
      "Examples\n"
      "  " +
      context.program +
      " info\n"
      "  FALLOW_TARGET=SCALAR " +
      context.program + " info");
  options.Action([] { RunInfo(); });
}

}  // namespace fallow::tools
