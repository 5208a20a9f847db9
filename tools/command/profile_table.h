// A profile as a table.
#ifndef FALLOW_TOOLS_PROFILE_TABLE_H_
#define FALLOW_TOOLS_PROFILE_TABLE_H_

#include <cstddef>

#include "tools/command/profile_sums.h"

namespace fallow::tools {

// Prints it, at most 100 columns wide. After sums.Pause(), with at least one step.
// `samples`: how many were trained on.
void PrintProfile(const ProfileSums& sums, std::size_t samples);

}  // namespace fallow::tools

#endif  // FALLOW_TOOLS_PROFILE_TABLE_H_
