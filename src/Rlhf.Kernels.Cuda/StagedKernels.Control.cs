using Rlhf.Kernels.Control;
using Rlhf.Kernels.Cuda.Staging;
using Rlhf.Kernels.Sampling;

namespace Rlhf.Kernels.Cuda;

/// <content>Kernels of Gaussian policies.</content>
public sealed partial class StagedKernels
{
    /// <inheritdoc/>
    public void GaussianLogprobForward(in GaussianLogprobForwardArgs args)
    {
        args.Validate();
        using HostStaging.Call call = _staging.Begin();
        _kernels.GaussianLogprobForward(args with
        {
            Means = _staging.In(args.Means),
            LogStds = _staging.In(args.LogStds),
            Actions = _staging.In(args.Actions),
            Logprobs = _staging.Out(args.Logprobs),
            Entropy = _staging.Out(args.Entropy),
        });
        Finish();
    }

    /// <inheritdoc/>
    public void GaussianLogprobBackward(in GaussianLogprobBackwardArgs args)
    {
        args.Validate();
        using HostStaging.Call call = _staging.Begin();
        _kernels.GaussianLogprobBackward(args with
        {
            Means = _staging.In(args.Means),
            LogStds = _staging.In(args.LogStds),
            Actions = _staging.In(args.Actions),
            GradLogprobs = _staging.In(args.GradLogprobs),
            GradEntropy = _staging.In(args.GradEntropy),
            GradMeans = _staging.Out(args.GradMeans),
            GradLogStds = _staging.Out(args.GradLogStds),
        });
        Finish();
    }

    /// <inheritdoc/>
    public void GaussianKl(in GaussianKlArgs args)
    {
        args.Validate();
        using HostStaging.Call call = _staging.Begin();
        _kernels.GaussianKl(args with
        {
            Means = _staging.In(args.Means),
            LogStds = _staging.In(args.LogStds),
            OldMeans = _staging.In(args.OldMeans),
            OldLogStds = _staging.In(args.OldLogStds),
            GradKl = _staging.In(args.GradKl),
            Kl = _staging.Out(args.Kl),
            GradMeans = _staging.Out(args.GradMeans),
            GradLogStds = _staging.Out(args.GradLogStds),
        });
        Finish();
    }

    /// <inheritdoc/>
    public void Gaussian(in GaussianArgs args)
    {
        args.Validate();
        using HostStaging.Call call = _staging.Begin();
        _kernels.Gaussian(args with
        {
            Means = _staging.In(args.Means),
            LogStds = _staging.In(args.LogStds),
            Sequences = _staging.In(args.Sequences),
            Steps = _staging.In(args.Steps),
            Actions = _staging.Out(args.Actions),
            Logprobs = _staging.Out(args.Logprobs),
            Entropy = _staging.Out(args.Entropy),
        });
        Finish();
    }
}
