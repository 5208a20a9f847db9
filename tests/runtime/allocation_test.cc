// A training step allocates nothing once the model has seen the batch's size: every malloc on every thread is counted.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>

#include "fallow/nn/loss.h"
#include "fallow/nn/model.h"
#include "fallow/nn/optimizer.h"
#include "tests/runtime/tensors.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FALLOW_SANITIZED 1
#else
#define FALLOW_SANITIZED 0
#endif

namespace {

std::atomic<long> allocations{0};

}  // namespace

#if !FALLOW_SANITIZED
// glibc's own, under the names of malloc and its kind: operator new and C libraries come here.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) {
  ++allocations;
  return __libc_realloc(memory, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  ++allocations;
  *memory = __libc_memalign(alignment, size);
  return *memory == nullptr;
}
}  // extern "C"
#endif

namespace fallow::nn {
namespace {

// Enough for every worker of oneTBB's to have taken part, and to have filled its pools.
constexpr std::uint64_t kWarmUp = 50, kSteps = 20;

long AllocationsOfSteps(const char* layers, const OptimizerOptions& options, int threads) {
  Sequential model({100}, layers, 1);
  Optimizer optimizer(options, model.parameters());
  const Tensor x = RandomTensor(200, {100}, 1);
  const Tensor y = RandomTarget(Loss::kSoftmaxCrossEntropy, 200, 10, 2);
  Tensor dy;
  long before = 0;
  for (std::uint64_t step = 0; step < kWarmUp + kSteps; ++step) {
    if (step == kWarmUp) before = allocations;
    const Pass pass{.mode = Mode::kTrain, .seed = 1, .step = step, .execution = {.max_threads = threads}};
    Evaluate(Loss::kSoftmaxCrossEntropy, model.Forward(pass, x), y, &dy);
    model.Backward(pass, dy);
    optimizer.Step(1e-3, pass.execution);
  }
  return allocations - before;
}

class AllocationTest : public testing::Test {
 protected:
  void SetUp() override {
    if (FALLOW_SANITIZED) GTEST_SKIP() << "sanitizers bring a malloc of their own";
    const long before = allocations;
    std::free(std::malloc(1000));
    delete new Tensor(1, {1});
    ASSERT_GE(allocations, before + 3) << "the count does not work";
  }
};

constexpr const char* kLayers =
    "dropout:0.2,dense:300:relu:max_norm=3,dropout:0.5,dense:300:gelu,dropout:0.5,dense:64:tanh,dense:10";

TEST_F(AllocationTest, TrainingStepWithOneThread) {
  EXPECT_EQ(AllocationsOfSteps(kLayers, {}, 1), 0);
  EXPECT_EQ(AllocationsOfSteps(kLayers, {.algorithm = Algorithm::kSGD, .momentum = 0.9}, 1), 0);
}

TEST_F(AllocationTest, TrainingStepWithTwoThreads) { EXPECT_EQ(AllocationsOfSteps(kLayers, {}, 2), 0); }

TEST_F(AllocationTest, TrainingStepWithTheCallersArena) { EXPECT_EQ(AllocationsOfSteps(kLayers, {}, 0), 0); }

TEST_F(AllocationTest, Inference) {
  Sequential model({100}, kLayers, 1);
  const Tensor small = RandomTensor(7, {100}, 1), large = RandomTensor(200, {100}, 1);
  long before = 0;
  for (std::uint64_t step = 0; step < kWarmUp + kSteps; ++step) {
    if (step == kWarmUp) before = allocations;
    for (const Mode mode : {Mode::kInfer, Mode::kMonteCarlo}) {
      model.Forward({.mode = mode, .step = step}, large);
      model.Forward({.mode = mode, .step = step}, small);
    }
  }
  EXPECT_EQ(allocations - before, 0);
}

}  // namespace
}  // namespace fallow::nn
