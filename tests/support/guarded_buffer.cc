#include "tests/support/guarded_buffer.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace fallow::test {
namespace {

std::size_t PageBytes() {
  static const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

// At least one page, so that a buffer of no elements still has an address between two guards.
std::size_t RoundUpToPages(std::size_t bytes) { return (bytes / PageBytes() + 1) * PageBytes(); }

[[noreturn]] void ThrowErrno(const char* call) { throw std::system_error(errno, std::generic_category(), call); }

}  // namespace

GuardedPages::GuardedPages(std::size_t bytes) : mapped_bytes_(RoundUpToPages(bytes) + 2 * PageBytes()) {
  void* mapping = mmap(nullptr, mapped_bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) ThrowErrno("mmap");
  mapping_ = static_cast<std::byte*>(mapping);
  const std::span<std::byte> accessible = this->bytes();
  if (mprotect(accessible.data(), accessible.size(), PROT_READ | PROT_WRITE) != 0) {
    munmap(mapping_, mapped_bytes_);
    ThrowErrno("mprotect");
  }
}

GuardedPages::~GuardedPages() { munmap(mapping_, mapped_bytes_); }

std::span<std::byte> GuardedPages::bytes() const { return {mapping_ + PageBytes(), mapped_bytes_ - 2 * PageBytes()}; }

}  // namespace fallow::test
