// What tests of errors share.
#ifndef FALLOW_TESTS_KERNELS_ERRORS_H_
#define FALLOW_TESTS_KERNELS_ERRORS_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "fallow/status.h"

namespace fallow::test {

// Whether `status` is an error that names `argument`, and its value.
inline testing::AssertionResult Names(const Status& status, const std::string& argument) {
  if (status.ok()) return testing::AssertionFailure() << "ok, instead of an error about " << argument;
  if (status.argument() != argument || std::string(status.expected()).empty()) {
    return testing::AssertionFailure() << "not an error about " << argument << ": " << status.Message();
  }
  return testing::AssertionSuccess();
}

inline testing::AssertionResult Names(const Status& status, const std::string& argument, double value) {
  const bool same = status.value() == value || (std::isnan(status.value()) && std::isnan(value));
  if (!status.ok() && !same)
    return testing::AssertionFailure() << "not the value " << value << ": " << status.Message();
  return Names(status, argument);
}

// One stretch of memory for all spans of a call: they can overlap at will, and one look tells whether any changed.
class ErrorsTest : public testing::Test {
 public:
  static constexpr std::size_t kSize = 100;

 protected:
  ErrorsTest() { memory_.fill(kPattern); }
  ~ErrorsTest() override {
    EXPECT_TRUE(std::ranges::all_of(memory_, [](std::byte b) { return b == kPattern; })) << "an error changed memory";
  }

  std::span<float> Floats(std::size_t first, std::size_t count) {
    return {reinterpret_cast<float*>(memory_.data()) + first, count};
  }
  std::span<std::uint8_t> Bytes(std::size_t first, std::size_t count) {
    return {reinterpret_cast<std::uint8_t*>(memory_.data()) + first, count};
  }

  std::span<float> x() { return Floats(0, kSize); }
  std::span<float> y() { return Floats(kSize, kSize); }
  std::span<std::uint8_t> MaskBytes(std::size_t bytes) { return Bytes(2 * kSize * sizeof(float), bytes); }

 private:
  static constexpr std::byte kPattern{0x3C};
  alignas(64) std::array<std::byte, 4096> memory_;
};

}  // namespace fallow::test

#endif  // FALLOW_TESTS_KERNELS_ERRORS_H_
