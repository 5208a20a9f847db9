// Configuration files: the options of a subcommand, one `name = value` a line, a subset of TOML.
#ifndef FALLOW_TOOLS_CONFIG_H_
#define FALLOW_TOOLS_CONFIG_H_

#include <filesystem>
#include <string>
#include <vector>

#include "tools/command/options.h"

namespace fallow::tools {

struct ConfigEntry {
  std::size_t line;
  std::string name, value;
};

// Reads `name = value` lines; a value is a number, or text in double quotes with \" and \\ for a quote and a backslash;
// # begins a comment. Throws UsageError naming file and line.
std::vector<ConfigEntry> ReadConfig(const std::filesystem::path& path);

// Gives each option that the command line left alone the file's value. Throws UsageError for a name that is
// no option and a value that the option does not take.
void ApplyConfig(const Options& options, const std::filesystem::path& path);

// The present values of all configurable options, as ReadConfig reads them.
std::string FormatConfig(const Options& options);

}  // namespace fallow::tools

#endif  // FALLOW_TOOLS_CONFIG_H_
