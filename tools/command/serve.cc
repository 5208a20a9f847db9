// fallow serve: models behind HTTP.
#include <malloc.h>
#include <pthread.h>

#include <csignal>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tools/command/command.h"
#include "tools/command/options.h"
#include "tools/command/text.h"
#include "tools/serve/access_log.h"
#include "tools/serve/metrics.h"
#include "tools/serve/model_store.h"
#include "tools/serve/server.h"

namespace fallow::tools {
namespace {

struct ServeOptions {
  std::vector<std::string> models;
  std::string host = "127.0.0.1", token_file, access_log = "-";
  std::uint64_t port = 8080, connections = 128;
  std::uint64_t batch = 4096, queue = 256, concurrency = 1, threads = 0;
  double batch_wait = 0, timeout = 10;
  std::uint64_t body = serve::Limits().body_bytes, elements = serve::Limits().elements;
  std::uint64_t samples = serve::Limits().samples, passes = serve::Limits().passes;

  serve::BatchOptions batches() const {
    return {.passes = batch,
            .wait = std::chrono::microseconds(static_cast<std::int64_t>(batch_wait * 1000)),
            .queue = queue,
            .concurrency = concurrency,
            .execution = {.max_threads = static_cast<int>(threads), .target = {}}};
  }
  serve::Limits limits() const {
    return {.body_bytes = body,
            .elements = elements,
            .samples = samples,
            .passes = passes,
            .time = std::chrono::milliseconds(static_cast<std::int64_t>(timeout * 1000))};
  }
};

void Say(const std::string& what) { std::fprintf(stderr, "fallow serve: %s\n", OneLine(what).c_str()); }

// The first line of a file: a secret on the command line would show in every list of processes.
std::string ReadToken(const std::string& path) {
  if (path.empty()) return {};
  std::ifstream file(path);
  std::string token;
  if (!std::getline(file, token) || token.empty()) {
    throw UsageError("--token-file: " + path + " cannot be read, or its first line is empty");
  }
  return token;
}

// Null for "none", standard output for "-".
using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
File OpenLog(const std::string& path) {
  const auto keep_open = [](std::FILE*) { return 0; };
  if (path == "none") return {nullptr, keep_open};
  if (path == "-") return {stdout, keep_open};
  File file(std::fopen(path.c_str(), "a"), std::fclose);
  if (file == nullptr) throw UsageError("--access-log: cannot write to " + path);
  return file;
}

// The signals that a server is told by, held back in this thread and all that it starts.
class HeldSignals {
 public:
  HeldSignals() {
    sigemptyset(&signals_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals_, signal);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
  }
  ~HeldSignals() { Release(); }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  // The next signal, or 0 after a second without one.
  int Wait() const {
    const timespec second = {.tv_sec = 1, .tv_nsec = 0};
    const int signal = sigtimedwait(&signals_, nullptr, &second);
    return signal > 0 ? signal : 0;
  }
  // From now on they end the process.
  void Release() const { pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr); }

 private:
  sigset_t signals_;
};

// The memory of a long request goes back to the system at its end. glibc would learn from the first one to keep it, in
// pieces, in an arena for every few threads.
void ReturnMemoryOfLongRequests() {
  constexpr int kLong = 512 << 10;
  mallopt(M_MMAP_THRESHOLD, kLong);
  mallopt(M_TRIM_THRESHOLD, kLong);
}

void RunServe(const ServeOptions& options) {
  const HeldSignals signals;
  ReturnMemoryOfLongRequests();
  const File log_file = OpenLog(options.access_log);
  serve::AccessLog log(log_file.get());
  serve::Metrics metrics;
  std::vector<serve::ModelFile> files;
  for (const std::string& model : options.models) files.push_back(serve::ParseModelFile(model));
  serve::ModelStore models(files, options.batches(), metrics,
                           [](const auto& model, const auto& what, bool) { Say("model '" + model + "': " + what); });
  serve::ServerOptions server_options{.host = options.host,
                                      .port = static_cast<int>(options.port),
                                      .connections = options.connections,
                                      .token = ReadToken(options.token_file),
                                      .limits = options.limits()};
  serve::Server server(server_options, models, metrics, log);
  const int port = server.Bind();
  Say("listening at http://" + options.host + ":" + std::to_string(port) + "/");
  std::thread serving([&] { server.Serve(); });
  int signal = 0;
  while ((signal = signals.Wait()) == 0 || signal == SIGHUP) models.Reload();
  Say("finishing what has come in; again to stop at once");
  signals.Release();
  server.Stop();
  serving.join();
}

}  // namespace

void AddServe(CLI::App& app, Context& context) {
  Options options(app, "serve", "Serve models over HTTP, with how sure they are");
  const auto serve = std::make_shared<ServeOptions>();
  options
      .Texts("models", serve->models,
             "ONNX files, or model.safetensors of 'train'; NAME=FILE gives the name to serve at")
      .Required();
  options.Group("Address");
  options.Text("--host", serve->host, "Address to listen at; 0.0.0.0: all of this machine's");
  options.Whole("--port", serve->port, 0, 65535, "Port; 0: any that is free");
  options.Text("--token-file", serve->token_file, "Requests must show the token in this file's first line");
  options.Whole("--connections", serve->connections, 1, 4096, "Connections served at once, a thread each");
  options.Text("--access-log", serve->access_log, "A line of JSON a request: a file, - for standard output, or none");
  options.Group("Batches");
  options.Whole("--batch", serve->batch, 1, 1'000'000, "Most rows times samples computed together");
  options.Real("--batch-wait", serve->batch_wait, 0, 10'000, "Milliseconds to wait for more while nothing is computed");
  options.Whole("--queue", serve->queue, 1, 100'000, "Requests of a model that may wait; beyond, 503");
  options.Whole("--concurrency", serve->concurrency, 1, 64, "Batches of a model computed at once");
  options.Whole("--threads", serve->threads, 0, 4096, "Most threads of one batch; 0: all. Answers do not depend on it");
  options.Group("Limits of a request");
  options.Whole("--max-body", serve->body, 1024, std::uint64_t{1} << 32, "Bytes of a body; beyond, 413");
  options.Whole("--max-elements", serve->elements, 1, std::uint64_t{1} << 32, "Numbers in its tensor; beyond, 413");
  options.Whole("--max-samples", serve->samples, 1, 1'000'000, "mc_samples; beyond, 400");
  options.Whole("--max-passes", serve->passes, 1, 1'000'000'000, "Rows times samples; beyond, 413");
  options.Real("--timeout", serve->timeout, 0.001, 3600, "Seconds from request to answer; beyond, 504");
  options.Footer(
      "Speaks the Open Inference Protocol (KServe v2) with binary tensors. The parameters of a request:\n"
      "  mc_samples  predict with so many dropout masks; without it, once and without dropout\n"
      "  seed        of the masks. The same request with the same seed gets the same bytes, always\n"
      "  rate        instead of the rates of the model\n"
      "Outputs to ask for: the model's own (the mean), standard_deviation, predictive_entropy, mutual_information,\n"
      "quantile_0.05 and the like. / is a page to try models on, /metrics is for Prometheus.\n\n"
      "A model whose file changes is read again, at once with SIGHUP; the old one serves until the new one is ready.\n"
      "SIGTERM and Ctrl-C answer what has come in, then end.\n\n"
      "Examples\n"
      "  " +
      context.program +
      " serve runs/fashion-6000-dropout/model.safetensors\n"
      "  " +
      context.program +
      " serve digits=model.onnx houses=other.onnx --port 9000 --token-file token\n"
      "  curl http://127.0.0.1:8080/v2/models/digits/infer -d '{\"parameters\": {\"mc_samples\": 30, \"seed\": 1},\n"
      "    \"inputs\": [{\"name\": \"input\", \"datatype\": \"FP32\", \"shape\": [1, 4], \"data\": [1, 2, 3, 4]}],\n"
      "    \"outputs\": [{\"name\": \"output\"}, {\"name\": \"standard_deviation\"}]}'");
  options.Action([serve] { RunServe(*serve); });
}

}  // namespace fallow::tools
