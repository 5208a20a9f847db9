// Numbers as text.
#ifndef FALLOW_TOOLS_NUMBERS_H_
#define FALLOW_TOOLS_NUMBERS_H_

#include <cstdint>
#include <string>

namespace fallow::tools {

// Decimal digits and nothing else, the whole of `text`; false if it is not that or does not fit.
bool ParseWhole(const std::string& text, std::uint64_t* value);
// A finite decimal number, the whole of `text`, rounded once.
bool ParseReal(const std::string& text, double* value);

std::string FormatReal(double value);  // Shortest text that reads back as the same number.

}  // namespace fallow::tools

#endif  // FALLOW_TOOLS_NUMBERS_H_
