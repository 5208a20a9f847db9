#include "runtime/layer_entry.h"

#include <algorithm>

namespace fallow::nn {
namespace {

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

}  // namespace

LayerEntry::LayerEntry(std::size_t position, std::string_view text) : position_(position), text_(text) {
  const std::size_t at = text.rfind('@');
  if (at != std::string_view::npos) {
    label_ = text.substr(at + 1);
    CheckLabel();
  }
  for (std::string_view rest = text.substr(0, at);;) {
    const std::size_t colon = rest.find(':');
    fields_.push_back(rest.substr(0, colon));
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }
}

void LayerEntry::CheckLabel() const {
  const bool good = !label_.empty() && label_.find_first_not_of(kLetters) == std::string_view::npos;
  if (!good) Fail("the label \"" + std::string(label_) + "\" is not of letters, digits and _");
  if (label_ == kModelInput) Fail("the label input is the model's own input");
}

void LayerEntry::Fail(const std::string& problem) const {
  throw Error("layer " + std::to_string(position_) + " \"" + std::string(text_) + "\": " + problem);
}

void LayerEntry::ExpectFields(std::size_t least, std::size_t most, std::string_view form) const {
  if (size() < least || size() > most) Fail("expected " + std::string(form));
}

void LayerEntry::ReadNumbers(std::size_t first, std::initializer_list<NumberOption> options) const {
  std::string known;
  for (const NumberOption& option : options) {
    const bool last = &option + 1 == options.end();
    known += (known.empty() ? "" : last ? " or " : ", ") + std::string(option.name) + "=X";
  }
  ReadOptions(first, known, [&](std::string_view name, std::string_view value) {
    const auto option = std::ranges::find(options, name, &NumberOption::name);
    if (option == options.end()) return false;
    *option->value = Number<double>(value, "a number");
    return true;
  });
}

bool LayerEntry::Flag(std::string_view option, std::string_view value) const {
  if (value == "0" || value == "1") return value == "1";
  const std::string name(option);
  Fail("got \"" + name + '=' + std::string(value) + "\", expected " + name + "=0 or " + name + "=1");
}

}  // namespace fallow::nn
