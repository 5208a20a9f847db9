// The entries of layer lists for sequences.h.
#ifndef FALLOW_RUNTIME_SEQUENCE_ENTRIES_H_
#define FALLOW_RUNTIME_SEQUENCE_ENTRIES_H_

#include "runtime/layer_entry.h"

namespace fallow::nn {

void AddEmbedding(const LayerEntry& entry, LayerChain& layers);
void AddLSTM(const LayerEntry& entry, LayerChain& layers);
void AddGRU(const LayerEntry& entry, LayerChain& layers);

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_SEQUENCE_ENTRIES_H_
