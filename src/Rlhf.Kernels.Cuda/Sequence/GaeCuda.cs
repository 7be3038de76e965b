using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Cuda.Sequence;

/// <summary>Launches <see cref="GaeArgs"/>.</summary>
internal static class GaeCuda
{
    // gae_rows.cuh: a warp holds 128 steps of a tile; beyond 1,024 steps the long form's larger blocks take a row each.
    private const int StepsOfWarp = 128, LongRow = 1024;

    // Columns from which threads of four columns still fill a device.
    private const int WideMatrix = 32768;

    private const int Warp = 32, ColumnsOfThread = 4;

    public static void Run(CudaLauncher cuda, in GaeArgs args)
    {
        args.Validate();
        if (args.Rewards.Count == 0)
        {
            return;
        }

        ElementPlan plan = new(args.Rewards.Rows, args.Rewards.Cols);
        plan.Add(args.Rewards);
        plan.Add(args.Values);
        plan.Add(args.Mask);
        plan.Add(args.Dones);
        plan.Add(args.Truncations);
        plan.Add(args.TruncationValues);
        plan.Add(args.Advantages);
        plan.Add(args.Returns);
        GaeParams parameters = new()
        {
            Rewards = DeviceView.Of(args.Rewards),
            Values = DeviceView.Of(args.Values),
            Mask = DeviceView.Of(args.Mask),
            Dones = DeviceView.Of(args.Dones),
            Truncations = DeviceView.Of(args.Truncations),
            TruncationValues = DeviceView.Of(args.TruncationValues),
            LastValues = DeviceView.Of(args.LastValues),
            Advantages = DeviceView.Of(args.Advantages),
            Returns = DeviceView.Of(args.Returns),
            Rows = args.Rewards.Rows,
            Cols = args.Rewards.Cols,
            MaskMode = (int)args.MaskMode,
            Packed = plan.RowsAreAligned ? 1 : 0,
            Gamma = args.Gamma,
            Decay = args.Gamma * args.Lambda,
        };
        if (args.Time == TimeAxis.Cols)
        {
            LaunchRows(cuda, ref parameters);
        }
        else
        {
            LaunchColumns(cuda, parameters);
        }
    }

    // How many warps share a row follows from T alone: the same bits for any batch.
    private static void LaunchRows(CudaLauncher cuda, ref GaeParams parameters)
    {
        bool isLong = parameters.Cols > LongRow;
        CudaFunction function = cuda.Function("sequence/gae", isLong ? "rlhf_gae_rows_long_f32" : "rlhf_gae_rows_f32");
        int warps = function.Threads / Warp, warpsOfRow = 1;
        while (warpsOfRow < warps && warpsOfRow * StepsOfWarp < parameters.Cols)
        {
            warpsOfRow *= 2;
        }

        parameters.WarpsPerRow = warpsOfRow;
        int rowsOfBlock = warps / warpsOfRow;
        cuda.Launch(function, (parameters.Rows + (long)rowsOfBlock - 1) / rowsOfBlock, parameters);
    }

    private static void LaunchColumns(CudaLauncher cuda, in GaeParams parameters)
    {
        bool wide = parameters.Packed != 0 && parameters.Cols >= WideMatrix && parameters.Cols % ColumnsOfThread == 0;
        CudaFunction function = cuda.Function("sequence/gae", wide ? "rlhf_gae_columns_packed_f32" : "rlhf_gae_columns_f32");
        long columnsOfBlock = (long)function.Threads * (wide ? ColumnsOfThread : 1);
        cuda.Launch(function, (parameters.Cols + columnsOfBlock - 1) / columnsOfBlock, parameters);
    }
}
