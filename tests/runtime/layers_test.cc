// Dense, dropout and flatten, and the text form of layers.
#include "fallow/nn/layers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "fallow/nn/error.h"
#include "fallow/nn/model.h"
#include "tests/runtime/files.h"
#include "tests/runtime/models.h"
#include "tests/runtime/tensors.h"
#include "tests/support/oracle.h"
#include "tests/support/values.h"

namespace fallow::nn {
namespace {

std::string ParseError(std::string_view list) {
  return ErrorOf([&] { ParseLayers(list); });
}

TEST(LayerListTest, ReadsBack) {
  for (const char* list : {"dense:128,relu,dropout:0.5,dense:10", "flatten,dense:3:l1=0.1:l2=1e-04:max_norm=3:bias=0",
                           "leaky_relu,leaky_relu:0.2,elu,selu,gelu,silu,sigmoid,tanh,softmax", "dropout:0,dropout:1",
                           "embedding:9:4:dropout=0.1:padding=0,lstm:5:sequences=1:bidirectional=1:mask=1,"
                           "gru:3:dropout=0.1:recurrent_dropout=0.2:zoneout=0.3:weight_dropout=0.4,embedding:9:4"}) {
    EXPECT_EQ(Specs(list), list);
  }
}

TEST(LayerListTest, ShortForms) {
  EXPECT_EQ(Specs("dense:128:relu"), "dense:128,relu");
  EXPECT_EQ(Specs("dense:64:tanh:l2=0.5"), "dense:64:l2=0.5,tanh");
  EXPECT_EQ(Specs("dense:64:linear,linear"), "dense:64");
  EXPECT_EQ(Specs(" dense:4 ,\n relu "), "dense:4,relu");
  EXPECT_EQ(Specs("dense:4:bias=1:l1=0"), "dense:4");
}

TEST(LayerListTest, ErrorsNamePositionAndText) {
  EXPECT_EQ(ParseError("dense:4,dropout:1.5"),
            "layer 2 \"dropout:1.5\": dropout: the rate is 1.5, expected a number in [0, 1]");
  EXPECT_EQ(ParseError("dropout:nan"),
            "layer 1 \"dropout:nan\": dropout: the rate is nan, expected a number in [0, 1]");
  EXPECT_EQ(ParseError("dropout"), "layer 1 \"dropout\": expected dropout:RATE");
  EXPECT_EQ(ParseError("dropout:half"), "layer 1 \"dropout:half\": got \"half\", expected a rate");
  EXPECT_EQ(ParseError("dropout:0.5x"), "layer 1 \"dropout:0.5x\": got \"0.5x\", expected a rate");
  EXPECT_EQ(ParseError("dense"), "layer 1 \"dense\": expected dense:UNITS");
  EXPECT_EQ(ParseError("dense:-1"), "layer 1 \"dense:-1\": got \"-1\", expected a whole number of units");
  EXPECT_EQ(ParseError("dense:1.5"), "layer 1 \"dense:1.5\": got \"1.5\", expected a whole number of units");
  EXPECT_EQ(ParseError("dense:0"), "layer 1 \"dense:0\": dense: 0 units, expected 1 to 2147483647");
  EXPECT_EQ(ParseError("dense:4:l2=-1"), "layer 1 \"dense:4:l2=-1\": dense: l2 is -1, expected a number >= 0");
  EXPECT_EQ(ParseError("dense:4:bias=2"), "layer 1 \"dense:4:bias=2\": got \"bias=2\", expected bias=0 or bias=1");
  EXPECT_EQ(ParseError("dense:4:l3=1"),
            "layer 1 \"dense:4:l3=1\": got \"l3=1\", expected l1=X, l2=X, max_norm=X, unit_norm=1 or bias=0");
  EXPECT_EQ(ParseError("dense:4:relu:"),
            "layer 1 \"dense:4:relu:\": got \"\", expected l1=X, l2=X, max_norm=X, unit_norm=1 or bias=0");
  EXPECT_EQ(ParseError("relu:2"), "layer 1 \"relu:2\": expected no more than a name");
  EXPECT_EQ(ParseError("leaky_relu:-1"),
            "layer 1 \"leaky_relu:-1\": leaky_relu: the negative slope is -1, expected a number >= 0");
  EXPECT_NE(ParseError("dense:4:swish").find("layer 1 \"dense:4:swish\": activation: got \"swish\""),
            std::string::npos);
  EXPECT_NE(ParseError("relu,,relu").find("layer 2 \"\": expected dense:UNITS"), std::string::npos);
  EXPECT_NE(ParseError("").find("layer 1 \"\""), std::string::npos);
  EXPECT_NE(ParseError("conv:3").find("layer 1 \"conv:3\": expected dense:UNITS, dropout:RATE"), std::string::npos);
}

TEST(DenseTest, NamesAndShapesArePyTorchs) {
  const auto layer = MakeDense(3);
  EXPECT_EQ(layer->Plan({2, 2}).output, Shape{3});
  layer->Build({2, 2}, 1, 0);
  ASSERT_EQ(layer->parameters().size(), 2u);
  const Parameter& weight = layer->parameters()[0];
  const Parameter& bias = layer->parameters()[1];
  EXPECT_EQ(weight.name, "weight");
  EXPECT_EQ(weight.value.rows(), 3u);
  EXPECT_EQ(weight.value.cols(), 4u);
  EXPECT_EQ(bias.name, "bias");
  EXPECT_EQ(bias.value.rows(), 1u);
  EXPECT_EQ(weight.l1 + weight.l2 + weight.max_norm + bias.l1 + bias.l2 + bias.max_norm, 0.0f);
}

TEST(DenseTest, PenaltiesAreTheWeightsAlone) {
  const auto layer = MakeDense(3, {.l1 = 1, .l2 = 2, .max_norm = 3});
  layer->Build({4}, 1, 0);
  EXPECT_EQ(layer->parameters()[0].l1, 1.0f);
  EXPECT_EQ(layer->parameters()[0].l2, 2.0f);
  EXPECT_EQ(layer->parameters()[0].max_norm, 3.0f);
  EXPECT_EQ(layer->parameters()[1].l2, 0.0f);
}

// Uniform in (-limit, limit): the largest of n is within limit * 20 / n of it with probability 1 - exp(-10), and the
// mean of squares is limit^2 / 3 with a relative deviation of 0.9 / sqrt(n).
void ExpectUniform(std::span<const float> values, double limit) {
  const auto n = static_cast<double>(values.size());
  double largest = 0, squares = 0, sum = 0;
  for (const float v : values) {
    largest = std::max(largest, std::abs(double{v}));
    squares += double{v} * v;
    sum += v;
  }
  EXPECT_LE(largest, limit);
  EXPECT_GT(largest, limit * (1 - 20 / n));
  EXPECT_NEAR(squares / n / (limit * limit / 3), 1.0, 5 * 0.9 / std::sqrt(n));
  EXPECT_NEAR(sum / n, 0.0, 5 * limit / std::sqrt(3 * n));
}

std::unique_ptr<Layer> BuiltDense(std::string_view list, std::uint64_t seed, std::size_t index) {
  auto layer = std::move(ParseLayers(list)[0]);
  layer->Build({300}, seed, index);
  return layer;
}

TEST(DenseTest, StartsAsPyTorchsLinear) {
  const auto layer = BuiltDense("dense:100", 1, 0);
  ExpectUniform(layer->parameters()[0].value.values(), 1 / std::sqrt(300.0));
  ExpectUniform(layer->parameters()[1].value.values(), 1 / std::sqrt(300.0));
  EXPECT_NE(layer->parameters()[0].value.values()[0], layer->parameters()[1].value.values()[0]);
}

TEST(DenseTest, WeightsAreAFunctionOfSeedAndIndex) {
  const auto a = BuiltDense("dense:9", 1, 2), b = BuiltDense("dense:9", 1, 2);
  EXPECT_TRUE(test::SameBits(a->parameters()[0].value.values(), b->parameters()[0].value.values()));
  const auto other_seed = BuiltDense("dense:9", 2, 2), other_index = BuiltDense("dense:9", 1, 3);
  EXPECT_NE(a->parameters()[0].value.values()[0], other_seed->parameters()[0].value.values()[0]);
  EXPECT_NE(a->parameters()[0].value.values()[0], other_index->parameters()[0].value.values()[0]);
}

// Large enough to be cut into parts: by columns, one of them shorter, by rows, and of one row.
TEST(DenseTest, LargeProductsEqualTheFormulas) {
  struct {
    std::size_t rows, units, inputs;
  } const kSizes[] = {{70, 530, 300}, {150, 40, 400}, {1, 1040, 2100}};
  for (const auto& [rows, units, inputs] : kSizes) {
    const auto dense = MakeDense(units);
    dense->Build({inputs}, 1, 0);
    const Tensor& w = dense->parameters()[0].value;
    const Tensor& bias = dense->parameters()[1].value;
    const Tensor x = RandomTensor(rows, {inputs}, 1), dy = RandomTensor(rows, {units}, 2);
    std::vector<Tensor> y, dx;
    for (const int threads : {1, 2, 3}) {
      const Pass pass{.execution = {.max_threads = threads}};
      dense->ForwardRows(pass, {0, rows}, x.data(), y.emplace_back(rows, Shape{units}).data(), {});
      dense->BackwardRows(pass, {0, rows}, x.data(), y[0].data(), dy.data(),
                          dx.emplace_back(rows, Shape{inputs}).data(), {});
      EXPECT_TRUE(test::SameBits(y[0].values(), y.back().values())) << threads;
      EXPECT_TRUE(test::SameBits(dx[0].values(), dx.back().values())) << threads;
    }
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t j = 0; j < units; ++j) {
        double sum = bias.values()[j];
        for (std::size_t k = 0; k < inputs; ++k) sum += double{x.row(r)[k]} * double{w.row(j)[k]};
        ASSERT_NEAR(y[0].row(r)[j], sum, 1e-4) << r << ' ' << j;
      }
      for (std::size_t k = 0; k < inputs; ++k) {
        double sum = 0;
        for (std::size_t j = 0; j < units; ++j) sum += double{dy.row(r)[j]} * double{w.row(j)[k]};
        ASSERT_NEAR(dx[0].row(r)[k], sum, 1e-4) << r << ' ' << k;
      }
    }
  }
}

TEST(DenseTest, RefusesNoInputs) { EXPECT_THROW(MakeDense(3)->Plan({0}), Error); }

TEST(DropoutLayerTest, IsTheContractsMask) {
  constexpr std::size_t kCols = 77, kRows = 9, kBegin = 4, kIndex = 3;
  const auto layer = MakeDropout(0.3);
  layer->Build({kCols}, 1, kIndex);
  const Tensor x = RandomTensor(kRows, {kCols}, 1);
  for (const Mode mode : {Mode::kTrain, Mode::kMonteCarlo}) {
    const Pass pass{.mode = mode, .seed = 42, .step = 17, .first_row = 100};
    Tensor y(kRows, {kCols}), dx(kRows, {kCols});
    layer->ForwardRows(pass, {kBegin, kBegin + kRows}, x.data(), y.data(), {});
    layer->BackwardRows(pass, {kBegin, kBegin + kRows}, nullptr, nullptr, x.data(), dx.data(), {});
    const oracle::Key key{42, (std::uint64_t{kIndex} << 40) + 17, (100 + kBegin) * kCols};
    const auto expected = oracle::Dropout(0.3, x.values(), oracle::MaskBytes(0.3, key, kRows * kCols));
    EXPECT_TRUE(test::SameBits(expected, y.values()));
    EXPECT_TRUE(test::SameBits(expected, dx.values()));
  }
}

TEST(DropoutLayerTest, IsTheIdentityInInference) {
  const auto layer = MakeDropout(0.5);
  layer->Build({50}, 1, 0);
  EXPECT_TRUE(layer->identity(Mode::kInfer));
  EXPECT_FALSE(layer->identity(Mode::kTrain));
  EXPECT_FALSE(layer->identity(Mode::kMonteCarlo));
  EXPECT_TRUE(MakeDropout(0)->identity(Mode::kTrain));
  const Tensor x = RandomTensor(2, {50}, 1);
  Tensor y(2, {50});
  layer->ForwardRows({.mode = Mode::kInfer}, {0, 2}, x.data(), y.data(), {});
  EXPECT_TRUE(test::SameBits(x.values(), y.values()));
}

TEST(DropoutLayerTest, RefusesRatesThatAreNoProbability) {
  EXPECT_EQ(ErrorOf([] { MakeDropout(-0.1); }), "dropout: the rate is -0.1, expected a number in [0, 1]");
  EXPECT_EQ(ErrorOf([] { MakeDropout(std::nan("")); }), "dropout: the rate is nan, expected a number in [0, 1]");
  EXPECT_THROW(MakeDropout(std::numeric_limits<double>::infinity()), Error);
}

TEST(FlattenTest, ChangesTheShapeAlone) {
  const auto layer = MakeFlatten();
  EXPECT_EQ(layer->Plan({3, 4, 5}).output, Shape{60});
  layer->Build({3, 4, 5}, 1, 0);
  const Tensor x = RandomTensor(2, {3, 4, 5}, 1);
  Tensor y(2, {60});
  layer->ForwardRows({}, {0, 2}, x.data(), y.data(), {});
  EXPECT_TRUE(test::SameBits(x.values(), y.values()));
}

TEST(PermuteTest, MovesNumbers) {
  const auto layer = ParseLayers("permute:3x1x2");
  EXPECT_EQ(layer[0]->Spec(), "permute:3x1x2");
  Model model({2, 3, 4}, "permute:3x1x2", 1);
  EXPECT_EQ(model.output_shape(), (Shape{4, 2, 3}));
  const Tensor x = RandomTensor(150, {2, 3, 4}, 1);
  const Tensor& y = model.Forward({}, x);
  for (std::size_t r = 0; r < x.rows(); ++r) {
    for (std::size_t i = 0; i < 24; ++i) ASSERT_EQ(y.row(r)[i % 4 * 6 + i / 4], x.row(r)[i]) << r << ' ' << i;
  }
  EXPECT_EQ(Model({5}, "permute:1", 1).Forward({}, RandomTensor(1, {5}, 1)).cols(), 5);
}

TEST(PermuteTest, Errors) {
  const auto error = [](const char* list) { return ErrorOf([&] { Model({2, 3}, list, 1); }); };
  EXPECT_EQ(error("permute:1x1"),
            "layer 1 \"permute:1x1\": permute: got \"1x1\", expected the dimensions from 1 to at most 4, each once");
  EXPECT_NE(error("permute:3x2"), "");
  EXPECT_NE(error("permute"), "");
  EXPECT_NE(error("permute:1x2x3").find("permute: samples of shape 2x3, expected 3 dimensions"), std::string::npos);
}

TEST(ReshapeTest, ChangesTheShapeAlone) {
  Model model({3, 4}, "reshape:2x6,tanh,reshape:12x1x1", 1);
  EXPECT_EQ(model.output_shape(), (Shape{12, 1, 1}));
  EXPECT_EQ(model.Layers(), "reshape:2x6,tanh,reshape:12x1x1");
  EXPECT_NE(ErrorOf([] {
              Model({3, 4}, "reshape:5x2", 1);
            }).find("samples of 12 elements, expected the 10 of 5x2"),
            std::string::npos);
}

}  // namespace
}  // namespace fallow::nn
