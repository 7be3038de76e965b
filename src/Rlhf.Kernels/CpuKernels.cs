using Rlhf.Kernels.Blas;
using Rlhf.Kernels.Control;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Optimizer;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Preference;
using Rlhf.Kernels.Sampling;
using Rlhf.Kernels.Sequence;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels;

/// <summary>
/// The kernels on the processor: one SIMD body each, run at the widest registers there are, over a team of threads.
/// Safe to use from several threads; calls that overlap do not share the team.
/// </summary>
public sealed class CpuKernels : IKernels, IDisposable
{
    private readonly SimdRunner _runner;
    private readonly Gemm _gemm;

    /// <summary>Kernels over <paramref name="threads"/> threads (0: one a processor).</summary>
    /// <param name="threads">Threads, the caller included.</param>
    /// <param name="width">Lanes; left out: the widest native ones. A width that is not native works, slowly.</param>
    /// <param name="useBlas">Matrix products by OpenBLAS where it is installed; false: always by our own, with the same bits everywhere.</param>
    /// <param name="onThreadStart">Runs once on each worker thread, e.g. to set its floating-point mode.</param>
    public CpuKernels(int threads = 0, SimdWidth? width = null, bool useBlas = true, Action? onThreadStart = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        _runner = new SimdRunner(
            width ?? SimdRunner.Widest,
            new WorkerTeam(threads == 0 ? Environment.ProcessorCount : threads, onThreadStart));
        _gemm = new Gemm(_runner, useBlas);
    }

    /// <summary>The widest lanes that run natively here.</summary>
    public static SimdWidth WidestNative => SimdRunner.Widest;

    /// <inheritdoc/>
    public string Name => $"cpu-{_runner.Width}";

    /// <summary>Lanes in use.</summary>
    public SimdWidth Width => _runner.Width;

    /// <summary>Threads in use.</summary>
    public int Threads => _runner.Team.Threads;

    /// <summary>Whether the fused head's matrix products go to OpenBLAS.</summary>
    public bool UsesBlas => _gemm.UsesBlas;

    /// <inheritdoc/>
    public void Dispose() => _runner.Team.Dispose();

    /// <inheritdoc/>
    public void PpoClipLoss(in PpoClipLossArgs args) => PpoClipLossCpu.Run(_runner, args);

    /// <inheritdoc/>
    public void TokenLogprobsForward<T>(in TokenLogprobsForwardArgs<T> args)
        where T : unmanaged => TokenLogprobsForwardCpu.Run(_runner, args);

    /// <inheritdoc/>
    public void TokenLogprobsBackward<T>(in TokenLogprobsBackwardArgs<T> args)
        where T : unmanaged => TokenLogprobsBackwardCpu.Run(_runner, args);

    /// <inheritdoc/>
    public void LinearLogprobsForward<T>(in LinearLogprobsForwardArgs<T> args)
        where T : unmanaged => LinearLogprobsCpu.Run(_runner, _gemm, args);

    /// <inheritdoc/>
    public void LinearLogprobsBackward<T>(in LinearLogprobsBackwardArgs<T> args)
        where T : unmanaged => LinearLogprobsCpu.Run(_runner, _gemm, args);

    /// <inheritdoc/>
    public void LinearPpo<T>(in LinearPpoArgs<T> args)
        where T : unmanaged => LinearPpoCpu.Run(_runner, _gemm, args);

    /// <inheritdoc/>
    public void PpoFromLogits<T>(in PpoFromLogitsArgs<T> args)
        where T : unmanaged => PpoFromLogitsCpu.Run(_runner, args);

    /// <inheritdoc/>
    public void ValueClipLoss(in ValueClipLossArgs args) => ValueClipLossCpu.Run(_runner, args);

    /// <inheritdoc/>
    public void KlEstimate(in KlEstimateArgs args) => KlEstimateCpu.Run(_runner, args);

    /// <inheritdoc/>
    public void KlShapedRewards(in KlShapedRewardsArgs args) => KlShapedRewardsCpu.Run(_runner, args);

    /// <inheritdoc/>
    public void Gae(in GaeArgs args) => GaeCpu.Run(_runner, args);

    /// <inheritdoc/>
    public void MaskedMean(in MaskedMeanArgs args) => MaskedMeanCpu.Run(_runner, args);

    /// <inheritdoc/>
    public void Whiten(in WhitenArgs args) => WhitenCpu.Run(_runner, args);

    /// <inheritdoc/>
    public void PairwiseLoss(in PairwiseLossArgs args) => PairwiseLossCpu.Run(_runner, args);

    /// <inheritdoc/>
    public void RankingLoss(in RankingLossArgs args) => RankingLossCpu.Run(_runner, args);

    /// <inheritdoc/>
    public void SegmentPreference(in SegmentPreferenceArgs args) => SegmentPreferenceCpu.Run(_runner, args);

    /// <inheritdoc/>
    public void GaussianLogprobForward(in GaussianLogprobForwardArgs args) => GaussianLogprobForwardCpu.Run(_runner, args);

    /// <inheritdoc/>
    public void GaussianLogprobBackward(in GaussianLogprobBackwardArgs args) => GaussianLogprobBackwardCpu.Run(_runner, args);

    /// <inheritdoc/>
    public void GaussianKl(in GaussianKlArgs args) => GaussianKlCpu.Run(_runner, args);

    /// <inheritdoc/>
    public void Gaussian(in GaussianArgs args) => GaussianCpu.Run(_runner, args);

    /// <inheritdoc/>
    public void Categorical<T>(in CategoricalArgs<T> args)
        where T : unmanaged => CategoricalCpu.Run(_runner, args);

    /// <inheritdoc/>
    public void GlobalNorm(in GlobalNormArgs args) => GlobalNormCpu.Run(_runner, args);

    /// <inheritdoc/>
    public void AdamW(in AdamWArgs args) => AdamWCpu.Run(_runner, args);

    /// <inheritdoc/>
    public void RmsProp(in RmsPropArgs args) => RmsPropCpu.Run(_runner, args);
}
