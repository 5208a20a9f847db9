// Entries of layer lists for convolutions and pooling.
#ifndef FALLOW_RUNTIME_CONVOLUTION_ENTRIES_H_
#define FALLOW_RUNTIME_CONVOLUTION_ENTRIES_H_

#include "runtime/layer_entry.h"

namespace fallow::nn {

void AddAvgPool1D(const LayerEntry& entry, LayerChain& layers);
void AddAvgPool2D(const LayerEntry& entry, LayerChain& layers);
void AddConv1D(const LayerEntry& entry, LayerChain& layers);
void AddConv2D(const LayerEntry& entry, LayerChain& layers);
void AddGlobalAvgPool(const LayerEntry& entry, LayerChain& layers);
void AddGlobalMaxPool(const LayerEntry& entry, LayerChain& layers);
void AddMaxPool1D(const LayerEntry& entry, LayerChain& layers);
void AddMaxPool2D(const LayerEntry& entry, LayerChain& layers);

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_CONVOLUTION_ENTRIES_H_
