// The text forms of the dropout family.
#ifndef FALLOW_RUNTIME_DROPOUT_ENTRIES_H_
#define FALLOW_RUNTIME_DROPOUT_ENTRIES_H_

#include "runtime/layer_entry.h"

namespace fallow::nn {

void AddDropout(const LayerEntry& entry, LayerChain& layers);
// spatial_dropout1d, spatial_dropout2d, alpha_dropout, feature_alpha_dropout.
void AddMaskDropout(const LayerEntry& entry, LayerChain& layers);
void AddGaussianDropout(const LayerEntry& entry, LayerChain& layers);
void AddGaussianNoise(const LayerEntry& entry, LayerChain& layers);
void AddDropBlock2D(const LayerEntry& entry, LayerChain& layers);
void AddDropConnect(const LayerEntry& entry, LayerChain& layers);
void AddConcreteDropout(const LayerEntry& entry, LayerChain& layers);

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_DROPOUT_ENTRIES_H_
