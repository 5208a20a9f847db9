#include "runtime/input_file.h"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <system_error>

#include "runtime/file_error.h"

namespace fallow::nn {
namespace {

// Deflate spends at least two bits on a match of at most 258 bytes.
constexpr std::uint64_t kMostDeflateRatio = 1032;
constexpr unsigned kBufferBytes = 1u << 17;
constexpr std::size_t kMostBytesARead = std::size_t{1} << 30;  // gzread counts in int.

}  // namespace

InputFile::InputFile(const std::filesystem::path& path) : path_(path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) throw FileError(path, "is a folder, not a file");
  errno = 0;
  file_ = gzopen(path.c_str(), "rb");
  if (file_ == nullptr) throw FileError(path, errno != 0 ? std::strerror(errno) : "not enough memory");
  gzbuffer(file_, kBufferBytes);
}

InputFile::~InputFile() { gzclose(file_); }

std::size_t InputFile::Read(std::span<std::byte> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const std::size_t wanted = std::min(bytes.size() - done, kMostBytesARead);
    const int got = gzread(file_, bytes.data() + done, static_cast<unsigned>(wanted));
    if (got > 0) done += static_cast<std::size_t>(got);
    if (got < 0 || static_cast<std::size_t>(got) < wanted) {
      CheckEnd();
      break;
    }
  }
  return done;
}

// zlib returns fewer bytes both at the end and where the data are cut off or damaged.
void InputFile::CheckEnd() const {
  int code = Z_OK;
  gzerror(file_, &code);
  if (code == Z_OK || code == Z_STREAM_END) return;
  if (code == Z_ERRNO) throw FileError(path_, std::strerror(errno));
  throw FileError(path_, code == Z_BUF_ERROR ? "the gzip data are cut off" : "the gzip data are damaged");
}

std::uint64_t InputFile::MostBytes() const {
  constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(path_, error);
  if (error) return kUnlimited;  // A pipe.
  if (gzdirect(file_) != 0) return size;
  return size <= kUnlimited / kMostDeflateRatio ? size * kMostDeflateRatio : kUnlimited;
}

}  // namespace fallow::nn
