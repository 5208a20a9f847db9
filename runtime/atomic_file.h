// Writing files so that a crash never leaves half of one.
#ifndef FALLOW_RUNTIME_ATOMIC_FILE_H_
#define FALLOW_RUNTIME_ATOMIC_FILE_H_

#include <cstddef>
#include <filesystem>
#include <span>

namespace fallow::nn {

// Writes to "<path>.tmp" and, on Commit, puts that in the place of whatever is at `path`, durably. Until then, and if
// the process dies at any moment, `path` holds what it held before. A temporary file left by a killed process is taken
// over by the next writer. Two writers of one path wait for each other. All functions throw Error naming the file.
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& path);
  ~AtomicFile();  // Without Commit, removes the temporary file.
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void Write(std::span<const std::byte> bytes);
  void Commit();

 private:
  void OpenAndLock();
  bool OwnsTemporary() const;

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  int file_ = -1;
  bool committed_ = false;
};

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_ATOMIC_FILE_H_
