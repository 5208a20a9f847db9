// What LoadOnnx makes of graphs: values that are read again, several inputs, views, attention.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "tests/runtime/onnx_models.h"

namespace fallow::nn {
namespace {

using ::onnx::ModelProto;

using Floats = std::vector<float>;

class OnnxGraphTest : public OnnxFileTest {
 protected:
  // A graph from x, (N, shape), to y.
  static std::string Graph(const std::string& nodes, const std::string& shape) {
    return "g (float[N, " + shape + "] x) => (float[N] y) {" + nodes + "}";
  }
  std::string Layers(const std::string& nodes, const std::string& shape = "4", int opset = 17) {
    return Load(Graph(nodes, shape), opset).model.Layers();
  }
  template <class... Parts>
  testing::AssertionResult Refuses(const std::string& nodes, const std::string& shape, const Parts&... parts) {
    return LoadFails(ParseModel(Graph(nodes, shape)), parts...);
  }
  // The output for the one sample `x`.
  Floats Run(OnnxModel loaded, const Floats& x) {
    Tensor batch(1, loaded.model.input_shape());
    std::ranges::copy(x, batch.data());
    const auto values = loaded.model.Forward({}, batch).values();
    return {values.begin(), values.end()};
  }
};

TEST_F(OnnxGraphTest, ValuesThatAreReadAgain) {
  EXPECT_EQ(Layers("a = Relu(x) y = Add(a, x)"), "relu,add:input");
  EXPECT_EQ(Layers("a = Relu(x) y = Add(x, a)"), "relu,add:input");
  EXPECT_EQ(Layers("a = Relu(x) b = Tanh(a) c = Add(a, b) y = Add(c, a)"), "relu@v1,tanh,add:v1,add:v1");
  EXPECT_EQ(Layers("a = Relu(x) b = Tanh(x) y = Add(a, b)"), "relu@v1,from:input,tanh,add:v1");
  EXPECT_EQ(Layers("a = Relu(x) y = Add(a, a)"), "relu@v1,add:v1");
  EXPECT_EQ(Layers("a = Relu(x) i = Identity(a) s = Sigmoid(i) m = Mul(i, s) y = Add(a, m)"), "relu@v1,silu,add:v1");
  // The two that are added come from further back.
  EXPECT_EQ(Layers("a = Relu(x) b = Tanh(a) c = Elu(b) d = Add(a, b) y = Add(d, c)"),
            "relu@v1,tanh@v2,elu@v3,from:v1,add:v2,add:v3");
  EXPECT_TRUE(Refuses("f = Flatten(x) y = Add(x, f)", "2, 3", "(Add): adds (batch, 2, 3) and (batch, 6)"));
}

TEST_F(OnnxGraphTest, Concat) {
  EXPECT_EQ(Layers("a = Relu(x) y = Concat<axis=1>(a, x)"), "relu,concat:input");
  EXPECT_EQ(Layers("a = Relu(x) y = Concat<axis=-1>(x, a, x)"), "relu@v1,from:input,concat:v1,concat:input");
  EXPECT_EQ(Layers("a = Relu(x) y = Concat<axis=-3>(x, a)", "2, 3, 4"), "relu@v1,from:input,concat:v1");
  // Along a dimension behind others that are 1.
  EXPECT_EQ(Layers("a = Relu(x) y = Concat<axis=2>(a, x)", "1, 2, 3"),
            "relu,reshape:2x3@v1,from:input,reshape:2x3@v2,from:v1,concat:v2,reshape:1x4x3");
  EXPECT_TRUE(
      Refuses("y = Concat<axis=2>(x, x)", "2, 3", "(Concat): attribute axis is 2", "(batch, 2, 3), expected 1"));
  EXPECT_TRUE(Refuses("y = Concat<axis=0>(x, x)", "2, 3", "(Concat): attribute axis is 0, which joins samples"));
  EXPECT_TRUE(Refuses("y = Concat<axis=3>(x, x)", "2, 3", "(Concat): the axis 3 of 3 dimensions"));
  EXPECT_TRUE(Refuses("f = Reshape(x, s) y = Concat<axis=1>(x, f)", "2, 3", "(Reshape): input 's' is not defined"));
  EXPECT_TRUE(Refuses("s = Constant<value = int64[3] {0, 3, 2}>() f = Reshape(x, s) y = Concat<axis=1>(x, f)", "2, 3",
                      "(Concat): joins (batch, 2, 3) and (batch, 3, 2)"));
  EXPECT_TRUE(Refuses("c = Constant<value = float[1, 2] {1, 2}>() y = Concat<axis=1>(x, c)", "2",
                      "(Concat): input 'c' is a constant"));
}

TEST_F(OnnxGraphTest, Inputs) {
  OnnxModel loaded = Load(
      "g (float[N, 2] image, float[N, 3] a__b, float[N, 2, 2] c) => (float[N] y) {"
      "f = Flatten(c) g = Tanh(a__b) y = Concat<axis=1>(f, g, image) }");
  EXPECT_EQ(loaded.model.Layers(),
            "input:image:2@v1,input:a__b:3@v2,input:c:2x2@v3,from:v2,tanh@v4,from:v3,flatten,concat:v4,concat:v1");
  EXPECT_EQ(loaded.input_name, "input");
  EXPECT_EQ(loaded.model.input_shape(), Shape{9});
  EXPECT_EQ(Run(std::move(loaded), {1, 2, 0, 0, 0, 6, 7, 8, 9}), (Floats{6, 7, 8, 9, 0, 0, 0, 1, 2}));
  ModelProto model = ParseModel("g (float[N, 2] a, float[N, 2] b) => (float[N, 2] y) { y = Add(a, b) }");
  for (const int i : {0, 1}) model.mutable_graph()->mutable_input(i)->set_name(i == 0 ? "p.1:q" : "p.1@q");
  for (const int i : {0, 1}) model.mutable_graph()->mutable_node(0)->set_input(i, i == 0 ? "p.1:q" : "p.1@q");
  EXPECT_EQ(Load(model).model.Layers(), "input:p.1_q:2@v1,input:p.1_q_2:2,add:v1");
  EXPECT_TRUE(LoadFails(ParseModel("g (float[N, 2] a, float[3, 2] b) => (float[N, 2] y) { y = Add(a, b) }"),
                        "the input 'b' is of 3 samples, expected as many as of the others"));
}

TEST_F(OnnxGraphTest, ViewsThatCancel) {
  EXPECT_EQ(Layers("a = Transpose<perm=[0, 2, 1]>(x) b = Transpose<perm=[0, 2, 1]>(a) y = Relu(b)", "2, 3"), "relu");
  EXPECT_EQ(Layers("a = Transpose(x) b = Transpose(a) y = Relu(b)", "2, 3"), "relu");
  // Nothing is moved past a dimension of 1.
  EXPECT_EQ(Layers("a = Transpose<perm=[0, 2, 1]>(x) y = Relu(a)", "1, 3"), "reshape:3x1,relu");
  EXPECT_EQ(Layers("o = Constant<value = int64[1] {1}>() a = Unsqueeze(x, o) b = Squeeze(a, o) y = Relu(b)", "2, 3"),
            "relu");
  EXPECT_EQ(Layers("a = Unsqueeze<axes=[1]>(x) b = Squeeze<axes=[1]>(a) y = Relu(b)", "2, 3", 11), "relu");
  EXPECT_EQ(Layers("s = Constant<value = int64[3] {0, 3, 2}>() a = Reshape(x, s) b = Flatten(a) y = Relu(b)", "2, 3"),
            "flatten,relu");
  EXPECT_EQ(Layers("s = Constant<value = int64[3] {0, 3, 2}>() a = Flatten(x) b = Relu(a) c = Reshape(x, s) "
                   "d = Softmax(c) e = Flatten(d) y = Add(b, e)",
                   "2, 3"),
            "flatten,relu@v1,from:input,reshape:3x2,softmax,flatten,add:v1");
  // One reshape for all that read it.
  EXPECT_EQ(Layers("a = Flatten(x) b = Relu(a) c = Tanh(a) y = Add(b, c)", "2, 3"),
            "flatten@v1,relu@v2,from:v1,tanh,add:v2");
}

// Layers that do the same to each vector do not mind their order.
TEST_F(OnnxGraphTest, VectorsInAnotherOrder) {
  const auto layers = [&](const std::string& nodes) {
    return Layers("t = Transpose<perm=[1, 0, 2]>(x) " + nodes + " y = Transpose<perm=[1, 0, 2]>(r)", "2, 3");
  };
  EXPECT_EQ(layers("a = Relu(t) b = Add(a, t) r = Softmax(b)"), "relu,add:input,softmax");
  EXPECT_EQ(layers("a = Softmax<axis=2>(t) s = Sigmoid(a) r = Mul(a, s)"), "softmax,silu");
  EXPECT_EQ(layers("p = Constant<value = float {0.25}>() a = Dropout(t, p) r = Add(a, a)"), "dropout:0.25@v1,add:v1");
  EXPECT_TRUE(Fails([&] { layers("r = Softmax<axis=1>(t)"); }, "'r' (Softmax): attribute axis is 1"));
  EXPECT_TRUE(Fails([&] { layers("r = GlobalMaxPool(t)"); }, "(GlobalMaxPool): reads 't', which node of output 't'"));
  EXPECT_TRUE(Fails([&] { layers("b = Relu(x) r = Add(t, b)"); }, "'r' (Add): reads 't', which node of output 't'"));
  EXPECT_TRUE(
      Refuses("o = Constant<value = int64[1] {1}>() u = Unsqueeze(x, o) t = Transpose<perm=[2, 1, 0, 3]>(u) "
              "s = Softmax<axis=2>(t) y = Transpose<perm=[2, 1, 0, 3]>(s)",
              "2, 3", "'s' (Softmax): reads 't'"));
}

TEST_F(OnnxGraphTest, SamplesInAnotherOrder) {
  EXPECT_EQ(Layers("y = Transpose<perm=[0, 2, 1]>(x)", "2, 3"), "permute:2x1");
  EXPECT_EQ(Layers("t = Transpose<perm=[0, 3, 1, 2]>(x) y = Relu(t)", "2, 3, 4"), "permute:3x1x2,relu");
  EXPECT_EQ(Layers("t = Transpose<perm=[0, 3, 2, 1]>(x) y = Flatten(t)", "2, 3, 4"), "permute:3x2x1,flatten");
  // Though two of the dimensions are side by side again.
  EXPECT_EQ(Layers("t = Transpose<perm=[0, 3, 1, 2]>(x) y = Flatten(t)", "2, 3, 4"), "permute:3x1x2,flatten");
  // One layer for all that read it.
  EXPECT_EQ(Layers("t = Transpose<perm=[0, 2, 1]>(x) a = Relu(t) y = Add(a, t)", "2, 3"), "permute:2x1@v1,relu,add:v1");
  EXPECT_EQ(Run(Load(Graph("t = Transpose<perm=[0, 2, 1]>(x) y = Relu(t)", "2, 3")), {1, 2, 3, 4, 5, 6}),
            (Floats{1, 4, 2, 5, 3, 6}));
}

TEST_F(OnnxGraphTest, ViewsThatNoLayerMakes) {
  const auto refuses = [&](const std::string& nodes, const std::string& problem) {
    return Refuses(
        "one = Constant<value = int64[1] {1}>() two = Constant<value = int64[1] {2}>() "
        "first = Constant<value = int64 {0}>() half = Constant<value = float {0.5}>() " +
            nodes,
        "2, 3", problem);
  };
  EXPECT_TRUE(refuses("a = Transpose<perm=[1, 0, 2]>(x) y = Relu(a)",
                      "the graph's output: reads 'y', which node of output 'a' (Transpose) with perm (1, 0, 2) "
                      "leaves as (2, batch, 3): not the samples of a layer, whole and in order"));
  EXPECT_TRUE(refuses("y = Transpose<perm=[1, 0, 2]>(x)", "the graph's output: reads 'y', which node of output 'y'"));
  EXPECT_TRUE(refuses("y = Transpose<perm=[0, 1]>(x)", "attribute perm is (0, 1), expected an order of 3 dimensions"));
  EXPECT_TRUE(refuses("y = Transpose<perm=[0, 1, 1]>(x)", "attribute perm is (0, 1, 1)"));
  EXPECT_TRUE(refuses("y = Transpose<perm=[0, 1, 7]>(x)", "(Transpose): the axis 7 of 3 dimensions"));
  EXPECT_TRUE(refuses("a = Gather<axis=1>(x, first) y = Relu(a)", "(Gather) with axis 1 leaves as (batch, 3)"));
  EXPECT_TRUE(refuses("y = Gather<axis=0>(x, first)", "(Gather): takes one of the samples"));
  EXPECT_TRUE(refuses("y = Gather<axis=1>(x, one)", "(Gather) with axis 1 leaves as (batch, 1, 3)"));
  EXPECT_TRUE(refuses("a, b = Split<axis=1>(x) y = Add(a, b)", "(Split) with axis 1 leaves as (batch, 1, 3)"));
  EXPECT_TRUE(refuses("a, b = Split<axis=2>(x) y = Add(a, b)", "(Split): parts of () of an axis of 3 for 2 outputs"));
  EXPECT_TRUE(refuses("a, b = Split<axis=0>(x) y = Add(a, b)", "(Split): takes a part of the samples"));
  EXPECT_TRUE(refuses("y = Slice(x, one, two, one)", "(Slice) leaves as (batch, 1, 3)"));
  EXPECT_TRUE(refuses("y = Squeeze(x, one)", "(Squeeze): the axis 1 of (batch, 2, 3) is not of size 1"));
  EXPECT_TRUE(refuses("a = Mul(x, half) y = Relu(a)", "(Mul) leaves as (batch, 2, 3) times 0.5"));
  EXPECT_TRUE(refuses("y = Mul(x, x)", "(Mul): no layer does this with such inputs"));
  EXPECT_TRUE(refuses("s = Shape(x) y = Relu(s)", "(Relu): input 's' is a part of a shape"));
}

TEST_F(OnnxGraphTest, MatMulOfSequences) {
  const std::string constants =
      "w = Constant<value = float[2, 3] {1, 2, 3, 4, 5, 6}>() b = Constant<value = float[3] {10, 20, 30}>() ";
  EXPECT_EQ(Layers(constants + "m = MatMul(x, w) y = Add(b, m)", "4, 2"), "dense_last:3");
  EXPECT_EQ(Layers(constants + "m = MatMul(x, w) y = Add(b, m)", "5, 4, 2"), "dense_last:3");
  EXPECT_EQ(Run(Load(Graph(constants + "m = MatMul(x, w) y = Add(b, m)", "2, 2")), {1, 0, 0, 1}),
            (Floats{11, 22, 33, 14, 25, 36}));
  // In another order, which is undone.
  EXPECT_EQ(Run(Load(Graph(constants + "t = Transpose<perm=[1, 0, 2]>(x) m = MatMul(t, w) a = Add(m, b) "
                                       "y = Transpose<perm=[1, 0, 2]>(a)",
                           "2, 2")),
                {1, 0, 0, 1}),
            (Floats{11, 22, 33, 14, 25, 36}));
  EXPECT_EQ(Layers(constants + "t = Transpose<perm=[0, 2, 1]>(x) y = MatMul(t, w)", "2, 2"),
            "permute:2x1,dense_last:3:bias=0");
  EXPECT_EQ(Run(Load(Graph(constants + "t = Transpose<perm=[0, 2, 1]>(x) m = MatMul(t, w) a = Add(m, b) "
                                       "y = Transpose<perm=[0, 2, 1]>(a)",
                           "2, 2")),
                {1, 0, 0, 1}),
            (Floats{11, 14, 22, 25, 33, 36}));
  EXPECT_TRUE(Refuses(constants + "m = MatMul(x, w) a = Add(m, b) y = Add(a, m)", "2", "'a' (Add): expected a MatMul"));
  EXPECT_TRUE(Refuses(constants + "m = MatMul(x, w) a = Add(m, b) y = Add(a, b)", "2", "'y' (Add): expected a MatMul"));
}

// Attention with two heads of two columns over three positions, weights all different.
class OnnxAttentionTest : public OnnxGraphTest {
 protected:
  struct Parts {
    std::string heads =
        "h = Reshape(p, split) t = Transpose<perm=[2, 0, 3, 1, 4]>(h) q = Gather(t, i0) "
        "k = Gather(t, i1) v = Gather(t, i2) kt = Transpose<perm=[0, 1, 3, 2]>(k) ";
    std::string scores = "c = MatMul(q, kt) s = Mul(c, scale) ";
    std::string weights = "a = Softmax(s) ";
    std::string values = "z = MatMul(a, v) o = Transpose<perm=[0, 2, 1, 3]>(z) j = Reshape(o, join) ";
    std::string last = "y = MatMul(j, w2) ";
  };
  static std::string Graph(const Parts& parts) {
    std::string w1, w2;
    for (int i = 0; i < 48; ++i) w1 += (i == 0 ? "" : ", ") + std::to_string(i * 37 % 48 - 20) + ".0";
    for (int i = 0; i < 16; ++i) w2 += (i == 0 ? "" : ", ") + std::to_string(i) + ".0";
    return "g (float[N, 3, 4] x) => (float[N] y) <float[4, 12] w1 = {" + w1 + "}, float[4, 4] w2 = {" + w2 +
           "}, int64[5] split = {0, 3, 3, 2, 2}, int64[3] join = {0, 3, 4}, int64 i0 = {0}, int64 i1 = {1}, "
           "int64 i2 = {2}, float scale = {0.70710678}, float two = {2}, float inf = {-20000.0}, float zero = {0}, "
           "float[3, 3] seen = {1, 0, 0, 1, 1, 0, 1, 1, 1}, float[3, 3] hidden = {0, 1, 1, 0, 0, 1, 0, 0, 0}, "
           "float[3, 3] band = {1, 0, 0, 0, 1, 0, 0, 0, 1}, float[3, 3] added = {0, -100000.0, -100000.0, 0, 0, "
           "-100000.0, 0, 0, 0}, "
           "float[4] b = {1, 2, 3, 4}> { p = MatMul(x, w1) " +
           parts.heads + parts.scores + parts.weights + parts.values + parts.last + "}";
  }
  std::string Layers(const Parts& parts) { return Load(Graph(parts)).model.Layers(); }
  template <class... Texts>
  testing::AssertionResult Refuses(const Parts& parts, const Texts&... texts) {
    return LoadFails(ParseModel(Graph(parts)), texts...);
  }
};

TEST_F(OnnxAttentionTest, Forms) {
  EXPECT_EQ(Layers({}), "attention:2:bias=0");
  EXPECT_EQ(Layers({.last = "m = MatMul(j, w2) y = Add(m, b)"}), "attention:2");
  EXPECT_EQ(Layers({.scores = "c = MatMul(q, kt) s = Div(c, two)"}), "attention:2:bias=0");
  EXPECT_EQ(Layers({.weights = "a = Softmax<axis=3>(s) "}), "attention:2:bias=0");
  EXPECT_EQ(Layers({.weights = "e = Softmax(s) a = Dropout(e, scale) "}), "attention:2:dropout=0.70710677:bias=0");
  const std::string products = "c = MatMul(q, kt) d = Mul(c, scale) ";
  EXPECT_EQ(Layers({.scores = products + "s = Add(d, added) "}), "attention:2:causal=1:bias=0");
  EXPECT_EQ(Layers({.scores = products + "e = Equal(seen, zero) s = Where(e, inf, d) "}),
            "attention:2:causal=1:bias=0");
  EXPECT_EQ(Layers({.scores = products + "e = Equal(hidden, zero) s = Where(e, d, inf) "}),
            "attention:2:causal=1:bias=0");
  EXPECT_EQ(Layers({.scores = products + "e = Equal(hidden, zero) n = Not(e) s = Where(n, inf, d) "}),
            "attention:2:causal=1:bias=0");
}

// As PyTorch 2 exports scaled_dot_product_attention: the scale and the mask follow from shapes, and there are heads of
// their own for queries, keys and values where it is MultiheadAttention's.
TEST_F(OnnxAttentionTest, ScaledDotProduct) {
  const std::string scale =
      "minus1 = Constant<value = int64[1] {-1}>() far = Constant<value = int64[1] {9223372036854775807}>() "
      "qs = Shape(q) last = Slice(qs, minus1, far) wide = Cast<to=1>(last) root = Sqrt(wide) "
      "one = Constant<value = float[1] {1}>() inverse = Div(one, root) half = Sqrt(inverse) "
      "qh = Mul(q, half) kh = Mul(kt, half) c = MatMul(qh, kh) ";
  const std::string mask =
      "minus2 = Constant<value = int64[1] {-2}>() length = Slice(qs, minus2, minus1) side = Concat<axis=0>(length, "
      "length) "
      "ones = Expand(one, side) low = Trilu<upper=0>(ones) e = Equal(low, zero) m = Where(e, inf, zero) ";
  EXPECT_EQ(Layers({.scores = scale + "s = Identity(c) "}), "attention:2:bias=0");
  EXPECT_EQ(Layers({.scores = scale + mask + "s = Add(c, m) "}), "attention:2:causal=1:bias=0");
  EXPECT_EQ(Layers({.heads = "three = Constant<value = int64[4] {0, 3, 3, 4}>() z0 = Constant<value = int64[1] {0}>() "
                             "m2 = Constant<value = int64[1] {-2}>() four = Constant<value = int64[4] {0, 3, 2, 2}>() "
                             "f = Reshape(p, three) u = Unsqueeze(f, z0) t = Transpose<perm=[3, 1, 2, 0, 4]>(u) "
                             "g = Squeeze(t, m2) q0 = Gather(g, i0) k0 = Gather(g, i1) v0 = Gather(g, i2) "
                             "q1 = Reshape(q0, four) k1 = Reshape(k0, four) v1 = Reshape(v0, four) "
                             "q = Transpose<perm=[0, 2, 1, 3]>(q1) kt = Transpose<perm=[0, 2, 3, 1]>(k1) "
                             "v = Transpose<perm=[0, 2, 1, 3]>(v1) "}),
            "attention:2:bias=0");
}

TEST_F(OnnxAttentionTest, OneHead) {
  EXPECT_EQ(
      Layers({.heads = "q, k, v = Split<axis=2>(p) kt = Transpose<perm=[0, 2, 1]>(k) ", .values = "j = MatMul(a, v) "}),
      "attention:1:bias=0");
}

// Softmax over all dimensions from the axis on is another thing.
TEST_F(OnnxAttentionTest, OldSoftmax) {
  EXPECT_TRUE(LoadFails(ParseModel(Graph(Parts()), 11), "'a' (Softmax): attribute axis is 1, expected the last, -1"));
  EXPECT_EQ(Load(Graph({.weights = "a = Softmax<axis=3>(s) "}), 11).model.Layers(), "attention:2:bias=0");
}

// A scale that is not the usual one is a part of the queries' weights.
TEST_F(OnnxAttentionTest, Scale) {
  const Floats x = {0.1f, 0.2f, -0.1f, 0.05f, 0.3f, -0.2f, 0.1f, 0.0f, -0.1f, 0.1f, 0.2f, 0.3f};
  OnnxModel usual = Load(Graph({})), other = Load(Graph({.scores = "c = MatMul(q, kt) s = Mul(c, two) "}));
  EXPECT_EQ(other.model.Layers(), "attention:2:bias=0");
  const auto of_usual = usual.model.parameters()[0].parameter->value.values();
  const auto of_other = other.model.parameters()[0].parameter->value.values();
  for (std::size_t i = 0; i < of_usual.size(); ++i) {
    EXPECT_FLOAT_EQ(of_other[i], of_usual[i] * (i < 16 ? 2 * std::sqrt(2.0f) : 1)) << i;
  }
  EXPECT_NE(Run(std::move(usual), x), Run(std::move(other), x));
}

TEST_F(OnnxAttentionTest, WhatDoesNotFit) {
  const std::string products = "c = MatMul(q, kt) d = Mul(c, scale) ";
  EXPECT_TRUE(Refuses({.scores = products + "e = Equal(band, zero) s = Where(e, inf, d) "},
                      "'s' (Where): the mask 'e' of (3, 3) is not a causal one"));
  EXPECT_TRUE(
      Refuses({.scores = products + "s = Add(d, band) "}, "'s' (Add): the mask 'band' of (3, 3) is not a causal"));
  EXPECT_TRUE(Refuses({.scores = products + "e = Equal(seen, zero) s = Where(e, zero, d) "}, "'s' (Where): the mask"));
  EXPECT_TRUE(
      Refuses({.scores = "s = MatMul(q, k) "}, "'s' (MatMul): input 'k' of (batch, 2, 3, 2) is not in the order"));
  EXPECT_TRUE(
      Refuses({.scores = "s = MatMul(x, kt) "}, "'s' (MatMul): input 'x' of (batch, 3, 4) is not a part of what"));
  EXPECT_TRUE(Refuses({.weights = "a = Softmax<axis=1>(s) "}, "'a' (Softmax): attribute axis is 1, expected the last"));
  EXPECT_TRUE(Refuses({.weights = "a = Sigmoid(s) "}, "'a' (Sigmoid): input 's' is the scores of an attention"));
  EXPECT_TRUE(Refuses({.weights = "a = Dropout(s, scale) "}, "'a' (Dropout): reads scores of an attention"));
  EXPECT_TRUE(
      Refuses({.weights = "a = Identity(s) "}, "'z' (MatMul): reads scores of an attention, expected a Softmax"));
  EXPECT_TRUE(Refuses({.values = "z = MatMul(a, kt) o = Transpose<perm=[0, 2, 1, 3]>(z) j = Reshape(o, join) "},
                      "'z' (MatMul): input 'kt'"));
  EXPECT_TRUE(Refuses({.values = "z = MatMul(a, v) o = Transpose<perm=[0, 2, 3, 1]>(z) j = Reshape(o, join) "},
                      "'y' (MatMul): reads the heads of an attention as (batch, 3, 4)"));
  EXPECT_TRUE(Refuses({.last = "y = Relu(j) "}, "'y' (Relu): reads the heads of an attention", "expected the Linear"));
  EXPECT_TRUE(Refuses({.heads = "h = Reshape(p, split) t = Transpose<perm=[3, 0, 2, 1, 4]>(h) q = Gather(t, i0) "
                                "k = Gather(t, i1) v = Gather(t, i0) kt = Transpose<perm=[0, 1, 3, 2]>(k) "},
                      "'z' (MatMul): reads 3 heads of 2 columns of a value of 4, expected as many numbers"));
}

}  // namespace
}  // namespace fallow::nn
