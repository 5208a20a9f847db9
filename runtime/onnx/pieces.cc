#include "runtime/onnx/pieces.h"

#include <algorithm>

#include "runtime/onnx/tensor_proto.h"

namespace fallow::nn::onnx_io {
namespace {

constexpr std::size_t kMostRuns = 32;  // Two directions of four gates have at most 16, the biases included.

// A bound of a slice of `rows`.
std::int64_t Clamped(std::int64_t bound, std::int64_t rows) {
  return std::clamp(bound < 0 ? bound + rows : bound, std::int64_t{0}, rows);
}

}  // namespace

std::size_t Pieces::count() const {
  std::size_t count = 0;
  for (const Run& run : runs) count += run.count;
  return count;
}

std::optional<Pieces> PiecesOf(const ::onnx::TensorProto& tensor) {
  const std::size_t count = CountElements(tensor);
  if (count == 0) return std::nullopt;
  return Pieces{{tensor.dims().begin(), tensor.dims().end()}, {{&tensor, 0, count}}};
}

std::optional<Pieces> SliceRows(const Pieces& pieces, std::int64_t begin, std::int64_t end) {
  if (pieces.dims.empty()) return std::nullopt;
  const std::int64_t rows = pieces.dims[0];
  begin = Clamped(begin, rows);
  end = Clamped(end, rows);
  if (begin >= end) return std::nullopt;
  Pieces sliced{pieces.dims, {}};
  sliced.dims[0] = end - begin;
  const std::size_t row = pieces.count() / static_cast<std::size_t>(rows);
  const std::size_t first = static_cast<std::size_t>(begin) * row, last = static_cast<std::size_t>(end) * row;
  std::size_t at = 0;
  for (const Pieces::Run& run : pieces.runs) {
    const std::size_t from = std::max(first, at), to = std::min(last, at + run.count);
    if (from < to) sliced.runs.push_back({run.tensor, run.begin + from - at, to - from});
    at += run.count;
  }
  return sliced;
}

bool AppendRows(const Pieces& more, Pieces* pieces) {
  if (more.dims.empty() || more.dims.size() != pieces->dims.size()) return false;
  if (!std::equal(more.dims.begin() + 1, more.dims.end(), pieces->dims.begin() + 1)) return false;
  if (more.runs.size() + pieces->runs.size() > kMostRuns) return false;
  pieces->dims[0] += more.dims[0];
  pieces->runs.insert(pieces->runs.end(), more.runs.begin(), more.runs.end());
  return true;
}

}  // namespace fallow::nn::onnx_io
