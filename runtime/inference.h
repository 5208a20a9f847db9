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
// call at once. Values are those of a Wiring.
class Inference {
 public:
  // `rate`: instead of every dropout layer's own.
  Inference(const Model& model, const std::optional<Rate>& rate) : model_(*model.impl_), rate_(rate) {}

  std::size_t layers() const;
  std::size_t elements(std::size_t value) const;  // Of one row.
  std::size_t scratch(std::size_t rows) const;    // What Run wants for so many rows.
  // The first layer that is to run for each sample of kMonteCarlo by itself; layers() if there is none. No layer from
  // there on reads a value before the first of theirs.
  std::size_t first_of_samples() const;

  // Throws Error if a layer that reads x cannot take it, or some mask of its rows would be beyond what a stream has.
  void CheckInput(const Tensor& x) const;

  // Where in the scratch memory of `rows` rows a value is.
  float* Value(Mode mode, std::size_t value, std::size_t rows, float* scratch) const;

  // The layers from `first` to before `last` on a block of rows, in kInfer or kMonteCarlo.
  //   scratch   scratch(rows.count()) elements, with value `first` of the rows in its place
  //   y         value `last` of the rows; not in scratch
  void Run(Pass pass, std::size_t first, std::size_t last, Rows rows, float* scratch, float* y) const;

 private:
  bool IsRandom(const Layer& layer) const;

  const Model::Impl& model_;
  std::optional<Rate> rate_;
};

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_INFERENCE_H_
