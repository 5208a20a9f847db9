// The result of every kernel call.
#ifndef FALLOW_STATUS_H_
#define FALLOW_STATUS_H_

#include <cstdint>
#include <string>

namespace fallow {

// Says whether a call succeeded and, if not, which argument was at fault, what it was, and what was expected. Kernels
// check all arguments before they touch any output. Trivially copyable; allocates nothing until `Message()`.
class [[nodiscard]] Status {
 public:
  constexpr Status() = default;

  // `argument` and `expected` must be string literals: the status keeps the pointers.
  static constexpr Status Invalid(const char* argument, double value, const char* expected) {
    return Status(argument, value, expected);
  }

  constexpr bool ok() const { return argument_ == nullptr; }

  // The name of the offending argument as in the function's declaration, or "" if ok().
  constexpr const char* argument() const { return ok() ? "" : argument_; }
  // What the argument had to be, or "" if ok().
  constexpr const char* expected() const { return ok() ? "" : expected_; }
  // The value that was given (for spans the size, or the number of elements shared), or 0 if ok().
  constexpr double value() const { return value_; }

  // One line for people, such as "rate: got 1.5, expected a number in [0, 1]"; "ok" if ok().
  std::string Message() const;

 private:
  constexpr Status(const char* argument, double value, const char* expected)
      : argument_(argument), expected_(expected), value_(value) {}

  const char* argument_ = nullptr;
  const char* expected_ = nullptr;
  double value_ = 0;
};

}  // namespace fallow

#endif  // FALLOW_STATUS_H_
