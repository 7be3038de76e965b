using System.Runtime.CompilerServices;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Blas;

/// <summary>
/// A blocked matrix product of our own. Each element of C is one chain of fused multiply-adds over k in order, begun at what C
/// holds (or 0): the same bits for any thread count, tile, register width, and for any split of k over accumulating calls.
/// </summary>
internal static unsafe class ManagedGemm
{
    // A register tile is 6 rows by two registers: with 16 registers, 12 accumulators, 2 of B, 1 of A. A sliver of B (depth · 16 · 4 =
    // 16 KiB with 8 lanes) stays in the first-level cache, a tile of A (192 KiB) in the second. Both lie on the stack: no allocation.
    private const int RegisterRows = 6, TileRows = 192, TileCols = 64, Depth = 256;

    public static void Multiply(
        SimdRunner runner, int m, int n, int k, in GemmOperand a, in GemmOperand b, float* c, long stride, bool accumulate)
    {
        if (m == 0 || n == 0)
        {
            return;
        }

        var body = new Body { M = m, N = n, K = k, A = a, B = b, C = c, Stride = stride, Accumulate = accumulate };
        runner.Run(ref body, checked(body.RowTiles * body.ColTiles), 1);
    }

    private struct Body : IRangeBody
    {
        public int M, N, K;
        public GemmOperand A, B;
        public float* C;
        public long Stride;
        public bool Accumulate;

        public readonly int RowTiles => (M + TileRows - 1) / TileRows;

        public readonly int ColTiles => (N + TileCols - 1) / TileCols;

        [SkipLocalsInit]
        public readonly void Run<TV>(int begin, int end)
            where TV : struct, ISimd<TV>
        {
            float* packedA = stackalloc float[TileRows * Depth];
            float* packedB = stackalloc float[TileCols * Depth];
            for (int item = begin; item < end; item++)
            {
                Tile<TV>(item % RowTiles * TileRows, item / RowTiles * TileCols, packedA, packedB);
            }
        }

        private readonly void Tile<TV>(int row, int col, float* packedA, float* packedB)
            where TV : struct, ISimd<TV>
        {
            int rows = Math.Min(TileRows, M - row), cols = Math.Min(TileCols, N - col), wide = 2 * TV.Width;

            // With K = 0 there is one empty step, which still writes C.
            for (int from = 0; from < Math.Max(K, 1); from += Depth)
            {
                int depth = Math.Min(Depth, K - from);
                Pack(A.Pointer, A.Transposed ? 1 : A.Stride, A.Transposed ? A.Stride : 1, row, rows, from, depth, RegisterRows, packedA);
                Pack(B.Pointer, B.Transposed ? B.Stride : 1, B.Transposed ? 1 : B.Stride, col, cols, from, depth, wide, packedB);
                bool load = Accumulate || from > 0;
                for (int j = 0; j < cols; j += wide)
                {
                    for (int i = 0; i < rows; i += RegisterRows)
                    {
                        float* c = C + ((row + i) * Stride) + col + j;
                        float* a = packedA + ((long)i * depth), b = packedB + ((long)j * depth);
                        int height = Math.Min(RegisterRows, rows - i), breadth = Math.Min(wide, cols - j);
                        if (height == RegisterRows && breadth == wide)
                        {
                            Registers<TV>(a, b, depth, c, Stride, load);
                        }
                        else
                        {
                            Edge<TV>(a, b, depth, c, height, breadth, load);
                        }
                    }
                }
            }
        }

        // The same register tile through a padded image of C.
        [SkipLocalsInit]
        private readonly void Edge<TV>(float* a, float* b, int depth, float* c, int height, int breadth, bool load)
            where TV : struct, ISimd<TV>
        {
            int wide = 2 * TV.Width;
            float* image = stackalloc float[RegisterRows * 32];
            for (int i = 0; i < RegisterRows; i++)
            {
                for (int j = 0; j < wide; j++)
                {
                    image[(i * wide) + j] = load && i < height && j < breadth ? c[(i * Stride) + j] : 0f;
                }
            }

            Registers<TV>(a, b, depth, image, wide, load: true);
            for (int i = 0; i < height; i++)
            {
                new ReadOnlySpan<float>(image + (i * wide), breadth).CopyTo(new Span<float>(c + (i * Stride), breadth));
            }
        }
    }

    // Slivers of `sliver` lines (rows of A, columns of B), k by k, padded with zeros.
    private static void Pack(
        float* source, long lineStride, long depthStride, int line, int lines, int from, int depth, int sliver, float* packed)
    {
        for (int first = 0; first < lines; first += sliver)
        {
            float* target = packed + ((long)first * depth);
            for (int i = 0; i < sliver; i++)
            {
                if (first + i >= lines)
                {
                    for (int k = 0; k < depth; k++)
                    {
                        target[((long)k * sliver) + i] = 0f;
                    }

                    continue;
                }

                float* x = source + ((line + first + i) * lineStride) + (from * depthStride);
                for (int k = 0; k < depth; k++)
                {
                    target[((long)k * sliver) + i] = x[k * depthStride];
                }
            }
        }
    }

    private static void Registers<TV>(float* a, float* b, int depth, float* c, long stride, bool load)
        where TV : struct, ISimd<TV>
    {
        int width = TV.Width;
        TV c00 = TV.Broadcast(0f), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00;
        TV c30 = c00, c31 = c00, c40 = c00, c41 = c00, c50 = c00, c51 = c00;
        if (load)
        {
            (c00, c01) = (TV.Load(c), TV.Load(c + width));
            (c10, c11) = (TV.Load(c + stride), TV.Load(c + stride + width));
            (c20, c21) = (TV.Load(c + (2 * stride)), TV.Load(c + (2 * stride) + width));
            (c30, c31) = (TV.Load(c + (3 * stride)), TV.Load(c + (3 * stride) + width));
            (c40, c41) = (TV.Load(c + (4 * stride)), TV.Load(c + (4 * stride) + width));
            (c50, c51) = (TV.Load(c + (5 * stride)), TV.Load(c + (5 * stride) + width));
        }

        for (int k = 0; k < depth; k++)
        {
            TV b0 = TV.Load(b), b1 = TV.Load(b + width), x = TV.Broadcast(a[0]);
            c00 = TV.Fma(x, b0, c00);
            c01 = TV.Fma(x, b1, c01);
            x = TV.Broadcast(a[1]);
            c10 = TV.Fma(x, b0, c10);
            c11 = TV.Fma(x, b1, c11);
            x = TV.Broadcast(a[2]);
            c20 = TV.Fma(x, b0, c20);
            c21 = TV.Fma(x, b1, c21);
            x = TV.Broadcast(a[3]);
            c30 = TV.Fma(x, b0, c30);
            c31 = TV.Fma(x, b1, c31);
            x = TV.Broadcast(a[4]);
            c40 = TV.Fma(x, b0, c40);
            c41 = TV.Fma(x, b1, c41);
            x = TV.Broadcast(a[5]);
            c50 = TV.Fma(x, b0, c50);
            c51 = TV.Fma(x, b1, c51);
            a += RegisterRows;
            b += 2 * width;
        }

        TV.Store(c, c00);
        TV.Store(c + width, c01);
        TV.Store(c + stride, c10);
        TV.Store(c + stride + width, c11);
        TV.Store(c + (2 * stride), c20);
        TV.Store(c + (2 * stride) + width, c21);
        TV.Store(c + (3 * stride), c30);
        TV.Store(c + (3 * stride) + width, c31);
        TV.Store(c + (4 * stride), c40);
        TV.Store(c + (4 * stride) + width, c41);
        TV.Store(c + (5 * stride), c50);
        TV.Store(c + (5 * stride) + width, c51);
    }
}
