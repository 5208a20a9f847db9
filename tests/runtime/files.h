// Files for tests, in folders that go away.
#ifndef FALLOW_TESTS_RUNTIME_FILES_H_
#define FALLOW_TESTS_RUNTIME_FILES_H_

#include <zlib.h>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

#include "fallow/nn/error.h"

namespace fallow::nn {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = testing::TempDir() + "fallow_XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp " + name);
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline void WriteBytes(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!stream.flush()) throw std::runtime_error("cannot write " + path.string());
}

inline std::string ReadBytes(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

inline void WriteGzip(const std::filesystem::path& path, std::string_view bytes) {
  gzFile file = gzopen(path.c_str(), "wb9");
  if (file == nullptr) throw std::runtime_error("cannot write " + path.string());
  const int written = gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  const int closed = gzclose(file);
  if (written != static_cast<int>(bytes.size()) || closed != Z_OK) throw std::runtime_error("gzip " + path.string());
}

// What the Error says that `body` throws, or "no error".
template <class Body>
std::string ErrorOf(const Body& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// For EXPECT_TRUE: `body` throws an Error of one line that holds all of `parts`.
template <class Body, class... Parts>
testing::AssertionResult Fails(const Body& body, const Parts&... parts) {
  const std::string message = ErrorOf(body);
  const bool good = message != "no error" && message.find('\n') == std::string::npos &&
                    (... && (message.find(parts) != std::string::npos));
  return (good ? testing::AssertionSuccess() : testing::AssertionFailure()) << message;
}

}  // namespace fallow::nn

#endif  // FALLOW_TESTS_RUNTIME_FILES_H_
