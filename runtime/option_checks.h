// Checks of the options that layers are made with.
#ifndef FALLOW_RUNTIME_OPTION_CHECKS_H_
#define FALLOW_RUNTIME_OPTION_CHECKS_H_

#include <cmath>
#include <string>

#include "fallow/nn/error.h"
#include "runtime/numbers.h"

namespace fallow::nn {

// Throws Error unless `good`, such as "batch_norm: momentum is 2, expected a number in [0, 1]".
inline void CheckOption(const std::string& layer, const char* name, double value, bool good, const char* expected) {
  if (!good) throw Error(layer + ": " + name + " is " + FormatNumber(value) + ", expected " + expected);
}

inline void CheckProbability(const std::string& layer, const char* name, double value) {
  CheckOption(layer, name, value, value >= 0 && value <= 1, "a number in [0, 1]");
}

inline void CheckNotNegative(const std::string& layer, const char* name, double value) {
  CheckOption(layer, name, value, value >= 0 && std::isfinite(value), "a number >= 0");
}

// ":name=value" unless it is what it is anyway.
inline std::string OptionSpec(const char* name, double value, double otherwise) {
  return value == otherwise ? "" : ':' + std::string(name) + '=' + FormatNumber(value);
}

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_OPTION_CHECKS_H_
