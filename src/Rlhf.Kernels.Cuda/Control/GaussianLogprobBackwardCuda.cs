using Rlhf.Kernels.Control;

namespace Rlhf.Kernels.Cuda.Control;

/// <summary>Launches <see cref="GaussianLogprobBackwardArgs"/>.</summary>
internal static class GaussianLogprobBackwardCuda
{
    public static void Run(CudaLauncher cuda, in GaussianLogprobBackwardArgs args)
    {
        args.Validate();
        int rows = args.Means.Rows, cols = args.Means.Cols, blockRows = GaussianShape.BlockRows(rows, cols);
        bool summed = args.LogStds.Rows == 1 && !args.GradLogStds.IsEmpty;
        long blocks = GaussianShape.ColumnBlocks(rows, blockRows, summed);
        GaussianLogprobBackwardParams parameters = new()
        {
            Means = DeviceView.Of(args.Means),
            LogStds = GaussianShape.RowOrRows(args.LogStds),
            Actions = DeviceView.Of(args.Actions),
            GradLogprobs = DeviceView.Of(args.GradLogprobs),
            GradEntropy = DeviceView.Of(args.GradEntropy),
            GradMeans = DeviceView.Of(args.GradMeans),
            GradLogStds = DeviceView.Of(args.GradLogStds),
            Partials = cuda.Partials(cols, blocks),
            Rows = rows,
            Cols = cols,
            BlockRows = blockRows,
            Summed = summed ? 1 : 0,
        };
        if (cols > 0)
        {
            cuda.Launch(cuda.Function("control/gaussian_logprob_backward", "rlhf_gaussian_logprob_backward_f32"), blocks, parameters);
        }
    }
}
