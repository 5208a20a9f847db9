// The text forms of the layers in merge.cc.
#ifndef FALLOW_RUNTIME_MERGE_ENTRIES_H_
#define FALLOW_RUNTIME_MERGE_ENTRIES_H_

#include "runtime/layer_entry.h"

namespace fallow::nn {

void AddFrom(const LayerEntry& entry, LayerChain& layers);
void AddInput(const LayerEntry& entry, LayerChain& layers);
void AddAdd(const LayerEntry& entry, LayerChain& layers);
void AddConcat(const LayerEntry& entry, LayerChain& layers);

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_MERGE_ENTRIES_H_
