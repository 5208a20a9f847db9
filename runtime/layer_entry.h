// One entry of a layer list: a kind, fields behind colons, and perhaps a label, such as "dense:64:relu:l2=0.01@hidden".
#ifndef FALLOW_RUNTIME_LAYER_ENTRY_H_
#define FALLOW_RUNTIME_LAYER_ENTRY_H_

#include <charconv>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fallow/nn/error.h"
#include "fallow/nn/layer.h"

namespace fallow::nn {

using LayerChain = std::vector<std::unique_ptr<Layer>>;

// What its methods throw names the entry.
class LayerEntry {
 public:
  // `position` counts from 1.
  LayerEntry(std::size_t position, std::string_view text);

  std::size_t position() const { return position_; }
  std::string_view kind() const { return fields_[0]; }
  std::string_view label() const { return label_; }    // Empty if it has none.
  std::size_t size() const { return fields_.size(); }  // Of fields, the kind included.
  std::string_view field(std::size_t i) const { return fields_[i]; }

  [[noreturn]] void Fail(const std::string& problem) const;

  // `form`: how the entry is to be written.
  void ExpectFields(std::size_t least, std::size_t most, std::string_view form) const;

  // The fields from `first` on are name=value: calls set(name, value) for each, which returns whether it knows the
  // name.
  template <class Set>
  void ReadOptions(std::size_t first, std::string_view known, const Set& set) const {
    for (std::size_t i = first; i < size(); ++i) {
      const std::size_t equals = field(i).find('=');
      const bool good =
          equals != std::string_view::npos && set(field(i).substr(0, equals), field(i).substr(equals + 1));
      if (!good) Fail("got \"" + std::string(field(i)) + "\", expected " + std::string(known));
    }
  }

  // The same where all values are numbers.
  struct NumberOption {
    std::string_view name;
    double* value;
  };
  void ReadNumbers(std::size_t first, std::initializer_list<NumberOption> options) const;

  template <class T>
  T Number(std::string_view text, std::string_view expected) const {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
      Fail("got \"" + std::string(text) + "\", expected " + std::string(expected));
    }
    return value;
  }

  // "0" or "1"; `option` is the whole field's name.
  bool Flag(std::string_view option, std::string_view value) const;

  // Calls make(), whose errors do not know the entry.
  template <class Make>
  auto Named(const Make& make) const {
    try {
      return make();
    } catch (const Error& error) {
      Fail(error.what());
    }
  }

 private:
  void CheckLabel() const;

  std::size_t position_;
  std::string_view text_;
  std::string_view label_;
  std::vector<std::string_view> fields_;
};

// Adds the activation of this name, and nothing for "linear".
void AddActivation(const LayerEntry& entry, std::string_view name, LayerChain& layers);

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_LAYER_ENTRY_H_
