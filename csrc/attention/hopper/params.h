// What the Hopper kernel is given; lies in constant memory, where TMA reads the maps.
#pragma once

#include <cuda.h>

#include "attention/hopper/schedule.h"

namespace sparsek::hopper {

// Each map sees a [batch, heads, seq, dim] tensor as {dim, seq, heads, batch}, in boxes of a panel.
struct Params {
  CUtensorMap q, k, v, o;
  Schedule schedule;
  float scale_log2;  // the scores' scale / log2(e); positive
};

}  // namespace sparsek::hopper
