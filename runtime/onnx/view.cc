#include "runtime/onnx/view.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace fallow::nn::onnx_io {
namespace {

// Adds a run behind the others, joined with the last one if the two are one.
void Append(const Run& run, Axis* axis) {
  if (run.size == 1) return;
  if (!axis->empty() && !axis->back().is_batch() && !run.is_batch() && axis->back().stride == run.size * run.stride) {
    axis->back() = {axis->back().size * run.size, run.stride};
  } else {
    axis->push_back(run);
  }
}

// Takes from the front of `runs`, which begin at `next`, an axis of size `size`. False if they do not fit.
bool TakeAxis(Size size, Axis* runs, std::size_t* next, Axis* axis) {
  while (size != Size{1, false}) {
    if (*next == runs->size()) return false;
    Run& run = (*runs)[*next];
    const Size of = run.of();
    const bool whole = size.number % of.number == 0 && (!of.batches || size.batches);
    if (!whole && (run.is_batch() || size.batches || run.size % size.number != 0)) return false;
    if (whole) {
      size = {size.number / of.number, size.batches && !of.batches};
      Append(run, axis);
      ++*next;
    } else {
      run.size /= size.number;
      Append({size.number, run.stride * run.size}, axis);
      size.number = 1;
    }
  }
  return true;
}

// Of the axes behind the first, if these hold all of a sample's numbers, each as it is.
std::optional<std::vector<std::size_t>> SampleDims(const View& view, const Shape& of) {
  if (view.axes.empty() || view.axes.size() > 1 + Shape::kMaxRank) return {};
  std::vector<std::size_t> dims;
  std::size_t elements = 1;
  for (std::size_t i = 1; i < view.axes.size(); ++i) {
    const Size size = SizeOf(view.axes[i]);
    if (size.batches || size.number <= 0) return {};
    dims.push_back(static_cast<std::size_t>(size.number));
    elements *= dims.back();
  }
  if (elements != of.elements() || view.first != 0 || view.scale != 1) return {};
  return dims;
}

// The runs of a sample cut where dimensions of `of` begin, so that one that was joined is the dimensions it was.
Axis CutByDimensions(const Axis& runs, const Shape& of) {
  Axis result;
  for (Run run : runs) {
    auto stride = static_cast<std::int64_t>(of.elements());
    for (std::size_t i = 0; i < of.rank(); ++i) {
      stride /= static_cast<std::int64_t>(of[i]);
      const std::int64_t reach = run.size * run.stride;
      if (stride <= run.stride || stride >= reach || stride % run.stride != 0 || reach % stride != 0) continue;
      result.push_back({reach / stride, stride});
      run.size = stride / run.stride;
    }
    result.push_back(run);
  }
  return result;
}

}  // namespace

Size SizeOf(const Axis& axis) {
  Size size;
  for (const Run& run : axis) size = {size.number * run.of().number, size.batches || run.of().batches};
  return size;
}

std::vector<Size> View::sizes() const {
  std::vector<Size> result;
  for (const Axis& axis : axes) result.push_back(SizeOf(axis));
  return result;
}

View WholeView(std::size_t of, const Shape& shape, std::int64_t batch) {
  View view{.of = of, .axes = std::vector<Axis>(1 + shape.rank())};
  Append({batch, Run::kBatch}, &view.axes.front());
  std::int64_t stride = 1;
  for (std::size_t i = shape.rank(); i-- > 0;) {
    const auto size = static_cast<std::int64_t>(shape[i]);
    Append({size, stride}, &view.axes[1 + i]);
    stride *= size;
  }
  return view;
}

std::optional<Shape> WholeSamples(const View& view, const Shape& of, std::int64_t batch) {
  const std::optional<std::vector<std::size_t>> dims = SampleDims(view, of);
  if (!dims) return {};
  const Shape shape(*dims);
  return view.axes == WholeView(view.of, shape, batch).axes ? std::optional(shape) : std::nullopt;
}

std::optional<Permutation> FindPermutation(const View& view, const Shape& of, std::int64_t batch) {
  const std::optional<std::vector<std::size_t>> dims = SampleDims(view, of);
  if (!dims || view.axes[0] != WholeView(view.of, of, batch).axes[0]) return {};
  Axis runs;
  for (std::size_t i = 1; i < view.axes.size(); ++i) runs.insert(runs.end(), view.axes[i].begin(), view.axes[i].end());
  const Axis cut = CutByDimensions(runs, of);
  if (cut.size() <= Shape::kMaxRank) runs = cut;
  if (runs.size() > Shape::kMaxRank) return {};
  Axis sorted = runs;
  std::ranges::sort(sorted, std::greater(), &Run::stride);
  std::vector<std::size_t> from, order;
  std::int64_t stride = 1;
  for (std::size_t i = sorted.size(); i-- > 0; stride *= sorted[i].size) {
    if (sorted[i].stride != stride) return {};
  }
  for (const Run& run : sorted) from.push_back(static_cast<std::size_t>(run.size));
  for (const Run& run : runs) order.push_back(1 + (std::ranges::find(sorted, run) - sorted.begin()));
  return Permutation{Shape(from), std::move(order), Shape(*dims)};
}

bool HoldsVectors(const View& view, std::int64_t size, const Shape& of) {
  if (view.axes.empty() || view.first != 0 || view.scale != 1) return false;
  std::int64_t elements = size;
  for (std::size_t i = 0; i + 1 < view.axes.size(); ++i) {
    for (const Run& run : view.axes[i]) {
      if (run.is_batch()) continue;
      if (run.stride % size != 0) return false;
      elements *= run.size;
    }
  }
  const Axis last = size == 1 ? Axis() : Axis{{size, 1}};
  return view.axes.back() == last && elements == static_cast<std::int64_t>(of.elements());
}

std::optional<std::vector<Axis>> Reshaped(std::span<const Axis> axes, std::span<const Size> sizes) {
  Axis runs;
  for (const Axis& axis : axes) {
    for (const Run& run : axis) Append(run, &runs);
  }
  std::vector<Axis> result(sizes.size());
  std::size_t next = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i].number <= 0 || !TakeAxis(sizes[i], &runs, &next, &result[i])) return {};
  }
  return next == runs.size() ? std::optional(result) : std::nullopt;
}

bool Cut(std::size_t axis, std::int64_t begin, std::int64_t end, View* view) {
  Axis& runs = view->axes[axis];
  const Size size = SizeOf(runs);
  if (begin == 0 && Size{end, false} == size) return true;
  if (runs.size() != 1 || runs[0].is_batch() || begin < 0 || begin >= end || end > size.number) return false;
  view->first += begin * runs[0].stride;
  runs[0].size = end - begin;
  if (runs[0].size == 1) runs.clear();
  return true;
}

std::string ToString(std::span<const Size> sizes) {
  std::string text = "(";
  for (const Size& size : sizes) {
    if (text.size() > 1) text += ", ";
    if (!size.batches || size.number != 1) text += std::to_string(size.number);
    if (size.batches) text += size.number == 1 ? "batch" : " batch";
  }
  return text + ")";
}

}  // namespace fallow::nn::onnx_io
