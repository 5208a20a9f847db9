// The masks of rows: which key each has.
#ifndef FALLOW_RUNTIME_ROW_KEYS_H_
#define FALLOW_RUNTIME_ROW_KEYS_H_

#include <cstddef>
#include <cstdint>

#include "fallow/mask.h"
#include "fallow/nn/layer.h"

namespace fallow::nn {

// Of row `row` of the batch, and, unless the pass has row masks, of those behind it. A mask has `elements` a row.
inline MaskKey KeyOfRow(const Pass& pass, std::size_t layer, std::size_t row, std::size_t elements) {
  if (pass.row_masks.empty()) {
    return {
        .seed = pass.seed, .stream = StreamOf(layer, pass.step), .first_element = (pass.first_row + row) * elements};
  }
  const RowMasks& masks = pass.row_masks[row];
  return {.seed = masks.seed, .stream = StreamOf(layer, masks.step), .first_element = masks.row * elements};
}

// Calls body(key, first, count), rows counted in the block, for as many rows at once as have one key.
template <class Body>
void ForEachKey(const Pass& pass, Rows rows, std::size_t layer, std::size_t elements, const Body& body) {
  if (pass.row_masks.empty()) return body(KeyOfRow(pass, layer, rows.begin, elements), 0, rows.count());
  for (std::size_t r = 0; r < rows.count(); ++r) body(KeyOfRow(pass, layer, rows.begin + r, elements), r, 1);
}

}  // namespace fallow::nn

#endif  // FALLOW_RUNTIME_ROW_KEYS_H_
