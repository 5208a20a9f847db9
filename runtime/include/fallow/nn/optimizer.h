// Optimisers and learning-rate schedules. Formulas, names and defaults as in PyTorch.
#ifndef FALLOW_NN_OPTIMIZER_H_
#define FALLOW_NN_OPTIMIZER_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "fallow/execution.h"
#include "fallow/nn/model.h"

namespace fallow::nn {

class Region;

enum class Algorithm : std::uint8_t { kSGD, kAdam, kAdamW };
std::string_view Name(Algorithm algorithm);       // "sgd", "adam", "adamw"
Algorithm ParseAlgorithm(std::string_view name);  // Throws Error naming the known ones.

struct OptimizerOptions {
  Algorithm algorithm = Algorithm::kAdam;
  double learning_rate = 1e-3;
  double momentum = 0.0;      // kSGD
  bool nesterov = false;      // kSGD
  double beta1 = 0.9;         // kAdam, kAdamW
  double beta2 = 0.999;       // kAdam, kAdamW
  double epsilon = 1e-8;      // kAdam, kAdamW
  double weight_decay = 0.0;  // kSGD, kAdam: added to the gradient; kAdamW: decoupled. Weights only, not biases.
  // Of gradients, before penalties and decay are added to them. 0: none; else first every element is brought into
  // [-clip_value, clip_value], as by PyTorch's clip_grad_value_, and then all together are scaled so that the norm over
  // all parameters is at most clip_norm, as by clip_grad_norm_.
  double clip_norm = 0.0;
  double clip_value = 0.0;
};

enum class Schedule : std::uint8_t { kConstant, kCosine, kStep };
std::string_view Name(Schedule schedule);       // "constant", "cosine", "step"
Schedule ParseSchedule(std::string_view name);  // Throws Error naming the known ones.

struct ScheduleOptions {
  Schedule schedule = Schedule::kConstant;
  std::size_t warmup_steps = 0;  // So many steps with (step + 1) / (warmup_steps + 1) before the schedule begins.
  std::size_t step_epochs = 10;  // kStep: multiply by step_factor every so many epochs.
  double step_factor = 0.1;
};

// The factor on the learning rate at `step` of `total_steps`, with `steps_per_epoch` steps an epoch.
double ScheduleFactor(const ScheduleOptions& options, std::size_t step, std::size_t total_steps,
                      std::size_t steps_per_epoch);

// Updates a model's parameters from their gradients, then applies max-norm or unit norm. Penalties are added to the
// gradient here: g + l1 * sign(w) + 2 * l2 * w, + weight_decay * w where it is not decoupled. Losses do not include
// them.
class Optimizer {
 public:
  // Throws Error if an option is out of range. `parameters` must outlive the optimiser.
  Optimizer(const OptimizerOptions& options, std::vector<NamedParameter> parameters);

  // Allocates nothing. The same bits for any number of threads and any target.
  void Step(double learning_rate, const Execution& execution);

  // What must be saved and restored to continue with the same bits: Adam's moments, SGD's velocity, the step count.
  struct Slot {
    std::string name;  // "adam.m.0.weight", …
    Tensor* value;
  };
  std::vector<Slot> slots();
  std::uint64_t steps() const { return steps_; }
  void set_steps(std::uint64_t steps) { steps_ = steps; }

 private:
  // A part of a parameter's elements, or of its rows, that one thread updates.
  struct Piece {
    std::size_t parameter, begin, end;
  };

  void UpdatePieces(double learning_rate, const Execution& execution, Region& step);
  void ClipGradients(const Execution& execution, Region& step);
  void LimitNorms(const Execution& execution, Region& step);

  OptimizerOptions options_;
  std::vector<NamedParameter> parameters_;
  std::vector<Tensor> first_;   // Velocity, or first moment: one a parameter.
  std::vector<Tensor> second_;  // Second moment.
  std::vector<Piece> pieces_;
  std::vector<double> piece_squares_;  // Of each piece's gradients, if their norm is clipped.
  std::vector<Piece> row_pieces_;      // Of parameters with a max_norm or unit_norm.
  std::size_t elements_ = 0;           // Of all parameters.
  std::uint64_t steps_ = 0;
};

}  // namespace fallow::nn

#endif  // FALLOW_NN_OPTIMIZER_H_
