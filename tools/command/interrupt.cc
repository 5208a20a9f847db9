#include "tools/command/interrupt.h"

#include <atomic>
#include <csignal>
#include <initializer_list>

namespace fallow::tools {
namespace {

// Of a handler and of threads: a volatile std::sig_atomic_t would be of one thread alone.
std::atomic<int> received = 0;
static_assert(std::atomic<int>::is_always_lock_free);

void Note(int signal) { received = signal; }

void Handle(int signal, void (*handler)(int), int flags) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigaction(signal, &action, nullptr);
}

}  // namespace

InterruptGuard::InterruptGuard() {
  received = 0;
  // SA_RESETHAND: the second signal meets the default action.
  for (const int signal : {SIGINT, SIGTERM}) Handle(signal, Note, SA_RESETHAND | SA_RESTART);
}

InterruptGuard::~InterruptGuard() {
  for (const int signal : {SIGINT, SIGTERM}) Handle(signal, SIG_DFL, 0);
}

int InterruptGuard::signal() { return received; }

}  // namespace fallow::tools
