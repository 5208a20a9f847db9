// What LoadOnnx makes of each operator.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "tests/runtime/onnx_models.h"

namespace fallow::nn {
namespace {

using ::onnx::ModelProto;
using ::onnx::TensorProto;

class OnnxImportTest : public OnnxFileTest {
 protected:
  // The layers of a graph from x, (N, shape), to y.
  std::string Layers(const std::string& nodes, const std::string& shape = "4", int opset = 17) {
    const std::string dims = shape.empty() ? "N" : "N, " + shape;
    return Load("g (float[" + dims + "] x) => (float[N] y) {" + nodes + "}", opset).model.Layers();
  }

  // The output for the one sample `x` of a graph whose weights are w = (1 2 3; 4 5 6), v, its transpose, and b.
  std::vector<float> Run(const std::string& nodes, const std::vector<float>& x,
                         const std::string& bias = "float[2] b = {10, 20}") {
    return Run(Load("g (float[N, 3] x) => (float[N, 2] y) <float[2, 3] w = {1, 2, 3, 4, 5, 6}, "
                    "float[3, 2] v = {1, 4, 2, 5, 3, 6}, " +
                    bias + "> {" + nodes + "}"),
               x);
  }
  std::vector<float> Run(OnnxModel model, const std::vector<float>& x) {
    Tensor batch(1, model.model.input_shape());
    std::ranges::copy(x, batch.data());
    const auto values = model.model.Forward({}, batch).values();
    return {values.begin(), values.end()};
  }
};

using Floats = std::vector<float>;

TEST_F(OnnxImportTest, Gemm) {
  EXPECT_EQ(Run("y = Gemm<transB=1>(x, w)", {1, 0, 2}), (Floats{7, 16}));
  EXPECT_EQ(Run("y = Gemm<transB=1>(x, w, b)", {1, 0, 2}), (Floats{17, 36}));
  EXPECT_EQ(Run("y = Gemm(x, v, b)", {1, 0, 2}), (Floats{17, 36}));
  EXPECT_EQ(Run("y = Gemm<transA=0, transB=0, alpha=2.0, beta=0.5>(x, v, b)", {1, 0, 2}), (Floats{19, 42}));
  EXPECT_EQ(Run("y = Gemm(x, v, b)", {1, 0, 2}, "float[1, 2] b = {10, 20}"), (Floats{17, 36}));
  EXPECT_EQ(Run("y = Gemm(x, v, b)", {1, 0, 2}, "float[1] b = {10}"), (Floats{17, 26}));
  EXPECT_EQ(Run("y = Gemm(x, v, b)", {1, 0, 2}, "float b = {10}"), (Floats{17, 26}));
  EXPECT_EQ(Layers("w = Constant<value = float[4, 1] {1, 2, 3, 4}>() y = Gemm(x, w)"), "dense:1:bias=0");
  EXPECT_EQ(Layers("w = Constant<value = float[4, 1] {1, 2, 3, 4}>() y = Gemm(x, w, )"), "dense:1:bias=0");
}

constexpr const char* kNormConstants =
    "s = Constant<value = float[2] {2, 3}>() b = Constant<value = float[2] {1, -1}>() "
    "m = Constant<value = float[2] {0.5, 4}>() v = Constant<value = float[2] {4, 0.25}>() ";

TEST_F(OnnxImportTest, BatchNormalization) {
  const auto layers = [&](const std::string& node, int opset = 17) {
    return Layers(kNormConstants + node, "2, 3", opset);
  };
  EXPECT_EQ(layers("y = BatchNormalization(x, s, b, m, v)"), "batch_norm");
  EXPECT_EQ(layers("y = BatchNormalization<epsilon=0.001, momentum=0.99>(x, s, b, m, v)"),
            "batch_norm:momentum=0.01:eps=0.001");
  EXPECT_EQ(layers("y = BatchNormalization<spatial=1>(x, s, b, m, v)", 7), "batch_norm");
  EXPECT_EQ(layers("y, n, w = BatchNormalization<training_mode=1>(x, s, b, m, v)"), "batch_norm");
  const auto y = Run(Load("g (float[N, 2] x) => (float[N, 2] y) {" + std::string(kNormConstants) +
                          "y = BatchNormalization<epsilon=0.0>(x, s, b, m, v)}"),
                     {2.5f, 5});
  EXPECT_EQ(y, (Floats{3, 5}));
}

TEST_F(OnnxImportTest, LayerNormalization) {
  const auto layers = [&](const std::string& node) { return Layers(kNormConstants + node, "3, 2"); };
  EXPECT_EQ(layers("y = LayerNormalization(x, s, b)"), "layer_norm");
  EXPECT_EQ(layers("y = LayerNormalization<axis=2, epsilon=0.5>(x, s)"), "layer_norm:eps=0.5");
  const auto y = Run(Load("g (float[N, 2] x) => (float[N, 2] y) {" + std::string(kNormConstants) +
                          "y = LayerNormalization<epsilon=0.0>(x, s, b)}"),
                     {1, 5});
  EXPECT_EQ(y, (Floats{-1, 2}));
}

TEST_F(OnnxImportTest, NormalisationErrors) {
  const auto fails = [&](const std::string& node, const std::string& shape, const std::string& error) {
    const std::string graph = "g (float[N, " + shape + "] x) => (float[N] y) {" + kNormConstants + node + "}";
    return LoadFails(ParseModel(graph), error);
  };
  EXPECT_TRUE(fails("y = BatchNormalization(x, s, b, m, v)", "3", "input 's' has 2 numbers, expected 3"));
  EXPECT_TRUE(
      fails("y = LayerNormalization<axis=1>(x, s, b)", "2, 2", "attribute axis has 1, expected the last, -1 or 2"));
}

TEST_F(OnnxImportTest, ConvolutionsAndPooling) {
  const auto layers = [&](const std::string& nodes, const std::string& shape = "2, 5, 6") {
    return Layers("w = Constant<value = float[1, 2, 1, 2] {1, 2, 3, 4}>() " + nodes, shape);
  };
  EXPECT_EQ(layers("y = Conv(x, w)"), "conv2d:1:1x2:bias=0");
  EXPECT_EQ(layers("y = Conv<pads=[1, 2, 1, 2], strides=[2, 1], dilations=[1, 3]>(x, w)"),
            "conv2d:1:1x2:stride=2x1:padding=1x2:dilation=1x3:bias=0");
  EXPECT_EQ(layers("y = Conv<auto_pad=\"SAME_UPPER\">(x, w)"), "conv2d:1:1x2:padding=same:bias=0");
  EXPECT_EQ(layers("y = Conv<auto_pad=\"VALID\">(x, w)"), "conv2d:1:1x2:bias=0");
  EXPECT_EQ(layers("y = Conv<pads=[0, 0, 0, 1]>(x, w)"), "conv2d:1:1x2:padding=same:bias=0");
  EXPECT_EQ(layers("y = MaxPool<kernel_shape=[2, 2]>(x)"), "maxpool2d:2:stride=1");
  EXPECT_EQ(layers("y = MaxPool<kernel_shape=[2, 2], strides=[2, 2], pads=[1, 0, 1, 0]>(x)"),
            "maxpool2d:2:padding=1x0");
  EXPECT_EQ(layers("y = AveragePool<kernel_shape=[3], strides=[3], pads=[1, 1]>(x)", "2, 9"),
            "avgpool1d:3:padding=1:count_include_pad=0");
  EXPECT_EQ(layers("y = GlobalAveragePool(x)"), "global_avgpool:keepdims=1");
  // One channel.
  EXPECT_EQ(layers("a = Constant<value = int64[1] {1}>() v = Constant<value = float[1, 1, 1, 1] {1}>() "
                   "u = Unsqueeze(x, a) y = Conv(u, v)",
                   "5, 6"),
            "conv2d:1:1:bias=0");
}

TEST_F(OnnxImportTest, MatMulAndAdd) {
  EXPECT_EQ(Run("y = MatMul(x, v)", {1, 0, 2}), (Floats{7, 16}));
  EXPECT_EQ(Run("h = MatMul(x, v) y = Add(h, b)", {1, 0, 2}), (Floats{17, 36}));
  EXPECT_EQ(Run("h = MatMul(x, v) y = Add(b, h)", {1, 0, 2}), (Floats{17, 36}));
  EXPECT_EQ(Run("h = MatMul(x, v) i = Identity(h) y = Add(b, i)", {1, 0, 2}), (Floats{17, 36}));
  EXPECT_EQ(Run("h = Gemm(x, v) y = Add(h, b)", {1, 0, 2}), (Floats{17, 36}));
}

TEST_F(OnnxImportTest, ConstantsThatFollow) {
  EXPECT_EQ(Run("t = Transpose<perm=[1, 0]>(w) y = MatMul(x, t)", {1, 0, 2}), (Floats{7, 16}));
  EXPECT_EQ(Run("t = Transpose(w) y = MatMul(x, t)", {1, 0, 2}), (Floats{7, 16}));
  EXPECT_EQ(Run("s = Transpose(v) t = Transpose(s) u = Transpose<perm=[0, 1]>(t) y = Gemm(x, u)", {1, 0, 2}),
            (Floats{7, 16}));
  EXPECT_EQ(Run("t = Transpose(v) y = Gemm<transB=1>(x, t, b)", {1, 0, 2}), (Floats{17, 36}));
  EXPECT_EQ(
      Run("t = Transpose(b) u = Cast<to=1>(t) h = MatMul(x, v) y = Add(h, u)", {1, 0, 2}, "float[2, 1] b = {10, 20}"),
      (Floats{17, 36}));
  EXPECT_EQ(Run("i = Identity(v) j = Identity(i) y = MatMul(x, j)", {1, 0, 2}), (Floats{7, 16}));
  EXPECT_EQ(Run("c = Constant<value_floats=[10.0, 20.0]>() y = Gemm(x, v, c)", {1, 0, 2}), (Floats{17, 36}));
  EXPECT_EQ(Run("c = Constant<value_float=10.0>() y = Gemm(x, v, c)", {1, 0, 2}), (Floats{17, 26}));
}

TEST_F(OnnxImportTest, RawAndDoubleWeights) {
  ModelProto model = ParseModel(
      "g (float[N, 2] x) => (float[N, 1] y) <double[2, 1] d = {0.1, 1e300}, float[1] b = {7}> {"
      "w = Cast<to=1>(d) y = Gemm(x, w, b)}");
  EXPECT_TRUE(LoadFails(model, "'y' (Gemm): tensor 'd': 1", "beyond the range of f32"));
  TensorProto* weight = model.mutable_graph()->mutable_initializer(0);
  weight->set_double_data(1, -2.5);
  EXPECT_EQ(Run(Load(model), {10, 2}), (Floats{3}));
  const double raw[] = {0.1, -2.5};
  weight->clear_double_data();
  weight->set_raw_data(raw, sizeof(raw));
  EXPECT_EQ(Run(Load(model), {10, 2}), (Floats{3}));
  const float bias = 8;
  model.mutable_graph()->mutable_initializer(1)->clear_float_data();
  model.mutable_graph()->mutable_initializer(1)->set_raw_data(&bias, sizeof(bias));
  EXPECT_EQ(Run(Load(model), {10, 2}), (Floats{4}));
}

TEST_F(OnnxImportTest, Activations) {
  EXPECT_EQ(Layers("y = Relu(x)"), "relu");
  EXPECT_EQ(Layers("y = LeakyRelu(x)"), "leaky_relu");
  EXPECT_EQ(Layers("y = LeakyRelu<alpha=0.3>(x)"), "leaky_relu:0.3");
  EXPECT_EQ(Layers("a = Elu(x) y = Elu<alpha=1.0>(a)"), "elu,elu");
  EXPECT_EQ(Layers("a = Selu(x) y = Selu<alpha=1.673263, gamma=1.050701>(a)"), "selu,selu");
  EXPECT_EQ(Layers("a = Sigmoid(x) y = Tanh(a)"), "sigmoid,tanh");
  EXPECT_EQ(Layers("a = Gelu(x) y = Gelu<approximate=\"none\">(a)", "4", 20), "gelu,gelu");
  EXPECT_EQ(Layers("a = Cast<to=1>(x) b = Identity(a) y = Relu(b)"), "relu");
}

TEST_F(OnnxImportTest, GeluInItsForms) {
  const auto gelu = [&](const std::string& scaled, const std::string& product) {
    return Layers(
        "r = Constant<value = float {1.4142135}>() i = Constant<value = float[1] {0.70710678}>()"
        "h = Constant<value = float {0.5}>() one = Constant<value = float {1}>()" +
        scaled + " e = Erf(s) p = Add(e, one) " + product);
  };
  const std::string div = "s = Div(x, r)", mul = "s = Mul(i, x)";
  EXPECT_EQ(gelu(div, "a = Mul(x, p) y = Mul(a, h)"), "gelu");
  EXPECT_EQ(gelu(mul, "a = Mul(p, x) y = Mul(h, a)"), "gelu");
  EXPECT_EQ(gelu(div, "a = Mul(x, h) y = Mul(a, p)"), "gelu");
  EXPECT_EQ(gelu(mul, "a = Mul(h, x) y = Mul(p, a)"), "gelu");
  EXPECT_EQ(gelu(div, "a = Mul(p, h) y = Mul(a, x)"), "gelu");
  EXPECT_EQ(gelu(div, "a = Mul(p, h) b = Mul(a, x) y = Relu(b)"), "gelu,relu");
}

TEST_F(OnnxImportTest, AlmostGelu) {
  const auto fails = [&](const std::string& constants, const std::string& nodes) {
    return LoadFails(ParseModel("g (float[N, 4] x) => (float[N, 4] y) <" + constants + "> {" + nodes + "}"),
                     "node of output '");
  };
  const std::string good = "float r = {1.4142135}, float o = {1}, float h = {0.5}";
  const std::string nodes = "s = Div(x, r) e = Erf(s) p = Add(e, o) a = Mul(x, p) y = Mul(a, h)";
  EXPECT_EQ(Load("g (float[N, 4] x) => (float[N, 4] y) <" + good + "> {" + nodes + "}").model.Layers(), "gelu");
  EXPECT_TRUE(fails("float r = {1.5}, float o = {1}, float h = {0.5}", nodes));
  EXPECT_TRUE(fails("float r = {1.4142135}, float o = {2}, float h = {0.5}", nodes));
  EXPECT_TRUE(fails("float r = {1.4142135}, float o = {1}, float h = {0.6}", nodes));
  EXPECT_TRUE(fails("float r = {1.4142135}, float o = {1}, float[1, 1, 1] h = {0.5}", nodes));
  EXPECT_TRUE(LoadFails(ParseModel("g (float[N, 4] x) => (float[N, 4] y) { y = Erf(x) }"), "(Erf): there is no layer",
                        "or the nodes of a GELU"));
  EXPECT_TRUE(fails(good, "s = Div(r, x) e = Erf(s) p = Add(e, o) a = Mul(x, p) y = Mul(a, h)"));
  EXPECT_TRUE(fails(good, "s = Div(x, r) e = Tanh(s) p = Add(e, o) a = Mul(x, p) y = Mul(a, h)"));
  EXPECT_TRUE(fails(good, "s = Div(x, r) e = Erf(s) p = Add(e, o) a = Mul(x, p) b = Mul(a, h) y = Mul(b, p)"));
  EXPECT_TRUE(fails(good, "s = Div(x, r) e = Erf(s) p = Add(e, o) a = Add(x, p) y = Mul(a, h)"));
}

TEST_F(OnnxImportTest, Silu) {
  EXPECT_EQ(Layers("s = Sigmoid(x) y = Mul(x, s)"), "silu");
  EXPECT_EQ(Layers("s = Sigmoid(x) y = Mul(s, x)"), "silu");
}

TEST_F(OnnxImportTest, Dropout) {
  EXPECT_EQ(Layers("y = Dropout(x)", "4", 11), "dropout:0.5");
  EXPECT_EQ(Layers("y, mask = Dropout<ratio=0.3>(x)", "4", 7), "dropout:0.3");
  EXPECT_EQ(Layers("y = Dropout(x)"), "dropout:0.5");
  EXPECT_EQ(Layers("r = Constant<value = float {0.1}>() y = Dropout<seed=5>(x, r)", "4", 12), "dropout:0.1");
  EXPECT_EQ(Layers("r = Constant<value = double {0.123456789}>() y = Dropout(x, r)"), "dropout:0.123456789");
  EXPECT_EQ(Layers("r = Constant<value_float=0.25>() t = Constant<value_int=1>() y, mask = Dropout(x, r, t)"),
            "dropout:0.25");
  EXPECT_EQ(Layers("r = Constant<value = bool {0}>() y = Dropout(x, , r)"), "dropout:0.5");
}

TEST_F(OnnxImportTest, SoftmaxOverTheLastDimension) {
  EXPECT_EQ(Layers("y = Softmax(x)", "4", 17), "softmax");
  EXPECT_EQ(Layers("y = Softmax<axis=-1>(x)", "3, 4", 9), "softmax");
  EXPECT_EQ(Layers("y = Softmax<axis=2>(x)", "3, 4", 9), "softmax");
  EXPECT_EQ(Layers("y = Softmax(x)", "3, 4", 13), "softmax");
  EXPECT_EQ(Layers("y = Softmax(x)", "4", 12), "softmax");
  const auto fails = [&](const std::string& softmax, int opset) {
    return Fails([&] { Layers("y = " + softmax, "3, 4", opset); }, "node of output 'y' (Softmax): attribute axis is 1",
                 "(batch, 3, 4)", "expected the last: 2 or -1");
  };
  EXPECT_TRUE(fails("Softmax(x)", 12));
  EXPECT_TRUE(fails("Softmax<axis=1>(x)", 17));
  EXPECT_TRUE(Fails([&] { Layers("y = Softmax(x)", ""); }, "the input is (batch)"));
}

TEST_F(OnnxImportTest, FlattenAndReshape) {
  EXPECT_EQ(Layers("y = Flatten(x)", "1, 28, 28"), "flatten");
  EXPECT_EQ(Layers("y = Flatten<axis=-3>(x)", "1, 28, 28"), "flatten");
  EXPECT_EQ(Layers("y = Flatten(x)"), "flatten");
  const auto reshape = [&](const std::string& shape, const std::string& input = "N, 3, 4") {
    return Load("g (float[" + input + "] x) => (float[N] y) <int64[" +
                std::to_string(1 + std::ranges::count(shape, ',')) + "] s = {" + shape +
                "}> { r = Relu(x) y = Reshape(r, s) }")
        .model.Layers();
  };
  EXPECT_EQ(reshape("-1, 12"), "relu,flatten");
  EXPECT_EQ(reshape("0, -1"), "relu,flatten");
  EXPECT_EQ(reshape("0, 12"), "relu,flatten");
  EXPECT_EQ(reshape("5, -1", "5, 3, 4"), "relu,flatten");
  EXPECT_EQ(reshape("5, 12", "5, 3, 4"), "relu,flatten");
  EXPECT_EQ(reshape("-1, 3, 4"), "relu");
  EXPECT_EQ(reshape("0, 0, -1"), "relu");
  EXPECT_EQ(reshape("0, 3, 0"), "relu");
  EXPECT_EQ(reshape("-1, 6, 2"), "relu,reshape:6x2");
  EXPECT_EQ(reshape("0, 2, 2, 3"), "relu,reshape:2x2x3");
  EXPECT_EQ(reshape("5, -1, 1", "5, 3, 4"), "relu,reshape:12x1");
  for (const char* shape : {"5, 12", "-1, -1", "0, 5", "0, -1, 5", "12, -1", "-1, -12", "0, 3, 4, 0",
                            "-1, 9223372036854775807", "-9223372036854775808, 12"}) {
    EXPECT_TRUE(Fails([&] { reshape(shape); }, "(Reshape): the shape (", "input of (batch, 3, 4)")) << shape;
  }
  for (const char* shape : {"-1", "-1, 0", "-1, 4"}) {
    EXPECT_TRUE(
        Fails([&] { reshape(shape); }, "the graph's output: reads 'y', which node of output 'y' (Reshape)", " batch"))
        << shape;
  }
}

// x.view(x.shape[0], -1), as PyTorch exports it.
TEST_F(OnnxImportTest, View) {
  const auto view = [&](const std::string& index, const std::string& rest, const std::string& axis = "axis=0") {
    return Load("g (float[N, 3, 4] x) => (float[N] y) <int64 i = {" + index + "}, int64[1] z = {0}, int64[1] r = {" +
                rest + "}> { s = Shape(x) b = Gather(s, i) l = Unsqueeze(b, z) c = Concat<" + axis +
                ">(l, r) y = Reshape(x, c) }")
        .model.Layers();
  };
  EXPECT_EQ(view("0", "-1"), "flatten");
  EXPECT_EQ(view("0", "12", "axis=-1"), "flatten");
  EXPECT_TRUE(Fails([&] { view("1", "-1"); }, "the shape (3, -1) for an input of (batch, 3, 4)"));
  EXPECT_TRUE(Fails([&] { view("0", "4"); }, "the shape (batch, 4) for an input of (batch, 3, 4)"));
}

TEST_F(OnnxImportTest, InputsAndOutputs) {
  OnnxModel model = Load("g (float[7, 1, 28, 28] pixels) => (float[7, 784] scores) { scores = Flatten(pixels) }");
  EXPECT_EQ(model.input_name, "pixels");
  EXPECT_EQ(model.output_name, "scores");
  EXPECT_EQ(model.model.input_shape(), (Shape{1, 28, 28}));
  EXPECT_EQ(model.model.output_shape(), (Shape{784}));
  EXPECT_EQ(Layers("y = Relu(x)", ""), "relu");
  EXPECT_EQ(Layers("y = Relu(x)", "2, 3, 4, 5"), "relu");
}

TEST_F(OnnxImportTest, InitializersThatAreInputs) {
  ModelProto model = ParseModel("g (float[N, 2] x, float[2, 1] w) => (float[N, 1] y) { y = MatMul(x, w) }");
  EXPECT_TRUE(LoadFails(model, "the input 'w' is of 2 samples, expected as many as of the others"));
  TensorProto* weight = model.mutable_graph()->add_initializer();
  weight->set_name("w");
  weight->set_data_type(TensorProto::FLOAT);
  weight->add_dims(2);
  weight->add_dims(1);
  weight->add_float_data(3);
  weight->add_float_data(4);
  EXPECT_EQ(Run(Load(model), {1, 2}), (Floats{11}));
}

TEST_F(OnnxImportTest, NodesThatNobodyNeeds) {
  EXPECT_EQ(Layers("a = Relu(x) unused = Conv(x, a) y = Tanh(a)"), "relu,tanh");
  EXPECT_EQ(Layers("a = Relu(x) y = Tanh(a) z = Frobnicate(y)"), "relu,tanh");
}

TEST_F(OnnxImportTest, Metadata) {
  ModelProto model = ParseModel("g (float[N, 4] x) => (float[N, 4] y) { y = Relu(x) }");
  auto* entry = model.add_metadata_props();
  entry->set_key("author");
  entry->set_value("somebody\n");
  EXPECT_EQ(Load(model).metadata, (std::map<std::string, std::string>{{"author", "somebody\n"}}));
  *model.add_metadata_props() = *entry;
  EXPECT_TRUE(LoadFails(model, "the metadata have 'author' twice"));
}

// fallow.layers adds what a graph does not hold, as long as it is about the same layers.
TEST_F(OnnxImportTest, Description) {
  const auto layers = [&](const std::string& description, const std::string& nodes) {
    ModelProto model =
        ParseModel("g (float[N, 2, 2] x) => (float[N, 1] y) <float[4, 1] w = {1, 2, 3, 4}> {" + nodes + "}");
    auto* entry = model.add_metadata_props();
    entry->set_key("fallow.layers");
    entry->set_value(description);
    return Load(model).model.Layers();
  };
  const std::string nodes = "f = Flatten(x) m = MatMul(f, w) y = LeakyRelu<alpha=0.3>(m)";
  EXPECT_EQ(layers("dense:1:l2=0.5:bias=0,leaky_relu:0.3", nodes), "dense:1:l2=0.5:bias=0,leaky_relu:0.3");
  EXPECT_EQ(layers("flatten,dense:1:max_norm=3:bias=0,leaky_relu:0.30000000001", nodes),
            "flatten,dense:1:max_norm=3:bias=0,leaky_relu:0.30000000001");
  const std::string found = "flatten,dense:1:bias=0,leaky_relu:0.3";
  for (const char* other : {"", "dense:1:bias=0,leaky_relu:0.2", "dense:2:bias=0,leaky_relu:0.3",
                            "dense:1,leaky_relu:0.3", "flatten,dense:1:bias=0,leaky_relu:0.3,softmax", "dense:1:bias=0",
                            "conv:3", ",,", "dense:1:bias=0,leaky_relu:0.3,relu", "dense:99999999999999999999"}) {
    EXPECT_EQ(layers(other, nodes), found) << other;
  }
}

}  // namespace
}  // namespace fallow::nn
