#include "runtime/onnx/integers.h"

#include <algorithm>

namespace fallow::nn::onnx_io {
namespace {

std::optional<Size> Sum(Size a, Size b, bool negative) {
  Size sum = a;
  const bool overflows = negative ? __builtin_sub_overflow(a.number, b.number, &sum.number)
                                  : __builtin_add_overflow(a.number, b.number, &sum.number);
  return overflows || a.batches != b.batches ? std::nullopt : std::optional(sum);
}

std::optional<Size> Product(Size a, Size b) {
  Size product{0, a.batches || b.batches};
  const bool overflows = __builtin_mul_overflow(a.number, b.number, &product.number);
  return overflows || (a.batches && b.batches) ? std::nullopt : std::optional(product);
}

std::optional<Size> Quotient(Size a, Size b) {
  if (a.number < 0 || b.number <= 0 || (b.batches && !a.batches)) return {};
  if (a.batches && a.number % b.number != 0) return {};
  return Size{a.number / b.number, a.batches && !b.batches};
}

std::optional<Size> Combined(std::string_view operator_name, Size a, Size b) {
  if (operator_name == "Mul") return Product(a, b);
  if (operator_name == "Div") return Quotient(a, b);
  return Sum(a, b, operator_name == "Sub");
}

}  // namespace

std::optional<Integers> Combined(std::string_view operator_name, const Integers& a, const Integers& b) {
  const std::size_t count = std::max(a.values.size(), b.values.size());
  const auto fits = [&](const Integers& x) { return x.values.size() == count || x.values.size() == 1; };
  if (!fits(a) || !fits(b)) return {};
  Integers result{{}, a.is_list || b.is_list};
  for (std::size_t i = 0; i < count; ++i) {
    const auto at = [&](const Integers& x) { return x.values[x.values.size() == 1 ? 0 : i]; };
    const std::optional<Size> value = Combined(operator_name, at(a), at(b));
    if (!value) return {};
    result.values.push_back(*value);
  }
  return result;
}

}  // namespace fallow::nn::onnx_io
