#include "runtime/sample_statistics.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

namespace fallow::nn {
namespace {

// log(x) for x in (0, 1], within 1e-14 of it, relatively. std::log is as near, but a C library may have several, one
// for each kind of CPU, with other last bits.
//
// x = 2^e m with m from sqrt(1/2) to sqrt(2), and log m = 2 artanh s, s = (m - 1) / (m + 1), by its series.
double Log(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  constexpr std::uint64_t kSqrtHalf = 0x3FE6A09E667F3BCD;
  const std::int64_t exponent = static_cast<std::int64_t>(bits - kSqrtHalf) >> 52;
  const double m = std::bit_cast<double>(bits - (static_cast<std::uint64_t>(exponent) << 52));
  const double s = (m - 1) / (m + 1);
  const double s2 = s * s;
  double series = 0;
  for (int k = 19; k >= 3; k -= 2) series = (series + 1.0 / k) * s2;
  return static_cast<double>(exponent) * 0.6931471805599453 + 2 * (s + s * series);
}

// NaN for NaN; denormals, whose p log p is below 1e-305, count as 0.
double MinusPLogP(double p) { return p < std::numeric_limits<double>::min() ? 0 : -p * Log(p); }

// Outputs of one position.
struct Outputs {
  std::size_t begin, end;
};

template <class Probability>
double Entropy(Loss loss, Outputs outputs, const Probability& probability) {
  double entropy = 0;
  for (std::size_t j = outputs.begin; j < outputs.end; ++j) {
    const double p = probability(j);
    if (std::isnan(p)) return p;
    entropy += MinusPLogP(p);
    if (loss == Loss::kBinaryCrossEntropy) entropy += MinusPLogP(1 - p);
  }
  return entropy;
}

double Mean(const RowSamples& samples, std::size_t j) {
  double sum = 0;
  for (std::size_t t = 0; t < samples.count; ++t) sum += samples.values[t * samples.outputs + j];
  return sum / static_cast<double>(samples.count);
}

double Variance(const RowSamples& samples, std::size_t j, double mean) {
  double sum = 0;
  for (std::size_t t = 0; t < samples.count; ++t) {
    const double difference = samples.values[t * samples.outputs + j] - mean;
    sum += difference * difference;
  }
  return sum / static_cast<double>(samples.count);
}

double MeanEntropy(const RowSamples& samples, Loss loss, Outputs outputs) {
  double sum = 0;
  for (std::size_t t = 0; t < samples.count; ++t) {
    const float* sample = samples.values + t * samples.outputs;
    sum += Entropy(loss, outputs, [&](std::size_t j) { return double{sample[j]}; });
  }
  return sum / static_cast<double>(samples.count);
}

// Of numbers in order.
double Quantile(std::span<const float> sorted, double quantile) {
  if (std::isnan(sorted.back())) return sorted.back();
  const double position = quantile * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double low = sorted[below], high = sorted[above];
  return low == high ? low : low + (position - static_cast<double>(below)) * (high - low);
}

}  // namespace

void StoreStatistics(const RowSamples& samples, Loss loss, std::size_t row, McPrediction* prediction) {
  const std::span<float> means = prediction->mean.row(row);
  const std::span<float> deviations = prediction->standard_deviation.row(row);
  const bool own_variances = loss == Loss::kGaussianNegativeLogLikelihood;
  for (std::size_t j = 0; j < means.size(); ++j) {
    const double mean = Mean(samples, j);
    means[j] = static_cast<float>(mean);
    const double of_samples = own_variances ? Mean(samples, means.size() + j) : 0;
    deviations[j] = static_cast<float>(std::sqrt(Variance(samples, j, mean) + of_samples));
  }
  if (!HasAccuracy(loss)) return;
  const std::span<float> entropies = prediction->predictive_entropy.row(row);
  const std::size_t of_each = samples.outputs / entropies.size();
  for (std::size_t position = 0; position < entropies.size(); ++position) {
    const Outputs outputs{position * of_each, (position + 1) * of_each};
    const double entropy = Entropy(loss, outputs, [&](std::size_t j) { return Mean(samples, j); });
    entropies[position] = static_cast<float>(entropy);
    // Never negative but for rounding.
    const double information = entropy - MeanEntropy(samples, loss, outputs);
    prediction->mutual_information.row(row)[position] = static_cast<float>(information < 0 ? 0 : information);
  }
}

void StoreQuantiles(const RowSamples& samples, std::span<const double> quantiles, std::size_t row, float* sorted,
                    McPrediction* prediction) {
  if (quantiles.empty()) return;
  const auto nan_last = [](float a, float b) { return std::isnan(b) ? !std::isnan(a) : a < b; };
  for (std::size_t j = 0; j < prediction->mean.cols(); ++j) {
    for (std::size_t t = 0; t < samples.count; ++t) sorted[t] = samples.values[t * samples.outputs + j];
    std::sort(sorted, sorted + samples.count, nan_last);
    for (std::size_t q = 0; q < quantiles.size(); ++q) {
      prediction->quantiles[q].row(row)[j] = static_cast<float>(Quantile({sorted, samples.count}, quantiles[q]));
    }
  }
}

}  // namespace fallow::nn
