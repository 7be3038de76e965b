// ldmatrix and mma by the lane layout of the PTX manual, for all 32 lanes at once.
#pragma once

#include "runtime.h"

namespace rlhf_simt {

void load_matrices(const MatrixOperand (&lanes)[32]);
void multiply_matrices(const MmaOperand (&lanes)[32]);

}  // namespace rlhf_simt
