#include "matrix.h"

#include "device_tensor.h"

namespace rlhf_simt {
namespace {

float half_of(unsigned pair, int upper, bool f16) {
    auto bits = static_cast<unsigned short>(upper != 0 ? pair >> 16 : pair);
    return f16 ? f16_bits_to_f32(bits) : __uint_as_float(static_cast<unsigned>(bits) << 16);
}

}  // namespace

// Lane l gets elements 2(l % 4) and the next of row l / 4 of each of the four matrices.
void load_matrices(const MatrixOperand (&lanes)[32]) {
    for (int lane = 0; lane < 32; lane++) {
        for (int matrix = 0; matrix < 4; matrix++) {
            memcpy(&lanes[lane].fragment[matrix], lanes[matrix * 8 + lane / 4].row + lane % 4 * 4, 4);
        }
    }
}

// Exact products, summed in f32 in the order of k. A device's order and rounding within the sixteen are its own.
void multiply_matrices(const MmaOperand (&lanes)[32]) {
    float a[16][16], b[16][8];
    bool f16 = lanes[0].f16;
    for (int lane = 0; lane < 32; lane++) {
        int group = lane / 4, pair = lane % 4 * 2;
        for (int half = 0; half < 2; half++) {
            a[group][pair + half] = half_of(lanes[lane].a[0], half, f16);
            a[group + 8][pair + half] = half_of(lanes[lane].a[1], half, f16);
            a[group][pair + 8 + half] = half_of(lanes[lane].a[2], half, f16);
            a[group + 8][pair + 8 + half] = half_of(lanes[lane].a[3], half, f16);
            b[pair + half][group] = half_of(lanes[lane].b[0], half, f16);
            b[pair + 8 + half][group] = half_of(lanes[lane].b[1], half, f16);
        }
    }
    for (int lane = 0; lane < 32; lane++) {
        int group = lane / 4, pair = lane % 4 * 2;
        for (int i = 0; i < 4; i++) {
            int row = group + i / 2 * 8, column = pair + i % 2;
            float sum = lanes[lane].d[i];
            for (int k = 0; k < 16; k++) {
                sum += a[row][k] * b[k][column];
            }
            lanes[lane].d[i] = sum;
        }
    }
}

}  // namespace rlhf_simt
