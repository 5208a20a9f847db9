// Row-major f32 tensors.
#ifndef FALLOW_NN_TENSOR_H_
#define FALLOW_NN_TENSOR_H_

#include <array>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace fallow::nn {

// Up to four dimensions, outermost first. Of a sample, unless said otherwise: the batch is a tensor's own first
// dimension.
class Shape {
 public:
  static constexpr std::size_t kMaxRank = 4;

  Shape() = default;                               // Rank 0: one element.
  Shape(std::initializer_list<std::size_t> dims);  // Throws Error beyond kMaxRank, or if the product overflows.
  explicit Shape(std::span<const std::size_t> dims);

  std::size_t rank() const { return rank_; }
  std::size_t operator[](std::size_t axis) const { return dims_[axis]; }
  std::size_t elements() const;
  bool operator==(const Shape&) const = default;
  std::string ToString() const;  // "28x28"; "1" for rank 0.

 private:
  std::array<std::size_t, kMaxRank> dims_{};
  std::size_t rank_ = 0;
};

// Of ToString's form. Throws Error if it is not, or a dimension is 0.
Shape ParseShape(std::string_view text);

// A batch of samples: element (r, j) is data()[r * cols() + j]. Owns its memory, which is 64-byte aligned; movable, and
// copyable only by Clone(). Contents are zero after construction and unspecified after Resize.
class Tensor {
 public:
  Tensor() = default;
  Tensor(std::size_t rows, const Shape& sample_shape);
  Tensor(Tensor&& other) noexcept;  // Leaves `other` empty.
  Tensor& operator=(Tensor&& other) noexcept;

  // Allocates only if more elements are needed than ever before.
  void Resize(std::size_t rows, const Shape& sample_shape);
  Tensor Clone() const;

  std::size_t rows() const { return rows_; }
  std::size_t cols() const { return cols_; }  // Elements a sample.
  const Shape& sample_shape() const { return sample_shape_; }

  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }
  std::span<float> values() { return {data(), rows_ * cols_}; }
  std::span<const float> values() const { return {data(), rows_ * cols_}; }
  std::span<float> row(std::size_t r) { return {data() + r * cols_, cols_}; }
  std::span<const float> row(std::size_t r) const { return {data() + r * cols_, cols_}; }

 private:
  struct Free {
    void operator()(float* p) const;
  };
  std::unique_ptr<float[], Free> data_;
  std::size_t capacity_ = 0;
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
  Shape sample_shape_;
};

}  // namespace fallow::nn

#endif  // FALLOW_NN_TENSOR_H_
