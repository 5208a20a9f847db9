// Models that PyTorch exported, against what ONNX Runtime computes: see onnx/make_models.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "fallow/nn/model_file.h"
#include "fallow/nn/onnx_file.h"

namespace fallow::nn {
namespace {

const std::filesystem::path kFolder = FALLOW_ONNX_MODELS;

struct Golden {
  const char* name;
  const char* layers;
};

void PrintTo(const Golden& golden, std::ostream* out) { *out << golden.name; }

constexpr char kMlp[] = "dense:8,relu,dropout:0.3,dense:5,leaky_relu:0.2,dropout:0.5,dense:3";
constexpr char kGelu[] = "dropout:0.1,dense:8,gelu,dense:3,tanh";
constexpr char kImage[] = "flatten,dense:2,elu,dropout:0.2,dense:4,selu,dense:3,softmax";
constexpr char kGates[] = "flatten,dense:6:bias=0,silu,dropout:0.25,dense:4:bias=0,softmax";
constexpr char kLenet[] =
    "conv2d:4:3:padding=1,relu,maxpool2d:2,dropout:0.25,conv2d:6:3x2:stride=2x1,tanh,avgpool2d:2,flatten,dropout:0.5,"
    "dense:3";
constexpr char kMobile[] =
    "conv2d:8:3:padding=1:bias=0,relu,conv2d:8:3:dilation=2:groups=8,silu,avgpool2d:3:stride=1:padding=1:"
    "count_include_pad=0,conv2d:5:1x2:padding=0x1,dropout:0.2,global_avgpool:keepdims=1,flatten,dense:3";
constexpr char kSequence[] =
    "conv1d:4:3:padding=1,gelu,maxpool1d:3:stride=2:padding=1,dropout:0.3,conv1d:4:3:groups=2,"
    "avgpool1d:2:stride=1:padding=1,maxpool1d:6,flatten";

constexpr const char* kNorms =
    "conv2d:3:3:bias=0,batch_norm:momentum=0.2,relu,layer_norm,flatten,dense:5:bias=0,batch_norm:eps=0.01,dropout:0.2,"
    "layer_norm:eps=0.001";

constexpr char kResidual[] =
    "conv2d:2:3:padding=1:bias=0,batch_norm,relu,conv2d:2:3:padding=1:bias=0,batch_norm,add:input,relu@v1,"
    "conv2d:4:3:stride=2:padding=1@v2,from:v1,conv2d:4:1:stride=2:bias=0,add:v2,relu,global_avgpool:keepdims=1,flatten,"
    "dropout:0.2,dense:3";
constexpr char kTwoInputs[] =
    "input:x0:3x4,flatten,dense:5,relu@v1,input:x1:2,dense:3,tanh@v2,from:v1,concat:v2,dropout:0.4,dense:2";
constexpr char kSkipConcat[] = "dense:5,gelu@v1,dense:4,relu,dropout:0.3@v2,from:input,concat:v1,concat:v2,dense:3";
constexpr char kEncoder[] =
    "attention:2:dropout=0.1,dropout:0.1,add:input,layer_norm@v1,dense_last:6,relu,dropout:0.1,dense_last:8,dropout:0."
    "1,"
    "add:v1,layer_norm";
constexpr char kEncoderPre[] =
    "layer_norm,attention:2:dropout=0.1,dropout:0.1,add:input@v1,layer_norm,dense_last:6,gelu,dropout:0.1,dense_last:8,"
    "dropout:0.1,add:v1";
constexpr char kCausal[] = "attention:2:dropout=0.2:causal=1,add:input";
constexpr char kMaskedEncoder[] =
    "attention:3:dropout=0.2:causal=1,dropout:0.2,add:input,layer_norm@v1,dense_last:5,relu,dropout:0.2,dense_last:6,"
    "dropout:0.2,add:v1,layer_norm";
constexpr char kDenseBlock[] =
    "conv2d:3:3:padding=1,relu@v1,from:input,concat:v1@v2,conv2d:3:3:padding=1,relu@v3,from:v2,concat:v3,dropout:0.1,"
    "global_avgpool";
constexpr char kSequenceFirst[] =
    "attention:2:dropout=0.1,dropout:0.1,add:input,layer_norm@v1,dense_last:5,gelu,dropout:0.1,dense_last:6,dropout:0."
    "1,"
    "add:v1,layer_norm@v2,attention:2:dropout=0.1,dropout:0.1,add:v2,layer_norm@v3,dense_last:5,gelu,dropout:0.1,"
    "dense_last:6,dropout:0.1,add:v3,layer_norm";
constexpr char kJoint[] = "attention:3:dropout=0.1";

constexpr char kLast[] = "embedding:9:4,lstm:5,dropout:0.3,dense:3";
constexpr char kStates[] =
    "embedding:9:4,lstm:3:sequences=1:bidirectional=1,dropout:0.25,lstm:2:sequences=1:bidirectional=1,"
    "lstm:2:bidirectional=1,dense:3";
constexpr char kSteps[] = "embedding:9:4,dropout:0.2,gru:3:sequences=1:bidirectional=1,tanh,dense_last:2,softmax";
constexpr char kGru[] = "dense_last:4,relu,dropout:0.4,gru:5:sequences=1,gru:5,dense:2:bias=0";

constexpr char kHeard[] = "conv1d:4:3,relu,dropout:0.2,permute:2x1,gru:5,dense:2";

constexpr Golden kModels[] = {{"heard_opset14", kHeard},
                              {"masked_encoder_opset14", kMaskedEncoder},
                              {"masked_encoder_opset17", kMaskedEncoder},
                              {"dense_block_opset14", kDenseBlock},
                              {"sequence_first_opset14", kSequenceFirst},
                              {"residual_opset11", kResidual},
                              {"residual_opset17", kResidual},
                              {"two_inputs_opset13", kTwoInputs},
                              {"skip_concat_opset14", kSkipConcat},
                              {"encoder_opset11", kEncoder},
                              {"encoder_opset14", kEncoder},
                              {"encoder_opset17", kEncoder},
                              {"encoder_pre_opset14", kEncoderPre},
                              {"encoder_pre_opset17", kEncoderPre},
                              {"causal_opset12", kCausal},
                              {"causal_opset17", kCausal},
                              {"joint_opset11", kJoint},
                              {"joint_opset17", kJoint},
                              {"chunks_opset14", kJoint},
                              {"mlp_opset9", kMlp},
                              {"mlp_opset11", kMlp},
                              {"mlp_opset13", kMlp},
                              {"mlp_opset17", kMlp},
                              {"gelu_opset9", kGelu},
                              {"gelu_opset17", kGelu},
                              {"image_opset11", kImage},
                              {"image_opset13", kImage},
                              {"gates_opset9", kGates},
                              {"gates_opset13", kGates},
                              {"gates_opset17", kGates},
                              {"lenet_opset9", kLenet},
                              {"lenet_opset13", kLenet},
                              {"lenet_opset17", kLenet},
                              {"mobile_opset11", kMobile},
                              {"mobile_opset17", kMobile},
                              {"sequence_opset11", kSequence},
                              {"sequence_opset17", kSequence},
                              {"norms_opset17", kNorms},
                              {"last_opset9", kLast},
                              {"last_opset11", kLast},
                              {"last_opset17", kLast},
                              {"states_opset9", kStates},
                              {"states_opset13", kStates},
                              {"states_opset17", kStates},
                              {"steps_opset11", kSteps},
                              {"steps_opset17", kSteps},
                              {"gru_opset9", kGru},
                              {"gru_opset17", kGru}};

class OnnxGoldenTest : public testing::TestWithParam<Golden> {
 protected:
  std::filesystem::path Path(const char* extension) const {
    return kFolder / (GetParam().name + std::string(extension));
  }
};

const TensorFile::Entry& Find(const TensorFile& file, const char* name) {
  const auto found = std::ranges::find(file.entries, name, &TensorFile::Entry::name);
  if (found == file.entries.end()) throw std::runtime_error(name);
  return *found;
}

Tensor ReadBatch(const TensorFile& file, const char* name) {
  const TensorFile::Entry& entry = Find(file, name);
  Tensor batch(entry.shape[0], Shape(std::span(entry.shape).subspan(1)));
  std::ranges::copy(entry.value.values(), batch.data());
  return batch;
}

// The inputs x, or x0 and so on side by side as the parts of the model's one.
Tensor ReadInputs(const TensorFile& file) {
  if (file.entries.size() == 2) return ReadBatch(file, "x");
  const Tensor parts[] = {ReadBatch(file, "x0"), ReadBatch(file, "x1")};
  Tensor batch(parts[0].rows(), Shape{parts[0].cols() + parts[1].cols()});
  for (std::size_t r = 0; r < batch.rows(); ++r) {
    std::ranges::copy(parts[0].row(r), batch.row(r).begin());
    std::ranges::copy(parts[1].row(r), batch.row(r).begin() + static_cast<std::ptrdiff_t>(parts[0].cols()));
  }
  return batch;
}

// 1e-5 of the largest number in a row.
void ExpectNear(const Tensor& actual, const Tensor& expected) {
  ASSERT_EQ(actual.rows(), expected.rows());
  ASSERT_EQ(actual.sample_shape(), expected.sample_shape());
  for (std::size_t r = 0; r < expected.rows(); ++r) {
    float largest = 0;
    for (const float value : expected.row(r)) largest = std::max(largest, std::abs(value));
    for (std::size_t j = 0; j < expected.cols(); ++j) {
      EXPECT_NEAR(actual.row(r)[j], expected.row(r)[j], 1e-5f * largest) << "row " << r << ", column " << j;
    }
  }
}

TEST_P(OnnxGoldenTest, IsWhatOnnxRuntimeComputes) {
  OnnxModel loaded = LoadOnnx(Path(".onnx"));
  EXPECT_EQ(loaded.model.Layers(), GetParam().layers);
  EXPECT_EQ(loaded.input_name, loaded.model.Layers().starts_with("input:") ? "input" : "x");
  EXPECT_EQ(loaded.output_name, "y");
  EXPECT_TRUE(loaded.metadata.empty());
  const TensorFile file = ReadTensorFile(Path(".safetensors"));
  const Tensor x = ReadInputs(file);
  EXPECT_EQ(loaded.model.input_shape(), x.sample_shape());
  ExpectNear(loaded.model.Forward({}, x), ReadBatch(file, "y"));
}

TEST_P(OnnxGoldenTest, DropoutIsAlive) {
  OnnxModel loaded = LoadOnnx(Path(".onnx"));
  const Tensor x = ReadInputs(ReadTensorFile(Path(".safetensors")));
  const Tensor first = loaded.model.Forward({.mode = Mode::kMonteCarlo, .seed = 1, .step = 0}, x).Clone();
  bool varies = false;
  for (std::uint64_t step = 1; step < 10; ++step) {
    const Tensor& other = loaded.model.Forward({.mode = Mode::kMonteCarlo, .seed = 1, .step = step}, x);
    varies |= !std::ranges::equal(first.values(), other.values());
  }
  EXPECT_TRUE(varies);
}

INSTANTIATE_TEST_SUITE_P(PyTorch, OnnxGoldenTest, testing::ValuesIn(kModels),
                         [](const auto& test) { return std::string(test.param.name); });

// A file without a line above would test nothing.
TEST(OnnxGoldenFilesTest, AllAreTested) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) count += entry.path().extension() == ".onnx";
  EXPECT_EQ(count, std::size(kModels));
}

}  // namespace
}  // namespace fallow::nn
