// The text form of a model: see ParseLayers.
#include <charconv>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fallow/nn/error.h"
#include "fallow/nn/layers.h"

namespace fallow::nn {
namespace {

// One entry of the list. What its methods throw names the entry.
class Entry {
 public:
  Entry(std::size_t position, std::string_view text) : position_(position), text_(text) {
    for (std::string_view rest = text;;) {
      const std::size_t colon = rest.find(':');
      fields_.push_back(rest.substr(0, colon));
      if (colon == std::string_view::npos) break;
      rest.remove_prefix(colon + 1);
    }
  }

  std::string_view kind() const { return fields_[0]; }
  std::size_t size() const { return fields_.size(); }
  std::string_view field(std::size_t i) const { return fields_[i]; }

  [[noreturn]] void Fail(const std::string& problem) const {
    throw Error("layer " + std::to_string(position_) + " \"" + std::string(text_) + "\": " + problem);
  }

  void ExpectFields(std::size_t least, std::size_t most, const char* form) const {
    if (size() < least || size() > most) Fail(std::string("expected ") + form);
  }

  template <class T>
  T Number(std::string_view text, const char* expected) const {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
      Fail("got \"" + std::string(text) + "\", expected " + expected);
    }
    return value;
  }

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
  std::size_t position_;
  std::string_view text_;
  std::vector<std::string_view> fields_;
};

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::vector<Entry> Entries(std::string_view list) {
  std::vector<Entry> entries;
  for (std::string_view rest = list;;) {
    const std::size_t comma = rest.find(',');
    entries.emplace_back(entries.size() + 1, Trimmed(rest.substr(0, comma)));
    if (comma == std::string_view::npos) return entries;
    rest.remove_prefix(comma + 1);
  }
}

// The name of the activation that an entry of kind dense ends with, as in "dense:N:relu"; empty if there is none.
std::string_view OwnActivation(const Entry& entry) {
  if (entry.size() < 3 || entry.field(2).find('=') != std::string_view::npos) return {};
  return entry.field(2);
}

// Adds nothing for "linear".
void AddNamed(const Entry& entry, std::string_view name, std::vector<std::unique_ptr<Layer>>& layers) {
  if (name == "softmax") return layers.push_back(MakeSoftmax());
  const Activation activation = entry.Named([&] { return ParseActivation(name); });
  if (activation != Activation::kLinear) layers.push_back(MakeActivation(activation));
}

void ParseOption(const Entry& entry, std::string_view option, DenseOptions& options) {
  const std::size_t equals = option.find('=');
  const std::string_view name = option.substr(0, equals);
  const std::string_view value = equals == std::string_view::npos ? "" : option.substr(equals + 1);
  if (name == "bias") {
    if (value != "0" && value != "1") entry.Fail("got \"" + std::string(option) + "\", expected bias=0 or bias=1");
    options.use_bias = value == "1";
    return;
  }
  for (const auto& [known, target] :
       {std::pair{"l1", &options.l1}, {"l2", &options.l2}, {"max_norm", &options.max_norm}}) {
    if (name != known) continue;
    *target = entry.Number<float>(value, "a number");
    return;
  }
  entry.Fail("got \"" + std::string(option) + "\", expected l1=X, l2=X, max_norm=X or bias=0");
}

void AddDense(const Entry& entry, std::vector<std::unique_ptr<Layer>>& layers) {
  if (entry.size() < 2) entry.Fail("expected dense:UNITS");
  const std::string_view activation = OwnActivation(entry);
  DenseOptions options;
  for (std::size_t i = activation.empty() ? 2 : 3; i < entry.size(); ++i) ParseOption(entry, entry.field(i), options);
  const auto units = entry.Number<std::size_t>(entry.field(1), "a whole number of units");
  layers.push_back(entry.Named([&] { return MakeDense(units, options); }));
  if (!activation.empty()) AddNamed(entry, activation, layers);
}

void AddActivation(const Entry& entry, std::vector<std::unique_ptr<Layer>>& layers) {
  const bool takes_slope = entry.kind() == "leaky_relu";
  if (takes_slope && entry.size() == 2) {
    const double slope = entry.Number<double>(entry.field(1), "a negative slope");
    layers.push_back(entry.Named([&] { return MakeActivation(Activation::kLeakyReLU, slope); }));
    return;
  }
  entry.ExpectFields(1, 1, takes_slope ? "leaky_relu[:NEGATIVE_SLOPE]" : "no more than a name");
  AddNamed(entry, entry.kind(), layers);
}

bool IsActivation(const Entry& entry) {
  return entry.kind() != "dense" && entry.kind() != "dropout" && entry.kind() != "flatten";
}

void CheckKind(const Entry& entry) {
  if (!IsActivation(entry) || entry.kind() == "softmax") return;
  try {
    ParseActivation(entry.kind());
  } catch (const Error&) {
    entry.Fail(
        "expected dense:UNITS, dropout:RATE, flatten, or an activation (relu, leaky_relu, elu, selu, gelu, silu, "
        "sigmoid, tanh, softmax, linear)");
  }
}

}  // namespace

std::vector<std::unique_ptr<Layer>> ParseLayers(std::string_view list) {
  const std::vector<Entry> entries = Entries(list);
  for (const Entry& entry : entries) CheckKind(entry);
  std::vector<std::unique_ptr<Layer>> layers;
  for (const Entry& entry : entries) {
    if (entry.kind() == "dense") {
      AddDense(entry, layers);
    } else if (entry.kind() == "dropout") {
      entry.ExpectFields(2, 2, "dropout:RATE");
      const double rate = entry.Number<double>(entry.field(1), "a rate");
      layers.push_back(entry.Named([&] { return MakeDropout(rate); }));
    } else if (entry.kind() == "flatten") {
      entry.ExpectFields(1, 1, "no more than a name");
      layers.push_back(MakeFlatten());
    } else {
      AddActivation(entry, layers);
    }
  }
  return layers;
}

}  // namespace fallow::nn
