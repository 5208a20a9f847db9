// How a kernel call may use the machine.
#ifndef FALLOW_EXECUTION_H_
#define FALLOW_EXECUTION_H_

#include "fallow/target.h"

namespace fallow {

struct ProfileSink;

// No field ever changes a result, only how fast it comes and who hears of it.
struct Execution {
  // Most threads one call may use, the caller's included. 0 or less: all that the caller's oneTBB arena offers. 1, and
  // for calls of up to 32,768 elements whatever it says: the caller's thread alone, and oneTBB is not touched at all.
  int max_threads = 0;
  // The instruction set to use, or, if this CPU lacks it, the best one below. Left alone: DefaultTarget().
  Target target = {};
  // Who gets a record of the call (fallow/profile.h); null: nobody. Must outlive the call.
  const ProfileSink* profile = nullptr;
};

}  // namespace fallow

#endif  // FALLOW_EXECUTION_H_
