// Ctrl-C, politely.
#ifndef FALLOW_TOOLS_INTERRUPT_H_
#define FALLOW_TOOLS_INTERRUPT_H_

namespace fallow::tools {

// While one of these lives, the first SIGINT or SIGTERM is only noted; the second ends the process as it always does.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  static int signal();  // The signal that came, or 0.
};

}  // namespace fallow::tools

#endif  // FALLOW_TOOLS_INTERRUPT_H_
