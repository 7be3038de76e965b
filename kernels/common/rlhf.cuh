// What every kernel includes, and all it includes.
#pragma once

#include "portability.cuh"
#include "storage.cuh"
#include "math.cuh"
#include "reduce.cuh"
#include "vector_load.cuh"
#include "philox.cuh"
#include "tuning.cuh"
#include "elements.cuh"
