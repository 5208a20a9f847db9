// What the runtime has of ONNX's operators. A new one: a function here, an entry in operators.cc.
#ifndef FALLOW_RUNTIME_ONNX_OPERATORS_H_
#define FALLOW_RUNTIME_ONNX_OPERATORS_H_

#include <onnx/onnx_pb.h>

#include <span>
#include <string>
#include <string_view>

#include "runtime/onnx/attributes.h"
#include "runtime/onnx/chain.h"
#include "runtime/onnx/graph.h"
#include "runtime/onnx/graph_writer.h"

namespace fallow::nn::onnx_io {

class Trace;

// A node that reads the chain's value.
class Node {
 public:
  Node(const ::onnx::NodeProto& proto, const Graph& graph)
      : proto_(proto), graph_(graph), constants_(graph.constants()), attributes_(proto) {}

  std::int64_t opset() const { return graph_.opset(); }
  const Graph& graph() const { return graph_; }
  const ::onnx::NodeProto& proto() const { return proto_; }
  const Constants& constants() const { return constants_; }
  Attributes& attributes() { return attributes_; }

  int inputs() const { return proto_.input_size(); }
  int outputs() const { return proto_.output_size(); }
  bool has_input(int i) const { return i < proto_.input_size() && !proto_.input(i).empty(); }
  const std::string& input(int i) const { return proto_.input(i); }
  const std::string& output(int i) const { return proto_.output(i); }
  // Throws Error unless there are from `least` to `most` inputs, the last of which may be empty names.
  void ExpectInputs(int least, int most) const;
  // Throws Error unless input i is the chain's value.
  void ExpectData(int i, const Chain& chain) const;
  std::vector<float> Floats(const std::string& name, std::size_t count) const;  // Throws Error if it has not so many.

 private:
  const ::onnx::NodeProto& proto_;
  const Graph& graph_;
  const Constants& constants_;
  Attributes attributes_;
};

// Each adds to the chain's layers what a node does to the chain's value, and sets the shape of the result. Throws Error
// without naming the node.
using Import = void (*)(Node& node, Chain& chain);

void ImportAveragePool(Node& node, Chain& chain);
void ImportBatchNormalization(Node& node, Chain& chain);
void ImportCast(Node& node, Chain& chain);
void ImportConv(Node& node, Chain& chain);
void ImportDropout(Node& node, Chain& chain);
void ImportElu(Node& node, Chain& chain);
void ImportGelu(Node& node, Chain& chain);
void ImportGlobalAveragePool(Node& node, Chain& chain);
void ImportGlobalMaxPool(Node& node, Chain& chain);
void ImportLayerNormalization(Node& node, Chain& chain);
void ImportLeakyRelu(Node& node, Chain& chain);
void ImportMaxPool(Node& node, Chain& chain);
void ImportReduceMean(Node& node, Chain& chain);
void ImportRelu(Node& node, Chain& chain);
void ImportSelu(Node& node, Chain& chain);
void ImportSigmoid(Node& node, Chain& chain);
void ImportSoftmax(Node& node, Chain& chain);
void ImportTanh(Node& node, Chain& chain);

std::int64_t SoftmaxAxis(const Node& node);  // Of one that does not say which.

struct KnownImport {
  Import import = nullptr;
  bool by_vector = false;  // It does the same to each vector along the last axis, whatever the order of the others.
};
KnownImport FindImport(std::string_view operator_name);  // Null if there is none.
std::string ImportedOperators();                         // "Add, Cast, ...", for messages.

// Does what a node does to values that need not be whole samples, or reads several. Returns false if Import is to do
// it.
using GraphImport = bool (*)(Node& node, Trace& trace);

bool ImportAdd(Node& node, Trace& trace);
bool ImportCastOfAny(Node& node, Trace& trace);
bool ImportConcat(Node& node, Trace& trace);
bool ImportConstantOfShape(Node& node, Trace& trace);
bool ImportExpand(Node& node, Trace& trace);
bool ImportFlatten(Node& node, Trace& trace);
bool ImportGather(Node& node, Trace& trace);
bool ImportGemm(Node& node, Trace& trace);
bool ImportHeadDropout(Node& node, Trace& trace);
bool ImportHeadSoftmax(Node& node, Trace& trace);
bool ImportIdentity(Node& node, Trace& trace);
bool ImportMatMul(Node& node, Trace& trace);
bool ImportProduct(Node& node, Trace& trace);    // Mul and Div.
bool ImportRecurrent(Node& node, Trace& trace);  // LSTM and GRU.
bool ImportReshape(Node& node, Trace& trace);
bool ImportShape(Node& node, Trace& trace);
bool ImportSlice(Node& node, Trace& trace);
bool ImportSplit(Node& node, Trace& trace);
bool ImportSqueeze(Node& node, Trace& trace);
bool ImportSub(Node& node, Trace& trace);
bool ImportTranspose(Node& node, Trace& trace);
bool ImportUnsqueeze(Node& node, Trace& trace);
bool ImportWhere(Node& node, Trace& trace);

GraphImport FindGraphImport(std::string_view operator_name);  // Null if there is none.

// Several nodes that make one layer.
struct Pattern {
  // If `last` is the last of them, the value that they read; null otherwise.
  const std::string* (*find)(const Graph& graph, const ::onnx::NodeProto& last);
  KnownImport import;  // Of the last node; the chain is at that value.
};

const std::string* FindChannel(const Graph& graph, const ::onnx::NodeProto& last);
const std::string* FindGelu(const Graph& graph, const ::onnx::NodeProto& last);
const std::string* FindLayerNorm(const Graph& graph, const ::onnx::NodeProto& last);
const std::string* FindPaddedAverage(const Graph& graph, const ::onnx::NodeProto& last);
const std::string* FindSilu(const Graph& graph, const ::onnx::NodeProto& last);

void ImportChannel(Node& node, Chain& chain);
void ImportGeluPattern(Node& node, Chain& chain);
void ImportLayerNormPattern(Node& node, Chain& chain);
void ImportPaddedAverage(Node& node, Chain& chain);
void ImportSilu(Node& node, Chain& chain);

std::span<const Pattern> Patterns();

// Each writes the nodes of one layer.
using Export = void (*)(const LayerToWrite& layer, GraphWriter& writer);

void ExportAdd(const LayerToWrite& layer, GraphWriter& writer);
void ExportActivation(const LayerToWrite& layer, GraphWriter& writer);
void ExportAttention(const LayerToWrite& layer, GraphWriter& writer);
void ExportAveragePool(const LayerToWrite& layer, GraphWriter& writer);
void ExportBatchNorm(const LayerToWrite& layer, GraphWriter& writer);
void ExportConcat(const LayerToWrite& layer, GraphWriter& writer);
void ExportConvolution(const LayerToWrite& layer, GraphWriter& writer);
void ExportDense(const LayerToWrite& layer, GraphWriter& writer);
void ExportDenseLast(const LayerToWrite& layer, GraphWriter& writer);
void ExportDropout(const LayerToWrite& layer, GraphWriter& writer);
void ExportEmbedding(const LayerToWrite& layer, GraphWriter& writer);
void ExportFlatten(const LayerToWrite& layer, GraphWriter& writer);
void ExportFrom(const LayerToWrite& layer, GraphWriter& writer);
void ExportGelu(const LayerToWrite& layer, GraphWriter& writer);
void ExportGlobalPool(const LayerToWrite& layer, GraphWriter& writer);
void ExportLayerNorm(const LayerToWrite& layer, GraphWriter& writer);
void ExportMaxPool(const LayerToWrite& layer, GraphWriter& writer);
void ExportNothing(const LayerToWrite& layer, GraphWriter& writer);
void ExportRecurrent(const LayerToWrite& layer, GraphWriter& writer);
void ExportPermute(const LayerToWrite& layer, GraphWriter& writer);
void ExportReshape(const LayerToWrite& layer, GraphWriter& writer);
void ExportSilu(const LayerToWrite& layer, GraphWriter& writer);
void ExportSoftmax(const LayerToWrite& layer, GraphWriter& writer);

void AddDropout(double rate, GraphWriter& writer);  // Of the writer's value.

// `kind` as in a list of layers: "dense". Null if there is none.
Export FindExport(std::string_view kind);

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_OPERATORS_H_
