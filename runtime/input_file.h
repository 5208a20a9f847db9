// Reading files that may be compressed.
#ifndef FALLOW_RUNTIME_INPUT_FILE_H_
#define FALLOW_RUNTIME_INPUT_FILE_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

struct gzFile_s;

namespace fallow::nn {

// A file read once from front to back, plain or gzip.
class InputFile {
 public:
  explicit InputFile(const std::filesystem::path& path);  // Throws Error if it cannot be opened.
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::filesystem::path& path() const { return path_; }

  // Fills `bytes` as far as the file goes and returns how many bytes that was: fewer than asked for only at the file's
  // end. Throws Error if reading fails or the gzip data is damaged or cut off.
  std::size_t Read(std::span<std::byte> bytes);

  // No file of this size on disk can hold more bytes than this, however well it is compressed.
  std::uint64_t MostBytes() const;

 private:
  void CheckEnd() const;

  std::filesystem::path path_;
  gzFile_s* file_;
};

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_INPUT_FILE_H_
