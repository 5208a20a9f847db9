// Networks against what PyTorch computes with the same weights and masks: see golden/golden.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "fallow/nn/model.h"
#include "fallow/nn/model_file.h"
#include "fallow/nn/optimizer.h"

namespace fallow::nn {
namespace {

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(FALLOW_GOLDEN)) {
    if (entry.path().extension() == ".safetensors") names.push_back(entry.path().stem());
  }
  std::ranges::sort(names);
  return names;
}

class GoldenTest : public testing::TestWithParam<std::string> {
 protected:
  const std::string& Metadata(const char* key) const { return file_.metadata.at(key); }

  double Number(const char* key) const {
    const std::string& text = Metadata(key);
    double value = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc()) throw std::runtime_error(key);
    return value;
  }

  const TensorFile::Entry& Find(const std::string& name) const {
    const auto found = std::ranges::find(file_.entries, name, &TensorFile::Entry::name);
    if (found == file_.entries.end()) throw std::runtime_error(name);
    return *found;
  }

  Tensor Batch(const char* name) const {
    const TensorFile::Entry& entry = Find(name);
    Tensor batch(entry.shape[0], Shape(std::span(entry.shape).subspan(1)));
    std::ranges::copy(entry.value.values(), batch.data());
    return batch;
  }

  Model MakeModel() const {
    Model model(Batch("x").sample_shape(), Metadata("layers"), /*seed=*/1);
    for (const auto& [name, parameter] : model.parameters()) {
      const Tensor& value = Find(name).value;
      EXPECT_EQ(value.values().size(), parameter->value.values().size()) << name;
      std::ranges::copy(value.values(), parameter->value.data());
    }
    return model;
  }

  Pass PassOf(Mode mode, std::uint64_t step, int threads) const {
    return {.mode = mode,
            .seed = static_cast<std::uint64_t>(Number("seed")),
            .step = step,
            .execution = {.max_threads = threads, .target = {}}};
  }

  // Within `tolerance` of the largest number.
  void ExpectNear(std::span<const float> actual, const std::string& name, double tolerance) const {
    const std::span<const float> expected = Find(name).value.values();
    ASSERT_EQ(actual.size(), expected.size()) << name;
    double largest = 0;
    for (const float value : expected) largest = std::max(largest, std::abs(double{value}));
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ASSERT_NEAR(actual[i], expected[i], tolerance * largest) << name << ' ' << i;
    }
  }

  TensorFile file_ = ReadTensorFile(std::filesystem::path(FALLOW_GOLDEN) / (GetParam() + ".safetensors"));
};

TEST_P(GoldenTest, Outputs) {
  Model model = MakeModel();
  const Tensor x = Batch("x");
  for (const int threads : {1, 2}) {
    ExpectNear(model.Forward(PassOf(Mode::kInfer, 0, threads), x).values(), "inference", 1e-5);
  }
  ExpectNear(model.Forward(PassOf(Mode::kTrain, 0, 1), x).values(), "y", 1e-5);
}

TEST_P(GoldenTest, GradientsAndSteps) {
  for (const int threads : {1, 2}) {
    Model model = MakeModel();
    const Tensor x = Batch("x"), dy = Batch("dy");
    Optimizer optimizer({.algorithm = Algorithm::kSGD, .momentum = 0}, model.parameters());
    for (std::uint64_t step = 0; step < static_cast<std::uint64_t>(Number("steps")); ++step) {
      const Pass pass = PassOf(Mode::kTrain, step, threads);
      model.Forward(pass, x);
      model.Backward(pass, dy);
      for (const auto& [name, parameter] : model.parameters()) {
        if (step == 0 && parameter->trained) ExpectNear(parameter->gradient.values(), "gradient." + name, 2e-5);
      }
      optimizer.Step(Number("learning_rate"), pass.execution);
    }
    for (const auto& [name, parameter] : model.parameters())
      ExpectNear(parameter->value.values(), "after." + name, 1e-4);
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, GoldenTest, testing::ValuesIn(Names()), [](const auto& name) { return name.param; });

}  // namespace
}  // namespace fallow::nn
