using System.Runtime.CompilerServices;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Optimizer;

/// <summary>The CPU body of <see cref="AdamWArgs"/>.</summary>
internal static unsafe class AdamWCpu
{
    public static void Run(SimdRunner runner, in AdamWArgs args)
    {
        args.Validate();

        // Both forms are step · m / (scale · sqrt(v) + ε); the corrections are taken in double.
        double correction1 = 1 - Math.Pow(args.Beta1, args.Step), correction2 = Math.Sqrt(1 - Math.Pow(args.Beta2, args.Step));
        bool paper = args.EpsilonForm == AdamEpsilonForm.Paper;
        var kernel = new Kernel
        {
            Args = args,
            StepSize = (float)(args.LearningRate / correction1 * (paper ? 1 : correction2)),
            RootScale = paper ? (float)(1 / correction2) : 1f,
        };
        var grid = ElementGrid.Create(args.Parameters.Rows, args.Parameters.Cols, dense: true);
        ElementSum<Kernel, NoSums>.Run(runner, grid, kernel);
    }

    private struct Kernel : IElementKernel<NoSums>
    {
        public AdamWArgs Args;
        public float StepSize, RootScale;

        public readonly NoSums Row<TV>(in ElementGrid grid, int row)
            where TV : struct, ISimd<TV>
        {
            var step = new Step<TV>(Args, StepSize, RootScale)
            {
                Parameters = grid.Row<float>(Args.Parameters, row),
                Gradients = grid.Row(Args.Gradients, row),
                Moment1 = grid.Row<float>(Args.Moment1, row),
                Moment2 = grid.Row<float>(Args.Moment2, row),
                Ema = grid.Row<float>(Args.Ema, row),
            };
            RowWalk.Run<TV, Step<TV>>(ref step, grid.Length(row));
            return default;
        }
    }

    private readonly struct Step<TV>(in AdamWArgs args, float stepSize, float rootScale) : IRowStep<TV>
        where TV : struct, ISimd<TV>
    {
        private const float SmallestNormal = 1.17549435e-38f;

        private readonly TV _gradScale = TV.Broadcast(args.GradScale.IsEmpty ? 1f : args.GradScale[0]);
        private readonly TV _beta1 = TV.Broadcast(args.Beta1), _new1 = TV.Broadcast((float)(1 - (double)args.Beta1));
        private readonly TV _beta2 = TV.Broadcast(args.Beta2), _new2 = TV.Broadcast((float)(1 - (double)args.Beta2));
        private readonly TV _decay = TV.Broadcast((float)(1 - ((double)args.LearningRate * args.WeightDecay)));
        private readonly TV _stepSize = TV.Broadcast(-stepSize), _rootScale = TV.Broadcast(rootScale), _epsilon = TV.Broadcast(args.Epsilon);
        private readonly TV _emaDecay = TV.Broadcast(args.EmaDecay), _emaNew = TV.Broadcast((float)(1 - (double)args.EmaDecay));

        public float* Parameters { get; init; }

        public float* Gradients { get; init; }

        public float* Moment1 { get; init; }

        public float* Moment2 { get; init; }

        public float* Ema { get; init; }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Next<TExtent>(int index, int rest)
            where TExtent : struct, IExtent
        {
            TV gradient = TExtent.Load<TV>(Gradients, index, rest) * _gradScale;
            TV moment1 = Flush(TV.Fma(_beta1, TExtent.Load<TV>(Moment1, index, rest), _new1 * gradient));
            TV moment2 = Flush(TV.Fma(_beta2, TExtent.Load<TV>(Moment2, index, rest), _new2 * gradient * gradient));
            TExtent.Store(Moment1, index, moment1, rest);
            TExtent.Store(Moment2, index, moment2, rest);

            TV update = moment1 / TV.Fma(TV.Sqrt(moment2), _rootScale, _epsilon);
            TV parameter = TV.Fma(_stepSize, update, TExtent.Load<TV>(Parameters, index, rest) * _decay);
            TExtent.Store(Parameters, index, parameter, rest);
            if (Ema != null)
            {
                TExtent.Store(Ema, index, TV.Fma(_emaDecay, TExtent.Load<TV>(Ema, index, rest), _emaNew * parameter), rest);
            }
        }

        // A denormal state costs a hundred cycles at each later step. NaN fails the comparison and stays.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static TV Flush(TV value) =>
            TV.Select(TV.GreaterThan(TV.Broadcast(SmallestNormal), TV.Abs(value)), TV.Broadcast(0f), value);
    }
}
