#include "fallow/nn/rate_control.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "fallow/nn/training.h"
#include "tests/runtime/files.h"
#include "tests/runtime/problems.h"
#include "tests/runtime/tensors.h"
#include "tests/support/values.h"

namespace fallow::nn {
namespace {

constexpr char kLayers[] = "dropout:0.2,dense:24:tanh,dropout:0.5,dense:3";

// Epochs with a training loss of 1 - gap and a validation loss of 1.
std::vector<EpochRecord> History(const std::vector<double>& gaps) {
  std::vector<EpochRecord> history;
  for (const double gap : gaps) {
    history.push_back({.epoch = history.size() + 1, .train_loss = 1 - gap, .validation_loss = 1.0});
  }
  return history;
}

TrainingOptions MakeOptions(RateControl control) {
  TrainingOptions options;
  options.optimizer.learning_rate = 0.01;
  options.epochs = 5;
  options.batch_size = 32;
  options.rate_control.control = control;
  options.execution.max_threads = 1;
  return options;
}

std::vector<double> Rates(const std::vector<LayerRate>& rates) {
  std::vector<double> values;
  for (const LayerRate& rate : rates) values.push_back(rate.rate);
  return values;
}

TEST(RateControlTest, Names) {
  for (const RateControl control :
       {RateControl::kConstant, RateControl::kLinear, RateControl::kCurriculum, RateControl::kGap}) {
    EXPECT_EQ(ParseRateControl(Name(control)), control);
  }
  EXPECT_TRUE(Fails([] { ParseRateControl("gaps"); }, "rate control: got \"gaps\"", "constant, linear"));
}

TEST(RateControlTest, Linear) {
  RateControlOptions options{.control = RateControl::kLinear};
  EXPECT_EQ(ScheduledRate(options, 0.5, 0, 100, 10), 0);
  EXPECT_EQ(ScheduledRate(options, 0.5, 50, 100, 10), 0.25);
  EXPECT_EQ(ScheduledRate(options, 0.5, 100, 100, 10), 0.5);
  options.ramp_epochs = 2;
  EXPECT_EQ(ScheduledRate(options, 0.5, 5, 100, 10), 0.125);
  EXPECT_EQ(ScheduledRate(options, 0.5, 99, 100, 10), 0.5);
  options.from = 1;
  options.to = 0.5;
  EXPECT_EQ(ScheduledRate(options, 0.4, 0, 100, 10), 0.4);
  EXPECT_EQ(ScheduledRate(options, 0.4, 10, 100, 10), 0.3);
  EXPECT_EQ(ScheduledRate(options, 0.4, 30, 100, 10), 0.2);
}

TEST(RateControlTest, Curriculum) {
  RateControlOptions options{.control = RateControl::kCurriculum, .gamma = 0.01};
  EXPECT_EQ(ScheduledRate(options, 0.5, 0, 1000, 10), 0);
  for (const int t : {1, 7, 100, 900}) {
    EXPECT_NEAR(ScheduledRate(options, 0.5, t, 1000, 10), 0.5 * (1 - std::exp(-0.01 * t)), 1e-9);
  }
  options.gamma = 0;  // 10 / 1000.
  EXPECT_NEAR(ScheduledRate(options, 0.5, 100, 1000, 10), 0.5 * (1 - std::exp(-1)), 1e-9);
  EXPECT_EQ(ScheduledRate({}, 0.3, 7, 10, 10), 0.3);
}

TEST(RateControlTest, GapIsRelativeToTheValidationLoss) {
  EXPECT_EQ(Gap({.train_loss = 1, .validation_loss = 4.0}), 0.75);
  EXPECT_EQ(Gap({.train_loss = 3, .validation_loss = 2.0}), -0.5);
  EXPECT_EQ(Gap({.train_loss = -3, .validation_loss = -2.0}), 0.5);
  EXPECT_EQ(Gap({.train_loss = 0, .validation_loss = 0.0}), 0);
  EXPECT_FALSE(Gap({.train_loss = 1}).has_value());
}

TEST(RateControlTest, GapMovesAfterEnoughEpochsOnOneSide) {
  const RateControlOptions options{.control = RateControl::kGap, .low = 0.125, .high = 0.25, .hold = 2};
  const auto move = [&](const std::vector<double>& gaps) { return GapMove(options, History(gaps)); };
  EXPECT_EQ(move({}), 0);
  EXPECT_EQ(move({0.5}), 0);
  EXPECT_EQ(move({0.5, 0.4}), 1);
  EXPECT_EQ(move({0.5, 0.25}), 0);           // 0.25 itself is inside.
  EXPECT_EQ(move({0.5, 0.2, 0.5}), 0);       // Began anew.
  EXPECT_EQ(move({0.0, 0.05}), -1);          //
  EXPECT_EQ(move({0.5, 0.05}), 0);           // The other side.
  EXPECT_EQ(move({0.5, 0.05, 0.05}), -1);    //
  EXPECT_EQ(move({0.5, 0.5, 0.5}), 0);       // One epoch after a move.
  EXPECT_EQ(move({0.5, 0.5, 0.5, 0.5}), 1);  //
}

TEST(RateControlTest, GapStaysWithinItsBounds) {
  const RateControlOptions options{.control = RateControl::kGap, .hold = 1, .step = 0.15, .least = 0.1, .most = 0.4};
  EXPECT_EQ(GapRate(options, 0.2, History({})), 0.2);
  EXPECT_EQ(GapRate(options, 0.2, History({0.9})), 0.35);
  EXPECT_EQ(GapRate(options, 0.2, History({0.9, 0.9, 0.9})), 0.4);
  EXPECT_EQ(GapRate(options, 0.2, History({0.9, 0.9, 0.9, 0})), 0.25);  // No faster for having been pushed on.
  EXPECT_EQ(GapRate(options, 0.2, History({0, 0, 0})), 0.1);
}

// A model whose rate was moved does what one that was built with it does, also where the rate was 0 or becomes 0.
TEST(RateControlTest, AMovedRateIsTheRate) {
  const Tensor x = RandomTensor(150, {7}, 1), dy = RandomTensor(150, {3}, 2);
  const auto layers = [](const std::string& rate) { return "dense:9:tanh,dropout:" + rate + ",dense:3:sigmoid"; };
  const Pass pass{.mode = Mode::kTrain, .seed = 5, .step = 3};
  for (const char* from : {"0", "0.3", "1"}) {
    for (const char* to : {"0", "0.5", "1"}) {
      SCOPED_TRACE(std::string(from) + " to " + to);
      Model moved({7}, layers(from), 1), built({7}, layers(to), 1);
      moved.Forward(pass, x);
      moved.Backward(pass, dy);
      EXPECT_TRUE(moved.set_dropout_rate(2, std::stod(to)));
      EXPECT_EQ(moved.Layers(), built.Layers());
      EXPECT_EQ(moved.dropout_rates(), (std::vector<LayerRate>{{2, std::stod(to)}}));
      EXPECT_TRUE(test::SameBits(built.Forward(pass, x).values(), moved.Forward(pass, x).values()));
      moved.Backward(pass, dy);
      built.Backward(pass, dy);
      for (std::size_t i = 0; i < built.parameters().size(); ++i) {
        EXPECT_TRUE(test::SameBits(std::as_const(built.parameters()[i].parameter->gradient).values(),
                                   std::as_const(moved.parameters()[i].parameter->gradient).values()));
      }
    }
  }
}

// The same of layers that drop among other things.
TEST(RateControlTest, LayersThatDropInside) {
  Tensor tokens(40, Shape{6});
  std::mt19937 random(3);
  for (float& token : tokens.values()) token = static_cast<float>(random() % 5);
  const Tensor dy = RandomTensor(40, {3}, 2);
  const auto layers = [](const std::string& rate) {
    return "embedding:5:4:dropout=" + rate + ",attention:2:dropout=" + rate + ",lstm:3:sequences=1:dropout=" + rate +
           ":recurrent_dropout=" + rate + ":zoneout=" + rate + ",gru:4:weight_dropout=" + rate + ",dense:3";
  };
  const Pass pass{.mode = Mode::kTrain, .seed = 5, .step = 3};
  for (const char* to : {"0", "0.6"}) {
    SCOPED_TRACE(to);
    Model moved({6}, layers("0.3"), 1), built({6}, layers(to), 1);
    ASSERT_EQ(Rates(moved.dropout_rates()), (std::vector{0.3, 0.3, 0.3, 0.3}));
    for (const std::size_t layer : {0u, 1u, 2u, 3u}) EXPECT_TRUE(moved.set_dropout_rate(layer, std::stod(to)));
    EXPECT_EQ(moved.Layers(), built.Layers());
    EXPECT_TRUE(test::SameBits(built.Forward(pass, tokens).values(), moved.Forward(pass, tokens).values()));
    moved.Backward(pass, dy);
    built.Backward(pass, dy);
    for (std::size_t i = 0; i < built.parameters().size(); ++i) {
      EXPECT_TRUE(test::SameBits(std::as_const(built.parameters()[i].parameter->gradient).values(),
                                 std::as_const(moved.parameters()[i].parameter->gradient).values()));
    }
    const Pass infer{.mode = Mode::kInfer};  // In which zoneout takes a mean.
    EXPECT_TRUE(test::SameBits(built.Forward(infer, tokens).values(), moved.Forward(infer, tokens).values()));
    for (const std::size_t layer : {0u, 3u}) {
      moved.set_dropout_rate(layer, 0.5);  // And back from 0.
      EXPECT_EQ(moved.dropout_rates()[layer].rate, 0.5);
    }
  }
  EXPECT_TRUE(Model({6}, layers("0"), 1).dropout_rates().empty());
}

TEST(RateControlTest, RatesThatCannotBeMoved) {
  EXPECT_TRUE(Model({5, 2}, "lstm:3:dropout=0.1:zoneout=0.2", 1).dropout_rates().empty());  // Which of the two?
  Model model({5}, kLayers, 1);
  EXPECT_TRUE(Fails([&] { model.set_dropout_rate(1, 0.5); }, "layer 1 has no dropout rate"));
  EXPECT_TRUE(Fails([&] { model.set_dropout_rate(9, 0.5); }, "layer 9 has no dropout rate"));
  EXPECT_TRUE(Fails([&] { model.set_dropout_rate(0, 1.5); }, "layer 0: the rate is 1.5"));
  EXPECT_TRUE(Fails([&] { model.set_dropout_rate(0, NAN); }, "layer 0: the rate is nan"));
  EXPECT_EQ(Rates(model.dropout_rates()), (std::vector{0.2, 0.5}));
  const Tensor x = RandomTensor(4, {5}, 1), dy = RandomTensor(4, {3}, 2);
  const Pass pass{.mode = Mode::kTrain};
  model.Forward(pass, x);
  model.set_dropout_rate(0, 0.5);
  EXPECT_TRUE(Fails([&] { model.Backward(pass, dy); }, "Backward without a Forward"));
}

// The loop as the header describes it, written out.
TEST(RateControlTest, TrainingMovesRatesStepByStep) {
  const Dataset data = Clusters(203, 1);
  const TrainingOptions options = MakeOptions(RateControl::kCurriculum);
  Model actual({5}, kLayers, 1), expected({5}, kLayers, 1);
  const TrainingResult result = Train(actual, data, nullptr, options);

  Optimizer optimizer(options.optimizer, expected.parameters());
  std::size_t step = 0;
  for (std::size_t epoch = 1; epoch <= 5; ++epoch) {
    const std::vector<std::uint32_t> order = Permutation(203, options.seed, epoch);
    for (std::size_t begin = 0; begin < 203; begin += 32, ++step) {
      const Dataset batch = Select(data, std::span(order).subspan(begin, std::min<std::size_t>(32, 203 - begin)));
      for (const auto& [layer, rate] : {LayerRate{0, 0.2}, {3, 0.5}}) {
        expected.set_dropout_rate(layer, ScheduledRate(options.rate_control, rate, step, 5 * 7, 7));
      }
      const Pass pass{Mode::kTrain, options.seed, step, 0, {}};
      Tensor gradient;
      Evaluate(options.loss, expected.Forward(pass, batch.x), batch.y, &gradient);
      expected.Backward(pass, gradient);
      optimizer.Step(0.01, {});
    }
    EXPECT_EQ(result.history[epoch - 1].dropout_rates, expected.dropout_rates()) << epoch;
  }
  EXPECT_TRUE(test::SameBits(Weights(expected), Weights(actual)));
  EXPECT_EQ(actual.dropout_rates(), expected.dropout_rates());
}

// Noise is learnt by heart: the gap opens, and the rate goes up as far as it may.
TEST(RateControlTest, TrainingFollowsTheGap) {
  const Dataset train = Noise(60, 1), validation = Noise(60, 3);
  TrainingOptions options = MakeOptions(RateControl::kGap);
  options.epochs = 60;
  options.optimizer.learning_rate = 0.03;
  options.rate_control.layers = {3};
  options.rate_control.most = 0.15;
  Model model({5}, "dropout:0.05,dense:100:tanh,dropout:0.05,dense:3", 1);
  const TrainingResult result = Train(model, train, &validation, options);
  EXPECT_EQ(Rates(result.history.front().dropout_rates), (std::vector{0.05, 0.05}));
  EXPECT_EQ(Rates(result.history.back().dropout_rates), (std::vector{0.05, 0.15}));
  for (std::size_t i = 1; i < result.history.size(); ++i) {
    const int move = GapMove(options.rate_control, std::span(result.history).first(i));
    const double before = result.history[i - 1].dropout_rates[1].rate, rate = result.history[i].dropout_rates[1].rate;
    EXPECT_NEAR(rate, std::clamp(before + 0.05 * move, 0.0, 0.15), 1e-9) << i;
  }
}

TEST(RateControlTest, TheModelHasTheRatesOfItsWeights) {
  const Dataset train = Noise(60, 1), validation = Noise(60, 3);
  TrainingOptions options = MakeOptions(RateControl::kLinear);
  options.epochs = 60;
  options.early_stopping_patience = 3;
  Model best({5}, kLayers, 1);
  const TrainingResult result = Train(best, train, &validation, options);
  ASSERT_LT(result.best_epoch, result.history.size());
  EXPECT_EQ(best.dropout_rates(), result.history[result.best_epoch - 1].dropout_rates);

  std::size_t steps = 0;
  const TrainingCallbacks callbacks{.on_resume = {}, .on_step = {}, .on_epoch = {}, .should_stop = [&] {
                                      return ++steps == 5;
                                    }};  // In the third epoch of two steps.
  Model stopped({5}, kLayers, 1);
  const TrainingResult two = Train(stopped, train, &validation, options, callbacks);
  ASSERT_EQ(two.history.size(), 2u);
  EXPECT_EQ(stopped.dropout_rates(), two.history.back().dropout_rates);
  steps = 4;
  Model at_once({5}, kLayers, 1);
  Train(at_once, train, &validation, options, callbacks);
  EXPECT_EQ(Rates(at_once.dropout_rates()), (std::vector{0.2, 0.5}));
}

TEST(RateControlTest, Errors) {
  const auto fails = [](const auto& change, const char* layers, const auto&... parts) {
    TrainingOptions options = MakeOptions(RateControl::kGap);
    change(options.rate_control);
    Model model({5}, layers, 1);
    const Dataset data = Clusters(40, 1);
    return Fails([&] { Train(model, data, &data, options); }, parts...);
  };
  using O = RateControlOptions;
  EXPECT_TRUE(fails([](O& o) { o.from = -0.1; }, kLayers, "rate_control.from: got -0.1"));
  EXPECT_TRUE(fails([](O& o) { o.to = NAN; }, kLayers, "rate_control.to: got nan"));
  EXPECT_TRUE(fails([](O& o) { o.gamma = -1; }, kLayers, "rate_control.gamma: got -1"));
  EXPECT_TRUE(fails([](O& o) { o.low = 0.5; }, kLayers, "got low 0.5 and high 0.3"));
  EXPECT_TRUE(fails([](O& o) { o.high = INFINITY; }, kLayers, "high inf"));
  EXPECT_TRUE(fails([](O& o) { o.hold = 0; }, kLayers, "rate_control.hold: got 0"));
  EXPECT_TRUE(fails([](O& o) { o.step = 2; }, kLayers, "rate_control.step: got 2"));
  EXPECT_TRUE(fails([](O& o) { o.most = 1.1; }, kLayers, "rate_control.most: got 1.1"));
  EXPECT_TRUE(fails([](O& o) { o.least = 0.9; }, kLayers, "rate_control.least: got 0.9", "[0, 0.8]"));
  EXPECT_TRUE(fails([](O& o) { o.most = 0.4; }, kLayers, "layer 3 begins at rate 0.5, expected one in [0, 0.4]"));
  EXPECT_TRUE(fails([](O& o) { o.layers = {0, 1}; }, kLayers, "rate_control.layers: got 1"));
  EXPECT_TRUE(fails([](O&) {}, "dense:3", "no dropout rate to move"));
  const Dataset data = Clusters(40, 1);
  Model model({5}, kLayers, 1);
  EXPECT_TRUE(Fails([&] { Train(model, data, nullptr, MakeOptions(RateControl::kGap)); }, "gap needs validation data"));
}

}  // namespace
}  // namespace fallow::nn
