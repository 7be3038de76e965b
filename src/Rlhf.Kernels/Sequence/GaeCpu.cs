using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Sequence;

/// <summary>The CPU body of <see cref="GaeArgs"/>, for both layouts.</summary>
internal static class GaeCpu
{
    // Steps below which a call is not worth handing out.
    private const int Grain = 4096;

    public static void Run(SimdRunner runner, in GaeArgs args)
    {
        args.Validate();
        int rows = args.Rewards.Rows, cols = args.Rewards.Cols;
        if (args.Rewards.Count == 0)
        {
            return;
        }

        if (args.Time == TimeAxis.Cols)
        {
            var body = new GaeRowsBody { Args = args };
            int groups = (rows + GaeRowsBody.Group - 1) / GaeRowsBody.Group;
            runner.Run(ref body, groups, Math.Max(1, Grain / GaeRowsBody.Group / cols));
        }
        else
        {
            var body = new GaeColumnsBody { Args = args };
            int blocks = (cols + GaeColumnsBody.Block - 1) / GaeColumnsBody.Block;
            runner.Run(ref body, blocks, Math.Max(1, Grain / GaeColumnsBody.Block / rows));
        }
    }
}
