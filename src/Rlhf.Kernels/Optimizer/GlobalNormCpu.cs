using System.Numerics;
using System.Runtime.CompilerServices;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Optimizer;

/// <summary>The CPU body of <see cref="GlobalNormArgs"/>.</summary>
internal static unsafe class GlobalNormCpu
{
    // PyTorch's clip_grad_norm_.
    private const double Epsilon = 1e-6;

    public static void Run(SimdRunner runner, in GlobalNormArgs args)
    {
        args.Validate();
        var grid = ElementGrid.Create(args.Gradients.Rows, args.Gradients.Cols, dense: true);
        double squares = ElementSum<Kernel, Sum>.Run(runner, grid, new Kernel { Gradients = args.Gradients }).Squares;

        // Outside this range an f32 square overflowed, or digits of one fell below the normal range: once more in f64.
        if (!(squares is > 1e-24 and < float.MaxValue))
        {
            squares = ElementSum<Kernel, Sum>.Run(runner, grid, new Kernel { Gradients = args.Gradients, Wide = true }).Squares;
        }

        double norm = Math.Sqrt(squares);
        View<float> result = args.Result;
        result[0] = (float)norm;
        result[1] = float.IsPositiveInfinity(args.MaxNorm) ? 1f : (float)Math.Min(1, args.MaxNorm / (norm + Epsilon));
    }

    private readonly struct Sum(double squares) : IAdditionOperators<Sum, Sum, Sum>, IAdditiveIdentity<Sum, Sum>
    {
        public static Sum AdditiveIdentity => default;

        public double Squares { get; } = squares;

        public static Sum operator +(Sum left, Sum right) => new(left.Squares + right.Squares);
    }

    private struct Kernel : IElementKernel<Sum>
    {
        public ReadOnlyView<float> Gradients;
        public bool Wide;

        public readonly Sum Row<TV>(in ElementGrid grid, int row)
            where TV : struct, ISimd<TV>
        {
            float* gradients = grid.Row(Gradients, row);
            int length = grid.Length(row);
            if (Wide)
            {
                double squares = 0;
                for (int i = 0; i < length; i++)
                {
                    squares += (double)gradients[i] * gradients[i];
                }

                return new Sum(squares);
            }

            var step = new Step<TV>(gradients);
            RowWalk.Run<TV, Step<TV>>(ref step, length);
            return new Sum(step.Squares.Total);
        }
    }

    private struct Step<TV>(float* gradients) : IRowStep<TV>
        where TV : struct, ISimd<TV>
    {
        public CompensatedSum<TV> Squares = new();

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Next<TExtent>(int index, int rest)
            where TExtent : struct, IExtent
        {
            TV gradient = TExtent.Load<TV>(gradients, index, rest);
            Squares.Add(gradient * gradient);
        }
    }
}
