// Attention, as others write it: products of queries, keys and values that dense layers make of one value, whatever the
// order of reshaping, transposing and taking parts between them.
#include "runtime/onnx/attention.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "fallow/nn/error.h"
#include "fallow/nn/layers.h"
#include "runtime/onnx/heads.h"
#include "runtime/onnx/text.h"
#include "runtime/onnx/trace.h"

namespace fallow::nn::onnx_io {
namespace {

constexpr double kMasked = -1e4;  // What is added to leave nothing of a weight: at most so much.

// The one run of an axis, or one of size 1.
std::optional<Run> OnlyRun(const Axis& axis) {
  if (axis.empty()) return Run{1, 0};
  return axis.size() == 1 && !axis[0].is_batch() ? std::optional(axis[0]) : std::nullopt;
}

// The axes before the last two: of samples and heads, in any order, joined or not. False if there is anything else.
bool ReadAxesBefore(const View& view, std::int64_t units, Heads* heads) {
  std::size_t head_runs = 0;
  for (std::size_t i = 0; i + 2 < view.axes.size(); ++i) {
    heads->before.emplace_back();
    for (const Run& run : view.axes[i]) {
      heads->before.back().push_back(run.is_batch() ? Run::kBatch : run.size);
      if (run.is_batch()) continue;
      heads->heads = run.size;
      heads->head_stride = run.stride;
      if (++head_runs > 1 || run.stride >= units) return false;
    }
  }
  return true;
}

// A view of (..., positions, columns), or of (..., columns, positions) if `transposed`.
Heads ReadHeads(const std::string& name, bool transposed, Trace& trace) {
  const View& view = trace.ViewOf(name);
  const std::size_t rank = view.axes.size();
  const auto fails = [&](const std::string& problem) {
    return Error("input " + Quoted(name) + " of " + ToString(view.sizes()) + " is " + problem +
                 ", expected queries, keys or values of attention heads");
  };
  if (view.of == 0 || trace.layer(view.of).units == 0) throw fails("not a part of what a Linear makes");
  if (rank < 3) throw fails("of two dimensions");
  const auto units = static_cast<std::int64_t>(trace.layer(view.of).units);
  const std::optional<Run> rows = OnlyRun(view.axes[rank - 2]), last = OnlyRun(view.axes[rank - 1]);
  Heads heads{.of = view.of, .first = view.first, .scale = view.scale};
  if (!rows || !last || !ReadAxesBefore(view, units, &heads))
    throw fails("not of samples, heads, positions and columns");
  const Run positions = transposed ? *last : *rows, columns = transposed ? *rows : *last;
  heads.positions = positions.size;
  heads.columns = columns.size;
  heads.column_stride = columns.stride;
  const bool all = positions.size * units == static_cast<std::int64_t>(trace.shape(view.of).elements());
  if (!all || (positions.size > 1 && positions.stride != units) || columns.stride >= units || view.first >= units) {
    throw fails("not in the order of samples, heads, positions and columns");
  }
  return heads;
}

void ExpectAlike(const Heads& a, const Heads& b, Trace& trace) {
  const std::size_t x = trace.layer(a.of).input, other = trace.layer(b.of).input;
  if (x != other) throw Error("reads heads of two values, expected queries, keys and values of one");
  if (a.before != b.before || a.positions != b.positions || a.columns != b.columns) {
    throw Error("reads " + std::to_string(a.heads) + " heads of " + std::to_string(a.columns) + " columns and " +
                std::to_string(b.heads) + " of " + std::to_string(b.columns) + ", expected as many");
  }
}

// Appends the units of one part of the heads, `factor` times: of the weight, `size` numbers each, or of the bias.
void AppendUnits(const Heads& heads, const std::vector<float>& from, std::size_t size, float factor,
                 std::vector<float>* to) {
  for (std::int64_t h = 0; h < heads.heads; ++h) {
    for (std::int64_t j = 0; j < heads.columns; ++j) {
      const auto unit = static_cast<std::size_t>(heads.first + h * heads.head_stride + j * heads.column_stride);
      for (std::size_t i = 0; i < size; ++i) to->push_back(factor * from[unit * size + i]);
    }
  }
}

// The attention's layer, without its last product. `scale`: of the scores.
ChainLayer MakeHeads(const HeadScores& scores, const Heads& values, std::size_t dims, Trace& trace) {
  const double head_scale = 1 / std::sqrt(static_cast<double>(values.columns));
  const double ratio = double{scores.scale} * scores.queries.scale * scores.keys.scale / head_scale;
  const bool is_usual = std::abs(ratio - 1) <= 1e-6;  // Another scale becomes a part of the queries' weights.
  const std::array<const Heads*, 3> parts = {&scores.queries, &scores.keys, &values};
  const std::array<float, 3> factors = {is_usual ? 1.0f : static_cast<float>(ratio), 1.0f, values.scale};
  trace.graph().constants().Charge(3 * dims * (dims + 1));
  std::vector<float> weight, bias;
  bool has_bias = false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto& parameters = trace.layer(parts[i]->of).parameters;
    AppendUnits(*parts[i], parameters[0], dims, factors[i], &weight);
    has_bias |= parameters.size() > 1;
    const std::vector<float> none(parameters.size() > 1 ? 0 : trace.layer(parts[i]->of).units, 0.0f);
    AppendUnits(*parts[i], parameters.size() > 1 ? parameters[1] : none, 1, factors[i], &bias);
  }
  const AttentionOptions options{.dropout = scores.dropout, .causal = scores.causal, .use_bias = has_bias};
  ChainLayer layer{.spec = MakeAttention(static_cast<std::size_t>(values.heads), options)->Spec(), .units = dims};
  layer.parameters = {std::move(weight), {}};
  if (has_bias) layer.parameters.insert(layer.parameters.end(), {std::move(bias), std::vector<float>(dims, 0.0f)});
  layer.is_heads = true;
  return layer;
}

// Binds the output to the heads' values: (..., positions, columns).
void AddHeads(Node& node, const HeadScores& scores, const Heads& values, Trace& trace) {
  ExpectAlike(scores.queries, values, trace);
  const std::size_t input = trace.layer(values.of).input;
  const Shape& read = trace.shape(input);
  const auto positions = static_cast<std::size_t>(values.positions);
  const std::size_t dims = read.elements() / positions;
  if (values.heads * values.columns != static_cast<std::int64_t>(dims)) {
    throw Error("reads " + std::to_string(values.heads) + " heads of " + std::to_string(values.columns) +
                " columns of a value of " + std::to_string(dims) + ", expected as many numbers altogether");
  }
  ChainLayer layer = MakeHeads(scores, values, dims, trace);
  layer.input = trace.Shaped(input, Shape{positions, dims});
  View view{.of = trace.Add(std::move(layer), Shape{positions, dims})};
  for (const auto& sizes : values.before) {
    Axis& axis = view.axes.emplace_back();
    for (const std::int64_t size : sizes) {
      axis.push_back(size == Run::kBatch ? Run{trace.batch(), Run::kBatch} : Run{size, values.columns});
    }
  }
  view.axes.push_back(values.positions == 1 ? Axis() : Axis{{values.positions, static_cast<std::int64_t>(dims)}});
  view.axes.push_back(values.columns == 1 ? Axis() : Axis{{values.columns, 1}});
  view.cause = &node.proto();
  trace.Bind(node.output(0), std::move(view));
}

// Whether a row and a column of a mask's last two dimensions, which are square, see each other, by `sees`.
template <class T, class Sees>
bool IsCausal(const std::vector<std::int64_t>& dims, const std::vector<T>& mask, std::int64_t positions,
              const Sees& sees) {
  const std::size_t rank = dims.size();
  if (rank < 2 || dims[rank - 1] != positions || dims[rank - 2] != positions) return false;
  const auto size = static_cast<std::size_t>(positions);
  if (mask.size() != size * size) return false;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (sees(mask[i]) != (i % size <= i / size)) return false;
  }
  return true;
}

void MaskScores(Node& node, HeadScores scores, Trace& trace) {
  if (scores.weights) throw Error("masks weights behind the softmax, expected to do so before it");
  scores.causal = true;
  trace.Bind(node.output(0), std::move(scores));
}

}  // namespace

void MultiplyHeads(Node& node, Trace& trace) {
  if (const HeadScores* scores = trace.Find<HeadScores>(node.input(0))) {
    if (!scores->weights) throw Error("reads scores of an attention, expected a Softmax before it");
    return AddHeads(node, *scores, ReadHeads(node.input(1), /*transposed=*/false, trace), trace);
  }
  HeadScores scores{ReadHeads(node.input(0), /*transposed=*/false, trace),
                    ReadHeads(node.input(1), /*transposed=*/true, trace)};
  ExpectAlike(scores.queries, scores.keys, trace);
  trace.Bind(node.output(0), std::move(scores));
}

void AddMask(Node& node, const std::string& name, const std::string& mask, Trace& trace) {
  const HeadScores scores = *trace.Find<HeadScores>(name);
  const Constant* constant = node.constants().Find(mask);
  if (constant == nullptr) throw Error("the mask " + Quoted(mask) + " is computed, expected a constant");
  const std::vector<float> values = node.constants().Floats(mask);
  const bool is_mask = std::ranges::all_of(values, [](float value) { return value == 0 || value <= kMasked; });
  if (!is_mask || !IsCausal(constant->dims(), values, scores.queries.positions, [](float v) { return v == 0; })) {
    throw Error("the mask " + Quoted(mask) + " of " + ToString(constant->dims()) + " is not a causal one");
  }
  MaskScores(node, scores, trace);
}

// Where(mask, -inf, scores), or Where(mask, scores, -inf).
bool ImportWhere(Node& node, Trace& trace) {
  node.ExpectInputs(3, 3);
  const int kept = trace.Find<HeadScores>(node.input(1)) != nullptr ? 1 : 2;
  const HeadScores* scores = trace.Find<HeadScores>(node.input(kept));
  const Constant* mask = node.constants().Find(node.input(0));
  if (scores == nullptr || mask == nullptr) return false;
  const std::optional<double> number = node.constants().Number(node.input(3 - kept));
  const std::vector<bool> values = node.constants().Booleans(node.input(0));
  const bool causal =
      IsCausal(mask->dims(), values, scores->queries.positions, [&](bool v) { return v == (kept == 1); });
  if (!number || *number > kMasked || !causal) {
    throw Error("the mask " + Quoted(node.input(0)) + " of " + ToString(mask->dims()) +
                " is not a causal one, of -inf");
  }
  MaskScores(node, *scores, trace);
  return true;
}

bool ImportHeadSoftmax(Node& node, Trace& trace) {
  const HeadScores* found = node.has_input(0) ? trace.Find<HeadScores>(node.input(0)) : nullptr;
  if (found == nullptr) return false;
  node.ExpectInputs(1, 1);
  HeadScores scores = *found;
  const auto rank = static_cast<std::int64_t>(scores.queries.before.size()) + 2;
  const std::int64_t axis = node.attributes().Integer("axis", SoftmaxAxis(node));
  if (axis != -1 && axis != rank - 1)
    throw Error("attribute axis is " + std::to_string(axis) + ", expected the last, -1");
  if (scores.weights) throw Error("reads weights of an attention, which are a softmax");
  scores.weights = true;
  trace.Bind(node.output(0), std::move(scores));
  return true;
}

}  // namespace fallow::nn::onnx_io
