using Rlhf.Kernels.Cuda.Control;
using Rlhf.Kernels.Sampling;

namespace Rlhf.Kernels.Cuda.Sampling;

/// <summary>Launches <see cref="GaussianArgs"/>.</summary>
internal static class GaussianCuda
{
    public static void Run(CudaLauncher cuda, in GaussianArgs args)
    {
        args.Validate();
        int rows = args.Means.Rows, cols = args.Means.Cols;
        CudaFunction function = cuda.Function("sampling/gaussian", "rlhf_gaussian_f32");
        GaussianParams parameters = new()
        {
            Means = DeviceView.Of(args.Means),
            LogStds = GaussianShape.RowOrRows(args.LogStds),
            Sequences = DeviceView.Of(args.Sequences),
            Steps = DeviceView.Of(args.Steps),
            Actions = DeviceView.Of(args.Actions),
            Logprobs = DeviceView.Of(args.Logprobs),
            Entropy = DeviceView.Of(args.Entropy),
            Seed = args.Seed,
            Rows = rows,
            Cols = cols,
            Lanes = GaussianShape.Lanes(cols),
        };
        cuda.Launch(function, GaussianShape.RowBlocks(function, rows, parameters.Lanes), parameters);
    }
}
