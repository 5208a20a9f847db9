#include "tools/serve/server.h"

#include <httplib.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <semaphore>
#include <thread>
#include <utility>
#include <vector>

#include "fallow/nn/error.h"
#include "tools/command/command.h"
#include "tools/command/text.h"
#include "tools/serve/infer_message.h"
#include "tools/serve/page.h"
#include "tools/serve/request_error.h"

namespace fallow::serve {
namespace {

using Clock = std::chrono::steady_clock;
using httplib::Request;
using httplib::Response;
using nlohmann::json;

constexpr const char* kJson = "application/json";
constexpr const char* kJsonBytes = "Inference-Header-Content-Length";

// What a request was about, for the log. Requests of one connection are served by one thread, one after the other.
thread_local AccessRecord current;
thread_local Clock::time_point current_start;

std::string Dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

void Answer(Response& res, const json& value) {
  res.status = 200;
  res.set_content(Dump(value), kJson);
}

// Also closes the connection, whose next bytes are not the next request's.
void AnswerLastError(Response& res, int status, const std::string& what) {
  res.status = status;
  const std::string body = Dump({{"error", what}});
  res.set_content_provider(body.size(), kJson, [body](std::size_t offset, std::size_t size, httplib::DataSink& sink) {
    sink.write(body.data() + offset, size);
    return false;
  });
}

void AnswerError(Response& res, int status, const std::string& what) {
  current.error = what;
  if (status == 408) return AnswerLastError(res, status, what);
  res.status = status;
  res.set_content(Dump({{"error", what}}), kJson);
  if (status == 503) res.set_header("Retry-After", "1");
  if (status == 401) res.set_header("WWW-Authenticate", "Bearer");
}

// Equal or not, in a time that tells nothing but the length.
bool SameSecret(const std::string& a, const std::string& b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

std::optional<std::size_t> JsonBytes(const Request& req) {
  if (!req.has_header(kJsonBytes)) return {};
  const std::string text = req.get_header_value(kJsonBytes);
  std::size_t bytes = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (error != std::errc() || rest != text.data() + text.size()) {
    throw RequestError(
        400, std::string(kJsonBytes) + " is '" + tools::OneLine(text).substr(0, 40) + "', expected a number of bytes");
  }
  return bytes;
}

// The whole body, decompressed.
std::string ReadBody(const Request& req, const httplib::ContentReader& reader, const Limits& limits,
                     Clock::time_point deadline) {
  if (req.is_multipart_form_data()) {
    const auto pass_over = [](const auto&...) { return true; };
    reader(pass_over, pass_over);
    throw RequestError(415, "multipart form data, expected JSON");
  }
  // httplib would wait for the connection's end.
  if (!req.has_header("Content-Length") && !req.has_header("Transfer-Encoding")) return {};
  std::string body;
  bool too_large = false, too_late = false;
  const bool whole = reader([&](const char* data, std::size_t size) {
    too_large = too_large || size > limits.body_bytes - body.size();
    too_late = Clock::now() > deadline;
    // What is too large is read to its end all the same, as the next request is behind it.
    if (!too_large) body.append(data, size);
    return !too_late;
  });
  if (too_large && !too_late) {
    throw RequestError(413, "the body has more than the " + std::to_string(limits.body_bytes) + " bytes allowed");
  }
  if (!whole) throw RequestError(408, "the body came too late, ended early, or is not what its headers say");
  return body;
}

}  // namespace

struct Server::Impl {
  Impl(const ServerOptions& given, ModelStore& store, Metrics& counts, AccessLog& access_log)
      : options(given), models(store), metrics(counts), log(access_log) {
    Configure();
    AddHandlers();
  }

  void Configure();
  void AddHandlers();
  void CheckPathAndToken(const Request& req) const;
  void Get(const Request& req, Response& res);
  void GetModel(const std::vector<std::string>& path, Response& res);
  void Post(const Request& req, Response& res, const std::string& body);
  void Infer(ModelStore::Entry& entry, const Request& req, Response& res, const std::string& body);
  std::shared_ptr<const InferRequest> Parse(const ServedModel& model, const Request& req, const std::string& body);
  ModelStore::Entry& FindModel(const std::vector<std::string>& path, std::size_t* used) const;
  json Index() const;

  ServerOptions options;
  ModelStore& models;
  Metrics& metrics;
  AccessLog& log;
  httplib::Server http;
  std::counting_semaphore<> long_bodies{4};  // See Parse.
  socket_t listening = INVALID_SOCKET;
  std::atomic<bool> draining = false;
  std::atomic<bool> ended = false;
};

void Server::Impl::Configure() {
  http.new_task_queue = [this] { return new httplib::ThreadPool(options.connections); };
  http.set_tcp_nodelay(true);
  http.set_keep_alive_max_count(1'000'000);
  http.set_keep_alive_timeout(5);
  http.set_read_timeout(std::min(options.limits.time, std::chrono::milliseconds(5000)));
  http.set_write_timeout(options.limits.time);
  http.set_payload_max_length(std::numeric_limits<std::size_t>::max());  // ReadBody counts, also what has no length.
  // The address is not shared with another process, which would get half of the requests.
  http.set_socket_options([this](socket_t socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    listening = socket;
  });
}

void Server::Impl::AddHandlers() {
  http.set_pre_routing_handler([](const Request& req, Response&) {
    current = AccessRecord();
    current.remote = req.remote_addr;
    current.method = req.method;
    current.path = req.path;
    current_start = Clock::now();
    return httplib::Server::HandlerResponse::Unhandled;
  });
  http.Get(".*", [this](const Request& req, Response& res) {
    CheckPathAndToken(req);
    Get(req, res);
  });
  // Every body is read, whatever becomes of the request: the connection's next request is behind it.
  const auto post = [this](const Request& req, Response& res, const httplib::ContentReader& reader) {
    const std::string body = ReadBody(req, reader, options.limits, current_start + options.limits.time);
    current.bytes_in = body.size();
    CheckPathAndToken(req);
    if (req.method != "POST") throw RequestError(405, "method " + req.method + ", expected GET or POST");
    Post(req, res, body);
  };
  http.Post(".*", post);
  http.Put(".*", post);
  http.Patch(".*", post);
  http.Delete(".*", post);
  http.set_exception_handler([](const Request&, Response& res, std::exception_ptr thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const RequestError& error) {
      AnswerError(res, error.status(), error.what());
    } catch (const std::exception& error) {
      AnswerError(res, 500, error.what());
    }
  });
  // What httplib refuses by itself.
  http.set_error_handler([](const Request&, Response& res) {
    if (res.has_header("Content-Type")) return;
    AnswerError(res, res.status, res.status == 404 ? "nothing is at this path" : "no request that HTTP knows");
  });
  http.set_logger([this](const Request&, const Response& res) {
    current.status = res.status;
    current.time = Clock::now() - current_start;
    current.bytes_out = res.body.size();
    log.Write(current);
  });
}

void Server::Impl::CheckPathAndToken(const Request& req) const {
  if (!req.path.starts_with('/')) throw RequestError(400, "the path does not begin with /");
  if (options.token.empty() || req.path == "/" || req.path.starts_with("/v2/health/")) return;
  if (SameSecret(req.get_header_value("Authorization"), "Bearer " + options.token)) return;
  throw RequestError(401, "expected the header 'Authorization: Bearer TOKEN' with the server's token");
}

// The model named at the start of `path`, "v2", "models", NAME, and perhaps "versions", VERSION; sets how many of these
// there are.
ModelStore::Entry& Server::Impl::FindModel(const std::vector<std::string>& path, std::size_t* used) const {
  ModelStore::Entry* entry = models.Find(path[2]);
  if (entry == nullptr) throw RequestError(404, "there is no model '" + tools::OneLine(path[2]) + "'");
  *used = 3;
  if (path.size() < 5 || path[3] != "versions") return *entry;
  *used = 5;
  const std::string version = entry->model()->version;
  if (path[4] == version) return *entry;
  throw RequestError(404, "model '" + path[2] + "' has no version '" + tools::OneLine(path[4]) + "' but " + version);
}

json Server::Impl::Index() const {
  json index = json::array();
  for (const auto& entry : models.entries()) {
    index.push_back({{"name", entry->name()}, {"version", entry->model()->version}, {"state", "READY"}});
  }
  return index;
}

void Server::Impl::GetModel(const std::vector<std::string>& path, Response& res) {
  std::size_t used = 0;
  const ModelStore::Entry& entry = FindModel(path, &used);
  if (path.size() == used) {
    res.set_content(FormatModelMetadata(*entry.model()), kJson);
  } else if (path.size() == used + 1 && path[used] == "ready") {
    if (draining) throw RequestError(503, "the server is about to stop");
    Answer(res, {{"name", entry.name()}, {"ready", true}});
  } else {
    throw RequestError(404, "nothing is at this path");
  }
}

void Server::Impl::Get(const Request& req, Response& res) {
  const std::vector<std::string> path = tools::Split(req.path.substr(1), '/');
  if (req.path == "/") {
    res.set_content(kPage, "text/html; charset=utf-8");
    res.set_header("Content-Security-Policy",
                   "default-src 'none'; script-src 'unsafe-inline'; style-src "
                   "'unsafe-inline'; connect-src 'self'; img-src 'self' blob: data:");
  } else if (req.path == "/metrics") {
    res.set_content(metrics.Text(), "text/plain; version=0.0.4; charset=utf-8");
  } else if (req.path == "/v2") {
    Answer(res, {{"name", "fallow"},
                 {"version", FALLOW_VERSION},
                 {"extensions", json::array({"binary_tensor_data", "model_repository"})}});
  } else if (req.path == "/v2/health/live") {
    Answer(res, {{"live", true}});
  } else if (req.path == "/v2/health/ready") {
    if (draining) throw RequestError(503, "the server is about to stop");
    Answer(res, {{"ready", true}});
  } else if (path.size() >= 3 && path[0] == "v2" && path[1] == "models") {
    GetModel(path, res);
  } else {
    throw RequestError(404, "nothing is at this path");
  }
}

void Server::Impl::Post(const Request& req, Response& res, const std::string& body) {
  const std::vector<std::string> path = tools::Split(req.path.substr(1), '/');
  if (path.size() >= 4 && path[0] == "v2" && path[1] == "models" && path.back() == "infer") {
    std::size_t used = 0;
    ModelStore::Entry& entry = FindModel(path, &used);
    if (path.size() == used + 1) return Infer(entry, req, res, body);
  }
  if (req.path != "/v2/repository/index") throw RequestError(404, "nothing to post to is at this path");
  Answer(res, Index());
}

// To read a JSON text takes some ten times its memory. Long ones therefore wait for each other.
std::shared_ptr<const InferRequest> Server::Impl::Parse(const ServedModel& model, const Request& req,
                                                        const std::string& body) {
  const auto parse = [&] {
    return std::make_shared<const InferRequest>(ParseInferRequest(model, options.limits, body, JsonBytes(req)));
  };
  constexpr std::size_t kLong = 1 << 20;
  if (body.size() < kLong) return parse();
  if (!long_bodies.try_acquire_until(current_start + options.limits.time)) {
    throw RequestError(503, "other long requests are being read; try again later");
  }
  const std::shared_ptr<void> release(nullptr, [this](void*) { long_bodies.release(); });
  return parse();
}

void Server::Impl::Infer(ModelStore::Entry& entry, const Request& req, Response& res, const std::string& body) {
  const Clock::time_point arrival = Clock::now();
  current.model = entry.name();
  int status = 500;
  try {
    const std::shared_ptr<const ServedModel> model = entry.model();
    const std::shared_ptr<const InferRequest> request = Parse(*model, req, body);
    current.rows = request->x.rows();
    current.samples = request->samples;
    const nn::McPrediction prediction = entry.batcher().Predict(model, request, current_start + options.limits.time);
    Message message = FormatInferResponse(*model, *request, prediction);
    if (message.json_bytes) res.set_header(kJsonBytes, std::to_string(*message.json_bytes));
    res.set_content(std::move(message.body), message.json_bytes ? "application/octet-stream" : kJson);
    res.status = status = 200;
  } catch (const RequestError& error) {
    status = error.status();
    AnswerError(res, status, error.what());
  } catch (const std::exception& error) {
    AnswerError(res, status, error.what());
  }
  entry.metrics().Request(status, Clock::now() - arrival);
}

Server::Server(const ServerOptions& options, ModelStore& models, Metrics& metrics, AccessLog& log)
    : impl_(std::make_unique<Impl>(options, models, metrics, log)) {}
Server::~Server() = default;

int Server::Bind() {
  const std::string& host = impl_->options.host;
  int port = impl_->options.port;
  const bool bound = port == 0 ? (port = impl_->http.bind_to_any_port(host)) > 0 : impl_->http.bind_to_port(host, port);
  if (!bound) {
    throw tools::UsageError("cannot listen at " + host + ":" + std::to_string(impl_->options.port) +
                            "; is another program there, or is it no address of this machine?");
  }
  // httplib lets five wait.
  listen(impl_->listening, static_cast<int>(impl_->options.connections));
  return port;
}

void Server::Serve() {
  impl_->http.listen_after_bind();
  impl_->ended = true;
}

void Server::Stop() {
  impl_->draining = true;
  // httplib forgets a stop that comes before it runs.
  while (!impl_->http.is_running() && !impl_->ended) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  impl_->http.stop();
}

}  // namespace fallow::serve
