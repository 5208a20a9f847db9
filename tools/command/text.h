// Small things about text.
#ifndef FALLOW_TOOLS_TEXT_H_
#define FALLOW_TOOLS_TEXT_H_

#include <string>
#include <vector>

namespace fallow::tools {

// The parts of `text` between separators: always one more than there are separators.
std::vector<std::string> Split(const std::string& text, char separator);

// The inverse, for parts without separators.
std::string Join(const std::vector<std::string>& parts, char separator);

// `text` as one word of a POSIX shell, so that a printed command can be copied.
std::string ShellQuote(const std::string& text);

// `text` on one line: what is no printable character becomes a blank.
std::string OneLine(const std::string& text);

}  // namespace fallow::tools

#endif  // FALLOW_TOOLS_TEXT_H_
