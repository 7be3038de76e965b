using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Sequence;

/// <summary>The fused head's plain work around the GEMMs: widening, bias, bias gradient.</summary>
internal static unsafe class HeadSweeps
{
    private const int Columns = 1024;

    /// <summary>Rows <paramref name="from"/> … of a matrix (or the ones that <paramref name="index"/> names) as dense f32.</summary>
    public static void Widen<T>(SimdRunner runner, ReadOnlyView<T> source, int* index, int from, int count, float* destination)
        where T : unmanaged
    {
        var body = new WidenBody<T> { Source = source, Index = index, From = from, Destination = destination };
        runner.Run(ref body, count, RowGrain.Of(source.Cols));
    }

    /// <summary>Every row becomes the bias; nothing where there is none.</summary>
    public static void Fill(SimdRunner runner, View<float> rows, ReadOnlyView<float> bias)
    {
        if (!bias.IsEmpty)
        {
            var body = new FillBody { Rows = rows, Bias = bias };
            runner.Run(ref body, rows.Rows, RowGrain.Of(rows.Cols));
        }
    }

    /// <summary>sums[v] = Σ rows[·, v], or added to it; row after row, so that any split into calls gives the same bits.</summary>
    public static void ColumnSums(SimdRunner runner, View<float> rows, View<float> sums, bool accumulate)
    {
        var body = new ColumnSumsBody { Rows = rows, Sums = sums, Accumulate = accumulate };
        runner.Run(ref body, (rows.Cols + Columns - 1) / Columns, 1);
    }

    private struct WidenBody<T> : IRangeBody
        where T : unmanaged
    {
        public ReadOnlyView<T> Source;
        public int* Index;
        public int From;
        public float* Destination;

        public readonly void Run<TV>(int begin, int end)
            where TV : struct, ISimd<TV>
        {
            for (int row = begin; row < end; row++)
            {
                T* source = Source.Row(Index == null ? From + row : Index[row]);
                Storage.Widen<T, TV>(source, Destination + ((long)row * Source.Cols), Source.Cols);
            }
        }
    }

    private struct FillBody : IRangeBody
    {
        public View<float> Rows;
        public ReadOnlyView<float> Bias;

        public readonly void Run<TV>(int begin, int end)
            where TV : struct, ISimd<TV>
        {
            for (int row = begin; row < end; row++)
            {
                float* target = Rows.Row(row);
                for (int v = 0; v < Rows.Cols; v++)
                {
                    target[v] = Bias[v];
                }
            }
        }
    }

    private struct ColumnSumsBody : IRangeBody
    {
        public View<float> Rows, Sums;
        public bool Accumulate;

        public readonly void Run<TV>(int begin, int end)
            where TV : struct, ISimd<TV>
        {
            float* sums = stackalloc float[Columns];
            for (int block = begin; block < end; block++)
            {
                int first = block * Columns, count = Math.Min(Columns, Rows.Cols - first);
                for (int v = 0; v < count; v++)
                {
                    sums[v] = Accumulate ? Sums[first + v] : 0f;
                }

                for (int row = 0; row < Rows.Rows; row++)
                {
                    float* source = Rows.Row(row) + first;
                    int v = 0;
                    for (; v <= count - TV.Width; v += TV.Width)
                    {
                        TV.Store(sums + v, TV.Load(sums + v) + TV.Load(source + v));
                    }

                    for (; v < count; v++)
                    {
                        sums[v] += source[v];
                    }
                }

                for (int v = 0; v < count; v++)
                {
                    Sums[first + v] = sums[v];
                }
            }
        }
    }
}
