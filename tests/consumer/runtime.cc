// A consumer of the runtime: a small network, forward and backward.
#include <fallow/nn/model.h>

#include <cstdio>

int main() {
  namespace nn = fallow::nn;
  nn::Model model(nn::Shape{8}, "dense:128:relu,dropout:0.5,dense:64:relu,dropout:0.3,dense:1", /*seed=*/1);
  nn::Tensor x(4, nn::Shape{8}), dy(4, nn::Shape{1});
  for (float& value : x.values()) value = 0.5f;
  for (float& value : dy.values()) value = 1.0f;
  const nn::Pass pass{.mode = nn::Mode::kTrain, .seed = 1};
  const nn::Tensor& y = model.Forward(pass, x);
  model.Backward(pass, dy);
  std::printf("%zu parameters, %zu outputs", model.parameter_count(), y.values().size());
}
