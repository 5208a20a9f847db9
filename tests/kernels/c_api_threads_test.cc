// Many threads call the C functions at once, the first of all calls among them. The `tsan` preset is what sees most.
#include <gtest/gtest.h>

#include <barrier>
#include <thread>
#include <vector>

#include "fallow/fallow.h"
#include "tests/kernels/c_functions.h"

namespace fallow::test {
namespace {

// All functions on one thread alone, and a call that is large enough for several.
struct Results {
  bool operator==(const Results&) const = default;

  std::vector<COutputs> outputs;
  std::vector<float> large = std::vector<float>(200'000, 1.0f);
};

Results CallAll() {
  Results results;
  fallow_execution alone = {};
  alone.max_threads = 1;
  for (const CFunction& function : CFunctions()) {
    EXPECT_TRUE(fallow_ok(function.c(results.outputs.emplace_back(), &alone))) << function.name;
  }
  const fallow_mask mask = fallow_mask_from_key(0.1, fallow_key(1, 2));
  std::vector<float>& y = results.large;
  EXPECT_TRUE(fallow_ok(fallow_dropout_forward(fallow_const_elements(y.data(), FALLOW_F32, y.size()), &mask,
                                               fallow_elements(y.data(), FALLOW_F32, y.size()), nullptr)));
  return results;
}

// The only test of this binary: nothing has called the library before.
TEST(CApiThreadsTest, ManyCallersFromTheFirstCallOn) {
  constexpr int kThreads = 8;
  std::vector<Results> results(kThreads);
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  std::barrier start(kThreads);
  for (Results& mine : results) {
    threads.emplace_back([&mine, &start] {
      start.arrive_and_wait();
      for (int i = 0; i < 3; ++i) mine = CallAll();
    });
  }
  for (std::thread& thread : threads) thread.join();
  const Results expected = CallAll();
  for (const Results& mine : results) EXPECT_TRUE(mine == expected);
}

}  // namespace
}  // namespace fallow::test
