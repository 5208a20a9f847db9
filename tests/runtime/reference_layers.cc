#include "tests/runtime/reference_layers.h"

#include "tests/support/oracle.h"

namespace fallow::nn::reference {

std::string LayerContext::Field(std::size_t i) const {
  std::size_t begin = 0;
  for (; i > 0; --i) {
    begin = spec.find(':', begin);
    if (begin == std::string::npos) return "";
    ++begin;
  }
  return spec.substr(begin, spec.find(':', begin) - begin);
}

std::string LayerContext::Option(const std::string& name) const {
  const std::size_t found = spec.find(':' + name + '=');
  if (found == std::string::npos) return "";
  const std::size_t begin = found + name.size() + 2;
  return spec.substr(begin, spec.find(':', begin) - begin);
}

double LayerContext::Number(const std::string& option, double value) const {
  const std::string text = Option(option);
  return text.empty() ? value : std::stod(text);
}

std::vector<double> LayerContext::Mask(double rate, std::uint64_t first, std::size_t count) const {
  if (pass.mode == Mode::kInfer || rate == 0) return std::vector<double>(count, 1.0);
  const oracle::Key key{pass.seed, (std::uint64_t{index} << 40) + pass.step, first};
  std::vector<double> mask;
  for (const std::uint8_t kept : oracle::MaskBytes(rate, key, count)) {
    mask.push_back(kept != 0 ? double{oracle::Scale(rate)} : 0.0);
  }
  return mask;
}

}  // namespace fallow::nn::reference
