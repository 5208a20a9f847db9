#include "tools/command/options.h"

#include <CLI/CLI.hpp>
#include <cmath>

#include "tools/command/numbers.h"

namespace fallow::tools {
namespace {

std::string Range(std::uint64_t least, std::uint64_t most) {
  if (most != kNoLimit) return "a whole number in [" + std::to_string(least) + ", " + std::to_string(most) + "]";
  return "a whole number of at least " + std::to_string(least) + " and less than 2^64";
}

std::string Range(double least, double most) {
  if (std::isinf(most)) return "a number of at least " + FormatReal(least);
  return "a number in [" + FormatReal(least) + ", " + FormatReal(most) + "]";
}

bool Parse(const std::string& text, std::uint64_t* value) { return ParseWhole(text, value); }
bool Parse(const std::string& text, double* value) { return ParseReal(text, value); }
std::string Format(std::uint64_t value) { return std::to_string(value); }
std::string Format(double value) { return FormatReal(value); }

}  // namespace

Options::Options(CLI::App& app, const std::string& name, const std::string& description)
    : app_(app.add_subcommand(name, description)) {}

Options& Options::Added(CLI::Option* option) {
  if (!group_.empty()) option->group(group_);
  last_ = option;
  return *this;
}

template <class Number>
Options& Options::AddNumber(const std::string& name, Number& variable, Number least, Number most,
                            const std::string& description) {
  const auto store = [&variable, least, most, name](const CLI::results_t& texts) {
    Number value = 0;
    if (!Parse(texts.front(), &value) || value < least || value > most) {
      throw CLI::ValidationError(name, "'" + texts.front() + "' is not " + Range(least, most));
    }
    variable = value;
    return true;
  };
  CLI::Option* option = app_->add_option(name, store, description, true, [&variable] { return Format(variable); });
  option->type_name("N");
  return Added(option);
}

Options& Options::Text(const std::string& name, std::string& variable, const std::string& description) {
  return Added(app_->add_option(name, variable, description)->capture_default_str());
}

Options& Options::Texts(const std::string& name, std::vector<std::string>& variable, const std::string& description) {
  return Added(app_->add_option(name, variable, description));
}

Options& Options::Whole(const std::string& name, std::uint64_t& variable, std::uint64_t least, std::uint64_t most,
                        const std::string& description) {
  return AddNumber(name, variable, least, most, description);
}

Options& Options::Real(const std::string& name, double& variable, double least, double most,
                       const std::string& description) {
  return AddNumber(name, variable, least, most, description);
}

Options& Options::Flag(const std::string& name, bool& variable, const std::string& description) {
  return Added(app_->add_flag(name, variable, description)).NotInConfig();
}

Options& Options::Required() {
  last_->required()->default_str("");
  return *this;
}

Options& Options::NotInConfig() {
  last_->configurable(false);
  return *this;
}

Options& Options::KnownBy(std::function<void(const std::string&)> parse) {
  const auto check = [parse = std::move(parse)](const std::string& text) -> std::string {
    try {
      parse(text);
      return "";
    } catch (const std::exception& error) {
      return error.what();
    }
  };
  last_->check(check);
  return *this;
}

void Options::Footer(const std::string& text) { app_->footer(text); }

void Options::Action(std::function<void()> action) { app_->callback(std::move(action)); }

}  // namespace fallow::tools
