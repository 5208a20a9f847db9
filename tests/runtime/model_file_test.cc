#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "fallow/nn/model_file.h"
#include "tests/runtime/allocations.h"
#include "tests/runtime/files.h"
#include "tests/runtime/problems.h"
#include "tests/support/values.h"

namespace fallow::nn {
namespace {

constexpr char kLayers[] = "flatten,dense:7:relu:l2=0.001,dropout:0.25,dense:1:bias=0";

class ModelFileTest : public testing::Test {
 protected:
  // What LoadModel says of the small model's file after `change` was made to it.
  template <class Change, class... Parts>
  testing::AssertionResult LoadFails(const Change& change, const Parts&... parts) {
    Model model(Shape{2, 3}, kLayers, 1);
    SaveModel(path_, model);
    TensorFile file = ReadTensorFile(path_);
    change(file);
    WriteTensorFile(path_, file);
    return Fails([&] { LoadModel(path_); }, path_.string() + ": ", parts...);
  }

  auto Set(const char* key, const char* value) {
    return [=](TensorFile& file) { file.metadata[key] = value; };
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "model.safetensors";
};

TEST_F(ModelFileTest, LoadsWhatItSaved) {
  Model model(Shape{2, 3}, kLayers, 5);
  SaveModel(path_, model, {{"loss", "mean_squared_error"}, {"scale", "255"}});
  LoadedModel loaded = LoadModel(path_);
  EXPECT_EQ(loaded.model.Layers(), model.Layers());
  EXPECT_EQ(loaded.model.input_shape(), (Shape{2, 3}));
  EXPECT_TRUE(test::SameBits(Weights(model), Weights(loaded.model)));
  EXPECT_EQ(loaded.metadata.at("loss"), "mean_squared_error");
  EXPECT_EQ(loaded.metadata.at("scale"), "255");

  Tensor x(9, Shape{2, 3});
  std::mt19937 random(1);
  for (float& value : x.values()) value = Uniform(random);
  const Tensor expected = model.Forward({}, x).Clone();
  EXPECT_TRUE(test::SameBits(expected.values(), loaded.model.Forward({}, x).values()));
}

TEST_F(ModelFileTest, Graphs) {
  for (const char* graph : kGraphs) {
    Model model(Shape{6}, graph, 5);
    SaveModel(path_, model);
    LoadedModel loaded = LoadModel(path_);
    EXPECT_EQ(loaded.model.Layers(), model.Layers());
    EXPECT_TRUE(test::SameBits(Weights(model), Weights(loaded.model)));
  }
  EXPECT_TRUE(
      LoadFails(Set("fallow.layers", "dense:6,dense:1000000000,add:no"), "nothing before it has the label 'no'"));
}

TEST_F(ModelFileTest, NamesAndShapesAreThoseOfPyTorch) {
  Model model(Shape{2, 3}, kLayers, 5);
  SaveModel(path_, model);
  const TensorFile file = ReadTensorFile(path_);
  std::vector<std::pair<std::string, std::vector<std::size_t>>> found;
  for (const auto& entry : file.entries) found.emplace_back(entry.name, entry.shape);
  const decltype(found) expected = {{"1.weight", {7, 6}}, {"1.bias", {7}}, {"4.weight", {1, 7}}};
  EXPECT_EQ(found, expected);
  EXPECT_EQ(file.metadata.at("fallow.input_shape"), "2x3");
  EXPECT_EQ(file.metadata.at("fallow.layers"), model.Layers());
}

TEST_F(ModelFileTest, AnotherModelsParameters) {
  EXPECT_TRUE(LoadFails([](TensorFile& file) { file.entries.pop_back(); }, "has more weights than there are values"));
  EXPECT_TRUE(LoadFails([](TensorFile& file) { file.entries[1].name = "2.bias"; }, "has no tensor '1.bias'"));
  EXPECT_TRUE(LoadFails(
      [](TensorFile& file) {
        file.entries[0].shape = {6, 7};
      },
      "tensor '1.weight' is [6,7], expected [7,6]"));
  EXPECT_TRUE(LoadFails(
      [](TensorFile& file) {
        file.entries[1].shape = {1, 7};
      },
      "tensor '1.bias' is [1,7], expected [7]"));
  EXPECT_TRUE(LoadFails(
      [](TensorFile& file) {
        file.entries.push_back({"x", {1}, Tensor(1, Shape{1})});
      },
      "4 tensors"));
}

TEST_F(ModelFileTest, DamagedMetadata) {
  EXPECT_TRUE(
      LoadFails([](TensorFile& file) { file.metadata.erase("fallow.layers"); }, "not a model", "'fallow.layers'"));
  EXPECT_TRUE(LoadFails([](TensorFile& file) { file.metadata.clear(); }, "not a model"));
  EXPECT_TRUE(LoadFails(Set("fallow.layers", "dense:7,what"), "what"));
  EXPECT_TRUE(LoadFails(Set("fallow.layers", ""), ""));
  for (const char* shape : {"", "x", "2x", "x3", "2x-3", "2x3 ", "2,3", "0", "2x3x1x1x1", "99999999999999999999"}) {
    EXPECT_TRUE(LoadFails(Set("fallow.input_shape", shape), "shape")) << shape;
  }
  EXPECT_TRUE(LoadFails(Set("fallow.input_shape", "4294967296x4294967296x4294967296"), "shape"));
}

TEST_F(ModelFileTest, PromisesCostNoMemory) {
  for (const char* layers : {"dense:2000000000", "flatten,dense:7,dense:1000000000", "dense:1,dense:1000000000"}) {
    ResetPeaks();
    EXPECT_TRUE(LoadFails(Set("fallow.layers", layers), "more weights than there are values"));
    EXPECT_LT(PeakBytes(), 1u << 18);
  }
}

TEST_F(ModelFileTest, NoSafetensors) {
  WriteBytes(path_, "something else altogether");
  EXPECT_TRUE(Fails([&] { LoadModel(path_); }, path_.string(), "not a safetensors file"));
  EXPECT_TRUE(Fails([&] { LoadModel(folder_ / "none"); }, "none: No such file"));
}

}  // namespace
}  // namespace fallow::nn
