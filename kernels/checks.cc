#include "kernels/checks.h"

#include <algorithm>
#include <functional>

namespace fallow {
namespace {

struct Bytes {
  const std::byte* begin;
  const std::byte* end;
};

// From the first element to the last, and what is between the rows.
Bytes Extent(const ConstArray& array) {
  const auto* begin = static_cast<const std::byte*>(array.data());
  if (array.size() == 0) return {begin, begin};
  return {begin, begin + ((array.rows() - 1) * array.row_stride() + array.cols()) * SizeOf(array.type())};
}

Bytes Extent(std::span<const std::uint8_t> bytes) {
  const auto* begin = reinterpret_cast<const std::byte*>(bytes.data());
  return {begin, begin + bytes.size()};
}

// std::less: a total order on pointers, which < is not.
std::size_t SharedBytes(Bytes a, Bytes b) {
  const std::byte* first = std::max(a.begin, b.begin, std::less<>());
  const std::byte* last = std::min(a.end, b.end, std::less<>());
  return std::less<>()(first, last) ? static_cast<std::size_t>(last - first) : 0;
}

bool FitsAddressSpace(const ConstArray& array) {
  const std::size_t rows = array.rows();
  std::size_t extent = 0;
  std::size_t size = 0;
  std::ptrdiff_t bytes = 0;
  return !__builtin_mul_overflow(rows, array.cols(), &size) &&
         !__builtin_mul_overflow(rows - (rows != 0), array.row_stride(), &extent) &&
         !__builtin_add_overflow(extent, array.cols(), &extent) &&
         !__builtin_mul_overflow(std::max(size, extent), SizeOf(array.type()), &bytes);
}

// Arrays of one row stride, such as column ranges of one matrix, may interleave without sharing an element.
bool Interleave(const ConstArray& a, const ConstArray& b) {
  const std::size_t stride = a.row_stride() * SizeOf(a.type());
  if (stride != b.row_stride() * SizeOf(b.type()) || a.rows() <= 1 || b.rows() <= 1) return false;
  const auto address = [](const ConstArray& array) { return reinterpret_cast<std::uintptr_t>(array.data()); };
  const bool a_first = address(a) <= address(b);
  const std::size_t ahead = (a_first ? address(b) - address(a) : address(a) - address(b)) % stride;
  const ConstArray& front = a_first ? a : b;
  const ConstArray& back = a_first ? b : a;
  return front.cols() * SizeOf(front.type()) <= ahead && ahead + back.cols() * SizeOf(back.type()) <= stride;
}

}  // namespace

Status CheckArray(const char* argument, const ConstArray& array) noexcept {
  if (SizeOf(array.type()) == 0) return Status::Invalid(argument, static_cast<double>(array.type()), "a known DType");
  if (array.rows() > 1 && array.row_stride() < array.cols()) {
    return Status::Invalid(argument, static_cast<double>(array.row_stride()), "a row stride of at least its columns");
  }
  if (!FitsAddressSpace(array)) {
    return Status::Invalid(argument, static_cast<double>(array.rows()) * static_cast<double>(array.cols()),
                           "a size that fits an address space");
  }
  if (array.data() == nullptr && array.size() != 0) {
    return Status::Invalid(argument, static_cast<double>(array.size()), "no elements where the address is null");
  }
  return {};
}

Status CheckComputedInFloat(const char* argument, const ConstArray& array) noexcept {
  if (array.type() != DType::kF64) return {};
  return Status::Invalid(argument, static_cast<double>(array.type()), "f32, bf16 or f16");
}

Status CheckShape(const char* argument, const ConstArray& array, const ConstArray& other) noexcept {
  if (array.size() != other.size()) {
    return Status::Invalid(argument, static_cast<double>(array.size()), "as many elements as the input");
  }
  if (array.size() != 0 && array.rows() != other.rows()) {
    return Status::Invalid(argument, static_cast<double>(array.rows()), "as many rows as the input");
  }
  return {};
}

Status CheckLike(const char* argument, const ConstArray& array, const ConstArray& other) noexcept {
  if (array.type() != other.type()) {
    return Status::Invalid(argument, static_cast<double>(array.type()), "the type of the input");
  }
  return CheckShape(argument, array, other);
}

Status CheckApart(const char* argument, const ConstArray& array, const ConstArray& other) noexcept {
  const std::size_t shared = SharedBytes(Extent(array), Extent(other));
  if (shared == 0 || Interleave(array, other)) return {};
  const std::size_t size = SizeOf(array.type());
  return Status::Invalid(argument, static_cast<double>((shared + size - 1) / size),
                         "no elements shared with the input");
}

Status CheckOutput(const char* argument, const ConstArray& input, const ConstArray& output) noexcept {
  if (const Status status = CheckArray(argument, output); !status.ok()) return status;
  if (const Status status = CheckLike(argument, output, input); !status.ok()) return status;
  const bool same = input.data() == output.data();
  if (same && (input.rows() <= 1 || input.row_stride() == output.row_stride())) return {};
  const Status status = CheckApart(argument, output, input);
  return status.ok() ? status : Status::Invalid(argument, status.value(), "no elements shared with the input, or all");
}

Status CheckRate(const Rate& rate) noexcept {
  if (!rate.valid()) return Status::Invalid("rate", rate.drop_probability(), "a number in [0, 1]");
  if (rate.scaling() > Scaling::kAtInference) {
    return Status::Invalid("rate", static_cast<double>(rate.scaling()), "a known Scaling");
  }
  return {};
}

Status CheckBytes(const char* argument, std::span<const std::uint8_t> bytes, std::size_t wanted,
                  const char* expected) noexcept {
  if (bytes.size() != wanted) return Status::Invalid(argument, static_cast<double>(bytes.size()), expected);
  if (bytes.data() == nullptr && wanted != 0) {
    return Status::Invalid(argument, static_cast<double>(wanted), "no bytes where the address is null");
  }
  return {};
}

Status CheckBytesApart(const char* argument, std::span<const std::uint8_t> bytes, const ConstArray& array) noexcept {
  const std::size_t shared = SharedBytes(Extent(bytes), Extent(array));
  if (shared == 0) return {};
  return Status::Invalid(argument, static_cast<double>(shared), "no bytes shared with input or output");
}

Status CheckBytesApart(const char* argument, std::span<const std::uint8_t> bytes,
                       std::span<const std::uint8_t> other) noexcept {
  const std::size_t shared = SharedBytes(Extent(bytes), Extent(other));
  if (shared == 0) return {};
  return Status::Invalid(argument, static_cast<double>(shared), "no bytes shared with the stored mask");
}

std::span<const std::uint8_t> StoredBytes(const Mask& mask) noexcept {
  const bool stored = mask.source() == Mask::Source::kBits || mask.source() == Mask::Source::kBytes;
  return stored ? mask.stored() : std::span<const std::uint8_t>();
}

}  // namespace fallow
