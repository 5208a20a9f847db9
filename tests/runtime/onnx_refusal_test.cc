// What LoadOnnx refuses, and what it says then.
#include <gtest/gtest.h>

#include <string>

#include "tests/runtime/onnx_models.h"

namespace fallow::nn {
namespace {

using ::onnx::ModelProto;
using ::onnx::TensorProto;

class OnnxRefusalTest : public OnnxFileTest {
 protected:
  // Of a graph from x, (N, 4), to y.
  template <class... Parts>
  testing::AssertionResult Refuses(const std::string& nodes, const Parts&... parts) {
    return LoadFails(ParseModel("g (float[N, 4] x) => (float[N] y) <float[4, 2] w = {1, 2, 3, 4, 5, 6, 7, 8}, "
                                "float[2] b = {1, 2}, float ratio = {0.5}, int64[2] flat = {0, -1}> {" +
                                nodes + "}"),
                     parts...);
  }
};

TEST_F(OnnxRefusalTest, OperatorsAndDomains) {
  EXPECT_TRUE(
      Refuses("y = ConvTranspose(x, w)",
              "node of output 'y' (ConvTranspose): there is no layer for this operator, expected one of Add, "));
  EXPECT_TRUE(Refuses("y = com.example.Relu(x)", "node of output 'y' (Relu): there is no layer"));
  ModelProto model = ParseModel("g (float[N, 4] x) => (float[N] y) { y = Pow(x, x) }");
  model.mutable_graph()->mutable_node(0)->set_name("power");
  EXPECT_TRUE(LoadFails(model, "node 'power' (Pow): there is no layer"));
  EXPECT_TRUE(Refuses("y = Mul(x, x)", "(Mul): no layer does this with such inputs"));
}

TEST_F(OnnxRefusalTest, ConvolutionsAndPooling) {
  const auto refuses = [&](const std::string& nodes, const std::string& problem) {
    return LoadFails(
        ParseModel("g (float[N, 2, 5] x) => (float[N] y) <float[3, 2, 2] w = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, "
                   "11, 12}, float[2, 1, 2] v = {1, 2, 3, 4}, float[2] b = {1, 2}> {" +
                   nodes + "}"),
        problem);
  };
  EXPECT_TRUE(Refuses("y = Conv(x, w)", "(Conv): the input is (batch, 4), expected (batch, channels, length) or"));
  EXPECT_TRUE(Refuses("y = GlobalMaxPool(x)", "(GlobalMaxPool): the input is (batch, 4), expected"));
  EXPECT_TRUE(refuses("y = Conv(x, b)", "the weight 'b' is (2), expected (filters, channels, length)"));
  EXPECT_TRUE(refuses("r = Relu(x) y = Conv(r, r)", "(Conv): input 'r' is computed, expected a constant"));
  EXPECT_TRUE(refuses("y = Conv<kernel_shape=[3]>(x, w)", "attribute kernel_shape is not that of the weight 'w'"));
  EXPECT_TRUE(refuses("y = Conv<strides=[1, 1]>(x, w)", "attribute strides is (1, 1), expected 1 numbers"));
  EXPECT_TRUE(refuses("y = Conv<strides=[0]>(x, w)", "the stride is 0, expected 1"));
  EXPECT_TRUE(refuses("y = Conv<pads=[-1, 0]>(x, w)", "attribute pads has -1, expected 0 to 2147483647"));
  EXPECT_TRUE(refuses("y = Conv<pads=[1, 0]>(x, w)", "attribute pads is not the same before and behind"));
  EXPECT_TRUE(refuses("y = Conv<pads=[0, 1], strides=[2]>(x, w)", "attribute pads is not the same before and behind"));
  EXPECT_TRUE(
      refuses("y = Conv<auto_pad=\"SAME_LOWER\">(x, w)", "attribute auto_pad is 'SAME_LOWER', expected NOTSET"));
  EXPECT_TRUE(
      refuses("y = Conv<group=3>(x, v)", "the weight 'v' has 1 channels in 3 groups for an input of (batch, 2, 5)"));
  EXPECT_TRUE(refuses("y = Conv<group=0>(x, v)", "the weight 'v' has 1 channels in 0 groups"));
  EXPECT_TRUE(refuses("y = Conv<dilations=[9]>(x, w)", "a window 10 wide, expected at most the input's 5"));
  EXPECT_TRUE(refuses("y = Conv(x, w, b)", "the bias 'b' has 2 numbers, expected 3"));
  EXPECT_TRUE(refuses("y = MaxPool(x)", "(MaxPool): has no attribute kernel_shape"));
  EXPECT_TRUE(refuses("y = MaxPool<kernel_shape=[2], ceil_mode=1>(x)", "attribute ceil_mode is 1, expected 0"));
  EXPECT_TRUE(refuses("y = MaxPool<kernel_shape=[2], dilations=[2]>(x)", "attribute dilations is not 1"));
  EXPECT_TRUE(refuses("y = MaxPool<kernel_shape=[2], pads=[0, 1]>(x)", "pads are not the same before and behind"));
  EXPECT_TRUE(refuses("y = AveragePool<kernel_shape=[2], pads=[2, 2]>(x)", "the padding is 2, expected at most half"));
  EXPECT_TRUE(refuses("y = MaxPool<kernel_shape=[9]>(x)", "a window 9 wide, expected at most the input's 5"));
}

TEST_F(OnnxRefusalTest, Attributes) {
  EXPECT_TRUE(Refuses("y = Gemm<transA=1>(x, w)", "(Gemm): attribute transA is 1, expected 0"));
  EXPECT_TRUE(Refuses("y = Gemm<broadcast=1>(x, w)", "(Gemm): attribute 'broadcast' is not known"));
  EXPECT_TRUE(Refuses("y = Gemm<alpha=1>(x, w)", "(Gemm): attribute alpha is INT, expected FLOAT"));
  EXPECT_TRUE(Refuses("y = Elu<alpha=0.5>(x)", "(Elu): attribute alpha is 0.5, expected 1"));
  EXPECT_TRUE(Refuses("y = Selu<gamma=1.5>(x)", "(Selu): attribute gamma is 1.5, expected 1.05"));
  EXPECT_TRUE(Refuses("y = LeakyRelu<alpha=-0.5>(x)", "(LeakyRelu): leaky_relu: the negative slope is -0.5"));
  EXPECT_TRUE(Refuses("y = Gelu<approximate=\"tanh\">(x)", "(Gelu): attribute approximate is not \"none\""));
  EXPECT_TRUE(Refuses("y = Flatten<axis=0>(x)", "(Flatten): attribute axis is 0, expected 1"));
  EXPECT_TRUE(Refuses("y = Cast<to=7>(x)", "'y' is integers that a Cast made, expected what layers compute"));
  EXPECT_TRUE(Refuses("y = Cast<to=99>(x)", "(Cast): attribute to is 99, expected FLOAT"));
  EXPECT_TRUE(Refuses("y = Relu<a=1>(x)", "(Relu): attribute 'a' is not known"));
  EXPECT_TRUE(Refuses("y = Reshape<allowzero=1>(x, flat)", "(Reshape): attribute allowzero is 1, expected 0"));
  EXPECT_TRUE(
      Refuses("c = Constant<value_string=\"a\">() y = Gemm(x, w, c)", "'c' (Constant): attribute 'value_string'"));
  EXPECT_TRUE(Refuses("c = Constant() y = Gemm(x, w, c)", "'c' (Constant): has no value"));
  EXPECT_TRUE(
      Refuses("t = Transpose<perm=[2, 1, 0]>(w) y = MatMul(x, t)", "'t' (Transpose): attribute perm is (2, 1, 0)"));
  EXPECT_TRUE(
      Refuses("t = Cast<to=7>(w) y = MatMul(x, t)", "'t' (Cast): attribute to is INT64 for a constant of FLOAT"));
  ModelProto twice = ParseModel("g (float[N, 4] x) => (float[N] y) { y = Elu<alpha=1.0>(x) }");
  *twice.mutable_graph()->mutable_node(0)->add_attribute() = twice.graph().node(0).attribute(0);
  EXPECT_TRUE(LoadFails(twice, "(Elu): attribute 'alpha' is there twice"));
}

TEST_F(OnnxRefusalTest, InputsOfNodes) {
  EXPECT_TRUE(Refuses("y = Gemm(x)", "(Gemm): has 1 inputs, expected 2 to 3"));
  EXPECT_TRUE(Refuses("y = Relu(x, w)", "(Relu): has 2 inputs, expected 1"));
  EXPECT_TRUE(Refuses("y = MatMul(w, x)", "(MatMul): input 'w' is a constant, expected what layers"));
  EXPECT_TRUE(Refuses("c = Exp(w) y = MatMul(x, c)", "(Exp): there is no layer"));
  EXPECT_TRUE(Refuses("c = Tanh(w) y = MatMul(x, c)", "(Tanh): reads constants alone, and is not computed beforehand"));
  EXPECT_TRUE(Refuses("y = MatMul(x, b)", "(MatMul): the weight 'b' is (2), expected (4, units)"));
  EXPECT_TRUE(Refuses("y = Gemm<transB=1>(x, w)", "(Gemm): the weight 'w' is (4, 2), expected (units, 4)"));
  EXPECT_TRUE(Refuses("y = Gemm(x, w, w)", "(Gemm): the bias 'w' is (4, 2), expected (2) or (1, 2)"));
  EXPECT_TRUE(Refuses("h = Gemm(x, w, b) y = Add(h, b)", "(Add): expected a MatMul before it"));
  EXPECT_TRUE(Refuses("h = Relu(x) y = Add(h, b)", "(Add): expected a MatMul before it"));
  EXPECT_TRUE(Refuses("y = Dropout(x, b)", "(Dropout): the ratio 'b' is not a constant of one number"));
  EXPECT_TRUE(Refuses("h, m = Dropout(x, ratio) y = Where(m, h, h)", "(Where): no layer does this with such inputs"));
  EXPECT_TRUE(Refuses("c = Constant<value = float {1.5}>() y = Dropout(x, c)", "(Dropout): dropout: the rate is 1.5"));
  EXPECT_TRUE(Refuses("y = Reshape(x, w)", "(Reshape): the shape 'w' is not known beforehand"));
  EXPECT_TRUE(
      LoadFails(ParseModel("g (float[N, 2, 2] x) => (float[N, 2, 1] y) <float[2, 1] w = {1, 2}> { y = Gemm(x, w) }"),
                "(Gemm): the input is (batch, 2, 2), expected (batch, features)"));
}

TEST_F(OnnxRefusalTest, InputsAndOutputsOfTheGraph) {
  const auto fails = [&](const std::string& input, const auto&... parts) {
    return LoadFails(ParseModel("g (" + input + ") => (float[N] y) { y = Relu(x) }"), parts...);
  };
  EXPECT_TRUE(fails("double[N, 4] x", "the input 'x' is DOUBLE, expected a FLOAT tensor"));
  EXPECT_TRUE(fails("float x", "the input 'x' has 0 dimensions"));
  EXPECT_TRUE(fails("float[] x", "the input 'x' has 0 dimensions"));
  EXPECT_TRUE(fails("float[N, M] x", "the input 'x': dimension 1 is not a number above 0; only the batch may be open"));
  EXPECT_TRUE(fails("float[N, 0] x", "dimension 1 is not"));
  EXPECT_TRUE(fails("float[N, 2, 2, 2, 2, 2] x", "has 6 dimensions"));
  EXPECT_TRUE(fails("float[N, 4294967296, 4294967296] x", "4294967296"));
  EXPECT_TRUE(fails("float[N, 4] x, float[N, 4] z", "the output 'y' does not depend on the input 'z'"));
  EXPECT_TRUE(LoadFails(ParseModel("g (float[N, 4] x) => (float[N, 4] y, float[N, 4] z) { y = Relu(x) z = Relu(y) }"),
                        "the graph has 2 outputs, expected one"));
  EXPECT_TRUE(LoadFails(ParseModel("g (float[N, 4] x) => (int64[N] y) { y = Relu(x) }"), "the output 'y' is INT64"));
  EXPECT_TRUE(LoadFails(ParseModel("g (float[N, 4] x) => (float[N] z) { y = Relu(x) }"), "nothing computes", "'z'"));
  EXPECT_TRUE(LoadFails(ParseModel("g (float[N, 4] x) => (float[N] x) { y = Relu(x) }"), "there is no layer between"));
  EXPECT_TRUE(LoadFails(ParseModel("g (float[N, 4] x) => (float[1] y) { y = Constant<value = float[1] {1}>() }"),
                        "the output 'y' does not depend on the input 'x'"));
}

TEST_F(OnnxRefusalTest, Names) {
  EXPECT_TRUE(Refuses("y = Relu(z)", "(Relu): input 'z' is not defined before it"));
  EXPECT_TRUE(Refuses("y = Relu(z) z = Relu(y)", "(Relu): input 'z' is not defined before it"));
  EXPECT_TRUE(Refuses("y = Relu(x) y = Tanh(x)", "the value 'y' is defined twice"));
  EXPECT_TRUE(Refuses("w = Relu(x) y = Tanh(w)", "the value 'w' is defined twice"));
  EXPECT_TRUE(Refuses("x = Relu(x)", "the value 'x' is defined twice"));
  ModelProto model = ParseModel("g (float[N, 1] x) => (float[N] y) <float[1, 1] w = {1}> { y = MatMul(x, w) }");
  *model.mutable_graph()->add_initializer() = model.graph().initializer(0);
  EXPECT_TRUE(LoadFails(model, "two initializers have the name 'w'"));
  model = ParseModel("g (float[N, 1] x) => (float[N] y) { y = Conv(x, x) }");
  model.mutable_graph()->mutable_node(0)->set_name(std::string(500, 'a') + "\n\x1b[31m");
  EXPECT_TRUE(LoadFails(model, "'aaaaaaaa", "aaa...'"));
  model.mutable_graph()->mutable_node(0)->set_name("a\n\x1b\xff");
  EXPECT_TRUE(LoadFails(model, "node 'a??\?' (Conv)"));
}

TEST_F(OnnxRefusalTest, Versions) {
  const char* graph = "g (float[N, 4] x) => (float[N] y) { y = Relu(x) }";
  EXPECT_TRUE(LoadFails(ParseModel(graph, 6), "operators of opset 6, expected 7 to 23"));
  EXPECT_TRUE(LoadFails(ParseModel(graph, 24), "operators of opset 24, expected 7 to 23"));
  ModelProto model = ParseModel(graph);
  model.mutable_opset_import(0)->set_domain("com.example");
  EXPECT_TRUE(LoadFails(model, "does not say which opset"));
  model.clear_opset_import();
  EXPECT_TRUE(LoadFails(model, "does not say which opset"));
  model.clear_graph();
  EXPECT_TRUE(LoadFails(model, "not an ONNX model: has no graph"));
}

class OnnxTensorTest : public OnnxRefusalTest {
 protected:
  // What LoadOnnx says after `change` to the weight of a graph.
  template <class Change, class... Parts>
  testing::AssertionResult TensorFails(const Change& change, const Parts&... parts) {
    ModelProto model = ParseModel("g (float[N, 2] x) => (float[N] y) <float[2, 1] w = {1, 2}> { y = MatMul(x, w) }");
    change(*model.mutable_graph()->mutable_initializer(0));
    return LoadFails(model, parts...);
  }
};

TEST_F(OnnxTensorTest, Numbers) {
  EXPECT_TRUE(TensorFails([](TensorProto& w) { w.add_float_data(1); },
                          "(MatMul): tensor 'w': 3 numbers for the shape (2, 1), expected 2"));
  EXPECT_TRUE(TensorFails([](TensorProto& w) { w.clear_float_data(); }, "0 numbers"));
  EXPECT_TRUE(TensorFails([](TensorProto& w) { w.set_raw_data("1234567"); }, "7 bytes, expected numbers of 4"));
  EXPECT_TRUE(
      TensorFails([](TensorProto& w) { w.set_raw_data("1234"); }, "1 numbers for the shape (2, 1), expected 2"));
  EXPECT_TRUE(
      TensorFails([](TensorProto& w) { w.set_data_type(TensorProto::INT8); }, "type INT8, expected FLOAT or DOUBLE"));
  EXPECT_TRUE(TensorFails([](TensorProto& w) { w.set_data_type(77); }, "type 77, expected FLOAT or DOUBLE"));
}

TEST_F(OnnxTensorTest, Shapes) {
  EXPECT_TRUE(TensorFails([](TensorProto& w) { w.set_dims(1, -1); }, "the shape (2, -1) has negative dimensions"));
  EXPECT_TRUE(TensorFails([](TensorProto& w) { w.set_dims(1, std::int64_t{1} << 62); }, "(2, 4611686018427387904)"));
  EXPECT_TRUE(TensorFails([](TensorProto& w) { w.set_dims(1, 1 << 30); }, "2 numbers for the shape (2, 1073741824)"));
  EXPECT_TRUE(TensorFails([](TensorProto& w) { w.set_dims(1, 0); }, "2 numbers for the shape (2, 0), expected 0"));
  EXPECT_TRUE(TensorFails([](TensorProto& w) { w.add_dims(1); }, "the weight 'w' is (2, 1, 1), expected (2, units)"));
}

TEST_F(OnnxTensorTest, OtherFiles) {
  EXPECT_TRUE(TensorFails([](TensorProto& w) { w.set_data_location(TensorProto::EXTERNAL); }, "in another file"));
  EXPECT_TRUE(TensorFails(
      [](TensorProto& w) {
        auto* entry = w.add_external_data();
        entry->set_key("location");
        entry->set_value("/etc/passwd");
      },
      "in another file, which is not read"));
  EXPECT_TRUE(TensorFails([](TensorProto& w) { w.mutable_segment()->set_begin(0); }, "is in segments"));
  ModelProto model = ParseModel("g (float[N, 2] x) => (float[N] y) { y = Relu(x) }");
  model.mutable_graph()->add_sparse_initializer();
  EXPECT_TRUE(LoadFails(model, "sparse initializers"));
}

}  // namespace
}  // namespace fallow::nn
