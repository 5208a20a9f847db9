#include "fallow/nn/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "fallow/nn/error.h"
#include "fallow/target.h"
#include "tests/runtime/tensors.h"
#include "tests/support/values.h"

namespace fallow::nn {
namespace {

// Parameters without a model. More elements than one piece, and no multiple of any vector.
struct Parameters {
  explicit Parameters(std::size_t rows = 5, std::size_t cols = 7001) {
    weight = {.name = "weight", .value = RandomTensor(rows, {cols}, 1), .gradient = Tensor(rows, {cols})};
    bias = {.name = "bias", .value = RandomTensor(1, {rows}, 2), .gradient = Tensor(1, {rows})};
    weight.value.values()[3] = 0;
  }
  std::vector<NamedParameter> named() { return {{"0.weight", &weight}, {"0.bias", &bias}}; }
  void SetGradients(unsigned step) {
    weight.gradient = RandomTensor(weight.value.rows(), weight.value.sample_shape(), 10 + step);
    bias.gradient = RandomTensor(1, bias.value.sample_shape(), 20 + step);
  }
  Parameter weight, bias;
};

// PyTorch's formulas, for one parameter, in double.
class Reference {
 public:
  Reference(const OptimizerOptions& options, const Parameter& parameter, bool decays)
      : o_(options),
        decay_(decays ? options.weight_decay : 0),
        l1_(parameter.l1),
        l2_(parameter.l2),
        w(parameter.value.values().begin(), parameter.value.values().end()),
        a_(w.size()),
        b_(w.size()) {}

  void Step(double rate, std::span<const float> gradient) {
    ++t_;
    for (std::size_t i = 0; i < w.size(); ++i) {
      const double sign = w[i] > 0 ? 1 : w[i] < 0 ? -1 : 0;
      double g = gradient[i] + l1_ * sign + 2 * l2_ * w[i];
      if (o_.algorithm == Algorithm::kAdamW) {
        w[i] -= rate * decay_ * w[i];
      } else {
        g += decay_ * w[i];
      }
      w[i] -= o_.algorithm == Algorithm::kSGD ? rate * Sgd(g, i) : rate * Adam(g, i);
    }
  }

 private:
  double Sgd(double g, std::size_t i) {
    a_[i] = t_ == 1 ? g : o_.momentum * a_[i] + g;
    if (o_.momentum == 0) return g;
    return o_.nesterov ? g + o_.momentum * a_[i] : a_[i];
  }
  double Adam(double g, std::size_t i) {
    a_[i] = o_.beta1 * a_[i] + (1 - o_.beta1) * g;
    b_[i] = o_.beta2 * b_[i] + (1 - o_.beta2) * g * g;
    const double m = a_[i] / (1 - std::pow(o_.beta1, t_));
    const double v = b_[i] / (1 - std::pow(o_.beta2, t_));
    return m / (std::sqrt(v) + o_.epsilon);
  }

  OptimizerOptions o_;
  double decay_, l1_, l2_;
  int t_ = 0;

 public:
  std::vector<double> w;

 private:
  std::vector<double> a_, b_;
};

void ExpectFollowsReference(const OptimizerOptions& options, float l1 = 0, float l2 = 0) {
  Parameters parameters;
  parameters.weight.l1 = l1;
  parameters.weight.l2 = l2;
  Reference weight(options, parameters.weight, true), bias(options, parameters.bias, false);
  Optimizer optimizer(options, parameters.named());
  for (unsigned step = 0; step < 6; ++step) {
    const double rate = options.learning_rate / (1 + step);
    parameters.SetGradients(step);
    optimizer.Step(rate, {});
    weight.Step(rate, parameters.weight.gradient.values());
    bias.Step(rate, parameters.bias.gradient.values());
  }
  for (std::size_t i = 0; i < weight.w.size(); ++i) {
    ASSERT_NEAR(parameters.weight.value.values()[i], weight.w[i], 3e-6) << i;
  }
  for (std::size_t i = 0; i < bias.w.size(); ++i) {
    ASSERT_NEAR(parameters.bias.value.values()[i], bias.w[i], 3e-6) << i;
  }
}

TEST(OptimizerTest, Sgd) { ExpectFollowsReference({.algorithm = Algorithm::kSGD, .learning_rate = 0.1}); }

TEST(OptimizerTest, SgdWithWeightDecay) {
  ExpectFollowsReference({.algorithm = Algorithm::kSGD, .learning_rate = 0.1, .weight_decay = 0.05});
}

TEST(OptimizerTest, SgdWithMomentum) {
  ExpectFollowsReference({.algorithm = Algorithm::kSGD, .learning_rate = 0.1, .momentum = 0.9, .weight_decay = 0.05});
}

TEST(OptimizerTest, SgdWithNesterovMomentum) {
  ExpectFollowsReference({.algorithm = Algorithm::kSGD, .learning_rate = 0.1, .momentum = 0.9, .nesterov = true});
}

TEST(OptimizerTest, Adam) { ExpectFollowsReference({.learning_rate = 0.1}); }

// An epsilon this large shows where it is added.
TEST(OptimizerTest, AdamWithEpsilonAndWeightDecay) {
  ExpectFollowsReference({.learning_rate = 0.1, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 0.1, .weight_decay = 0.05});
}

TEST(OptimizerTest, AdamW) {
  ExpectFollowsReference({.algorithm = Algorithm::kAdamW, .learning_rate = 0.1, .weight_decay = 0.5});
}

TEST(OptimizerTest, Penalties) {
  ExpectFollowsReference({.algorithm = Algorithm::kSGD, .learning_rate = 0.1}, 0.02f, 0.03f);
  ExpectFollowsReference({.algorithm = Algorithm::kAdamW, .learning_rate = 0.1, .weight_decay = 0.5}, 0.02f, 0.03f);
}

TEST(OptimizerTest, DefaultsArePyTorchs) {
  const OptimizerOptions options;
  EXPECT_EQ(options.learning_rate, 1e-3);
  EXPECT_EQ(options.beta1, 0.9);
  EXPECT_EQ(options.beta2, 0.999);
  EXPECT_EQ(options.epsilon, 1e-8);
  EXPECT_EQ(options.momentum, 0.0);
  EXPECT_FALSE(options.nesterov);
}

TEST(OptimizerTest, MaxNormScalesLongRowsAlone) {
  Parameters parameters(3, 5);
  parameters.weight.max_norm = 3;
  for (std::size_t j = 0; j < 5; ++j) {
    parameters.weight.value.row(0)[j] = 4;
    parameters.weight.value.row(1)[j] = 0.5f;
    parameters.weight.value.row(2)[j] = 0;
  }
  Optimizer({.algorithm = Algorithm::kSGD}, parameters.named()).Step(1.0, {});
  for (std::size_t j = 0; j < 5; ++j) {
    EXPECT_NEAR(parameters.weight.value.row(0)[j], 3 / std::sqrt(5.0), 1e-6);
    EXPECT_EQ(parameters.weight.value.row(1)[j], 0.5f);
    EXPECT_EQ(parameters.weight.value.row(2)[j], 0.0f);
  }
}

// The norm is over all parameters, 5 x 7001 and 5, of more than one piece.
TEST(OptimizerTest, ClipsTheNormOfAllGradients) {
  Parameters clipped, plain;
  clipped.SetGradients(0);
  plain.SetGradients(0);
  double squares = 0;
  for (const Parameter* parameter : {&plain.weight, &plain.bias}) {
    for (const float g : parameter->gradient.values()) squares += double{g} * g;
  }
  const double norm = std::sqrt(squares);
  for (const double share : {0.25, 0.999, 1.001}) {
    clipped.SetGradients(0);
    Optimizer({.algorithm = Algorithm::kSGD, .clip_norm = share * norm}, clipped.named()).Step(0, {});
    const double factor = share < 1 ? share : 1;
    for (std::size_t i = 0; i < plain.weight.gradient.values().size(); i += 13) {
      ASSERT_NEAR(clipped.weight.gradient.values()[i], factor * plain.weight.gradient.values()[i], 1e-6) << i;
    }
    for (std::size_t i = 0; i < 5; ++i) {
      ASSERT_NEAR(clipped.bias.gradient.values()[i], factor * plain.bias.gradient.values()[i], 1e-6);
    }
  }
}

TEST(OptimizerTest, ClipsValuesBeforeTheNormAndPenalties) {
  Parameters parameters(1, 3);
  const float gradient[] = {-5, 0.25f, 2}, weight[] = {1, 0, 0};
  std::ranges::copy(gradient, parameters.weight.gradient.data());
  std::ranges::copy(weight, parameters.weight.value.data());
  parameters.bias.gradient.data()[0] = 0;
  parameters.weight.l1 = 3;
  Optimizer({.algorithm = Algorithm::kSGD, .clip_norm = 0.75, .clip_value = 1}, parameters.named()).Step(1, {});
  const double factor = 0.75 / std::sqrt(1 + 0.0625 + 1);
  EXPECT_NEAR(parameters.weight.value.data()[0], 1 + factor - 3, 1e-6);
  EXPECT_NEAR(parameters.weight.value.data()[1], -0.25 * factor, 1e-6);
  EXPECT_NEAR(parameters.weight.value.data()[2], -factor, 1e-6);
}

TEST(OptimizerTest, UnitNormScalesAllRowsButZeros) {
  Parameters parameters(3, 5);
  parameters.weight.unit_norm = true;
  for (std::size_t j = 0; j < 5; ++j) {
    parameters.weight.value.row(0)[j] = 4;
    parameters.weight.value.row(1)[j] = 0.0625f;
    parameters.weight.value.row(2)[j] = 0;
  }
  Optimizer({.algorithm = Algorithm::kSGD}, parameters.named()).Step(1.0, {});
  for (std::size_t j = 0; j < 5; ++j) {
    EXPECT_NEAR(parameters.weight.value.row(0)[j], 1 / std::sqrt(5.0), 1e-6);
    EXPECT_NEAR(parameters.weight.value.row(1)[j], 1 / std::sqrt(5.0), 1e-6);
    EXPECT_EQ(parameters.weight.value.row(2)[j], 0.0f);
  }
}

Tensor WeightsAfterSteps(const OptimizerOptions& options, const Execution& execution) {
  Parameters parameters;
  parameters.weight.l1 = 0.01f;
  parameters.weight.max_norm = 50;
  Optimizer optimizer(options, parameters.named());
  for (unsigned step = 0; step < 3; ++step) {
    parameters.SetGradients(step);
    optimizer.Step(0.1, execution);
  }
  return std::move(parameters.weight.value);
}

TEST(OptimizerTest, SameBitsForAnyThreadsAndTarget) {
  for (const OptimizerOptions& options :
       {OptimizerOptions{.weight_decay = 0.1}, OptimizerOptions{.algorithm = Algorithm::kSGD, .weight_decay = 0.1},
        OptimizerOptions{.clip_norm = 0.5, .clip_value = 1.5},
        OptimizerOptions{.algorithm = Algorithm::kSGD, .momentum = 0.9, .nesterov = true, .weight_decay = 0.1}}) {
    const Tensor expected = WeightsAfterSteps(options, {.max_threads = 1});
    for (const int threads : {0, 1, 2}) {
      for (const Target target : SupportedTargets()) {
        SCOPED_TRACE(std::string(target.name()) + ' ' + std::to_string(threads));
        const Tensor actual = WeightsAfterSteps(options, {.max_threads = threads, .target = target});
        EXPECT_TRUE(test::SameBits(expected.values(), actual.values()));
      }
    }
  }
}

TEST(OptimizerTest, SlotsAndStepsRestoreTheState) {
  for (const OptimizerOptions& options :
       {OptimizerOptions{}, OptimizerOptions{.algorithm = Algorithm::kSGD, .momentum = 0.9}}) {
    Parameters a, b;
    Optimizer whole(options, a.named());
    for (unsigned step = 0; step < 4; ++step) {
      a.SetGradients(step);
      whole.Step(0.1, {});
    }
    Optimizer first(options, b.named()), second(options, b.named());
    for (unsigned step = 0; step < 2; ++step) {
      b.SetGradients(step);
      first.Step(0.1, {});
    }
    second.set_steps(first.steps());
    for (std::size_t s = 0; s < first.slots().size(); ++s) {
      EXPECT_EQ(first.slots()[s].name, second.slots()[s].name);
      *second.slots()[s].value = first.slots()[s].value->Clone();
    }
    for (unsigned step = 2; step < 4; ++step) {
      b.SetGradients(step);
      second.Step(0.1, {});
    }
    EXPECT_TRUE(test::SameBits(a.weight.value.values(), b.weight.value.values()));
  }
}

TEST(OptimizerTest, SlotNames) {
  Parameters parameters;
  EXPECT_TRUE(Optimizer({.algorithm = Algorithm::kSGD}, parameters.named()).slots().empty());
  EXPECT_EQ(Optimizer({.algorithm = Algorithm::kSGD, .momentum = 0.5}, parameters.named()).slots()[1].name,
            "sgd.velocity.0.bias");
  EXPECT_EQ(Optimizer({}, parameters.named()).slots()[0].name, "adam.m.0.weight");
  EXPECT_EQ(Optimizer({}, parameters.named()).slots()[1].name, "adam.v.0.weight");
}

TEST(OptimizerTest, RefusesOptionsOutOfRange) {
  const auto error = [](const OptimizerOptions& options) -> std::string {
    try {
      Optimizer optimizer(options, {});
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(error({.beta1 = 1.0}), "optimizer: beta1 is 1, expected a number in [0, 1)");
  EXPECT_EQ(error({.learning_rate = std::nan("")}), "optimizer: learning rate is nan, expected a number >= 0");
  EXPECT_EQ(error({.learning_rate = -1}), "optimizer: learning rate is -1, expected a number >= 0");
  EXPECT_EQ(error({.algorithm = Algorithm::kSGD, .nesterov = true}),
            "optimizer: momentum is 0, expected a number > 0 with nesterov");
  EXPECT_NE(error({.beta2 = -0.1}), "");
  EXPECT_NE(error({.epsilon = -1}), "");
  EXPECT_NE(error({.weight_decay = -1}), "");
}

TEST(OptimizerTest, NamesReadBack) {
  for (const Algorithm a : {Algorithm::kSGD, Algorithm::kAdam, Algorithm::kAdamW})
    EXPECT_EQ(ParseAlgorithm(Name(a)), a);
  EXPECT_THROW(ParseAlgorithm("lamb"), Error);
  for (const Schedule s : {Schedule::kConstant, Schedule::kCosine, Schedule::kStep})
    EXPECT_EQ(ParseSchedule(Name(s)), s);
  EXPECT_THROW(ParseSchedule("cyclic"), Error);
}

TEST(ScheduleTest, Constant) { EXPECT_EQ(ScheduleFactor({}, 7, 10, 5), 1.0); }

TEST(ScheduleTest, WarmupRisesInEqualStepsToTheSchedule) {
  const ScheduleOptions options{.warmup_steps = 3};
  EXPECT_DOUBLE_EQ(ScheduleFactor(options, 0, 10, 5), 0.25);
  EXPECT_DOUBLE_EQ(ScheduleFactor(options, 2, 10, 5), 0.75);
  EXPECT_DOUBLE_EQ(ScheduleFactor(options, 3, 10, 5), 1.0);
}

TEST(ScheduleTest, CosineFallsFromOneTowardsZero) {
  const ScheduleOptions options{.schedule = Schedule::kCosine, .warmup_steps = 2};
  EXPECT_DOUBLE_EQ(ScheduleFactor(options, 2, 12, 6), 1.0);
  EXPECT_NEAR(ScheduleFactor(options, 7, 12, 6), 0.5, 1e-15);
  EXPECT_NEAR(ScheduleFactor(options, 11, 12, 6), 0.5 * (1 + std::cos(0.9 * 3.14159265358979)), 1e-12);
  EXPECT_EQ(ScheduleFactor(options, 12, 12, 6), 0.0);
}

TEST(ScheduleTest, StepMultipliesEverySoManyEpochs) {
  const ScheduleOptions options{.schedule = Schedule::kStep, .step_epochs = 2, .step_factor = 0.5};
  EXPECT_EQ(ScheduleFactor(options, 9, 100, 5), 1.0);
  EXPECT_EQ(ScheduleFactor(options, 10, 100, 5), 0.5);
  EXPECT_EQ(ScheduleFactor(options, 20, 100, 5), 0.25);
}

}  // namespace
}  // namespace fallow::nn
