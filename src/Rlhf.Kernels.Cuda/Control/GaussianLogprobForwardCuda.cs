using Rlhf.Kernels.Control;

namespace Rlhf.Kernels.Cuda.Control;

/// <summary>Launches <see cref="GaussianLogprobForwardArgs"/>.</summary>
internal static class GaussianLogprobForwardCuda
{
    public static void Run(CudaLauncher cuda, in GaussianLogprobForwardArgs args)
    {
        args.Validate();
        int rows = args.Means.Rows, cols = args.Means.Cols;
        CudaFunction function = cuda.Function("control/gaussian_logprob_forward", "rlhf_gaussian_logprob_forward_f32");
        GaussianLogprobForwardParams parameters = new()
        {
            Means = DeviceView.Of(args.Means),
            LogStds = GaussianShape.RowOrRows(args.LogStds),
            Actions = DeviceView.Of(args.Actions),
            Logprobs = DeviceView.Of(args.Logprobs),
            Entropy = DeviceView.Of(args.Entropy),
            Rows = rows,
            Cols = cols,
            Lanes = GaussianShape.Lanes(cols),
        };
        cuda.Launch(function, GaussianShape.RowBlocks(function, rows, parameters.Lanes), parameters);
    }
}
