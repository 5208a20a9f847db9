// What a sweep tries, what goes on, and what it remembers.
#include "tools/command/sweep_plan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tests/runtime/files.h"
#include "tools/command/command.h"
#include "tools/command/sweep_results.h"

namespace fallow::tools {
namespace {

std::string UsageErrorOf(const auto& body) {
  try {
    body();
    return "no error";
  } catch (const UsageError& error) {
    return error.what();
  }
}

TEST(SweepPlanTest, RateLists) {
  EXPECT_EQ(ParseRateLists("0"), (std::vector<Rates>{{0}}));
  EXPECT_EQ(ParseRateLists("0,0.25/0.5"), (std::vector<Rates>{{0, 0.25}, {0.5}}));
  for (const char* bad : {"", "0,", "/", "0//1", "1", "-0.1", "nan", "0.1;0.2", " 0.1", "0.5,0.5"}) {
    EXPECT_NE(UsageErrorOf([&] { ParseRateLists(bad); }), "no error") << bad;
  }
}

TEST(SweepPlanTest, CandidatesAreSharedRatesOrCombinations) {
  EXPECT_EQ(Candidates({{0, 0.5}}, 3), (std::vector<Rates>{{0, 0, 0}, {0.5, 0.5, 0.5}}));
  EXPECT_EQ(Candidates({{0, 0.1}, {0.2}, {0.3, 0.4}}, 3),
            (std::vector<Rates>{{0, 0.2, 0.3}, {0, 0.2, 0.4}, {0.1, 0.2, 0.3}, {0.1, 0.2, 0.4}}));
  EXPECT_NE(UsageErrorOf([] { Candidates({{0}, {0}}, 3); }), "no error");
  const Rates many(101, 0.0);
  EXPECT_NE(UsageErrorOf([&] { Candidates({many, many}, 2); }), "no error");
}

TEST(SweepPlanTest, Rungs) {
  using Rungs = std::vector<Rung>;
  EXPECT_EQ(PlanRungs(8, 40, 1), (Rungs{{8, 40}}));
  EXPECT_EQ(PlanRungs(8, 40, 2), (Rungs{{8, 10}, {4, 20}, {2, 40}}));
  EXPECT_EQ(PlanRungs(7, 25, 2), (Rungs{{7, 7}, {4, 13}, {2, 25}}));
  EXPECT_EQ(PlanRungs(9, 81, 3), (Rungs{{9, 27}, {3, 81}}));
  EXPECT_EQ(PlanRungs(10, 81, 3), (Rungs{{10, 9}, {4, 27}, {2, 81}}));
  EXPECT_EQ(PlanRungs(2, 40, 2), (Rungs{{2, 40}}));
  EXPECT_EQ(PlanRungs(64, 3, 2), (Rungs{{64, 1}, {32, 2}, {16, 3}}));  // No time for more.
  EXPECT_EQ(PlanRungs(64, 1, 2), (Rungs{{64, 1}}));
}

TEST(SweepPlanTest, Best) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> scores = {0.5, nan, 0.9, 0.7, 0.9, 0.7};
  EXPECT_EQ(Best(scores, 1), (std::vector<std::size_t>{2}));
  EXPECT_EQ(Best(scores, 3), (std::vector<std::size_t>{2, 3, 4}));
  EXPECT_EQ(Best(scores, 5), (std::vector<std::size_t>{0, 2, 3, 4, 5}));
  EXPECT_EQ(Best(scores, 9).size(), 6u);
}

class SweepResultsTest : public testing::Test {
 protected:
  SweepResultsTest() {
    plan_.by_accuracy = true;
    plan_.layers = {1, 4};
    plan_.shared = true;
    plan_.candidates = Candidates({{0, 0.2, 0.4}}, 2);
    plan_.rungs = PlanRungs(3, 10, 2);
    plan_.seeds = {7, 8};
  }

  static nn::EpochRecord Record(double accuracy) {
    return {.epoch = 5,
            .train_loss = 0.1 + accuracy / 3,
            .train_accuracy = accuracy + 0.1,
            .validation_loss = 1 - accuracy,
            .validation_accuracy = accuracy};
  }

  // The first rung.
  void Fill(SweepResults& results) {
    const double accuracies[] = {0.5, 0.75, 0.25};
    for (std::size_t candidate : {2u, 0u, 1u}) {
      for (const std::uint64_t seed : {8u, 7u}) {
        results.Add({0, candidate, seed}, Record(accuracies[candidate] + (seed == 7 ? 0.125 : -0.125)));
      }
    }
  }

  SweepPlan plan_;
};

TEST_F(SweepResultsTest, MeansAndDeviations) {
  SweepResults results(plan_);
  Fill(results);
  const Summary summary = results.Summarize(0, 1);
  EXPECT_EQ(summary.scores, (std::vector<double>{0.875, 0.625}));
  EXPECT_EQ(summary.mean, 0.75);
  EXPECT_DOUBLE_EQ(summary.deviation, std::sqrt(2 * 0.125 * 0.125));
  EXPECT_DOUBLE_EQ(summary.train_mean, 0.85);
  EXPECT_EQ(summary.epoch_mean, 5);
}

TEST_F(SweepResultsTest, TheBestGoOnByAccuracyOrLoss) {
  for (const bool by_accuracy : {true, false}) {  // Low losses go with high accuracies.
    plan_.by_accuracy = by_accuracy;
    SweepResults results(plan_);
    Fill(results);
    ASSERT_EQ(plan_.rungs.size(), 2u);
    EXPECT_EQ(results.CandidatesOf(0), (std::vector<std::size_t>{0, 1, 2}));
    EXPECT_EQ(results.CandidatesOf(1), (std::vector<std::size_t>{0, 1}));
    for (const std::uint64_t seed : {7u, 8u}) {
      results.Add({1, 0, seed}, Record(0.9));
      results.Add({1, 1, seed}, Record(0.8));
    }
    EXPECT_EQ(results.Winner(), 0u);
  }
}

TEST_F(SweepResultsTest, WhatDivergesIsLast) {
  SweepResults results(plan_);
  Fill(results);
  results.Add({0, 1, 8}, {});
  EXPECT_TRUE(results.Summarize(0, 1).diverged);
  EXPECT_EQ(results.Summarize(0, 1).scores.size(), 1u);
  EXPECT_EQ(results.CandidatesOf(1), (std::vector<std::size_t>{0, 2}));
}

TEST_F(SweepResultsTest, TheFileIsReadBack) {
  const nn::TemporaryFolder folder;
  SweepResults results(plan_);
  Fill(results);
  results.Add({0, 1, 8}, {});
  const std::string text = results.Format();
  EXPECT_EQ(text.substr(0, text.find('\n', text.find('\n') + 1)),
            "rung,epochs,dropout_rate_1,dropout_rate_4,seed,epoch,train_loss,validation_loss,train_accuracy,"
            "validation_accuracy\n1,5,0,0,7,5,0.30833333333333335,0.375,0.725,0.625");
  nn::WriteBytes(folder / "results.csv", text);
  SweepResults read(plan_);
  read.Read(folder / "results.csv");
  EXPECT_EQ(read.Format(), text);
  EXPECT_EQ(read.CandidatesOf(1), results.CandidatesOf(1));

  const std::string line = text.substr(text.find('\n') + 1);
  const std::string head = text.substr(0, text.find('\n') + 1);
  for (const std::string& bad :
       {std::string(), std::string("a\n"), head + "1\n", head + "3" + line.substr(1), head + "0" + line.substr(1),
        head + "1,5,0,0.2,7,5,1,1,1,1\n", head + "1,5,0,0,9,5,1,1,1,1\n", head + "1,5,0,0,7,5,1,1,1\n",
        head + "1,5,0,0,7,5,1,1,1,nan\n", head + "1,5,0,0,7,5,1,1,1,1,1\n", head + "1,5,0,0,7,,1,1,1,1\n"}) {
    nn::WriteBytes(folder / "results.csv", bad);
    EXPECT_NE(UsageErrorOf([&] { SweepResults(plan_).Read(folder / "results.csv"); }).find("results.csv"),
              std::string::npos)
        << bad;
  }
}

}  // namespace
}  // namespace fallow::tools
