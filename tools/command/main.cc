// The command `fallow`. Whatever goes wrong ends here, as one line on standard error.
#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>

#include "fallow/nn/error.h"
#include "fallow/target.h"
#include "tools/command/command.h"
#include "tools/command/text.h"

namespace fallow::tools {
namespace {

// The library ignores a FALLOW_TARGET that it does not know; a person wants to hear of it.
void CheckTargetVariable() {
  const char* name = std::getenv("FALLOW_TARGET");
  Target target;
  if (name == nullptr || *name == '\0' || FindTarget(name, &target).ok()) return;
  std::string known;
  for (const Target& compiled : CompiledTargets()) known += std::string(known.empty() ? "" : ", ") + compiled.name();
  throw UsageError("FALLOW_TARGET: '" + std::string(name) + "' is not one of " + known);
}

int Fail(const CLI::App& app, ExitCode code, const std::string& what) {
  const auto chosen = app.get_subcommands();
  const std::string name = chosen.empty() ? "fallow" : "fallow " + chosen.front()->get_name();
  std::fprintf(stderr, "%s: %s\n", name.c_str(), OneLine(what).c_str());
  return code;
}

int Run(CLI::App& app, Context& context, int argc, char** argv) {
  try {
    CheckTargetVariable();
    app.parse(argc, argv);
    if (app.get_subcommands().empty()) std::fputs(app.help().c_str(), stdout);
    if (std::fflush(stdout) != 0) throw UsageError(std::string("standard output: ") + std::strerror(errno));
    return context.exit_code;
  } catch (const CLI::Success& request) {  // --help or --version.
    return app.exit(request);
  } catch (const CLI::Error& error) {
    return Fail(app, kBadInput, error.what());
  } catch (const UsageError& error) {
    return Fail(app, kBadInput, error.what());
  } catch (const nn::Error& error) {
    return Fail(app, kBadInput, error.what());
  } catch (const std::filesystem::filesystem_error& error) {
    return Fail(app, kBadInput, error.what());
  } catch (const std::bad_alloc&) {
    return Fail(app, kFailure, "out of memory");
  } catch (const std::exception& error) {
    return Fail(app, kFailure, error.what());
  }
}

}  // namespace
}  // namespace fallow::tools

int main(int argc, char** argv) {
  using namespace fallow::tools;
  Context context{.program = argc > 0 ? ShellQuote(argv[0]) : "fallow"};
  CLI::App app("Fallow: dropout for CPUs. Trains networks, measures them, and shows how sure they are.");
  app.set_version_flag("--version", "fallow " FALLOW_VERSION);
  app.footer("'" + context.program +
             " SUBCOMMAND --help' explains a subcommand and gives examples.\n"
             "FALLOW_TARGET in the environment caps the instruction set; '" +
             context.program + " info' lists them.");
  AddTrain(app, context);
  AddSweep(app, context);
  AddEval(app, context);
  AddPredict(app, context);
  AddExport(app, context);
  AddProfile(app, context);
  AddServe(app, context);
  AddCurves(app, context);
  AddMask(app, context);
  AddInfo(app, context);
  return Run(app, context, argc, argv);
}
