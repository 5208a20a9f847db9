// A service that says what it expects, and how sure it is. Usage: embedding MODEL PORT
#include <fallow/nn/model_file.h>
#include <fallow/nn/monte_carlo.h>
#include <httplib.h>

#include <sstream>
#include <string>

int main(int argc, char** argv) {
  using namespace fallow::nn;
  if (argc != 3) return 2;
  const LoadedModel loaded = LoadModel(argv[1]);  // Once, before there are threads; from then on all may share it.
  httplib::Server server;
  server.Post("/predict", [&](const httplib::Request& request, httplib::Response& response) {
    Tensor x(1, loaded.model.input_shape());
    std::istringstream numbers(request.body);
    for (float& value : x.values()) numbers >> value;
    if (!numbers) {
      response.status = 400;
      return;
    }
    const McPrediction prediction =
        PredictMonteCarlo(loaded.model, x, /*samples=*/30, /*seed=*/42, Loss::kMeanSquaredError, {.max_threads = 1});
    std::ostringstream answer;
    answer << prediction.mean.values()[0] << " +- " << prediction.standard_deviation.values()[0] << "\n";
    response.set_content(answer.str(), "text/plain");
  });
  return server.listen("127.0.0.1", std::stoi(argv[2])) ? 0 : 1;
}
