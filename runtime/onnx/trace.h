// Follows a graph node by node, and knows of each value where its numbers are.
#ifndef FALLOW_RUNTIME_ONNX_TRACE_H_
#define FALLOW_RUNTIME_ONNX_TRACE_H_

#include <onnx/onnx_pb.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/onnx/chain.h"
#include "runtime/onnx/graph.h"
#include "runtime/onnx/heads.h"
#include "runtime/onnx/integers.h"
#include "runtime/onnx/operators.h"
#include "runtime/onnx/states.h"
#include "runtime/onnx/view.h"

namespace fallow::nn::onnx_io {

using Value = std::variant<View, Integers, HeadScores, StackedStates, Tokens>;

class Trace {
 public:
  // `graph` must outlive it. Throws Error for inputs that are no batches of f32 samples.
  explicit Trace(Graph& graph);

  // Finds the layers. Throws Error naming the node that is none.
  void Follow();
  Chain& chain() { return chain_; }
  const Shape& input_shape() const { return shapes_[0]; }  // Of the model.
  Graph& graph() { return graph_; }

  // What is known of a value that is no constant, or null; or null if it is something else.
  const Value* Find(std::string_view name);
  template <class T>
  const T* Find(std::string_view name) {
    const Value* value = Find(name);
    return value == nullptr ? nullptr : std::get_if<T>(value);
  }
  // The same of an input that can only be this.
  const View& ViewOf(const std::string& name);
  // A list, or one integer, that is constant or follows from shapes.
  std::optional<Integers> IntegersOf(const std::string& name);

  void Bind(const std::string& name, Value value);

  // Adds a layer, its inputs set, whose samples have this shape. Returns its value.
  std::size_t Add(ChainLayer layer, const Shape& shape);
  const Shape& shape(std::size_t value) const { return shapes_[value]; }
  ChainLayer& layer(std::size_t value) { return chain_.layers[value - 1]; }  // That makes the value, not the input.
  bool IsHeads(std::size_t value) { return value > 0 && layer(value).is_heads; }
  View WholeViewOf(std::size_t value) const { return WholeView(value, shapes_[value], batch_); }
  // The value of layers whose samples the view is, whole: layers are added if it has them in another shape or order.
  // Nothing if it is something else.
  std::optional<std::size_t> SamplesOf(const View& view);
  // The same of a value of the graph. Throws Error naming the node that made it something else.
  std::size_t Whole(const std::string& name);
  // The same of what is read as tokens, which may be integers.
  std::size_t WholeTokens(const std::string& name);
  // Whether layers that work by vector may read the value that the view is of in place of it, and the result is the
  // same view of theirs: whole vectors, but not in order.
  bool IsReordered(const View& view);
  // `value` as samples of this shape.
  std::size_t Shaped(std::size_t value, const Shape& shape);
  std::int64_t batch() const { return batch_; }  // 0: open.

 private:
  struct Step {
    const ::onnx::NodeProto* node;
    const std::string* read = nullptr;  // Of a pattern: the value that its nodes read.
    KnownImport import = {};
  };

  void AddInputs();
  void KeepLastStates(const std::string& name, const std::vector<std::size_t>& values);
  std::size_t Whole(const std::string& name, const View& view);
  std::vector<Step> Steps() const;
  void FollowStep(const Step& step);
  void FollowNode(Node& node, const Step& step);
  void AddLayers(Node& node, const KnownImport& import, const std::string& data);
  void PlaceInputs(std::size_t index);
  const std::string* FindData(const ::onnx::NodeProto& node);
  bool FoldLate(const ::onnx::NodeProto& node);
  void FinishOutput();
  std::size_t Permuted(std::size_t value, const Permutation& permutation);
  std::size_t AddOnce(std::size_t value, const Layer& layer);

  Graph& graph_;
  Chain chain_;
  std::int64_t batch_ = 0;
  std::vector<Shape> shapes_;  // Of the layers' values.
  std::vector<Shape> input_shapes_;
  std::vector<std::string> input_names_;  // In lists of layers.
  std::map<std::string_view, std::size_t> inputs_;
  std::size_t placed_inputs_ = 0;
  std::map<std::string_view, Value> values_;
  std::map<std::pair<std::size_t, std::string>, std::size_t> moved_;  // Of AddOnce.
};

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_TRACE_H_
