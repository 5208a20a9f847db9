#include "tests/support/rows_oracle.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace fallow::oracle {

bool SoftmaxShape::Sees(std::size_t row, std::size_t col) const {
  if (queries != 0) {
    const auto key = static_cast<std::ptrdiff_t>(col);
    if (key > static_cast<std::ptrdiff_t>(row % queries) + first_query) return false;
  }
  if (attended.empty()) return true;
  const std::size_t entries = attended.size() / cols;
  const std::size_t rows_an_entry = rows / entries;
  return attended[row / rows_an_entry * cols + col] != 0;
}

Doubles Logits(const SoftmaxShape& shape, const Doubles& x) {
  Doubles logits(x.size());
  for (std::size_t row = 0; row < shape.rows; ++row) {
    for (std::size_t col = 0; col < shape.cols; ++col) {
      const std::size_t i = row * shape.cols + col;
      const float product = shape.scale * static_cast<float>(x[i]);
      logits[i] = shape.Sees(row, col) ? product : -std::numeric_limits<double>::infinity();
    }
  }
  return logits;
}

Doubles Softmax(const SoftmaxShape& shape, const Doubles& logits) {
  Doubles p(logits.size(), 0.0);
  for (std::size_t row = 0; row < shape.rows; ++row) {
    const double* s = logits.data() + row * shape.cols;
    double* out = p.data() + row * shape.cols;
    const double max = *std::max_element(s, s + shape.cols);
    if (max == -std::numeric_limits<double>::infinity()) continue;
    double sum = 0.0;
    for (std::size_t col = 0; col < shape.cols; ++col) sum += out[col] = std::exp(s[col] - max);
    for (std::size_t col = 0; col < shape.cols; ++col) out[col] /= sum;
  }
  return p;
}

Doubles Dropped(const Doubles& x, const MaskOfRows& kept, double scale) {
  Doubles y(x.size());
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = kept[i] != 0 ? x[i] * scale : 0.0;
  return y;
}

Doubles SoftmaxDropoutGradient(const SoftmaxShape& shape, const Doubles& p, const Doubles& dy, const MaskOfRows& kept,
                               double dropout_scale) {
  const Doubles g = Dropped(dy, kept, dropout_scale);
  Doubles dx(p.size());
  for (std::size_t row = 0; row < shape.rows; ++row) {
    const std::size_t begin = row * shape.cols;
    double mean = 0.0;
    for (std::size_t i = begin; i < begin + shape.cols; ++i) mean += g[i] * p[i];
    for (std::size_t i = begin; i < begin + shape.cols; ++i) dx[i] = shape.scale * p[i] * (g[i] - mean);
  }
  return dx;
}

Normals Normalised(const NormShape& shape, const Doubles& z) {
  Normals result{Doubles(z.size()), Doubles(shape.rows)};
  const auto cols = static_cast<double>(shape.cols);
  for (std::size_t row = 0; row < shape.rows; ++row) {
    const std::size_t begin = row * shape.cols;
    double mean = 0.0;
    for (std::size_t i = begin; i < begin + shape.cols && shape.centred; ++i) mean += z[i] / cols;
    double variance = 0.0;
    for (std::size_t i = begin; i < begin + shape.cols; ++i) variance += (z[i] - mean) * (z[i] - mean) / cols;
    result.rstd[row] = 1.0 / std::sqrt(variance + shape.eps);
    for (std::size_t i = begin; i < begin + shape.cols; ++i) result.normal[i] = (z[i] - mean) * result.rstd[row];
  }
  return result;
}

Doubles Affine(const NormShape& shape, const Doubles& normal, const Doubles& gamma, const Doubles& beta) {
  Doubles y(normal.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    const std::size_t col = i % shape.cols;
    y[i] = normal[i] * gamma[col] + (shape.centred ? beta[col] : 0.0);
  }
  return y;
}

NormGradients NormGradient(const NormShape& shape, const Doubles& z, const Doubles& gamma, const Doubles& dy) {
  const Normals normals = Normalised(shape, z);
  NormGradients result{Doubles(z.size()), Doubles(shape.cols), Doubles(shape.cols)};
  const auto cols = static_cast<double>(shape.cols);
  for (std::size_t row = 0; row < shape.rows; ++row) {
    double mean = 0.0;
    double along = 0.0;
    for (std::size_t col = 0; col < shape.cols; ++col) {
      const std::size_t i = row * shape.cols + col;
      if (shape.centred) mean += dy[i] * gamma[col] / cols;
      along += dy[i] * gamma[col] * normals.normal[i] / cols;
      result.dgamma[col] += dy[i] * normals.normal[i];
      result.dbeta[col] += dy[i];
    }
    for (std::size_t col = 0; col < shape.cols; ++col) {
      const std::size_t i = row * shape.cols + col;
      result.dz[i] = (dy[i] * gamma[col] - mean - normals.normal[i] * along) * normals.rstd[row];
    }
  }
  return result;
}

}  // namespace fallow::oracle
