#include "tools/command/files.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "tools/command/command.h"

namespace fallow::tools {

void WriteWhole(const std::filesystem::path& path, const std::function<void(const std::filesystem::path&)>& write) {
  if (std::filesystem::is_directory(path)) throw UsageError(path.string() + ": is a folder");
  std::filesystem::path temporary = path;
  temporary += ".tmp" + std::to_string(getpid());
  try {
    write(temporary);
    std::filesystem::rename(temporary, path);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw;
  }
}

void WriteWhole(const std::filesystem::path& path, const std::string& contents) {
  WriteWhole(path, [&](const std::filesystem::path& temporary) {
    errno = 0;
    std::ofstream file(temporary, std::ios::binary);
    file << contents << std::flush;
    if (!file) throw UsageError(path.string() + ": cannot be written: " + std::strerror(errno));
  });
}

}  // namespace fallow::tools
