using System.Runtime.CompilerServices;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Optimizer;

/// <summary>The CPU body of <see cref="RmsPropArgs"/>.</summary>
internal static unsafe class RmsPropCpu
{
    public static void Run(SimdRunner runner, in RmsPropArgs args)
    {
        args.Validate();
        var grid = ElementGrid.Create(args.Parameters.Rows, args.Parameters.Cols, dense: true);
        ElementSum<Kernel, NoSums>.Run(runner, grid, new Kernel { Args = args });
    }

    private struct Kernel : IElementKernel<NoSums>
    {
        public RmsPropArgs Args;

        public readonly NoSums Row<TV>(in ElementGrid grid, int row)
            where TV : struct, ISimd<TV>
        {
            var step = new Step<TV>(Args)
            {
                Parameters = grid.Row<float>(Args.Parameters, row),
                Gradients = grid.Row(Args.Gradients, row),
                MeanSquares = grid.Row<float>(Args.MeanSquares, row),
            };
            RowWalk.Run<TV, Step<TV>>(ref step, grid.Length(row));
            return default;
        }
    }

    private readonly struct Step<TV>(in RmsPropArgs args) : IRowStep<TV>
        where TV : struct, ISimd<TV>
    {
        private const float SmallestNormal = 1.17549435e-38f;

        // Both forms are g / (sqrt(v + inside) + outside).
        private readonly TV _inside = TV.Broadcast(args.EpsilonForm == RmsPropEpsilonForm.InsideRoot ? args.Epsilon : 0f);
        private readonly TV _outside = TV.Broadcast(args.EpsilonForm == RmsPropEpsilonForm.InsideRoot ? 0f : args.Epsilon);
        private readonly TV _gradScale = TV.Broadcast(args.GradScale.IsEmpty ? 1f : args.GradScale[0]);
        private readonly TV _decay = TV.Broadcast(args.Decay), _new = TV.Broadcast((float)(1 - (double)args.Decay));
        private readonly TV _stepSize = TV.Broadcast(-args.LearningRate);

        public float* Parameters { get; init; }

        public float* Gradients { get; init; }

        public float* MeanSquares { get; init; }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Next<TExtent>(int index, int rest)
            where TExtent : struct, IExtent
        {
            TV zero = TV.Broadcast(0f), gradient = TExtent.Load<TV>(Gradients, index, rest) * _gradScale;
            TV squares = TV.Fma(_decay, TExtent.Load<TV>(MeanSquares, index, rest), _new * gradient * gradient);

            // A denormal state costs a hundred cycles at each later step. NaN fails the comparison and stays.
            squares = TV.Select(TV.GreaterThan(TV.Broadcast(SmallestNormal), TV.Abs(squares)), zero, squares);
            TExtent.Store(MeanSquares, index, squares, rest);

            TV update = TV.Select(TV.IsEqual(gradient, zero), zero, gradient / (TV.Sqrt(squares + _inside) + _outside));
            TExtent.Store(Parameters, index, TV.Fma(_stepSize, update, TExtent.Load<TV>(Parameters, index, rest)), rest);
        }
    }
}
