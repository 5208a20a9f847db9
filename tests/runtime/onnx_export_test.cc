// What SaveOnnx writes: read back, and by ONNX's own checker.
#include <gtest/gtest.h>
#include <onnx/checker.h>
#include <onnx/shape_inference/implementation.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/runtime/onnx_models.h"
#include "tests/runtime/problems.h"
#include "tests/support/values.h"

namespace fallow::nn {
namespace {

using ::onnx::GraphProto;
using ::onnx::ModelProto;

class OnnxExportTest : public OnnxFileTest {
 protected:
  // The message that was written for a model, which ONNX's checker accepts, and whose output has the shape that it
  // finds.
  ModelProto Save(Model& model, const std::map<std::string, std::string>& metadata = {}) {
    SaveOnnx(path_, model, metadata);
    ModelProto proto;
    EXPECT_TRUE(proto.ParseFromString(ReadBytes(path_)));
    EXPECT_NO_THROW(::onnx::checker::check_model(proto));
    ModelProto inferred = proto;
    inferred.mutable_graph()->mutable_output(0)->mutable_type()->mutable_tensor_type()->clear_shape();
    EXPECT_NO_THROW(::onnx::shape_inference::InferShapes(inferred, ::onnx::OpSchemaRegistry::Instance(),
                                                         ::onnx::ShapeInferenceOptions(true, 1, false)));
    EXPECT_EQ(inferred.graph().output(0).DebugString(), proto.graph().output(0).DebugString());
    return proto;
  }
  ModelProto Save(const Shape& input, const std::string& layers) {
    Model model(input, layers, 1);
    return Save(model);
  }

  void ExpectRoundTrip(const Shape& input, const std::string& layers) {
    SCOPED_TRACE(layers);
    Model model(input, layers, 3);
    Save(model);
    OnnxModel loaded = LoadOnnx(path_);
    EXPECT_EQ(loaded.model.Layers(), model.Layers());
    EXPECT_EQ(loaded.model.input_shape(), input);
    EXPECT_EQ(loaded.model.output_shape(), model.output_shape());
    EXPECT_TRUE(test::SameBits(Weights(model), Weights(loaded.model)));
  }
};

TEST_F(OnnxExportTest, RoundTrip) {
  ExpectRoundTrip({784}, "dense:5:relu,dropout:0.5,dense:4");
  ExpectRoundTrip({1, 6, 6}, "flatten,dense:5:bias=0,elu,dense:1,sigmoid");
  ExpectRoundTrip({6, 6}, "dense:5,leaky_relu,leaky_relu:0.2,leaky_relu:0.123456789,dense:2,dense:3,softmax");
  ExpectRoundTrip({3, 2}, "relu,softmax,elu,selu,gelu,silu,sigmoid,tanh,dropout:0.1,softmax");
  ExpectRoundTrip({5}, "dropout:0,dropout:1,dropout:0.3,dropout:0.123456789,dropout:1e-07,dropout:0.3333333333333333");
  ExpectRoundTrip({7}, "flatten,dense:5:l1=0.001:l2=0.0001:max_norm=3:bias=0,flatten,dense:3:max_norm=1");
  ExpectRoundTrip({2, 3}, "flatten,flatten,dense:2,flatten");
  ExpectRoundTrip({}, "dense:2,gelu,dense:1");
  ExpectRoundTrip({}, "relu");
}

TEST_F(OnnxExportTest, RoundTripOfConvolutionsAndPooling) {
  ExpectRoundTrip({28, 28}, "conv2d:4:3:relu,maxpool2d:2,dropout:0.25,conv2d:6:3:groups=2:bias=0,flatten,dense:3");
  ExpectRoundTrip({2, 9, 9}, "conv2d:4:3x2:stride=2x1:padding=1x0:dilation=1x2,conv2d:3:2:padding=same,dense:3");
  ExpectRoundTrip({2, 9, 9}, "conv2d:4:3:padding=same:l2=0.5:max_norm=2,conv2d:3:2x1:padding=same");
  ExpectRoundTrip({2, 9, 9}, "maxpool2d:3:stride=1x2:padding=1,avgpool2d:2:padding=1:count_include_pad=0,avgpool2d:2");
  ExpectRoundTrip({3, 20}, "conv1d:4:4:padding=same,conv1d:4:3:stride=2:padding=1:groups=4,maxpool1d:2,avgpool1d:2");
  ExpectRoundTrip({20}, "conv1d:4:3,avgpool1d:3:stride=1:padding=1");
  ExpectRoundTrip({2, 5, 5}, "conv2d:4:3,global_avgpool,dense:2");
  ExpectRoundTrip({2, 5, 5}, "global_maxpool:keepdims=1,conv2d:3:1,flatten,dense:2");
  ExpectRoundTrip({2, 5}, "global_maxpool,relu");
  ExpectRoundTrip({2, 5}, "global_avgpool:keepdims=1,flatten,flatten");
}

TEST_F(OnnxExportTest, RoundTripOfNormalisation) {
  ExpectRoundTrip({6}, "dense:5:bias=0,batch_norm,relu,layer_norm,dense:2");
  ExpectRoundTrip({3, 4, 5}, "batch_norm:momentum=0.3:eps=0.001,layer_norm:eps=0.01,relu");
  ExpectRoundTrip({3, 4}, "batch_norm:momentum=0.123456789123:eps=1e-07,layer_norm:eps=0.123456789123");
  ExpectRoundTrip({2, 9, 9}, "conv2d:4:3:bias=0,batch_norm,relu,spatial_dropout2d:0.2,maxpool2d:2,dense:3");
}

// Which ONNX does not have: nothing to others.
TEST_F(OnnxExportTest, RoundTripOfTheDropoutFamily) {
  ExpectRoundTrip({3, 4}, "dropout:0.25:noise_shape=1x4,spatial_dropout1d:0.25,flatten,dense:9,alpha_dropout:0.1");
  ExpectRoundTrip({3, 4, 5}, "feature_alpha_dropout:0.1,drop_block2d:0.1:3,dense:9,gaussian_dropout:0.3");
  ExpectRoundTrip({5}, "gaussian_noise:0.5,activity_regularization:l1=0.5");
  ExpectRoundTrip({3, 4}, "dropconnect:9:0.5:bias=0:l2=0.5,relu,dropconnect:7:0.25,dense:3:unit_norm=1");
  ExpectRoundTrip({5}, "concrete_dropout:temperature=0.5,dense:9:relu,concrete_dropout,dense:2");

  const ModelProto proto = Save(Shape{5}, "gaussian_noise:0.5,dense:4,concrete_dropout,dropconnect:3:0.5");
  std::string operators;
  for (const auto& node : proto.graph().node()) operators += node.op_type() + " ";
  EXPECT_EQ(operators, "Identity Gemm Identity Gemm ");
}

TEST_F(OnnxExportTest, RoundTripOfSequences) {
  ExpectRoundTrip({6}, "embedding:9:4,lstm:5,dropout:0.5,dense:3");
  ExpectRoundTrip({6}, "embedding:9:4,lstm:5:sequences=1:bidirectional=1,dropout:0.2,lstm:3:bidirectional=1,dense:2");
  ExpectRoundTrip({5, 3}, "gru:4:sequences=1,layer_norm,dropout:0.1,dense_last:2:relu,softmax");
  ExpectRoundTrip({5, 3}, "dense_last:2,gru:4:bidirectional=1");
  ExpectRoundTrip({5, 3}, "gru:4:sequences=1:bidirectional=1,flatten,dense:2");
  ExpectRoundTrip({7}, "embedding:9:1,lstm:1:sequences=1:bidirectional=1,gru:1,dense:1");
  ExpectRoundTrip({2}, "embedding:9:1,lstm:1:bidirectional=1,dense:1");
  ExpectRoundTrip({1, 3}, "lstm:4:sequences=1,gru:2:bidirectional=1,dense:2");
  ExpectRoundTrip({4, 3}, "relu,flatten,embedding:2:3,lstm:2");
  ExpectRoundTrip({8}, "input:a:3,embedding:9:4,lstm:3@a,input:b:5,embedding:7:2,gru:2,concat:a,dense:2");
}

// What a graph does not say of them, or in many nodes.
TEST_F(OnnxExportTest, RoundTripOfSequencesWithOptions) {
  ExpectRoundTrip({6},
                  "embedding:9:4:dropout=0.1:padding=0,lstm:5:dropout=0.2:recurrent_dropout=0.3:weight_dropout=0.4");
  ExpectRoundTrip({6}, "embedding:9:4:padding=3,gru:5:sequences=1:mask=1,gru:5:bidirectional=1:dropout=0.1:mask=1");
  ExpectRoundTrip({5, 3}, "dense_last:4,lstm:2:bidirectional=1:mask=1");
}

TEST_F(OnnxExportTest, TokensAreIntegers) {
  const auto type_of = [&](const Shape& input, const std::string& layers, int i = 0) {
    return Save(input, layers).graph().input(i).type().tensor_type().elem_type();
  };
  EXPECT_EQ(type_of({6}, "embedding:9:4,lstm:5"), ::onnx::TensorProto::INT64);
  EXPECT_EQ(type_of({6}, "embedding:9:4@a,from:input,embedding:9:4,add:a"), ::onnx::TensorProto::INT64);
  EXPECT_EQ(type_of({6}, "relu,embedding:9:4"), ::onnx::TensorProto::FLOAT);
  EXPECT_EQ(type_of({6}, "embedding:9:4,gru:6,add:input"), ::onnx::TensorProto::FLOAT);
  const std::string parts = "input:a:3,embedding:9:4,lstm:2@a,input:b:5,dense:2,add:a";
  EXPECT_EQ(type_of({8}, parts, 0), ::onnx::TensorProto::INT64);
  EXPECT_EQ(type_of({8}, parts, 1), ::onnx::TensorProto::FLOAT);
}

TEST_F(OnnxExportTest, LearntRatesStay) {
  Model model(Shape{5}, "dense:4,concrete_dropout,dense:2", 1);
  model.parameters()[2].parameter->value.data()[0] = -0.37f;
  Save(model);
  EXPECT_EQ(LoadOnnx(path_).model.parameters()[2].parameter->value.data()[0], -0.37f);
}

TEST_F(OnnxExportTest, RoundTripOfGraphs) {
  ExpectRoundTrip({6}, "dense:6:relu@a,dropout:0.5,dense:6,add:a,relu,add:input");
  ExpectRoundTrip(
      {2, 9, 9},
      "conv2d:4:3:padding=1@x,batch_norm,relu,conv2d:4:3:padding=1,drop_path:0.1,add:x@y,conv2d:6:1@z,from:y,"
      "conv2d:6:3:padding=1,add:z,concat:y,global_avgpool,dense:3");
  ExpectRoundTrip({785}, "input:image:28x28,flatten,dense:6:relu@i,input:age:1,dense:3,concat:i,dense:2");
  ExpectRoundTrip({7}, "input:a:4@first,input:b:3,concat:first,dropout:0.5,dense:2");
  ExpectRoundTrip({5}, "input:only:5,dense:2");
  ExpectRoundTrip({4}, "relu@a,concat:a,concat:input");
  ExpectRoundTrip({4}, "from:input");
  ExpectRoundTrip({4}, "relu@a,tanh@b,concat:a@c,add:c");
  ExpectRoundTrip({2, 3}, "reshape:3x2,softmax,reshape:6,reshape:1x6@a,add:a,flatten");
  ExpectRoundTrip({2, 3}, "gelu@a,add:a@b,silu,add:b,add:a,softmax@c,from:c");
}

TEST_F(OnnxExportTest, RoundTripOfAttention) {
  ExpectRoundTrip({5, 8}, "attention:2");
  ExpectRoundTrip({5, 8}, "attention:4:dropout=0.1:causal=1:bias=0,dense_last:3,relu");
  ExpectRoundTrip({5, 6}, "dense_last:4:bias=0:l2=0.5,attention:1:causal=1,dropout:0.2,attention:4,dense:3");
  ExpectRoundTrip({1, 6}, "attention:3,attention:6,dense_last:4:max_norm=1");
  ExpectRoundTrip({6, 1}, "attention:1,dense_last:2,dense_last:1");
  ExpectRoundTrip({2, 3, 4}, "permute:3x1x2,flatten,dense:5:l2=0.5");
  ExpectRoundTrip({3, 10},
                  "conv1d:4:3,relu,permute:2x1,lstm:5:sequences=1:recurrent_dropout=0.2,permute:2x1,flatten,dense:3");
  ExpectRoundTrip({2, 3, 4}, "dense_last:5,layer_norm,dense_last:2:bias=0,reshape:6x2,attention:2");
  ExpectRoundTrip({5, 8}, "transformer:8:2:16:dropout=0.1:activation=gelu,transformer:8:4:12:causal=1,dense:3");
}

TEST_F(OnnxExportTest, WhatHasNoForm) {
  Model pool({9, 9}, "maxpool2d:2", 1), deep({2, 2, 2, 2}, "global_avgpool", 1);
  EXPECT_TRUE(Fails([&] { SaveOnnx(path_, pool); }, "layer 0 (maxpool2d:2): pooling of samples without channels"));
  Model zoneout({4, 3}, "lstm:2:zoneout=0.1", 1);
  EXPECT_TRUE(Fails([&] { SaveOnnx(path_, zoneout); }, "layer 0 (lstm:2:zoneout=0.1): zoneout, which takes the mean"));
  EXPECT_TRUE(Fails([&] { SaveOnnx(path_, deep); }, "layer 0 (global_avgpool): global pooling over 4 dimensions"));
  const auto fails = [&](const Shape& input, const char* layers, const char* error) {
    Model model(input, layers, 1);
    return Fails([&] { SaveOnnx(path_, model); }, error);
  };
  EXPECT_TRUE(fails({4}, "input:a:4,add:input", "layer 1 (add:input): reads the whole input beside its parts"));
  EXPECT_TRUE(fails({4}, "input:a:2@x,input:a:2,add:x", "(input:a:2): the name 'a' of an input is that of another"));
  EXPECT_TRUE(fails({4}, "input:output:4,relu", "the name 'output' of an input"));
  EXPECT_TRUE(fails({4}, "input:1.relu:4,relu", "the name '1.relu' of an input"));
}

TEST_F(OnnxExportTest, RoundTripOfManyChains) {
  const std::vector<std::string> kinds = {
      "dense:3", "dense:4:bias=0", "dense:2:l2=0.5", "dropout:0.2", "flatten", "relu", "leaky_relu:0.7",
      "elu",     "selu",           "gelu",           "silu",        "sigmoid", "tanh", "softmax"};
  std::mt19937 random(1);
  for (int i = 0; i < 100; ++i) {
    std::string layers;
    for (std::size_t left = 1 + random() % 8; left > 0; --left) {
      layers.append(layers.empty() ? "" : ",").append(kinds[random() % kinds.size()]);
    }
    ExpectRoundTrip(random() % 2 == 0 ? Shape{4} : Shape{2, 1, 3}, layers);
  }
}

// Masks depend on the indices of layers.
TEST_F(OnnxExportTest, TheSameMasks) {
  Model model(Shape{4, 4}, "dropout:0.1,dense:16,gelu,dropout:0.5,dense:3", 1);
  Save(model);
  OnnxModel loaded = LoadOnnx(path_);
  Tensor x(20, Shape{4, 4});
  std::mt19937 random(1);
  for (float& value : x.values()) value = Uniform(random);
  const Pass pass{.mode = Mode::kMonteCarlo, .seed = 5, .step = 2};
  const Tensor expected = model.Forward(pass, x).Clone();
  EXPECT_TRUE(test::SameBits(expected.values(), loaded.model.Forward(pass, x).values()));
}

TEST_F(OnnxExportTest, WhatOthersSee) {
  const ModelProto proto = Save(Shape{2, 3}, "dense:4,relu,dropout:0.25,dense:1:bias=0");
  EXPECT_EQ(proto.ir_version(), 8);
  ASSERT_EQ(proto.opset_import_size(), 1);
  EXPECT_EQ(proto.opset_import(0).version(), 17);
  EXPECT_EQ(proto.producer_name(), "fallow");
  const GraphProto& graph = proto.graph();
  EXPECT_EQ(graph.input(0).name(), "input");
  EXPECT_EQ(graph.input(0).type().tensor_type().shape().dim(0).dim_param(), "batch");
  EXPECT_EQ(graph.input(0).type().tensor_type().shape().dim(2).dim_value(), 3);
  EXPECT_EQ(graph.output(0).name(), "output");
  std::string operators;
  for (const auto& node : graph.node()) operators += node.op_type() + " " + node.name() + ", ";
  EXPECT_EQ(operators, "Flatten 0.flatten, Gemm 0.gemm, Relu 1.relu, Dropout 2.dropout, Gemm 3.gemm, ");
  std::string tensors;
  for (const auto& tensor : graph.initializer()) {
    tensors += tensor.name();
    for (const auto dim : tensor.dims()) tensors.append(" ").append(std::to_string(dim));
    tensors += ", ";
  }
  EXPECT_EQ(tensors, "0.weight 4 6, 0.bias 4, 2.ratio, 3.weight 1 4, ");
  EXPECT_EQ(graph.node(3).input_size(), 2);  // No training_mode: plain inference for whoever runs it.
}

TEST_F(OnnxExportTest, Metadata) {
  Model model(Shape{2}, "dense:1:l2=0.5", 1);
  const std::map<std::string, std::string> metadata = {{"loss", "naïve \"quotes\"\n"}, {"fallow.layers", "old"}};
  Save(model, metadata);
  EXPECT_EQ(LoadOnnx(path_).metadata,
            (std::map<std::string, std::string>{{"loss", "naïve \"quotes\"\n"}, {"fallow.layers", "dense:1:l2=0.5"}}));
  const std::string bytes = ReadBytes(path_);
  Save(model, metadata);
  EXPECT_EQ(ReadBytes(path_), bytes);
  EXPECT_TRUE(Fails([&] { SaveOnnx(path_, model, {{"a", "\xFF"}}); }, path_.string() + ": the metadata are not UTF-8"));
  EXPECT_EQ(ReadBytes(path_), bytes);
}

class Unknown : public Layer {
 public:
  std::string Spec() const override { return "unknown:7"; }
  void Build(const Shape&, std::uint64_t, std::size_t) override {}
  void ForwardRows(const Pass&, Rows, const float*, float*, const Memory&) override {}
  void BackwardRows(const Pass&, Rows, const float*, const float*, const float*, float*, const Memory&) override {}
};

TEST_F(OnnxExportTest, WhatCannotBeWritten) {
  std::vector<std::unique_ptr<Layer>> layers;
  layers.push_back(MakeFlatten());
  layers.push_back(std::make_unique<Unknown>());
  Model unknown(Shape{2}, std::move(layers), 1);
  EXPECT_TRUE(Fails([&] { SaveOnnx(path_, unknown); }, path_.string() + ": layer 1 (unknown:7): has no form in ONNX"));
  Model scalar(Shape{}, "softmax", 1);
  EXPECT_TRUE(Fails([&] { SaveOnnx(path_, scalar); }, "layer 0 (softmax): a softmax over no dimension but the batch"));
  EXPECT_FALSE(std::filesystem::exists(path_));
  Model good(Shape{2}, "relu", 1);
  EXPECT_TRUE(Fails([&] { SaveOnnx(folder_ / "none/x.onnx", good); }, "none/x.onnx.tmp: cannot create"));
  std::filesystem::create_directory(path_.string() + ".tmp");
  EXPECT_TRUE(Fails([&] { SaveOnnx(path_, good); }, "cannot create: Is a directory"));
}

}  // namespace
}  // namespace fallow::nn
