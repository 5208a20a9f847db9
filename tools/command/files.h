// Writing files whole.
#ifndef FALLOW_TOOLS_FILES_H_
#define FALLOW_TOOLS_FILES_H_

#include <filesystem>
#include <functional>
#include <string>

namespace fallow::tools {

// Has `write` fill a new temporary file beside `path`, then renames it to `path`. If anything throws, nothing is left
// and an old file at `path` stays as it was. Throws UsageError if the folder cannot be written.
void WriteWhole(const std::filesystem::path& path, const std::function<void(const std::filesystem::path&)>& write);
void WriteWhole(const std::filesystem::path& path, const std::string& contents);

}  // namespace fallow::tools

#endif  // FALLOW_TOOLS_FILES_H_
