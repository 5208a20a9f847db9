// What the kernels need to know about the memory system.
#ifndef FALLOW_KERNELS_CACHE_H_
#define FALLOW_KERNELS_CACHE_H_

#include <cstddef>

namespace fallow {

// The size of the last-level cache that CPU 0 uses, read once; 32 MiB where the system does not say.
std::size_t LastLevelCacheBytes() noexcept;

}  // namespace fallow

#endif  // FALLOW_KERNELS_CACHE_H_
