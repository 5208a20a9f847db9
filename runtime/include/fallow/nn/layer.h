// What a layer is: its parameters, a forward pass, a backward pass, and what it must remember between them.
#ifndef FALLOW_NN_LAYER_H_
#define FALLOW_NN_LAYER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fallow/execution.h"
#include "fallow/nn/tensor.h"
#include "fallow/rate.h"

namespace fallow::nn {

// kTrain: dropout is on. kInfer: dropout is the identity. kMonteCarlo: everything as in inference, but dropout is on.
enum class Mode : std::uint8_t { kTrain, kInfer, kMonteCarlo };

// What the masks of one row of a batch are made of, where rows of several requests or samples share the batch.
struct RowMasks {
  std::uint64_t seed = 0;
  std::uint64_t step = 0;  // As Pass's.
  std::uint64_t row = 0;   // Index in its data set or request.
};

// Everything random in one pass over a batch is a pure function of these.
struct Pass {
  Mode mode = Mode::kInfer;
  std::uint64_t seed = 0;
  std::uint64_t step = 0;       // Training step or Monte-Carlo sample, counted over the whole run; less than 2^40.
  std::uint64_t first_row = 0;  // Index, in the data set or request, of the batch's first row.
  Execution execution = {};
  // Of predictions, which run a model's layers by themselves. Not empty: one entry a row, instead of seed, step and
  // first_row. And a rate instead of every dropout layer's own.
  std::span<const RowMasks> row_masks = {};
  std::optional<Rate> rate = {};
};

// Rows [begin, end) of a batch.
struct Rows {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t count() const { return end - begin; }
};

// One array of numbers that a layer learns, with its gradient. `rows` x `cols`, row-major; a bias has one row.
struct Parameter {
  std::string name;  // "weight" or "bias", as in PyTorch.
  Tensor value;
  Tensor gradient;      // Empty if not trained.
  bool trained = true;  // Not: what the layer itself updates in training, such as a running mean.
  // Penalties and constraint, as Keras's kernel_regularizer and kernel_constraint. 0: none.
  float l1 = 0.0f;         // Adds l1 * sum |w| to the objective.
  float l2 = 0.0f;         // Adds l2 * sum w^2 to the objective.
  float max_norm = 0.0f;   // After each update every row (the weights into one unit) is scaled to at most this norm.
  bool unit_norm = false;  // After each update every row is scaled to norm 1, as by Keras's UnitNorm.
};

// What a layer's backward pass reads of its own output. A layer behind it that works in place must leave that much
// intact.
enum class NeedsOutput : std::uint8_t {
  kNothing,
  kSign,  // Only whether an element is > 0, and not even that where the gradient is 0.
  kValue,
};

// What Layer::Plan tells of a layer before it has any memory.
struct LayerPlan {
  Shape output;                  // Of a sample.
  std::uint64_t parameters = 0;  // How many numbers.
};

// Memory that is lent to a layer for one call; see Layer::saved and Layer::scratch.
struct Memory {
  float* saved = nullptr;  // Of row `rows.begin` where a call has rows, else of row 0. Null unless pass.mode is kTrain.
  float* scratch = nullptr;
  // Of a layer with a second input: that input in ForwardRows, and in BackwardRows where its gradient goes, or null.
  const float* other = nullptr;
  float* other_gradient = nullptr;
  std::size_t batch_rows = 0;  // In BackwardRows: of the whole batch, over which the objective is a mean.
};

// The label of a model's input.
inline constexpr std::string_view kModelInput = "input";

// A layer works row by row: row r of the output depends on row r of the input alone, in training perhaps also on what
// BeginForward found in the batch. A batch is cut into row blocks whose bounds depend on the batch's size alone;
// different threads run different blocks, and one block goes through all layers while it is in cache. So results do not
// depend on the number of threads.
class Layer {
 public:
  virtual ~Layer() = default;

  // The name of what the layer makes, for layers that read it by input_label or other_label. Most need none.
  std::string label;

  // The value that the layer reads, where it is not that of the layer before it; and its second input, if it has any.
  virtual std::string_view input_label() const { return {}; }
  virtual std::string_view other_label() const { return {}; }
  // Before Plan: the shape of the second input.
  virtual void SetOtherShape(const Shape&) {}
  // Before Plan, of a layer that takes a part of the model's input: that it begins at element `first`. Returns how many
  // elements it takes.
  virtual std::size_t TakeInput(std::size_t /*first*/) { return 0; }

  // As written in a layer list: "dense:128", "dropout:0.5", "relu". Parsing it again gives the same layer.
  virtual std::string Spec() const = 0;

  // What Build would make for samples of shape `input`. Changes nothing. Throws Error if the shape does not fit.
  virtual LayerPlan Plan(const Shape& input) const { return {input}; }

  // Sets the layer up for samples of shape `input`, which Plan has accepted: allocates and initialises parameters as a
  // pure function of (seed, index), where index is the layer's position in its model.
  virtual void Build(const Shape& input, std::uint64_t seed, std::size_t index) = 0;

  virtual std::span<Parameter> parameters() { return {}; }

  // Once all layers are built: the next one with parameters, if nothing between the two has two readers. It stays.
  virtual void SetNext(Layer& /*next*/) {}

  // Whether the layer changes nothing in `mode`: y = x and dx = dy, the shape apart. Then nobody need call it.
  virtual bool identity(Mode) const { return false; }
  // Whether it is one that drops, at a rate that Pass::rate replaces.
  virtual bool drops() const { return false; }
  // Whether it is random in kMonteCarlo, so that samples differ: those that drop, and noise of another kind.
  virtual bool random() const { return drops(); }
  // Elements of its masks for a row, where they are more than those of its input and output.
  virtual std::uint64_t mask_elements() const { return 0; }
  // The probability of dropping in training as it is now, of a layer that has one: for logs, and to move it.
  virtual std::optional<double> rate() const { return {}; }
  // Moves it between two passes to a valid rate, and returns true. Allocates nothing. False, and nothing is changed: it
  // has none, or one that it learns.
  virtual bool set_rate(const Rate&) { return false; }
  // Whether it slides over samples, so that its values are large and its weights small: it gets blocks of few rows.
  virtual bool slides() const { return false; }
  // Whether y may be x in ForwardRows, and dx be dy in BackwardRows. In training, y is x only if needs_input is false.
  virtual bool in_place() const { return false; }
  // Whether y > 0 exactly where x > 0, except perhaps where dx is 0: what NeedsOutput::kSign asks of a layer in place.
  virtual bool keeps_sign() const { return false; }
  virtual bool needs_input() const { return false; }  // Whether BackwardRows or ParameterGradients read x.
  virtual NeedsOutput needs_output() const { return NeedsOutput::kNothing; }

  // Memory that the model lends. `saved`: numbers a row that ForwardRows in kTrain leaves for the backward pass, whose
  // calls may change them for each other. `scratch`: numbers that one call of ForwardRows or BackwardRows on `rows`
  // rows writes and forgets; gradient_scratch: one of ParameterGradients or a Begin on a batch.
  virtual std::size_t saved() const { return 0; }
  virtual std::size_t scratch(Mode, std::size_t /*rows*/) const { return 0; }
  virtual std::size_t gradient_scratch(std::size_t /*rows*/) const { return 0; }

  // Of a layer that reads the model's input: throws Error if a batch holds numbers that it cannot take.
  virtual void CheckInput(const Tensor& /*x*/) const {}

  // The rest throws nothing and allocates nothing.

  // Whether in kTrain a row depends on the others: BeginForward then sees the whole batch before ForwardRows does, and
  // BeginBackward before BackwardRows. One thread calls; pass.execution's may help.
  virtual bool needs_batch() const { return false; }
  virtual void BeginForward(const Pass& /*pass*/, std::size_t /*rows*/, const float* /*x*/, const Memory& /*memory*/) {}
  virtual void BeginBackward(const Pass& /*pass*/, std::size_t /*rows*/, const float* /*x*/, const float* /*dy*/,
                             const Memory& /*memory*/) {}

  // y[r] = f(x[r]) for the block's rows. `x` and `y` point to row `rows.begin`. May use pass.execution.max_threads
  // threads, to the same bits for any number of them. Unless pass.mode is kTrain, it changes nothing of the layer, so
  // any number of passes may run at once, and y[r] has the same bits on every target, whatever the other rows are.
  virtual void ForwardRows(const Pass& pass, Rows rows, const float* x, float* y, const Memory& memory) = 0;

  // dx[r] = (df/dx)^T dy[r] for the block's rows; the pointers point to row `rows.begin`. `dx` is null where nobody
  // needs it (the first layer). x and y are as ForwardRows left them, as far as needs_input and needs_output ask for
  // them.
  virtual void BackwardRows(const Pass& pass, Rows rows, const float* x, const float* y, const float* dy, float* dx,
                            const Memory& memory) = 0;

  // Parameter gradients are sums over the batch, cut into `gradient_blocks()` independent pieces by output unit, so
  // that no sum depends on threads. Piece `block` overwrites its part of every Parameter::gradient. `x` and `dy` are
  // whole batches of `rows` rows.
  virtual std::size_t gradient_blocks() const { return 0; }  // 0: no parameters.
  virtual void ParameterGradients(const Pass& /*pass*/, std::size_t /*block*/, std::size_t /*rows*/, const float* /*x*/,
                                  const float* /*dy*/, const Memory& /*memory*/) {}
};

}  // namespace fallow::nn

#endif  // FALLOW_NN_LAYER_H_
