#include "fallow/nn/tensor.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "fallow/nn/error.h"

namespace fallow::nn {
namespace {

constexpr std::align_val_t kAlignment{64};

// Throws Error if a * b floats cannot be counted in bytes.
std::size_t CheckedProduct(std::size_t a, std::size_t b) {
  constexpr std::size_t kMax = std::numeric_limits<std::ptrdiff_t>::max() / sizeof(float);
  if (b != 0 && a > kMax / b) {
    throw Error("shape: " + std::to_string(a) + " times " + std::to_string(b) + " elements, expected at most " +
                std::to_string(kMax));
  }
  return a * b;
}

float* Allocate(std::size_t count) {
  void* memory = ::operator new[](count * sizeof(float), kAlignment, std::nothrow);
  if (memory == nullptr) throw Error("tensor: no memory for " + std::to_string(count) + " elements");
  return static_cast<float*>(memory);
}

}  // namespace

Shape::Shape(std::initializer_list<std::size_t> dims) : Shape(std::span(dims.begin(), dims.size())) {}

Shape::Shape(std::span<const std::size_t> dims) : rank_(dims.size()) {
  if (rank_ > kMaxRank) {
    throw Error("shape: got " + std::to_string(rank_) + " dimensions, expected at most " + std::to_string(kMaxRank));
  }
  std::copy(dims.begin(), dims.end(), dims_.begin());
  std::size_t product = 1;
  for (const std::size_t dim : dims) product = CheckedProduct(product, dim);
}

std::size_t Shape::elements() const {
  std::size_t product = 1;
  for (std::size_t axis = 0; axis < rank_; ++axis) product *= dims_[axis];
  return product;
}

Shape ParseShape(std::string_view text) {
  std::vector<std::size_t> dims;
  const char* position = text.data();
  const char* const end = text.data() + text.size();
  for (bool more = true; more;) {
    const auto [next, error] = std::from_chars(position, end, dims.emplace_back());
    more = next != end && *next == 'x';
    position = more ? next + 1 : next;
    if (error != std::errc{} || dims.back() == 0 || (!more && next != end)) {
      throw Error("got \"" + std::string(text) + "\", expected a shape such as 28x28");
    }
  }
  return Shape(dims);
}

std::string Shape::ToString() const {
  if (rank_ == 0) return "1";
  std::string text = std::to_string(dims_[0]);
  for (std::size_t axis = 1; axis < rank_; ++axis) text += 'x' + std::to_string(dims_[axis]);
  return text;
}

void Tensor::Free::operator()(float* p) const { ::operator delete[](p, kAlignment); }

Tensor::Tensor(std::size_t rows, const Shape& sample_shape) {
  Resize(rows, sample_shape);
  std::fill_n(data(), rows_ * cols_, 0.0f);
}

Tensor::Tensor(Tensor&& other) noexcept { *this = std::move(other); }

Tensor& Tensor::operator=(Tensor&& other) noexcept {
  data_ = std::move(other.data_);
  capacity_ = std::exchange(other.capacity_, 0);
  rows_ = std::exchange(other.rows_, 0);
  cols_ = std::exchange(other.cols_, 0);
  sample_shape_ = std::exchange(other.sample_shape_, {});
  return *this;
}

void Tensor::Resize(std::size_t rows, const Shape& sample_shape) {
  const std::size_t cols = sample_shape.elements();
  const std::size_t count = CheckedProduct(rows, cols);
  if (count > capacity_) {
    // Released first, so that old and new memory never exist together.
    data_.reset();
    capacity_ = rows_ = 0;
    data_.reset(Allocate(count));
    capacity_ = count;
  }
  rows_ = rows;
  cols_ = cols;
  sample_shape_ = sample_shape;
}

Tensor Tensor::Clone() const {
  Tensor copy;
  copy.Resize(rows_, sample_shape_);
  std::copy_n(data(), rows_ * cols_, copy.data());
  return copy;
}

}  // namespace fallow::nn
