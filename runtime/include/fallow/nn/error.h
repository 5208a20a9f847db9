// The one exception family of the runtime.
#ifndef FALLOW_NN_ERROR_H_
#define FALLOW_NN_ERROR_H_

#include <stdexcept>

namespace fallow::nn {

// Thrown when a model is described, built, loaded or saved, when data is read, when a training run is set up, when it
// diverges, and when its checkpoint cannot be written. what() is one line that names the file, layer or argument, what
// it was, and what was expected.
class Error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace fallow::nn

#endif  // FALLOW_NN_ERROR_H_
