// The dropout family, and what adds to the objective.
#include <algorithm>
#include <cmath>

#include "tests/runtime/reference_layers.h"
#include "tests/support/noise_oracle.h"
#include "tests/support/oracle.h"
#include "tests/support/variants_oracle.h"

namespace fallow::nn::reference {
namespace {

// Of the context's row, if masks have `elements` a row.
oracle::Key KeyOf(const LayerContext& context, std::size_t elements) {
  return {context.pass.seed, (std::uint64_t{context.index} << 40) + context.pass.step,
          (context.pass.first_row + context.row) * elements};
}

// The shape that the mask of a sample has.
Shape NoiseShape(const LayerContext& context) {
  const std::string given = context.Option("noise_shape");
  if (!given.empty()) return ParseShape(given);
  const std::string kind = context.Field(0);
  std::vector<std::size_t> dims(context.input.rank(), 1);
  if (kind == "drop_path") return Shape(dims);
  if (!kind.starts_with("spatial_dropout") && !kind.starts_with("feature_alpha")) return context.input;
  dims[0] = context.input[0];
  return Shape(dims);
}

std::vector<std::size_t> Dims(const Shape& shape) {
  std::vector<std::size_t> dims;
  for (std::size_t d = 0; d < shape.rank(); ++d) dims.push_back(shape[d]);
  return dims;
}

// 0 for what is dropped.
std::vector<std::uint8_t> DrawnMask(const LayerContext& context, double rate) {
  const Shape noise = NoiseShape(context);
  const auto drawn = oracle::MaskBytes(rate, KeyOf(context, noise.elements()), noise.elements());
  return oracle::Repeat(drawn, Dims(context.input), Dims(noise));
}

// Normal numbers come in pairs of elements 2 k and 2 k + 1.
Row Normals(oracle::Key key, std::size_t count) {
  const std::size_t odd = key.first_element % 2;
  key.first_element -= odd;
  const std::vector<std::uint32_t> words = oracle::Words(key, count + 2);
  Row normals;
  for (std::size_t j = odd; j < count + odd; ++j) {
    const oracle::NormalPair pair = oracle::BoxMuller(words[j / 2 * 2], words[j / 2 * 2 + 1]);
    normals.push_back(j % 2 == 0 ? pair.first : pair.second);
  }
  return normals;
}

double Probability(double logit) { return 1 / (1 + std::exp(-logit)); }

}  // namespace

Row DroppedElements(const LayerContext& context, const Row& x) {
  const double rate = std::stod(context.Field(1));
  if (context.pass.mode == Mode::kInfer || rate == 0) return x;
  const auto kept = DrawnMask(context, rate);
  Row y;
  for (std::size_t j = 0; j < x.size(); ++j) y.push_back(kept[j] != 0 ? x[j] * double{oracle::Scale(rate)} : 0.0);
  return y;
}

Row AlphaDropout(const LayerContext& context, const Row& x) {
  const double rate = std::stod(context.Field(1));
  if (context.pass.mode == Mode::kInfer || rate == 0) return x;
  const auto kept = DrawnMask(context, rate);
  const oracle::AlphaConstants constants = oracle::AlphaOf(rate);
  Row y;
  for (std::size_t j = 0; j < x.size(); ++j) {
    y.push_back(kept[j] != 0 ? constants.a * x[j] + constants.b : constants.dropped);
  }
  return y;
}

Row Gaussian(const LayerContext& context, const Row& x) {
  if (context.pass.mode == Mode::kInfer) return x;
  const double argument = std::stod(context.Field(1));
  const bool multiplies = context.Field(0) == "gaussian_dropout";
  const double stddev = multiplies ? std::sqrt(argument / (1 - argument)) : argument;
  const Row z = Normals(KeyOf(context, x.size()), x.size());
  Row y;
  for (std::size_t j = 0; j < x.size(); ++j)
    y.push_back(multiplies ? x[j] * (1 + stddev * z[j]) : x[j] + stddev * z[j]);
  return y;
}

Row DropBlock(const LayerContext& context, const Row& x) {
  if (context.pass.mode == Mode::kInfer) return x;
  const double rate = std::stod(context.Field(1));
  const std::size_t block = std::stoul(context.Field(2));
  const Shape& input = context.input;
  const oracle::BlockShape shape{1, input[0], input[1], input[2], block, block};
  const std::size_t places = input[0] * (input[1] - block + 1) * (input[2] - block + 1);
  const auto kept = oracle::DropBlockMask(shape, rate, KeyOf(context, places));
  const auto all = static_cast<double>(kept.size());
  const auto left = static_cast<double>(std::ranges::count_if(kept, [](auto byte) { return byte != 0; }));
  Row y;
  for (std::size_t j = 0; j < x.size(); ++j) y.push_back(kept[j] != 0 ? x[j] * all / left : 0.0);
  return y;
}

// Of a training step, in which all rows share the mask.
void DropConnect(const LayerContext& context, Batch& x) {
  const double rate = std::stod(context.Field(2));
  Row weight = context.parameters[0];
  if (context.pass.mode != Mode::kInfer && rate != 0) {
    const auto kept = oracle::MaskBytes(rate, KeyOf(context, 0), weight.size());
    for (std::size_t i = 0; i < weight.size(); ++i) weight[i] *= kept[i] != 0 ? double{oracle::Scale(rate)} : 0.0;
  }
  const Row* bias = context.parameters.size() > 1 ? &context.parameters[1] : nullptr;
  for (Row& row : x) row = Project(row, row.size(), weight, bias);
}

void ConcreteDropout(const LayerContext& context, Batch& x) {
  const double p = Probability(context.parameters[0][0]);
  const double entropy = p * std::log(p) + (1 - p) * std::log(1 - p);
  double squares = 0;
  for (const double w : *context.next_weight_at_start) squares += w * w;
  context.penalty +=
      context.Number("dropout_regularizer", 1e-5) * static_cast<double>(context.input.elements()) * entropy +
      context.Number("weight_regularizer", 1e-6) * squares / (1 - p);
  if (context.pass.mode == Mode::kInfer) return;
  LayerContext of_row = context;
  for (Row& row : x) {
    const auto words = oracle::Words(KeyOf(of_row, row.size()), row.size());
    for (std::size_t j = 0; j < row.size(); ++j) {
      row[j] *= oracle::ConcreteMask(p, context.Number("temperature", 0.1), words[j]) / (1 - p);
    }
    ++of_row.row;
  }
}

void ActivityRegularization(const LayerContext& context, Batch& x) {
  const double l1 = context.Number("l1", 0), l2 = context.Number("l2", 0);
  const auto rows = static_cast<double>(x.size());
  for (const Row& row : x) {
    for (const double v : row) context.penalty += (l1 * std::abs(v) + l2 * v * v) / rows;
  }
}

}  // namespace fallow::nn::reference
