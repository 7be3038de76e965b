using Rlhf.Kernels.Control;

namespace Rlhf.Kernels.Cuda.Control;

/// <summary>Launches <see cref="GaussianKlArgs"/>: the divergence, and the gradient where it is wanted.</summary>
internal static class GaussianKlCuda
{
    private const string Module = "control/gaussian_kl";

    public static void Run(CudaLauncher cuda, in GaussianKlArgs args)
    {
        args.Validate();
        int rows = args.Means.Rows, cols = args.Means.Cols, blockRows = GaussianShape.BlockRows(rows, cols);
        bool summed = args.LogStds.Rows == 1 && !args.GradLogStds.IsEmpty;
        long blocks = GaussianShape.ColumnBlocks(rows, blockRows, summed);
        GaussianKlParams parameters = new()
        {
            Means = DeviceView.Of(args.Means),
            LogStds = GaussianShape.RowOrRows(args.LogStds),
            OldMeans = DeviceView.Of(args.OldMeans),
            OldLogStds = GaussianShape.RowOrRows(args.OldLogStds),
            GradKl = DeviceView.Of(args.GradKl),
            Kl = DeviceView.Of(args.Kl),
            GradMeans = DeviceView.Of(args.GradMeans),
            GradLogStds = DeviceView.Of(args.GradLogStds),
            Partials = cuda.Partials(cols, blocks),
            Rows = rows,
            Cols = cols,
            Lanes = GaussianShape.Lanes(cols),
            BlockRows = blockRows,
            Summed = summed ? 1 : 0,
        };
        CudaFunction divergence = cuda.Function(Module, "rlhf_gaussian_kl_f32");
        cuda.Launch(divergence, GaussianShape.RowBlocks(divergence, rows, parameters.Lanes), parameters);
        if (cols > 0 && !(args.GradMeans.IsEmpty && args.GradLogStds.IsEmpty))
        {
            cuda.Launch(cuda.Function(Module, "rlhf_gaussian_kl_gradient_f32"), blocks, parameters);
        }
    }
}
