using Rlhf.Kernels.Control;
using Rlhf.Kernels.Cuda.Control;
using Rlhf.Kernels.Cuda.Driver;
using Rlhf.Kernels.Cuda.Optimizer;
using Rlhf.Kernels.Cuda.Policy;
using Rlhf.Kernels.Cuda.Preference;
using Rlhf.Kernels.Cuda.Sampling;
using Rlhf.Kernels.Cuda.Sequence;
using Rlhf.Kernels.Optimizer;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Preference;
using Rlhf.Kernels.Sampling;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Cuda;

/// <summary>
/// The kernels on a CUDA device: views lie in its memory, calls enqueue on one stream and return. Nothing synchronises, and nothing
/// allocates once the largest shape has run. For one thread at a time.
/// </summary>
/// <remarks>
/// A target, length or offset out of range poisons its row with NaN and is remembered until <see cref="ThrowIfBadInput"/> asks.
/// </remarks>
public sealed class CudaKernels : IKernels, IDisposable
{
    private readonly CudaLauncher _cuda;

    /// <summary>Kernels that enqueue on <paramref name="stream"/>.</summary>
    public CudaKernels(CudaStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        _cuda = new CudaLauncher(stream);
    }

    /// <inheritdoc/>
    public string Name => _cuda.Device.Driver.IsEmulator ? $"simt-sm_{_cuda.Architecture}" : $"cuda-sm_{_cuda.Architecture}";

    /// <summary>The stream.</summary>
    public CudaStream Stream => _cuda.Stream;

    internal CudaLauncher Launcher => _cuda;

    /// <summary>Whether the fused head's products go to cuBLAS where it is there (the default), or to our own kernel.</summary>
    public bool UseCuBlas
    {
        get => _cuda.Gemm.UseLibrary;
        set => _cuda.Gemm.UseLibrary = value;
    }

    /// <inheritdoc/>
    public void Dispose() => _cuda.Dispose();

    /// <summary>Waits for everything enqueued so far.</summary>
    public void Synchronize() => _cuda.Stream.Synchronize();

    /// <summary>
    /// Waits for everything enqueued so far and throws where a kernel met a target, length, offset or mapping out of range since the
    /// last call. Of several, the smallest kind and row.
    /// </summary>
    /// <exception cref="ArgumentException">Names the kind and the row.</exception>
    public void ThrowIfBadInput()
    {
        ulong word = _cuda.ReadError();
        if (word == ulong.MaxValue)
        {
            return;
        }

        _cuda.ClearError();
        string what = (word >> 32) switch
        {
            1 => "a target is out of range",
            2 => "a length is out of range",
            3 => "group offsets are out of range or not ascending",
            4 => "an index of a mapping is out of range",
            _ => $"bad input of kind {word >> 32}",
        };
        throw new ArgumentException($"{what} at row {(uint)word}; its results are NaN");
    }

    /// <summary>
    /// Writes down the launches of one kernel call without making them, e.g. <c>kernels.Plan(k => k.Gae(args))</c>.
    /// </summary>
    public CudaPlan Plan(Action<CudaKernels> call)
    {
        ArgumentNullException.ThrowIfNull(call);
        return CudaPlan.Record(_cuda, () => call(this));
    }

    /// <inheritdoc/>
    public void PpoClipLoss(in PpoClipLossArgs args) => PpoClipLossCuda.Run(_cuda, args);

    /// <inheritdoc/>
    public void TokenLogprobsForward<T>(in TokenLogprobsForwardArgs<T> args)
        where T : unmanaged => TokenLogprobsForwardCuda.Run(_cuda, args);

    /// <inheritdoc/>
    public void TokenLogprobsBackward<T>(in TokenLogprobsBackwardArgs<T> args)
        where T : unmanaged => TokenLogprobsBackwardCuda.Run(_cuda, args);

    /// <inheritdoc/>
    public void LinearLogprobsForward<T>(in LinearLogprobsForwardArgs<T> args)
        where T : unmanaged => LinearLogprobsCuda.Run(_cuda, args);

    /// <inheritdoc/>
    public void LinearLogprobsBackward<T>(in LinearLogprobsBackwardArgs<T> args)
        where T : unmanaged => LinearLogprobsCuda.Run(_cuda, args);

    /// <inheritdoc/>
    public void LinearPpo<T>(in LinearPpoArgs<T> args)
        where T : unmanaged => LinearPpoCuda.Run(_cuda, args);

    /// <inheritdoc/>
    public void PpoFromLogits<T>(in PpoFromLogitsArgs<T> args)
        where T : unmanaged => PpoFromLogitsCuda.Run(_cuda, args);

    /// <inheritdoc/>
    public void ValueClipLoss(in ValueClipLossArgs args) => ValueClipLossCuda.Run(_cuda, args);

    /// <inheritdoc/>
    public void KlEstimate(in KlEstimateArgs args) => KlEstimateCuda.Run(_cuda, args);

    /// <inheritdoc/>
    public void KlShapedRewards(in KlShapedRewardsArgs args) => KlShapedRewardsCuda.Run(_cuda, args);

    /// <inheritdoc/>
    public void Gae(in GaeArgs args) => GaeCuda.Run(_cuda, args);

    /// <inheritdoc/>
    public void MaskedMean(in MaskedMeanArgs args) => MaskedMeanCuda.Run(_cuda, args);

    /// <inheritdoc/>
    public void Whiten(in WhitenArgs args) => WhitenCuda.Run(_cuda, args);

    /// <inheritdoc/>
    public void PairwiseLoss(in PairwiseLossArgs args) => PairwiseLossCuda.Run(_cuda, args);

    /// <inheritdoc/>
    public void RankingLoss(in RankingLossArgs args) => RankingLossCuda.Run(_cuda, args);

    /// <inheritdoc/>
    public void SegmentPreference(in SegmentPreferenceArgs args) => SegmentPreferenceCuda.Run(_cuda, args);

    /// <inheritdoc/>
    public void GaussianLogprobForward(in GaussianLogprobForwardArgs args) => GaussianLogprobForwardCuda.Run(_cuda, args);

    /// <inheritdoc/>
    public void GaussianLogprobBackward(in GaussianLogprobBackwardArgs args) => GaussianLogprobBackwardCuda.Run(_cuda, args);

    /// <inheritdoc/>
    public void GaussianKl(in GaussianKlArgs args) => GaussianKlCuda.Run(_cuda, args);

    /// <inheritdoc/>
    public void Gaussian(in GaussianArgs args) => GaussianCuda.Run(_cuda, args);

    /// <inheritdoc/>
    public void Categorical<T>(in CategoricalArgs<T> args)
        where T : unmanaged => CategoricalCuda.Run(_cuda, args);

    /// <inheritdoc/>
    public void GlobalNorm(in GlobalNormArgs args) => GlobalNormCuda.Run(_cuda, args);

    /// <inheritdoc/>
    public void AdamW(in AdamWArgs args) => AdamWCuda.Run(_cuda, args);

    /// <inheritdoc/>
    public void RmsProp(in RmsPropArgs args) => RmsPropCuda.Run(_cuda, args);
}
