// Errors about files.
#ifndef FALLOW_RUNTIME_FILE_ERROR_H_
#define FALLOW_RUNTIME_FILE_ERROR_H_

#include <filesystem>
#include <string>

#include "fallow/nn/error.h"

namespace fallow::nn {

inline Error FileError(const std::filesystem::path& path, const std::string& message) {
  return Error(path.string() + ": " + message);
}

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_FILE_ERROR_H_
