// What is wrong with a request, as its sender is told.
#ifndef FALLOW_TOOLS_SERVE_REQUEST_ERROR_H_
#define FALLOW_TOOLS_SERVE_REQUEST_ERROR_H_

#include <stdexcept>
#include <string>

namespace fallow::serve {

// An HTTP status with the text of the protocol's error object.
class RequestError : public std::runtime_error {
 public:
  RequestError(int status, const std::string& what) : std::runtime_error(what), status_(status) {}
  int status() const { return status_; }

 private:
  int status_;
};

}  // namespace fallow::serve

#endif  // FALLOW_TOOLS_SERVE_REQUEST_ERROR_H_
