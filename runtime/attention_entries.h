// The text forms of attention, and of the block that is made of it.
#ifndef FALLOW_RUNTIME_ATTENTION_ENTRIES_H_
#define FALLOW_RUNTIME_ATTENTION_ENTRIES_H_

#include "runtime/layer_entry.h"

namespace fallow::nn {

void AddAttention(const LayerEntry& entry, LayerChain& layers);
void AddTransformer(const LayerEntry& entry, LayerChain& layers);

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_ATTENTION_ENTRIES_H_
