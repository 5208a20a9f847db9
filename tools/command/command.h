// The subcommands of `fallow`: each adds itself to the application and, when it was asked for, leaves its exit code.
#ifndef FALLOW_TOOLS_COMMAND_H_
#define FALLOW_TOOLS_COMMAND_H_

#include <stdexcept>
#include <string>

namespace CLI {
class App;
}

namespace fallow::tools {

enum ExitCode { kSuccess = 0, kFailure = 1, kBadInput = 2 };

// Thrown for what the user can put right. what() is one line.
class UsageError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What subcommands share with main().
struct Context {
  std::string program;  // As it was called, so that printed commands can be copied.
  int exit_code = kSuccess;
};

void AddTrain(CLI::App& app, Context& context);
void AddEval(CLI::App& app, Context& context);
void AddPredict(CLI::App& app, Context& context);
void AddExport(CLI::App& app, Context& context);
void AddProfile(CLI::App& app, Context& context);
void AddCurves(CLI::App& app, Context& context);
void AddSweep(CLI::App& app, Context& context);
void AddInfo(CLI::App& app, Context& context);
void AddMask(CLI::App& app, Context& context);
void AddServe(CLI::App& app, Context& context);

}  // namespace fallow::tools

#endif  // FALLOW_TOOLS_COMMAND_H_
