// The HTTP server: the Open Inference Protocol, metrics and a page to look at.
#ifndef FALLOW_TOOLS_SERVE_SERVER_H_
#define FALLOW_TOOLS_SERVE_SERVER_H_

#include <cstddef>
#include <memory>
#include <string>

#include "tools/serve/access_log.h"
#include "tools/serve/limits.h"
#include "tools/serve/metrics.h"
#include "tools/serve/model_store.h"

namespace fallow::serve {

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 8080;                // 0: any that is free.
  std::size_t connections = 128;  // Served at once; others wait. Each has a thread.
  std::string token;              // Not empty: what requests must show, but for health and the page itself.
  Limits limits;
};

class Server {
 public:
  // All must outlive the server.
  Server(const ServerOptions& options, ModelStore& models, Metrics& metrics, AccessLog& log);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Takes the address; connections wait from now on. Returns the port. Throws tools::UsageError if it is taken.
  int Bind();
  // Serves until Stop is called, then answers what has come in, and returns.
  void Serve();
  // From any thread.
  void Stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fallow::serve

#endif  // FALLOW_TOOLS_SERVE_SERVER_H_
