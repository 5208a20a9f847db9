// Batches out of data sets.
#ifndef FALLOW_RUNTIME_DATASET_H_
#define FALLOW_RUNTIME_DATASET_H_

#include <cstddef>

#include "fallow/nn/tensor.h"

namespace fallow::nn {

// Copies rows [begin, begin + count) of `from`.
void CopyRows(const Tensor& from, std::size_t begin, std::size_t count, Tensor* to);

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_DATASET_H_
