#include "tools/command/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace fallow::tools {
namespace {

constexpr std::chrono::milliseconds kInterval{100};
constexpr std::size_t kMostBarWidth = 30;

std::size_t TerminalWidth() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

template <class... Values>
std::string Format(const char* format, Values... values) {
  char text[128];
  std::snprintf(text, sizeof(text), format, values...);
  return text;
}

std::string Bar(std::size_t width, double share) {
  const auto done = static_cast<std::size_t>(static_cast<double>(width) * std::clamp(share, 0.0, 1.0));
  std::string bar(width, ' ');
  std::fill_n(bar.begin(), done, '=');
  if (done < width) bar[done] = '>';
  return bar;
}

}  // namespace

std::string TimeLeft(double seconds) {
  const auto whole = static_cast<unsigned long>(std::clamp(seconds, 0.0, 1e9));
  return whole < 3600 ? Format("%lu:%02lu left", whole / 60, whole % 60)
                      : Format("%lu:%02lu:%02lu left", whole / 3600, whole / 60 % 60, whole % 60);
}

ProgressBar::ProgressBar(bool with_accuracy) : terminal_(isatty(STDERR_FILENO) == 1), with_accuracy_(with_accuracy) {}

void ProgressBar::Show(const nn::Progress& progress) {
  if (!Due()) return;
  const std::string head = Format("epoch %*zu/%zu [", static_cast<int>(std::to_string(progress.epochs).size()),
                                  progress.epoch, progress.epochs);
  const std::string accuracy = with_accuracy_ ? Format("  accuracy %.4f", progress.accuracy) : "";
  const std::string tail = Format("] loss %.4f", progress.loss) + accuracy +
                           Format("  %.0f samples/s  ", progress.samples_per_second) + TimeLeft(progress.seconds_left);
  Draw(head, static_cast<double>(progress.step) / static_cast<double>(progress.steps_per_epoch), tail);
}

void ProgressBar::Show(const std::string& head, double share, const std::string& tail) {
  if (Due()) Draw(head + " [", share, "] " + tail);
}

bool ProgressBar::Due() {
  const auto now = std::chrono::steady_clock::now();
  if (!terminal_ || now < next_) return false;
  next_ = now + kInterval;
  return true;
}

void ProgressBar::Draw(const std::string& head, double share, const std::string& tail) const {
  const std::size_t width = TerminalWidth(), text = head.size() + tail.size();
  const std::size_t bar = text + 1 < width ? std::min(width - text - 1, kMostBarWidth) : 0;
  const std::string line = head + Bar(bar, share) + tail;
  std::fprintf(stderr, "\r%s\033[K", line.substr(0, width - 1).c_str());
}

void ProgressBar::Clear() {
  if (terminal_) std::fputs("\r\033[K", stderr);
}

}  // namespace fallow::tools
