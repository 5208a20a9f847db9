#include "tools/command/gnuplot.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "tools/command/command.h"
#include "tools/command/files.h"

namespace fallow::tools {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

// An unnamed file that holds `text`, to be read from its beginning.
File TemporaryFile(const std::string& text) {
  File file(std::tmpfile(), std::fclose);
  if (!file || std::fwrite(text.data(), 1, text.size(), file.get()) != text.size() || std::fflush(file.get()) != 0) {
    throw UsageError(std::string("a temporary file cannot be written: ") + std::strerror(errno));
  }
  std::rewind(file.get());
  return file;
}

// Runs gnuplot with `script` as its standard input and `output` as its standard output. Returns its exit status.
int RunGnuplot(std::FILE* script, std::FILE* output) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fileno(script), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(output), STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::string name = "gnuplot", defaults = "-d";  // -d: the user's own settings must not change our pictures.
  char* const arguments[] = {name.data(), defaults.data(), nullptr};
  pid_t process;
  const int error = posix_spawnp(&process, "gnuplot", &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw UsageError("no picture: gnuplot is missing; Debian's package gnuplot-nox draws the curves");
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

std::string PlotText(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += '\'';
    quoted += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return quoted + "'";
}

void Draw(const std::string& script, const std::filesystem::path& path) {
  WriteWhole(path, [&](const std::filesystem::path& temporary) {
    const File input = TemporaryFile(script);
    const File output(std::fopen(temporary.c_str(), "wb"), std::fclose);
    if (!output) throw UsageError(path.string() + ": cannot be written: " + std::strerror(errno));
    if (RunGnuplot(input.get(), output.get()) != 0) throw UsageError(path.string() + ": gnuplot could not draw it");
  });
}

}  // namespace fallow::tools
