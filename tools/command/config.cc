#include "tools/command/config.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>

#include "tools/command/command.h"
#include "tools/command/numbers.h"

namespace fallow::tools {
namespace {

constexpr const char* kBlank = " \t\r";

[[noreturn]] void Fail(const std::filesystem::path& path, std::size_t line, const std::string& what) {
  throw UsageError(path.string() + ":" + std::to_string(line) + ": " + what);
}

std::string Trim(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(kBlank);
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

// Takes a quoted text off the front of `rest`. False if it does not end.
bool TakeQuoted(std::string& rest, std::string* value) {
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest.erase(0, i + 1);
      return true;
    }
    if (rest[i] == '\\' && ++i == rest.size()) break;
    value->push_back(rest[i]);
  }
  return false;
}

std::string ParseValue(const std::filesystem::path& path, std::size_t line, std::string text) {
  std::string value;
  if (text.empty() || text[0] != '"') {
    value = Trim(text.substr(0, text.find('#')));
    if (value.empty()) Fail(path, line, "a value is missing after '='");
    if (value.find_first_of("\"'[]{},") != std::string::npos) {
      Fail(path, line, "expected a number or text in double quotes, found " + value);
    }
    return value;
  }
  if (!TakeQuoted(text, &value)) Fail(path, line, "the closing double quote is missing");
  text = Trim(text);
  if (!text.empty() && text[0] != '#') Fail(path, line, "unexpected text after the closing quote: " + text);
  return value;
}

std::string Quote(const std::string& text) {
  double number;
  if (ParseReal(text, &number)) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

std::vector<ConfigEntry> ReadConfig(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file || std::filesystem::is_directory(path)) throw UsageError(path.string() + ": cannot be read");
  std::vector<ConfigEntry> entries;
  std::string text;
  for (std::size_t line = 1; std::getline(file, text); ++line) {
    text = Trim(text);
    if (text.empty() || text[0] == '#') continue;
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) Fail(path, line, "expected 'name = value'");
    const std::string name = Trim(text.substr(0, equals));
    const auto same_name = [&](const ConfigEntry& entry) { return entry.name == name; };
    if (std::any_of(entries.begin(), entries.end(), same_name)) Fail(path, line, "'" + name + "' is given twice");
    entries.push_back({line, name, ParseValue(path, line, Trim(text.substr(equals + 1)))});
  }
  return entries;
}

void ApplyConfig(const Options& options, const std::filesystem::path& path) {
  for (const ConfigEntry& entry : ReadConfig(path)) {
    CLI::Option* option = options.app().get_option_no_throw("--" + entry.name);
    if (option == nullptr || !option->get_configurable()) Fail(path, entry.line, "unknown key '" + entry.name + "'");
    if (option->count() > 0) continue;
    try {
      option->add_result(entry.value);
      option->run_callback();
    } catch (const CLI::Error& error) {
      Fail(path, entry.line, error.what());
    }
  }
}

std::string FormatConfig(const Options& options) {
  std::string text;
  for (CLI::Option* option : options.app().get_options({})) {
    if (!option->get_configurable()) continue;
    const std::string value = option->capture_default_str()->get_default_str();
    if (!value.empty()) text += option->get_single_name() + " = " + Quote(value) + "\n";
  }
  return text;
}

}  // namespace fallow::tools
