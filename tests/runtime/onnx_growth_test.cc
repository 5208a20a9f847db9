// Graphs that are sound and long, or use the same again and again: memory and time are a multiple of the file's size.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/runtime/onnx_damage.h"

namespace fallow::nn {
namespace {

using ::onnx::GraphProto;
using ::onnx::ModelProto;
using ::onnx::NodeProto;

using OnnxGrowthTest = OnnxDamageTest;

std::string ValueName(int i, const char* kind = "v") { return std::string(kind).append(std::to_string(i)); }

ModelProto ManyNodes(const std::string& graph, int count, const char* operator_name, const std::string& input) {
  ModelProto model = ParseModel(graph);
  NodeProto node = model.graph().node(0);
  model.mutable_graph()->clear_node();
  std::string last = input;
  for (int i = 0; i < count; ++i) {
    NodeProto* next = model.mutable_graph()->add_node();
    next->set_op_type(operator_name);
    next->add_input(last);
    last = ValueName(i);
    next->add_output(last);
  }
  node.set_input(node.input_size() - 1, last);
  *model.mutable_graph()->add_node() = node;
  return model;
}

TEST_F(OnnxGrowthTest, LongChains) {
  const std::string relu = "g (float[N, 4] x) => (float[N] y) { y = Relu(x) }";
  EXPECT_EQ(TryLarge(ManyNodes(relu, 50'000, "Relu", "x")), "no error");
  EXPECT_NE(TryLarge(ManyNodes(relu, 70'000, "Relu", "x")).find("more than 65536 layers"), std::string::npos);
  EXPECT_EQ(TryLarge(ManyNodes(relu, 70'000, "Identity", "x")), "no error");
  const std::string weight = "g (float[N, 4] x) => (float[N] y) <float[4, 1] w = {1, 2, 3, 4}> { y = MatMul(x, w) }";
  EXPECT_EQ(TryLarge(ManyNodes(weight, 50'000, "Identity", "w")), "no error");
  EXPECT_EQ(TryLarge(ManyNodes(weight, 50'000, "Transpose", "w")), "no error");
}

// A graph of `count` nodes: change(i, node) says what the inputs of node i are; its output is value i.
template <class Change>
ModelProto ManyReaders(const std::string& output, int count, const char* operator_name, const Change& change) {
  ModelProto model = ParseModel("g (float[N, 4] x) => (float[N] y) { y = Relu(x) }");
  NodeProto last = model.graph().node(0);
  model.mutable_graph()->clear_node();
  for (int i = 0; i < count; ++i) {
    NodeProto* node = model.mutable_graph()->add_node();
    node->set_op_type(operator_name);
    change(i, *node);
    node->add_output(ValueName(i));
  }
  last.set_input(0, output.empty() ? ValueName(count - 1) : output);
  *model.mutable_graph()->add_node() = last;
  return model;
}

std::string Before(int i, int steps) {
  if (i < steps) return {'x'};
  return ValueName(i - steps);
}

TEST_F(OnnxGrowthTest, ManyReaders) {
  const auto twice = [](int i, NodeProto& node) {
    for (int j = 0; j < 2; ++j) node.add_input(Before(i, 1));
  };
  EXPECT_EQ(TryLarge(ManyReaders("", 50'000, "Add", twice)), "no error");
  EXPECT_NE(TryLarge(ManyReaders("", 100'000, "Add", twice)).find("more than 65536 layers"), std::string::npos);
  // Labels of values far back, and a value that all read.
  EXPECT_EQ(TryLarge(ManyReaders("", 30'000, "Add",
                                 [](int i, NodeProto& node) {
                                   node.add_input(Before(i, 1));
                                   node.add_input(Before(i, i / 2 + 2));
                                 })),
            "no error");
  EXPECT_EQ(TryLarge(ManyReaders("", 30'000, "Add",
                                 [](int i, NodeProto& node) {
                                   node.add_input(Before(0, 1));
                                   node.add_input(Before(i, 3));
                                 })),
            "no error");
}

TEST_F(OnnxGrowthTest, SamplesThatGrow) {
  const auto twice = [](int i, NodeProto& node) {
    for (int j = 0; j < 2; ++j) node.add_input(Before(i, 1));
  };
  EXPECT_EQ(TryLarge(ManyReaders("", 30, "Concat", twice)), "no error");
  EXPECT_NE(TryLarge(ManyReaders("", 100, "Concat", twice)).find("samples of 2199023255552, expected at most"),
            std::string::npos);
  ModelProto wide = ManyReaders("", 1, "Concat", [](int, NodeProto& node) {
    for (int i = 0; i < 100'000; ++i) node.add_input(Before(0, 1));
  });
  EXPECT_NE(TryLarge(wide).find("more than 65536 layers"), std::string::npos);
}

// Nodes that only change how a value is read.
TEST_F(OnnxGrowthTest, LongChainsOfViews) {
  const std::string relu = "g (float[N, 4] x) => (float[N] y) { y = Relu(x) }";
  EXPECT_EQ(TryLarge(ManyNodes(relu, 70'000, "Transpose", "x")), "no error");
  EXPECT_EQ(TryLarge(ManyNodes(relu, 70'000, "Flatten", "x")), "no error");
  const std::string reshape = "g (float[N, 4] x) => (float[N] y) { s = Shape(x) y = Reshape(x, s) }";
  ModelProto model = ParseModel(reshape);
  NodeProto last = model.graph().node(1);
  model.mutable_graph()->mutable_node()->RemoveLast();
  std::string last_list = {'s'};
  for (int i = 0; i < 70'000; ++i) {
    NodeProto* node = model.mutable_graph()->add_node();
    node->set_op_type("Identity");
    node->add_input(last_list);
    last_list = ValueName(i);
    node->add_output(last_list);
  }
  last.set_input(1, last_list);
  *model.mutable_graph()->add_node() = last;
  EXPECT_EQ(TryLarge(model), "no error");
}

// Parts of weights, put together again and again.
TEST_F(OnnxGrowthTest, PiecesThatGrow) {
  const std::string product = "g (float[N, 4] x) => (float[N] y) <float[4, 1] w = {1, 2, 3, 4}> { y = MatMul(x, w) }";
  EXPECT_EQ(TryLarge(ManyNodes(product, 50'000, "Concat", "w")), "no error");
  ModelProto doubled = ManyNodes(product, 1000, "Concat", "w");
  for (NodeProto& node : *doubled.mutable_graph()->mutable_node()) {
    if (node.op_type() == "Concat") node.add_input(node.input(0));
  }
  EXPECT_NE(TryLarge(doubled), "no error");
  ModelProto wide = ManyNodes(product, 1, "Concat", "w");
  NodeProto& first = *wide.mutable_graph()->mutable_node(0);
  for (int i = 0; i < 100'000; ++i) first.add_input(std::string(first.input(0)));
  EXPECT_NE(TryLarge(wide), "no error");
}

// Recurrent layers that share their weights, and nodes that cut their last states.
TEST_F(OnnxGrowthTest, SharedRecurrentWeights) {
  constexpr std::int64_t kUnits = 64;
  const auto shared = [&](int layers, int states, int slices) {
    ModelProto model = ParseModel(
        "g (float[N, 3, 64] x) => (float[N] y) <int64[1] l0 = {0}, int64[1] end = {9223372036854775807}, int64 i = "
        "{-1}> { v0 = Transpose<perm=[1, 0, 2]>(x) }");
    GraphProto& graph = *model.mutable_graph();
    for (const char* name : {"w", "r"}) {
      auto* weight = graph.add_initializer();
      weight->set_name(name);
      weight->set_data_type(::onnx::TensorProto::FLOAT);
      for (const std::int64_t dim : {std::int64_t{1}, 4 * kUnits, kUnits}) weight->add_dims(dim);
      weight->set_raw_data(std::string(std::size_t{4} * 4 * kUnits * kUnits, '\0'));
    }
    const auto add = [&](const char* operator_name, std::vector<std::string> inputs, const std::string& output) {
      NodeProto* node = graph.add_node();
      node->set_op_type(operator_name);
      for (const std::string& input : inputs) node->add_input(input);
      node->add_output(output);
      return node;
    };
    for (int i = 0; i < layers; ++i) {
      add("LSTM", {ValueName(i), "w", "r"}, ValueName(i, "s"))->add_output(ValueName(i, "h"));
      add("Squeeze", {ValueName(i, "s"), "one"}, ValueName(i + 1));
    }
    auto* one = graph.add_initializer();
    one->set_name("one");
    one->set_data_type(::onnx::TensorProto::INT64);
    one->add_dims(1);
    one->add_int64_data(1);
    add("Concat", std::vector<std::string>(states, ValueName(layers - 1, "h")), "c0");
    for (int i = 0; i < slices; ++i) {
      add("Slice", {ValueName(i, "c"), "l0", "end", "l0"}, ValueName(i + 1, "c"));
    }
    add("Gather", {ValueName(slices, "c"), "i"}, "y");
    return TryLarge(model);
  };
  EXPECT_EQ(shared(3, 1, 0), "no error");
  EXPECT_EQ(shared(3, 4, 2), "no error");
  EXPECT_NE(shared(1000, 1, 0).find("is used too often for the size of the file"), std::string::npos);
  EXPECT_NE(shared(1, 10'000, 5'000).find("used too often for the size of the file"), std::string::npos);
}

// Layers that share one large weight would each have a copy.
TEST_F(OnnxGrowthTest, SharedWeights) {
  constexpr int kSide = 256;
  const auto shared = [&](int layers) {
    ModelProto model = ParseModel("g (float[N, 256] x) => (float[N] y) { y = MatMul(x, x) }");
    GraphProto& graph = *model.mutable_graph();
    auto* weight = graph.add_initializer();
    weight->set_name("w");
    weight->set_data_type(::onnx::TensorProto::FLOAT);
    weight->add_dims(kSide);
    weight->add_dims(kSide);
    weight->set_raw_data(std::string(std::size_t{4} * kSide * kSide, '\0'));
    const NodeProto product = graph.node(0);
    graph.clear_node();
    for (int i = 0; i < layers; ++i) {
      NodeProto* node = graph.add_node();
      *node = product;
      node->set_input(0, i == 0 ? "x" : ValueName(i - 1));
      node->set_input(1, "w");
      node->set_output(0, i == layers - 1 ? "y" : ValueName(i));
    }
    return TryLarge(model);
  };
  EXPECT_EQ(shared(4), "no error");
  EXPECT_NE(shared(1000).find("'w' is used too often for the size of the file"), std::string::npos);
}

// Lists that double would be 2^1000 long.
TEST_F(OnnxGrowthTest, ListsThatGrow) {
  ModelProto model = ParseModel("g (float[N, 4] x) => (float[N] y) <int64[1] v0 = {1}> { y = Reshape(x, v0) }");
  GraphProto& graph = *model.mutable_graph();
  NodeProto reshape = graph.node(0);
  graph.clear_node();
  for (int i = 0; i < 1000; ++i) {
    NodeProto* node = graph.add_node();
    node->set_op_type("Concat");
    for (int j = 0; j < 2; ++j) node->add_input(ValueName(i));
    node->add_output(ValueName(i + 1));
  }
  reshape.set_input(1, "v1000");
  *graph.add_node() = reshape;
  EXPECT_NE(TryLarge(model).find("(Concat): input 'v"), std::string::npos);
}

}  // namespace
}  // namespace fallow::nn
