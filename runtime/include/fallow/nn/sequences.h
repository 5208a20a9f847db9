// Layers for sequences: tokens, and what follows them in time. A sample of T steps has shape {T} if each is a token and
// {T, features} otherwise. Names, gates, layouts and initial values as PyTorch's, with batch_first.
#ifndef FALLOW_NN_SEQUENCES_H_
#define FALLOW_NN_SEQUENCES_H_

#include <cstddef>
#include <memory>
#include <optional>

#include "fallow/nn/layer.h"

namespace fallow::nn {

struct EmbeddingOptions {
  // Word dropout: of each sample, every token of the vocabulary is dropped with this probability, wherever it stands;
  // the others are scaled as dropout does. Gal and Ghahramani, "A theoretically grounded application of dropout in
  // recurrent neural networks", NeurIPS 2016; Merity, Keskar, Socher, "Regularizing and optimizing LSTM language
  // models", ICLR 2018.
  double dropout = 0;
  // This token's row begins as zeros and has no gradient: what fills short samples up to T.
  std::optional<std::size_t> padding;
};

// {T} -> {T, dim}: y[t] = weight[x[t]]. x holds whole numbers from 0 to vocabulary - 1. If it is the model's input,
// others are an Error; if it comes from another layer, they become NaN. weight: (vocabulary, dim), of normal numbers at
// first. The vocabulary is at most 2^24, up to where a float counts.
//
// Token v of row r is element r * vocabulary + v of the layer's mask.
std::unique_ptr<Layer> MakeEmbedding(std::size_t vocabulary, std::size_t dim, const EmbeddingOptions& options = {});

// Every probability is one of dropping, off in inference but for zoneout, which then takes the mean. Pass::rate stands
// for each that is not 0, and so does Layer::set_rate: a layer whose probabilities, those of 0 apart, are all the same
// has a rate. r: the sample's row, R = F + D H + 2 D T H for F features, H units, D directions.
struct RecurrentOptions {
  bool sequences = false;  // The state after every step, {T, D units}, instead of after the last, {D units}.
  // Also runs from the last step to the first, with weights of its own, the state beside the other's. Without
  // `sequences`, each direction gives its last state.
  bool bidirectional = false;
  // Of the input and of the state that enters the recurrent product: one mask for all steps of a sample, the same for
  // all gates (Gal and Ghahramani 2016; Keras's dropout and recurrent_dropout). Elements r R + feature of the layer's
  // mask, and r R + F + direction H + unit.
  double dropout = 0;
  double recurrent_dropout = 0;
  // A unit keeps its state of the step before (fallow/zoneout.h), drawn anew for each step, and for an LSTM's h and c
  // (Krueger et al., ICLR 2017). Elements r R + F + D H + ((2 direction + (0: h, 1: c)) T + step) H + unit.
  double zoneout = 0;
  // Of each element of weight_hh (Wan et al., "Regularization of neural networks using DropConnect", ICML 2013; Merity,
  // Keskar, Socher 2018): one mask for all rows of a training step, or of one sample and request. Element
  // direction * weight_hh.size() + i of stream StreamOf(layer + 2^20, step). In Monte-Carlo predictions every sample
  // has weights of its own, so that the rows of a batch cannot share a product: see runtime/README.md for what it
  // costs.
  double weight_dropout = 0;
  // Steps at a sample's end whose features are all 0 are padding, as an embedding's padding token makes them, and as
  // this layer gives them on: the state stays as it is, their outputs are 0, and the other direction begins before
  // them. A sample may be all padding; its states are 0. A last word that word dropout dropped counts as padding too.
  bool mask = false;
};

// i, f, o = sigmoid, g = tanh of x W_i^T + b_i + h W_h^T + b_h;   c = f c + i g,   h = o tanh(c), from zeros on.
// weight_ih_l0: (4 units, F), weight_hh_l0: (4 units, units), bias_ih_l0, bias_hh_l0, gates in the order i, f, g, o;
// with _reverse behind the name for the other direction. All start uniform in +-1 / sqrt(units).
std::unique_ptr<Layer> MakeLSTM(std::size_t units, const RecurrentOptions& options = {});

// r, z = sigmoid of the same sum;   n = tanh(x W_in^T + b_in + r (h W_hn^T + b_hn)),   h = (1 - z) n + z h.
// As above with three gates in the order r, z, n. What the masks leave out of products is still in z h.
std::unique_ptr<Layer> MakeGRU(std::size_t units, const RecurrentOptions& options = {});

}  // namespace fallow::nn

#endif  // FALLOW_NN_SEQUENCES_H_
