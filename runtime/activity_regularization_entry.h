// The text form of the layer that penalises activities.
#ifndef FALLOW_RUNTIME_ACTIVITY_REGULARIZATION_ENTRY_H_
#define FALLOW_RUNTIME_ACTIVITY_REGULARIZATION_ENTRY_H_

#include "runtime/layer_entry.h"

namespace fallow::nn {

void AddActivityRegularization(const LayerEntry& entry, LayerChain& layers);

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_ACTIVITY_REGULARIZATION_ENTRY_H_
