// Embeddings, LSTM and GRU nodes as others write them, and what is refused of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "tests/runtime/onnx_models.h"
#include "tests/runtime/problems.h"
#include "tests/support/values.h"

namespace fallow::nn {
namespace {

using ::onnx::ModelProto;
using ::onnx::TensorProto;

void AddTensor(const std::string& name, std::initializer_list<std::int64_t> dims, ModelProto* model) {
  TensorProto* tensor = model->mutable_graph()->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(TensorProto::FLOAT);
  std::int64_t count = 1;
  for (const std::int64_t dim : dims) {
    tensor->add_dims(dim);
    count *= dim;
  }
  for (std::int64_t i = 0; i < count; ++i) tensor->add_float_data(0.01f * static_cast<float>(i % 37) - 0.2f);
}

class OnnxSequencesTest : public OnnxFileTest {
 protected:
  // A graph from x, of `shape`, to y, with weights of 2 units for an input of 3 features: w, r and b of an LSTM, with 2
  // behind the name of both directions, and gw, gr and gb of a GRU; and o, zeros, with an 1 instead of one.
  ModelProto Graph(const std::string& nodes, const std::string& shape = "float[N, 4, 3]", int opset = 17) {
    ModelProto model = ParseModel("g (" + shape + " x) => (float[N] y) {" + nodes + "}", opset);
    AddTensor("w", {1, 8, 3}, &model);
    AddTensor("r", {1, 8, 2}, &model);
    AddTensor("b", {1, 16}, &model);
    AddTensor("w2", {2, 8, 3}, &model);
    AddTensor("r2", {2, 8, 2}, &model);
    AddTensor("b2", {2, 16}, &model);
    AddTensor("gw", {1, 6, 3}, &model);
    AddTensor("gr", {1, 6, 2}, &model);
    AddTensor("gb", {1, 12}, &model);
    AddTensor("table", {5, 3}, &model);
    AddTensor("o", {1, 1, 2}, &model);
    AddTensor("z", {1, 1, 2}, &model);
    for (int i = 0; i < 2; ++i) {
      model.mutable_graph()->mutable_initializer(model.graph().initializer_size() - 1)->set_float_data(i, 0);
    }
    return model;
  }
  std::string Layers(const std::string& nodes, const std::string& shape = "float[N, 4, 3]", int opset = 17) {
    return Load(Graph(nodes, shape, opset)).model.Layers();
  }
  template <class... Parts>
  testing::AssertionResult Refuses(const std::string& nodes, const Parts&... parts) {
    return LoadFails(Graph(nodes), parts...);
  }
  // The nodes of a layer that gives its last state, and of one that gives all.
  static std::string Last(const std::string& node) {
    return "a = Constant<value = int64[1] {0}>() t = Transpose<perm=[1, 0, 2]>(x) s, h = " + node +
           " y = Squeeze(h, a)";
  }
  static std::string All(const std::string& node) {
    return "a = Constant<value = int64[1] {1}>() t = Transpose<perm=[1, 0, 2]>(x) s = " + node +
           " q = Squeeze(s, a) y = Transpose<perm=[1, 0, 2]>(q)";
  }
};

TEST_F(OnnxSequencesTest, Embedding) {
  EXPECT_EQ(Layers("y = Gather(table, x)", "int64[N, 4]"), "embedding:5:3");
  EXPECT_EQ(Layers("y = Gather<axis=0>(table, x)", "int32[N, 4]"), "embedding:5:3");
  EXPECT_EQ(Layers("t = Cast<to=6>(x) u = Identity(t) v = Cast<to=7>(u) y = Gather(table, v)", "float[N, 4]"),
            "embedding:5:3");
  EXPECT_EQ(Layers("t = Cast<to=7>(x) y = Gather(table, t)", "int32[N, 4]"), "embedding:5:3");
  EXPECT_EQ(Layers("t = Transpose(table) y = Gather(t, x)", "int64[N, 4]"), "embedding:3:5");
  EXPECT_EQ(Layers("e = Gather(table, x) f = Gather(table, x) y = Add(e, f)", "int64[N, 4]"),
            "embedding:5:3@v1,from:input,embedding:5:3,add:v1");
  // Integers may be other things than tokens too.
  EXPECT_EQ(Layers("t = Cast<to=1>(x) y = Tanh(t)", "int64[N, 4]"), "tanh");
}

TEST_F(OnnxSequencesTest, EmbeddingRefused) {
  const auto refuses = [&](const std::string& nodes, const std::string& problem, const char* shape = "int64[N, 4]") {
    return LoadFails(Graph(nodes, shape), problem);
  };
  EXPECT_TRUE(refuses("y = Gather<axis=1>(table, x)", "(Gather): attribute axis is 1, expected 0"));
  EXPECT_TRUE(refuses("y = Gather(r, x)", "the table 'r' is (1, 8, 2), expected (tokens, numbers)"));
  EXPECT_TRUE(refuses("t = Exp(table) y = Gather(t, x)", "(Exp): there is no layer"));
  EXPECT_TRUE(refuses("y = Gather(table, x)", "(Gather): embedding: got shape 4x3", "int64[N, 4, 3]"));
  EXPECT_TRUE(refuses("y = Gather(table, x)", "(Gather): embedding: got shape 1, expected (tokens)", "int64[N]"));
  EXPECT_TRUE(refuses("t = Cast<to=7>(x) y = Relu(t)", "input 't' is integers that a Cast made", "float[N, 4]"));
  EXPECT_TRUE(refuses("t = Cast<to=7>(x) u = Cast<to=1>(t) y = Relu(u)", "input 'u' is integers that a Cast made",
                      "float[N, 4]"));
  EXPECT_TRUE(
      refuses("y = Tanh(x)", "the input 'x' is BOOL, expected a FLOAT tensor, or INT64 or INT32", "bool[N, 4]"));
  ModelProto model = Graph("y = Gather(table, x)", "int64[N, 4]");
  for (TensorProto& tensor : *model.mutable_graph()->mutable_initializer()) {
    if (tensor.name() == "table") tensor.set_dims(0, 0), tensor.clear_float_data();
  }
  EXPECT_TRUE(LoadFails(model, "(Gather): embedding: 0 tokens, expected 1 to"));
}

TEST_F(OnnxSequencesTest, Attributes) {
  EXPECT_EQ(Layers(Last("LSTM(t, w, r, b)")), "lstm:2");
  EXPECT_EQ(Layers(Last("LSTM<hidden_size=2, direction=\"forward\", layout=0, input_forget=0>(t, w, r)")), "lstm:2");
  EXPECT_EQ(Layers(Last("LSTM<activations=[\"Sigmoid\", \"tanh\", \"Tanh\"]>(t, w, r, b, , z, z)")), "lstm:2");
  EXPECT_EQ(Layers(Last("GRU<linear_before_reset=1>(t, gw, gr, gb)")), "gru:2");
  EXPECT_EQ(Layers(Last("GRU<linear_before_reset=1, activations=[\"Sigmoid\", \"Tanh\"]>(t, gw, gr, gb, , z)")),
            "gru:2");
  EXPECT_EQ(Layers(All("LSTM(t, w, r, b)")), "lstm:2:sequences=1");
  EXPECT_EQ(Layers(All("GRU<linear_before_reset=1>(t, gw, gr)")), "gru:2:sequences=1");
}

TEST_F(OnnxSequencesTest, AttributesRefused) {
  EXPECT_TRUE(Refuses(Last("LSTM<direction=\"reverse\">(t, w, r)"),
                      "(LSTM): attribute direction is 'reverse', expected forward or bidirectional"));
  EXPECT_TRUE(Refuses(Last("LSTM<direction=\"\">(t, w, r)"), "attribute direction is '', expected forward"));
  EXPECT_TRUE(Refuses(Last("LSTM<layout=1>(t, w, r)"), "(LSTM): attribute layout is 1, expected 0"));
  EXPECT_TRUE(Refuses(Last("LSTM<clip=1.0>(t, w, r)"), "(LSTM): attribute clip is there, expected none"));
  EXPECT_TRUE(Refuses(Last("LSTM<input_forget=1>(t, w, r)"), "attribute input_forget is 1, expected 0"));
  EXPECT_TRUE(Refuses(Last("LSTM<activations=[\"Sigmoid\", \"Relu\", \"Tanh\"]>(t, w, r)"),
                      "(LSTM): attribute activations is not the default"));
  EXPECT_TRUE(Refuses(Last("LSTM<activation_alpha=[0.5]>(t, w, r)"), "attribute activation_alpha is there"));
  EXPECT_TRUE(Refuses(Last("LSTM<colour=1>(t, w, r)"), "(LSTM): attribute 'colour' is not known"));
  EXPECT_TRUE(Refuses(Last("GRU(t, gw, gr, gb)"), "(GRU): attribute linear_before_reset is 0, expected 1"));
  EXPECT_TRUE(Refuses(Last("GRU<linear_before_reset=1, layout=1>(t, gw, gr)"), "(GRU): attribute layout is 1"));
}

TEST_F(OnnxSequencesTest, InputsRefused) {
  EXPECT_TRUE(Refuses(Last("LSTM(x, w, r)"), "(LSTM): input 'x' is (batch, 4, 3), expected (steps, batch, features)"));
  EXPECT_TRUE(Refuses(Last("LSTM(t, w)"), "(LSTM): has 2 inputs, expected 3 to 8"));
  EXPECT_TRUE(Refuses(Last("LSTM(t, w, r, b, , o, z)"), "(LSTM): input 5, the initial h, is 'o', expected zeros"));
  EXPECT_TRUE(Refuses(Last("LSTM(t, w, r, b, , z, o)"), "(LSTM): input 6, the initial c, is 'o', expected zeros"));
  EXPECT_TRUE(Refuses(Last("LSTM(t, w, r, b, , , x)"), "(LSTM): input 6, the initial c, is 'x', expected zeros"));
  EXPECT_TRUE(Refuses(Last("LSTM(t, w, r, b, , , , b)"), "(LSTM): input 7, the peepholes, is there"));
  EXPECT_TRUE(Refuses("l = Constant<value = int32[1] {4}>()" + Last("LSTM(t, w, r, b, l)"),
                      "(LSTM): input 4, the lengths, is 'l', expected none, or those that SaveOnnx writes"));
  EXPECT_TRUE(Refuses("k = Exp(w)" + Last("LSTM(t, k, r)"), "(Exp): there is no layer"));
  EXPECT_TRUE(
      Refuses(Last("GRU<linear_before_reset=1>(t, gw, gr, gb, , , z)"), "(GRU): has 7 inputs, expected 3 to 6"));
}

TEST_F(OnnxSequencesTest, WeightsRefused) {
  EXPECT_TRUE(
      Refuses(Last("LSTM<hidden_size=3>(t, w, r)"), "attribute hidden_size is 3 for the weight 'r' of shape (1,"));
  EXPECT_TRUE(Refuses(Last("LSTM<hidden_size=1000000000000>(t, w, r)"), "attribute hidden_size is 1000000000000 for"));
  EXPECT_TRUE(Refuses(Last("LSTM<hidden_size=-2>(t, w, r)"), "attribute hidden_size is -2 for the weight"));
  EXPECT_TRUE(Refuses(Last("LSTM(t, r, r)"), "the weight 'r' is (1, 8, 2), expected (1, 8, 3)"));
  EXPECT_TRUE(Refuses(Last("LSTM(t, w, w)"), "the weight 'w' is (1, 8, 3), expected (1, 12, 3)"));
  EXPECT_TRUE(Refuses(Last("LSTM(t, w, b)"), "for the weight 'b' of shape (1, 16)"));
  EXPECT_TRUE(Refuses(Last("LSTM(t, gw, gr)"), "the weight 'gw' is (1, 6, 3), expected (1, 8, 3)"));
  EXPECT_TRUE(Refuses(Last("LSTM(t, w, r, gb)"), "the weight 'gb' is (1, 12), expected (1, 16)"));
  EXPECT_TRUE(Refuses(Last("LSTM(t, w, r, r)"), "the weight 'r' is (1, 8, 2), expected (1, 16)"));
  EXPECT_TRUE(Refuses(Last("LSTM(t, w2, r2)"), "the weight 'w2' is (2, 8, 3), expected (1, 8, 3)"));
  EXPECT_TRUE(Refuses(Last("LSTM<direction=\"bidirectional\">(t, w, r)"), "'w' is (1, 8, 3), expected (2, 8, 3)"));
}

// Sizes that a file only says.
TEST_F(OnnxSequencesTest, SizesThatLie) {
  const auto fails = [&](const std::string& name, std::initializer_list<std::int64_t> dims, const auto&... parts) {
    ModelProto model = Graph(Last("LSTM(t, w, r, b)"));
    for (TensorProto& tensor : *model.mutable_graph()->mutable_initializer()) {
      if (tensor.name() == name) tensor.mutable_dims()->Assign(dims.begin(), dims.end());
    }
    return LoadFails(model, parts...);
  };
  EXPECT_TRUE(fails("r", {1, 8'000'000, 2'000'000}, "tensor 'r': the shape (1, 8000000, 2000000) is too large"));
  EXPECT_TRUE(fails("r", {1, 400'000, 100'000}, "the weight 'w' is (1, 8, 3), expected (1, 400000, 3)"));
  EXPECT_TRUE(fails("r", {0, 8, 2}, "input 'r' is computed or empty, expected a constant"));
  EXPECT_TRUE(fails("r", {1, 8, -2}, "negative dimensions"));
  EXPECT_TRUE(fails("b", {1, 1'000'000'000}, "the weight 'b' is (1, 1000000000), expected (1, 16)"));
  ModelProto model = Graph(Last("LSTM(t, w, r, b)"), "float[N, 1000000000, 3]");
  EXPECT_TRUE(LoadFails(model, "lstm: got shape 1000000000x3, expected 1 to 2^24 steps"));
  model = Graph(Last("LSTM(t, w, r, b)"));
  model.mutable_graph()->mutable_initializer(0)->mutable_float_data()->RemoveLast();
  EXPECT_TRUE(LoadFails(model, "(LSTM): tensor 'w': 23 numbers for the shape (1, 8, 3), expected 24"));
}

// The ways to the last states, of two directions.
TEST_F(OnnxSequencesTest, LastStates) {
  const std::string both =
      "t = Transpose<perm=[1, 0, 2]>(x) s, h = LSTM<direction=\"bidirectional\">(t, w2, r2, b2)"
      "i0 = Constant<value_int=0>() i1 = Constant<value_int=1>() m = Constant<value_int=-1>()"
      "l0 = Constant<value_ints=[0]>() l1 = Constant<value_ints=[1]>() f = Constant<value_ints=[0, -1]>()";
  const std::string lstm = "lstm:2:bidirectional=1";
  EXPECT_EQ(Layers(both + "p = Transpose<perm=[1, 0, 2]>(h) y = Reshape(p, f)"), lstm);
  EXPECT_EQ(Layers(both + "p = Transpose<perm=[1, 0, 2]>(h) y = Flatten(p)"), lstm);
  EXPECT_EQ(Layers(both + "p = Gather(h, i0) q = Gather(h, m) y = Concat<axis=1>(p, q)"), lstm);
  EXPECT_EQ(Layers(both + "p, q = Split<axis=0>(h) u = Squeeze(p, l0) v = Squeeze(q, l0) y = Concat<axis=-1>(u, v)"),
            lstm);
  EXPECT_EQ(Layers(both + "c = Concat<axis=0>(h) p = Gather(c, i0) q = Gather(c, i1) y = Concat<axis=1>(p, q)"), lstm);
  const std::string ends =
      "a = Constant<value_ints=[2]>() e = Constant<value_ints=[9]>() p = Transpose<perm=[2, 0, 1, 3]>(s)"
      "g = Constant<value_ints=[0, 0, -1]>() q = Reshape(p, g)";
  EXPECT_EQ(Layers(both + ends +
                   "u = Gather<axis=1>(q, m) v = Slice(u, l0, a, l1) j = Gather<axis=1>(q, i0)"
                   "k = Slice(j, a, e, l1) y = Concat<axis=1>(v, k)"),
            lstm);
  // What is none of our layers: the other order, one direction, the last step.
  const auto refuses = [&](const std::string& nodes) {
    return Refuses(both + nodes, "leaves as (batch, ", "not the samples of a layer, whole and in order");
  };
  EXPECT_TRUE(refuses("p = Gather(h, i1) q = Gather(h, i0) y = Concat<axis=1>(p, q)"));
  EXPECT_TRUE(refuses("y = Gather(h, i0)"));
  EXPECT_TRUE(refuses("y = Gather(h, m)"));
  EXPECT_TRUE(refuses("p = Transpose<perm=[2, 0, 1, 3]>(s) q = Gather<axis=1>(p, m) y = Flatten(q)"));
  EXPECT_TRUE(refuses("p = Gather(h, i0) y = Concat<axis=1>(p, p)"));
  EXPECT_TRUE(refuses(ends + "u = Tanh(q) y = Gather<axis=1>(u, m)"));
}

TEST_F(OnnxSequencesTest, OneOutputAlone) {
  const std::string lstm =
      "m = Constant<value_int=-1>() l1 = Constant<value_ints=[1]>() t = Transpose<perm=[1, 0, 2]>(x)"
      "s, h, c = LSTM(t, w, r, b) q = Squeeze(s, l1) u = Transpose<perm=[1, 0, 2]>(q)";
  EXPECT_EQ(Layers(lstm + "y = Gather<axis=1>(u, m)"), "lstm:2");
  EXPECT_EQ(Layers(lstm + "y = Gather(q, m)"), "lstm:2");
  EXPECT_EQ(Layers(lstm + "v = Gather(h, m) y = Tanh(v)"), "lstm:2,tanh");
  EXPECT_TRUE(Refuses(lstm + "y = Gather(c, m)", "(LSTM): output 2, the last c, is 'c' and is read, expected h alone"));
  EXPECT_TRUE(
      Refuses(lstm + "f = Flatten(u) g = Tanh(f) v = Gather(h, m) y = Concat<axis=1>(g, v)",
              "(Concat): reads the last step alone, 'v', of lstm:2:sequences=1, of which the others are read too"));
  EXPECT_TRUE(Refuses(lstm + "v = Gather(h, m) k = Relu(v) f = Flatten(u) y = Concat<axis=1>(k, f)",
                      "not the samples of a layer"));
  // What works on each step by itself may come before.
  const std::string dropout = "rate = Constant<value_float=0.25>() d = Dropout(u, rate) ";
  EXPECT_EQ(Layers(lstm + dropout + "y = Gather<axis=1>(d, m)"), "lstm:2,dropout:0.25");
  EXPECT_EQ(Layers(lstm + dropout +
                   "k = Constant<value = float[2, 3] {1, 2, 3, 4, 5, 6}>() e = MatMul(d, k) f = Relu(e) "
                   "y = Gather<axis=1>(f, m)"),
            "lstm:2,dropout:0.25,dense:3:bias=0,relu");
  EXPECT_TRUE(Refuses(lstm + dropout + "e = Add(u, d) y = Gather<axis=1>(e, m)", "leaves as (batch, 2)"));
  EXPECT_TRUE(Refuses(lstm + dropout + "e = Gather<axis=1>(d, m) f = Flatten(d) y = Concat<axis=1>(f, e)",
                      "reads the last step alone, 'e', of lstm:2:sequences=1"));
  EXPECT_TRUE(Refuses(lstm + dropout + "e = Gather<axis=1>(d, m) f = Flatten(u) y = Concat<axis=1>(f, e)",
                      "reads the last step alone, 'e', of lstm:2:sequences=1"));
  const std::string first = "i = Constant<value_int=0>()";
  EXPECT_TRUE(Refuses(lstm + first + "y = Gather<axis=1>(u, i)", "leaves as (batch, 2)"));
}

// With a mask the last step is padding where a sample is short.
TEST_F(OnnxSequencesTest, LastStepOfAMask) {
  Model masked({4, 3}, "lstm:2:sequences=1:mask=1", 1);
  SaveOnnx(path_, masked);
  ModelProto model;
  ASSERT_TRUE(model.ParseFromString(ReadBytes(path_)));
  auto& graph = *model.mutable_graph();
  AddTensor("last", {}, &model);
  TensorProto& last = *graph.mutable_initializer(graph.initializer_size() - 1);
  last.set_data_type(TensorProto::INT64);
  last.clear_float_data();
  last.add_int64_data(-1);
  graph.mutable_node(graph.node_size() - 1)->set_output(0, "states");
  const ModelProto gather = ParseModel(
      "g (float[N, 4, 2] states, int64 last) => (float[N, 2] output) { output = "
      "Gather<axis=1>(states, last) }");
  *graph.add_node() = gather.graph().node(0);
  EXPECT_TRUE(LoadFails(model, "(Gather) with axis 1 leaves as (batch, 2): not the samples of a layer"));
}

// Gates that are put together from parts, as PyTorch does it without constant folding.
TEST_F(OnnxSequencesTest, Pieces) {
  const auto layers = [&](const std::string& begin, const std::string& end, const std::string& axis = "0") {
    return Layers("p = Constant<value_ints=[" + begin + "]>() q = Constant<value_ints=[" + end + "]>()" +
                  "n = Constant<value_ints=[0]>() m = Constant<value_ints=[4]>() e = Constant<value_ints=[99]>()" +
                  "d = Constant<value_ints=[" + axis +
                  "]>() k = Constant<value = float[8, 3] {1, 2, 3, 4, 5, 6, 7, 8, 9, "
                  "10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24}>()"
                  "k1 = Slice(k, p, q, d) k2 = Slice(k, n, m, n) k3 = Concat<axis=0>(k1, k2) k4 = Unsqueeze(k3, n)" +
                  Last("LSTM(t, k4, r, b)"));
  };
  EXPECT_EQ(layers("4", "8"), "lstm:2");
  EXPECT_EQ(layers("-4", "99"), "lstm:2");
  EXPECT_EQ(layers("4", "8", "-2"), "lstm:2");
  EXPECT_EQ(Layers("n = Constant<value_ints=[0]>() e = Constant<value_ints=[99]>() k = Slice(table, n, e, n) "
                   "y = Gather(k, x)",
                   "int64[N, 4]"),
            "embedding:5:3");
  EXPECT_TRUE(Fails([&] { layers("5", "8"); }, "the weight 'k4' is (1, 7, 3), expected (1, 8, 3)"));
  EXPECT_TRUE(Fails([&] { layers("8", "4"); }, "'k"));
  EXPECT_TRUE(Fails([&] { layers("0", "3", "1"); }, "'k"));
}

// Rows of w taken apart and put together again, also those of what was put together.
TEST_F(OnnxSequencesTest, PiecesOfPieces) {
  OnnxModel direct = Load(Graph(Last("LSTM(t, w, r, b)")));
  ModelProto model = Graph(
      "l0 = Constant<value_ints=[0]>() l3 = Constant<value_ints=[3]>() l6 = Constant<value_ints=[6]>() "
      "l8 = Constant<value_ints=[8]>() k1 = Slice(flat, l0, l3, l0) k2 = Slice(flat, l3, l8, l0) "
      "k = Concat<axis=0>(k1, k2) k3 = Slice(k, l0, l6, l0) k4 = Slice(k, l6, l8, l0) k5 = Concat<axis=0>(k3, k4) "
      "k6 = Unsqueeze(k5, l0)" +
      Last("LSTM(t, k6, r, b)"));
  AddTensor("flat", {8, 3}, &model);
  OnnxModel pieces = Load(model);
  EXPECT_TRUE(test::SameBits(Weights(direct.model), Weights(pieces.model)));
}

TEST_F(OnnxSequencesTest, MasksThatAreOthers) {
  Model masked({4, 3}, "tanh,lstm:2:mask=1", 1);
  SaveOnnx(path_, masked);
  ModelProto saved;
  ASSERT_TRUE(saved.ParseFromString(ReadBytes(path_)));
  EXPECT_EQ(Load(saved).model.Layers(), "tanh,lstm:2:mask=1");
  const auto refuses = [&](const auto& change) {
    ModelProto model = saved;
    change(*model.mutable_graph());
    return LoadFails(model, "node '1.lstm' (LSTM): input 4, the lengths, is '1.lengths', expected none, or those that");
  };
  const auto node = [](::onnx::GraphProto& graph, const std::string& name) {
    return &*std::ranges::find(*graph.mutable_node(), name, &::onnx::NodeProto::name);
  };
  const auto tensor = [](::onnx::GraphProto& graph, const std::string& name) {
    return &*std::ranges::find(*graph.mutable_initializer(), name, &TensorProto::name);
  };
  EXPECT_TRUE(refuses([&](auto& graph) { tensor(graph, "1.numbers")->set_int64_data(3, 3); }));
  EXPECT_TRUE(refuses([&](auto& graph) { tensor(graph, "1.zero")->set_raw_data("1234"); }));
  EXPECT_TRUE(refuses([&](auto& graph) { node(graph, "1.is_zero")->set_input(0, "input"); }));
  EXPECT_TRUE(refuses([&](auto& graph) { node(graph, "1.is_other")->set_op_type("Identity"); }));
  EXPECT_TRUE(refuses([&](auto& graph) { node(graph, "1.others")->mutable_attribute(0)->set_i(6); }));
  EXPECT_TRUE(refuses([&](auto& graph) { node(graph, "1.is_step")->mutable_attribute(0)->set_ints(0, 1); }));
  EXPECT_TRUE(refuses([&](auto& graph) { node(graph, "1.last_step")->mutable_attribute(1)->set_i(1); }));
  EXPECT_TRUE(refuses([&](auto& graph) { node(graph, "1.steps")->set_op_type("Add"); }));
}

}  // namespace
}  // namespace fallow::nn
