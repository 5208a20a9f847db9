// Memory that proves that nothing outside it was touched.
#ifndef FALLOW_TESTS_SUPPORT_GUARDED_BUFFER_H_
#define FALLOW_TESTS_SUPPORT_GUARDED_BUFFER_H_

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>

namespace fallow::test {

// Which end of a GuardedBuffer touches an inaccessible page exactly. The other end is at most a page away from one.
enum class Edge { kStart, kEnd };

inline std::string EdgeName(Edge edge) { return edge == Edge::kStart ? "start" : "end"; }

// Whole pages between two inaccessible ones: reading or writing beyond either is a SIGSEGV.
class GuardedPages {
 public:
  // Throws std::system_error if there is no memory.
  explicit GuardedPages(std::size_t bytes);
  ~GuardedPages();
  GuardedPages(const GuardedPages&) = delete;
  GuardedPages& operator=(const GuardedPages&) = delete;

  // The accessible bytes, at least as many as asked for. Zero at first.
  std::span<std::byte> bytes() const;

 private:
  std::size_t mapped_bytes_;
  std::byte* mapping_;
};

// `size` elements, zero at first, against an inaccessible page. The end edge gives any alignment, the start edge a
// page's.
template <typename T>
class GuardedBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  GuardedBuffer(std::size_t size, Edge edge) : pages_(size * sizeof(T)), size_(size) {
    const std::span<std::byte> all = pages_.bytes();
    data_ = reinterpret_cast<T*>(edge == Edge::kStart ? all.data() : all.data() + all.size() - size * sizeof(T));
  }
  // Starts as a copy of `values`.
  GuardedBuffer(std::span<const T> values, Edge edge) : GuardedBuffer(values.size(), edge) {
    std::ranges::copy(values, data_);
  }

  std::span<T> span() const { return {data_, size_}; }

 private:
  GuardedPages pages_;
  std::size_t size_;
  T* data_;
};

// A copy of `values` that starts `shift` elements after a page boundary, in a frame of bytes that must not change.
template <typename T>
class Framed {
 public:
  Framed(std::span<const T> values, std::size_t shift)
      : buffer_(shift + values.size() + kFrameAfter, Edge::kStart), shift_(shift), size_(values.size()) {
    std::ranges::fill(std::as_writable_bytes(buffer_.span()), kPattern);
    std::ranges::copy(values, span().begin());
  }

  std::span<T> span() const { return buffer_.span().subspan(shift_, size_); }

  bool frame_is_intact() const {
    const auto holds_pattern = [](std::span<const T> part) {
      return std::ranges::all_of(std::as_bytes(part), [](std::byte b) { return b == kPattern; });
    };
    return holds_pattern(buffer_.span().first(shift_)) && holds_pattern(buffer_.span().subspan(shift_ + size_));
  }

 private:
  static constexpr std::size_t kFrameAfter = 64;
  static constexpr std::byte kPattern{0xA5};

  GuardedBuffer<T> buffer_;
  std::size_t shift_;
  std::size_t size_;
};

}  // namespace fallow::test

#endif  // FALLOW_TESTS_SUPPORT_GUARDED_BUFFER_H_
