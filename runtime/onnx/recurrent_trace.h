// The outputs of LSTM and GRU nodes, all as views of the states after every step. The last of one direction is at the
// last step, the last of the other at the first.
#ifndef FALLOW_RUNTIME_ONNX_RECURRENT_TRACE_H_
#define FALLOW_RUNTIME_ONNX_RECURRENT_TRACE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/onnx/chain.h"
#include "runtime/onnx/operators.h"
#include "runtime/onnx/view.h"

namespace fallow::nn::onnx_io {

// If the view is the last states of all directions of a recurrent layer, (batch, units of all), or what layers that
// work on each step by itself make of them: the values of those layers from the last back, the recurrent one's at the
// end. Empty otherwise.
std::vector<std::size_t> FindLastStates(const View& view, Trace& trace);
// Of a layer of those, if the last step is all that it works on.
std::string OfLastStep(const std::string& spec);

// Of Concat and Gather, if they join and choose last states. False if they do not.
bool ConcatStates(Node& node, Trace& trace);
bool GatherStates(Node& node, Trace& trace);
// Binds a node's output to some of the StackedStates that it reads.
void CutStates(const Node& node, std::int64_t begin, std::int64_t end, Trace& trace);

}  // namespace fallow::nn::onnx_io

#endif  // FALLOW_RUNTIME_ONNX_RECURRENT_TRACE_H_
