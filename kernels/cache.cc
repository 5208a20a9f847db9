#include "kernels/cache.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace fallow {
namespace {

// Reads a number such as "32768K" from a small file of the kernel's; 0 if there is none. (sysconf's
// _SC_LEVEL3_CACHE_SIZE was seen to be ten times too large on a virtual machine.)
std::size_t ReadSize(const char* path) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  char text[32];
  const ssize_t length = read(file, text, sizeof(text));
  close(file);
  std::size_t value = 0;
  for (ssize_t i = 0; i < length; ++i) {
    if (text[i] >= '0' && text[i] <= '9') {
      value = value * 10 + static_cast<std::size_t>(text[i] - '0');
    } else {
      return text[i] == 'K' ? value << 10 : text[i] == 'M' ? value << 20 : value;
    }
  }
  return value;
}

std::size_t Detect() {
  std::size_t largest = 0;
  for (const char* path :
       {"/sys/devices/system/cpu/cpu0/cache/index2/size", "/sys/devices/system/cpu/cpu0/cache/index3/size"}) {
    largest = std::max(largest, ReadSize(path));
  }
  return largest != 0 ? largest : std::size_t{32} << 20;
}

}  // namespace

std::size_t LastLevelCacheBytes() noexcept {
  static const std::size_t bytes = Detect();
  return bytes;
}

}  // namespace fallow
