// Whether PyTorch's own dropout operations run on Fallow.
#ifndef FALLOW_TOOLS_TORCH_OVERRIDE_H_
#define FALLOW_TOOLS_TORCH_OVERRIDE_H_

namespace fallow::pytorch {

// Any of these any number of times, from any thread; but while no other thread runs a dropout.
[[gnu::visibility("default")]] void Enable();
void Disable();
bool IsEnabled();

}  // namespace fallow::pytorch

#endif  // FALLOW_TOOLS_TORCH_OVERRIDE_H_
