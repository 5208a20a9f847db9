// The options of one subcommand.
//
// A thin cover over CLI11, for two reasons. CLI11 takes seconds to compile, so only a few files see it. And its own
// conversions take "-1" for an unsigned number, "010" for eight and "nan" for a number in any range, wrap what is too
// large and round a double twice.
#ifndef FALLOW_TOOLS_OPTIONS_H_
#define FALLOW_TOOLS_OPTIONS_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace fallow::tools {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

class Options {
 public:
  // The subcommand `name` of `app`, or the one that is there.
  Options(CLI::App& app, const std::string& name, const std::string& description);

  // Each of these adds an option that is stored in `variable`, which must outlive the command and whose present value
  // is the default. A name without "--" is a position. What follows changes the option added last.
  Options& Text(const std::string& name, std::string& variable, const std::string& description);
  Options& Texts(const std::string& name, std::vector<std::string>& variable, const std::string& description);
  Options& Whole(const std::string& name, std::uint64_t& variable, std::uint64_t least, std::uint64_t most,
                 const std::string& description);
  Options& Real(const std::string& name, double& variable, double least, double most, const std::string& description);
  Options& Flag(const std::string& name, bool& variable, const std::string& description);

  Options& Required();
  Options& NotInConfig();
  // `parse` must accept the value; what it throws otherwise is the message.
  Options& KnownBy(std::function<void(const std::string&)> parse);

  // Heading, in the help, of the options that follow.
  void Group(const std::string& name) { group_ = name; }
  void Footer(const std::string& text);
  // What the subcommand does.
  void Action(std::function<void()> action);

  CLI::App& app() const { return *app_; }

 private:
  Options& Added(CLI::Option* option);
  template <class Number>
  Options& AddNumber(const std::string& name, Number& variable, Number least, Number most,
                     const std::string& description);

  CLI::App* app_;
  CLI::Option* last_ = nullptr;
  std::string group_;
};

}  // namespace fallow::tools

#endif  // FALLOW_TOOLS_OPTIONS_H_
