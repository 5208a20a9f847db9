// The text forms of the layers that normalise.
#ifndef FALLOW_RUNTIME_NORM_ENTRIES_H_
#define FALLOW_RUNTIME_NORM_ENTRIES_H_

#include "runtime/layer_entry.h"

namespace fallow::nn {

void AddBatchNorm(const LayerEntry& entry, LayerChain& layers);
void AddLayerNorm(const LayerEntry& entry, LayerChain& layers);

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_NORM_ENTRIES_H_
