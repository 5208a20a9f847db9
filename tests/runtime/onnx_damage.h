// Files that are damaged, or made to do harm: an Error or a model, little memory, nothing printed.
#ifndef FALLOW_TESTS_RUNTIME_ONNX_DAMAGE_H_
#define FALLOW_TESTS_RUNTIME_ONNX_DAMAGE_H_

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/runtime/allocations.h"
#include "tests/runtime/onnx_models.h"
#include "tests/runtime/problems.h"

namespace fallow::nn {

// Files of a few KB may cost as much: many are allowed some 16,000 messages.
inline constexpr std::size_t kLittleMemory = std::size_t{8} << 20;

class OnnxDamageTest : public OnnxFileTest {
 protected:
  void SetUp() override { testing::internal::CaptureStderr(); }
  void TearDown() override { EXPECT_EQ(testing::internal::GetCapturedStderr(), ""); }

  // Loads the bytes, and runs the model if they are one. Returns what the Error says, or "no error".
  std::string Try(const std::string& bytes) {
    WriteNew(bytes);
    return ErrorOf([&] {
      OnnxModel loaded = LoadOnnx(path_);
      constexpr std::size_t kSmall = 1 << 16;
      if (loaded.model.input_shape().elements() > kSmall) return;
      // A large padding makes large values, and many positions large squares.
      for (const LayerInfo& layer : loaded.model.layer_info()) {
        if (layer.output.elements() > kSmall) return;
        if (layer.spec.starts_with("attention") && layer.output[0] > 64) return;
      }
      const Tensor x(2, loaded.model.input_shape());
      loaded.model.Forward({.mode = Mode::kMonteCarlo}, x);
    });
  }

  void ExpectHarmless(const std::string& bytes) {
    ResetPeaks();
    const std::string message = Try(bytes);
    ASSERT_EQ(message.find('\n'), std::string::npos) << message;
    ASSERT_LT(PeakBytes(), kLittleMemory) << message;
  }

  // The same for a large file: memory and seconds are a multiple of its size.
  std::string TryLarge(const std::string& bytes) {
    ResetPeaks();
    const auto start = std::chrono::steady_clock::now();
    const std::string message = Try(bytes);
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    EXPECT_LT(PeakBytes(), 50 * bytes.size() + kLittleMemory) << message;
    EXPECT_LT(time.count(), 20) << message;
    return message;
  }
  std::string TryLarge(const ::onnx::ModelProto& model) { return TryLarge(model.SerializeAsString()); }
};

}  // namespace fallow::nn

#endif  // FALLOW_TESTS_RUNTIME_ONNX_DAMAGE_H_
