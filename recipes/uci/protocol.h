// The protocol by which the literature compares dropout as a Bayesian approximation on UCI's regression sets.
//
// Source: Gal and Ghahramani, "Dropout as a Bayesian approximation", ICML 2016, as the authors ran it again in 2018:
// 20 splits; inputs and target standardised on the training rows; dropout, dense 50 ReLU, dropout, dense 1, from
// Glorot's start; Adam, batches of 128, mean squared error and L2 of l^2 (1 - p) / (2 N tau) on the weights, l = 0.01.
// Rate p and precision tau are those with the best log-likelihood on the last fifth of the training rows, and then the
// network is trained on all of them.
#ifndef FALLOW_RECIPES_UCI_PROTOCOL_H_
#define FALLOW_RECIPES_UCI_PROTOCOL_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "fallow/nn/tensor.h"

namespace fallow::uci {

struct Split {
  nn::Tensor train_x, train_y, test_x, test_y;
};

// Of a folder of data.txt, index_features.txt, index_target.txt, index_train_K.txt and index_test_K.txt. Throws
// nn::Error naming the file for what is missing, no number, or out of range.
Split ReadSplit(const std::filesystem::path& folder, std::size_t split);

struct Settings {
  std::vector<double> rates, precisions;  // The grid.
  std::size_t epochs = 4000;
  std::size_t samples = 10000;  // Masks a test row.
  std::uint64_t seed = 1;
};

struct Score {
  double rmse = 0;        // Of the mean over the masks.
  double likelihood = 0;  // Mean log-likelihood of a row, in the target's own units.
};

struct Outcome {
  double rate = 0, precision = 0;  // The best of the grid.
  Score score;                     // On the test rows.
};

// Of one split. The same for any number of threads.
Outcome Run(const Split& split, const Settings& settings);

}  // namespace fallow::uci

#endif  // FALLOW_RECIPES_UCI_PROTOCOL_H_
