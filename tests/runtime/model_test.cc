#include "fallow/nn/model.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fallow/nn/error.h"
#include "fallow/nn/loss.h"
#include "fallow/nn/optimizer.h"
#include "fallow/target.h"
#include "tests/runtime/files.h"
#include "tests/runtime/models.h"
#include "tests/runtime/problems.h"
#include "tests/runtime/reference_model.h"
#include "tests/runtime/tensors.h"
#include "tests/support/values.h"

namespace fallow::nn {
namespace {

constexpr const char* kLists[] = {
    "dense:20:relu,dropout:0.5,dense:5",
    "dropout:0.2,dense:20,gelu,dropout:0.5,dense:20,tanh,dropout:0.3,leaky_relu,dense:5,softmax",
    "flatten,dense:8,sigmoid,relu,elu,dropout:0.1,dropout:0.1,dense:4",
    "relu,dropout:0.3,flatten",
    "flatten,dropout:0.4",
    "dense:9,silu,silu,softmax,flatten",
};

// Every value and gradient in memory of its own, one row block, layer by layer.
struct OutOfPlace {
  OutOfPlace(const Shape& input, const char* list, std::uint64_t seed) : layers(ParseLayers(list)), shapes{input} {
    for (std::size_t i = 0; i < layers.size(); ++i) {
      shapes.push_back(layers[i]->Plan(shapes[i]).output);
      layers[i]->Build(shapes[i], seed, i);
    }
  }

  const Tensor& Forward(const Pass& pass, const Tensor& x, std::size_t blocks_of) {
    values.clear();
    values.push_back(x.Clone());
    for (std::size_t i = 0; i < layers.size(); ++i) {
      values.emplace_back(x.rows(), shapes[i + 1]);
      for (std::size_t begin = 0; begin < x.rows(); begin += blocks_of) {
        const Rows rows{begin, std::min(x.rows(), begin + blocks_of)};
        layers[i]->ForwardRows(pass, rows, values[i].row(begin).data(), values[i + 1].row(begin).data(), {});
      }
    }
    return values.back();
  }

  void Backward(const Pass& pass, const Tensor& dy, std::size_t blocks_of) {
    std::vector<Tensor> gradients(layers.size() + 1);
    gradients.back() = dy.Clone();
    for (std::size_t i = layers.size(); i-- > 0;) {
      gradients[i] = Tensor(dy.rows(), shapes[i]);
      for (std::size_t begin = 0; begin < dy.rows(); begin += blocks_of) {
        const Rows rows{begin, std::min(dy.rows(), begin + blocks_of)};
        layers[i]->BackwardRows(pass, rows, values[i].row(begin).data(), values[i + 1].row(begin).data(),
                                gradients[i + 1].row(begin).data(), gradients[i].row(begin).data(), {});
      }
      for (std::size_t block = 0; block < layers[i]->gradient_blocks(); ++block) {
        layers[i]->ParameterGradients(pass, block, dy.rows(), values[i].data(), gradients[i + 1].data(), {});
      }
    }
  }

  std::vector<std::unique_ptr<Layer>> layers;
  std::vector<Shape> shapes;
  std::vector<Tensor> values;
};

// 256 rows are two blocks of 128.
constexpr std::size_t kRows = 256, kBlock = 128;

TEST(ModelTest, SharedMemoryChangesNothing) {
  const Shape input{3, 4};
  const Tensor x = RandomTensor(kRows, input, 1);
  for (const char* list : kLists) {
    SCOPED_TRACE(list);
    Model model(input, list, 3);
    OutOfPlace expected(input, list, 3);
    for (const Mode mode : {Mode::kTrain, Mode::kInfer, Mode::kMonteCarlo, Mode::kTrain}) {
      const Pass pass{.mode = mode, .seed = 9, .step = 5, .first_row = 11};
      const Tensor& y = model.Forward(pass, x);
      EXPECT_TRUE(test::SameBits(expected.Forward(pass, x, kBlock).values(), y.values()));
      EXPECT_EQ(y.sample_shape(), model.output_shape());
    }
    const Pass pass{.mode = Mode::kTrain, .seed = 9, .step = 5, .first_row = 11};
    const Tensor dy = RandomTensor(kRows, model.output_shape(), 2);
    model.Backward(pass, dy);
    expected.Backward(pass, dy, kBlock);
    for (const NamedParameter& named : model.parameters()) {
      const std::size_t layer = std::stoul(named.name);
      const std::size_t index = named.parameter->name == "bias" ? 1 : 0;
      EXPECT_TRUE(test::SameBits(expected.layers[layer]->parameters()[index].gradient.values(),
                                 named.parameter->gradient.values()))
          << named.name;
    }
  }
}

TEST(ModelTest, TheInputIsNeverWritten) {
  const Tensor x = RandomTensor(kRows, {12}, 1);
  const Tensor copy = x.Clone();
  for (const char* list : kLists) {
    Model model({12}, list, 3);
    for (const Mode mode : {Mode::kTrain, Mode::kInfer, Mode::kMonteCarlo}) {
      const Tensor& y = model.Forward({.mode = mode}, x);
      EXPECT_NE(y.data(), x.data());
      EXPECT_TRUE(test::SameBits(copy.values(), x.values())) << list;
    }
  }
}

void ExpectTheReference(const Shape& input, const char* list) {
  SCOPED_TRACE(list);
  const Tensor x = RandomTensor(3, input, 1);
  {
    Model model(input, list, 3);
    const reference::Network expected(model);
    for (const Mode mode : {Mode::kTrain, Mode::kInfer, Mode::kMonteCarlo}) {
      const Pass pass{.mode = mode, .seed = 9, .step = 5, .first_row = 11};
      const Tensor& y = model.Forward(pass, x);
      for (std::size_t r = 0; r < x.rows(); ++r) {
        const reference::Row row = expected.Forward(pass, r, reference::Rows(x)[r]);
        for (std::size_t j = 0; j < row.size(); ++j) ASSERT_NEAR(y.row(r)[j], row[j], 1e-5);
      }
    }
  }
}

TEST(ModelTest, EqualsTheReference) {
  for (const char* list : kLists) ExpectTheReference({3, 4}, list);
  for (const char* graph : kGraphs) ExpectTheReference({6}, graph);
}

TEST(ModelTest, GraphsAreTheSameOnAnyThreads) {
  for (const char* graph : kGraphs) {
    ExpectSameOnAnyThreads(graph, RandomTensor(kRows, {6}, 1));
    const std::string list = Model({6}, graph, 3).Layers();
    EXPECT_EQ(list, Model({6}, list, 3).Layers());
  }
}

TEST(ModelTest, RefusesGraphsThatAreNone) {
  const auto error = [](const char* list) { return ErrorOf([&] { Model({6}, list, 1); }); };
  EXPECT_EQ(error("dense:3,add:a@a"), "model: layer 1 (add:a): nothing before it has the label 'a'");
  EXPECT_EQ(error("dense:3@a,relu@a,add:a"), "model: layer 1 (relu): there is another 'a'");
  EXPECT_EQ(error("dense:3,from:input,dense:2"), "model: layer 0 (dense:3): no layer reads what it makes");
  EXPECT_EQ(error("dense:3@a,dense:2,add:a"),
            "model: layer 2 (add:a) after shape 2: 'a' has shape 3, expected the same");
  EXPECT_EQ(error("dense:3@a,from:input,reshape,concat:a").substr(0, 8), "layer 3 ");
  EXPECT_EQ(error("input:a:2x2@a,input:b:3,concat:a"),
            "model: layer 1 (input:b:3) after shape 6: takes 3 elements from 4 on, the input has 6");
  EXPECT_EQ(error("input:a:2@a,input:b:3,concat:a"), "model: the input has 6 elements, its parts have 5");
  EXPECT_EQ(
      error("input:a:2x2@a,input:b:2,concat:a"),
      "model: layer 2 (concat:a) after shape 2: 'a' has shape 2x2, expected the same but for the first dimension");
  EXPECT_NE(error("dense:3@a b").find("the label \"a b\" is not of letters, digits and _"), std::string::npos);
  EXPECT_NE(error("dense:3@").find("the label \"\""), std::string::npos);
  EXPECT_NE(error("dense:3@input").find("the label input is the model's own input"), std::string::npos);
  EXPECT_NE(error("linear@a,dense:3").find("a label without a layer"), std::string::npos);
  EXPECT_NE(error("input:a:2x").find("got \"2x\", expected a shape such as 28x28"), std::string::npos);
}

// Trains for a few steps and returns the first layer's weights.
Tensor Trained(const Execution& execution, std::size_t rows) {
  Model model({50}, "dropout:0.2,dense:300:relu,dropout:0.5,dense:70:gelu,dropout:0.5,dense:5", 3);
  Optimizer optimizer({}, model.parameters());
  const Tensor x = RandomTensor(rows, {50}, 1);
  const Tensor y = RandomTarget(Loss::kSoftmaxCrossEntropy, rows, 5, 2);
  Tensor dy;
  for (std::uint64_t step = 0; step < 3; ++step) {
    const Pass pass{.mode = Mode::kTrain, .seed = 9, .step = step, .execution = execution};
    Evaluate(Loss::kSoftmaxCrossEntropy, model.Forward(pass, x), y, &dy, execution);
    model.Backward(pass, dy);
    optimizer.Step(1e-3, execution);
  }
  return std::move(model.parameters()[0].parameter->value);
}

TEST(ModelTest, TrainingIsTheSameBitsForAnyNumberOfThreads) {
  for (const Target target : SupportedTargets()) {
    for (const std::size_t rows : {1u, 65u, 128u, 300u}) {
      const Tensor one = Trained({.max_threads = 1, .target = target}, rows);
      const Tensor two = Trained({.max_threads = 2, .target = target}, rows);
      const Tensor all = Trained({.max_threads = 0, .target = target}, rows);
      EXPECT_TRUE(test::SameBits(one.values(), two.values())) << target.name() << ' ' << rows;
      EXPECT_TRUE(test::SameBits(one.values(), all.values())) << target.name() << ' ' << rows;
    }
  }
}

TEST(ModelTest, AnyBatchSizeAfterAnother) {
  Model model({12}, kLists[1], 3);
  const reference::Network expected(model);
  for (const std::size_t rows : {1u, 100u, 3u, 0u, 129u, 64u}) {
    const Tensor x = RandomTensor(rows, {12}, 1);
    const Tensor& y = model.Forward({.mode = Mode::kInfer}, x);
    ASSERT_EQ(y.rows(), rows);
    if (rows == 0) continue;
    const reference::Row last = expected.Forward({.mode = Mode::kInfer}, 0, reference::Rows(x).back());
    for (std::size_t j = 0; j < last.size(); ++j) EXPECT_NEAR(y.row(rows - 1)[j], last[j], 1e-5);
  }
}

TEST(ModelTest, DescribesItself) {
  Model model({28, 28}, "flatten,dense:128:relu:l2=0.5,dropout:0.25,dense:10:bias=0", 1);
  EXPECT_EQ(model.Layers(), "flatten,dense:128:l2=0.5,relu,dropout:0.25,dense:10:bias=0");
  EXPECT_EQ(model.input_shape(), (Shape{28, 28}));
  EXPECT_EQ(model.output_shape(), Shape{10});
  EXPECT_EQ(model.parameter_count(), 784u * 128 + 128 + 1280);
  const auto parameters = model.parameters();
  ASSERT_EQ(parameters.size(), 3u);
  EXPECT_EQ(parameters[0].name, "1.weight");
  EXPECT_EQ(parameters[1].name, "1.bias");
  EXPECT_EQ(parameters[2].name, "4.weight");
  EXPECT_EQ(Summary(model),
            "   layer             output  parameters\n"
            "   input             28x28             \n"
            "0  flatten           784              0\n"
            "1  dense:128:l2=0.5  128         100480\n"
            "2  relu              128              0\n"
            "3  dropout:0.25      128              0\n"
            "4  dense:10:bias=0   10            1280\n"
            "   total                         101760\n");
}

TEST(ModelTest, ItsOwnListBuildsItAgain) {
  Model model({12}, "dense:9:relu,dense:9:tanh,dense:9,gelu,dense:2", 4);
  Model again(model.input_shape(), model.Layers(), 4);
  for (std::size_t p = 0; p < model.parameters().size(); ++p) {
    EXPECT_TRUE(test::SameBits(model.parameters()[p].parameter->value.values(),
                               again.parameters()[p].parameter->value.values()));
  }
}

TEST(ModelTest, MovesWithItsParameters) {
  Model model({4}, "dense:3", 1);
  const Parameter* weight = model.parameters()[0].parameter;
  Model moved = std::move(model);
  EXPECT_EQ(moved.parameters()[0].parameter, weight);
}

TEST(ModelTest, RefusesWhatDoesNotFit) {
  EXPECT_EQ(ErrorOf([] { Model({4}, std::vector<std::unique_ptr<Layer>>{}, 1); }),
            "model: no layers, expected at least one");
  EXPECT_EQ(ErrorOf([] { Model({0}, "dense:3", 1); }),
            "model: layer 0 (dense:3) after shape 0: dense: 0 inputs, expected 1 to 2147483647");
  EXPECT_NE(ErrorOf([] { Model({0}, "relu", 1); }), "no error");

  Model model({28, 28}, "dense:3", 1);
  const Tensor short_samples(2, {783});
  EXPECT_EQ(ErrorOf([&] { model.Forward({}, short_samples); }), "model: got samples of shape 783, expected 28x28");
  const Tensor x(2, {784});
  EXPECT_EQ(ErrorOf([&] { model.Forward({.step = std::uint64_t{1} << 40}, x); }),
            "model: step 1099511627776, expected less than 2^40");
  EXPECT_NE(ErrorOf([&] { model.Forward({.first_row = std::uint64_t{1} << 50}, x); }), "no error");
}

TEST(ModelTest, RefusesBackwardThatFollowsNoTraining) {
  Model model({4}, "dense:3", 1);
  const Tensor x(2, {4}), dy(2, {3});
  const Pass train{.mode = Mode::kTrain};
  const char* expected = "model: Backward without a Forward in training mode before it";
  EXPECT_EQ(ErrorOf([&] { model.Backward(train, dy); }), expected);
  model.Forward(train, x);
  model.Forward({.mode = Mode::kInfer}, x);
  EXPECT_EQ(ErrorOf([&] { model.Backward(train, dy); }), expected);
  model.Forward(train, x);
  const Tensor wide(2, {4}), tall(3, {3});
  EXPECT_EQ(ErrorOf([&] { model.Backward(train, wide); }),
            "model: got a gradient of 2 rows of shape 4, expected 2 of shape 3");
  EXPECT_NE(ErrorOf([&] { model.Backward(train, tall); }), "no error");
}

TEST(ModelTest, WithoutParametersOrRows) {
  for (const int threads : {0, 1, 2}) {
    const Pass pass{.mode = Mode::kTrain, .execution = {.max_threads = threads, .target = {}}};
    Model bare({4}, "relu,dropout:0.5", 1), dense({4}, "dense:3", 1);
    const Tensor x = RandomTensor(3, {4}, 1), none(0, {4});
    bare.Backward(pass, bare.Forward(pass, x));
    EXPECT_EQ(dense.Forward(pass, none).rows(), 0u);
    dense.Backward(pass, Tensor(0, {3}));
    for (const float g : dense.parameters()[0].parameter->gradient.values()) EXPECT_EQ(g, 0.0f);
  }
}

}  // namespace
}  // namespace fallow::nn
