#include "runtime/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "runtime/file_error.h"

namespace fallow::nn {
namespace {

// Linux writes at most 2 GiB a call.
constexpr std::size_t kMostBytesAWrite = std::size_t{1} << 30;

Error SystemError(const std::filesystem::path& path, const char* doing) {
  return FileError(path, std::string(doing) + ": " + std::strerror(errno));
}

// A rename is on disk only once the folder is.
void SyncFolder(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const int file = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) throw SystemError(folder, "cannot open the folder");
  // Some file systems cannot sync a folder and say EINVAL; there is nothing more to do there.
  const bool failed = fsync(file) != 0 && errno != EINVAL;
  const int error = errno;
  close(file);
  errno = error;
  if (failed) throw SystemError(folder, "cannot write the folder to disk");
}

}  // namespace

AtomicFile::AtomicFile(const std::filesystem::path& path) : path_(path), temporary_(path.string() + ".tmp") {
  try {
    do {
      OpenAndLock();
    } while (!OwnsTemporary());
    if (ftruncate(file_, 0) != 0) throw SystemError(temporary_, "cannot empty");
  } catch (...) {
    if (file_ >= 0) close(file_);
    throw;
  }
}

AtomicFile::~AtomicFile() {
  if (!committed_) unlink(temporary_.c_str());
  close(file_);  // Releases the lock.
}

void AtomicFile::OpenAndLock() {
  if (file_ >= 0) close(file_);
  file_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (file_ < 0) throw SystemError(temporary_, "cannot create");
  int result;
  do {
    result = flock(file_, LOCK_EX);
  } while (result != 0 && errno == EINTR);
  if (result != 0) throw SystemError(temporary_, "cannot lock");
}

// The writer waited for may have renamed or removed the file whose lock we now hold.
bool AtomicFile::OwnsTemporary() const {
  struct stat ours, named;
  return fstat(file_, &ours) == 0 && stat(temporary_.c_str(), &named) == 0 && ours.st_dev == named.st_dev &&
         ours.st_ino == named.st_ino;
}

void AtomicFile::Write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file_, bytes.data(), std::min(bytes.size(), kMostBytesAWrite));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw SystemError(temporary_, "cannot write");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void AtomicFile::Commit() {
  if (fsync(file_) != 0) throw SystemError(temporary_, "cannot write to disk");
  if (rename(temporary_.c_str(), path_.c_str()) != 0) throw SystemError(path_, "cannot replace");
  committed_ = true;
  SyncFolder(path_);
}

}  // namespace fallow::nn
