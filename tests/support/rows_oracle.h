// Operations over rows, in plain loops and in double, given the mask.
//
// Nothing here may include, link or be copied from kernels/.
#ifndef FALLOW_TESTS_SUPPORT_ROWS_ORACLE_H_
#define FALLOW_TESTS_SUPPORT_ROWS_ORACLE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fallow::oracle {

using Doubles = std::vector<double>;
using MaskOfRows = std::vector<std::uint8_t>;  // One byte an element: 1 keeps, 0 drops.

struct SoftmaxShape {
  bool Sees(std::size_t row, std::size_t col) const;

  std::size_t rows = 1;
  std::size_t cols = 1;
  float scale = 1.0f;
  std::size_t queries = 0;  // Not 0: causal.
  std::ptrdiff_t first_query = 0;
  std::vector<std::uint8_t> attended = {};  // Not empty: one byte a key, for each of some number of batch entries.
};

// scale * x, rounded to float, or -infinity where masked.
Doubles Logits(const SoftmaxShape& shape, const Doubles& x);

// The softmax of logits; zeros for a row that has none above -infinity.
Doubles Softmax(const SoftmaxShape& shape, const Doubles& logits);

// kept ? x * scale : 0.
Doubles Dropped(const Doubles& x, const MaskOfRows& kept, double scale);

// The gradient of x, given p = Softmax(x) and that of dropout's output.
Doubles SoftmaxDropoutGradient(const SoftmaxShape& shape, const Doubles& p, const Doubles& dy, const MaskOfRows& kept,
                               double dropout_scale);

// Layer norm, or RMS norm if not `centred`, which then ignores beta.
struct NormShape {
  std::size_t rows = 1;
  std::size_t cols = 1;
  double eps = 1e-5;
  bool centred = true;
};

// (z - mean) * rstd, and each row's rstd.
struct Normals {
  Doubles normal;
  Doubles rstd;
};
Normals Normalised(const NormShape& shape, const Doubles& z);

Doubles Affine(const NormShape& shape, const Doubles& normal, const Doubles& gamma, const Doubles& beta);

struct NormGradients {
  Doubles dz, dgamma, dbeta;
};
NormGradients NormGradient(const NormShape& shape, const Doubles& z, const Doubles& gamma, const Doubles& dy);

}  // namespace fallow::oracle

#endif  // FALLOW_TESTS_SUPPORT_ROWS_ORACLE_H_
