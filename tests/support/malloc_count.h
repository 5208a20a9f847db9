// Counts what a test binary allocates: link malloc_count.cc.
#ifndef FALLOW_TESTS_SUPPORT_MALLOC_COUNT_H_
#define FALLOW_TESTS_SUPPORT_MALLOC_COUNT_H_

namespace fallow::test {

// Whether anything is counted: sanitizers bring a malloc of their own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kMallocsAreCounted = false;
#else
inline constexpr bool kMallocsAreCounted = true;
#endif

// Calls of malloc and its kind, which operator new and C libraries come to, on all threads since the binary began.
long MallocCount();

}  // namespace fallow::test

#endif  // FALLOW_TESTS_SUPPORT_MALLOC_COUNT_H_
