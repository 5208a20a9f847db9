// A model's layers on rows that the caller keeps: for predictions, which share one model between threads and requests.
#ifndef FALLOW_RUNTIME_INFERENCE_H_
#define FALLOW_RUNTIME_INFERENCE_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "fallow/nn/model.h"
#include "fallow/rate.h"

namespace fallow::nn {

// A view of a model, which must outlive it and stay as it is. Changes nothing of the model: any number of threads may
// call at once. Value 0 is the model's input, value i + 1 the output of layer i.
class Inference {
 public:
  // `rate`: instead of every dropout layer's own.
  Inference(const Sequential& model, const std::optional<Rate>& rate) : model_(*model.impl_), rate_(rate) {}

  std::size_t layers() const;
  std::size_t elements(std::size_t value) const;  // Of one row.
  std::size_t scratch(std::size_t rows) const;    // What Run wants for so many rows.
  // The first layer at which samples of kMonteCarlo differ; layers() if none.
  std::size_t first_random_layer() const;

  // Throws Error if some mask of rows 0 to `rows` would be beyond what a stream has.
  void CheckRows(std::uint64_t rows) const;

  // The layers from `first` to before `last` on a block of rows, in kInfer or kMonteCarlo.
  //   x, y      value `first` and value `last` of the block's rows; they share nothing
  //   scratch   scratch(rows.count()) elements
  void Run(Pass pass, std::size_t first, std::size_t last, Rows rows, const float* x, float* y, float* scratch) const;

 private:
  bool Changes(const Layer& layer, Mode mode) const;

  const Sequential::Impl& model_;
  std::optional<Rate> rate_;
};

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_INFERENCE_H_
