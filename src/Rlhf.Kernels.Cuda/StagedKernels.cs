using Rlhf.Kernels.Cuda.Driver;
using Rlhf.Kernels.Cuda.Staging;
using Rlhf.Kernels.Optimizer;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Preference;
using Rlhf.Kernels.Sampling;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Cuda;

/// <summary>
/// The kernels on a CUDA device for callers whose views lie in host memory: each call copies its arguments to the device, runs
/// <see cref="CudaKernels"/>, copies the results back and waits. Bad input is refused on the host, with the processor's messages.
/// For one thread at a time.
/// </summary>
public sealed partial class StagedKernels : IKernels, IDisposable
{
    private readonly CudaDevice? _device;
    private readonly CudaStream _stream;
    private readonly CudaKernels _kernels;
    private readonly HostStaging _staging;

    /// <summary>Kernels on a device that the caller owns.</summary>
    public StagedKernels(CudaDevice device)
    {
        _stream = new CudaStream(device);
        _kernels = new CudaKernels(_stream);
        _staging = new HostStaging(_stream);
    }

    private StagedKernels(CudaDevice device, bool owned)
        : this(device) => _device = owned ? device : null;

    /// <inheritdoc/>
    public string Name => _kernels.Name;

    /// <summary>Kernels on a device of the process's driver, or of another; disposing closes it.</summary>
    /// <exception cref="CudaException">There is no driver or no such device.</exception>
    public static StagedKernels Open(int ordinal = 0, CudaDriver? driver = null) => new(CudaDevice.Open(ordinal, driver), owned: true);

    /// <summary>Whether the fused head's products go to cuBLAS where it is there (the default), or to our own kernel.</summary>
    public bool UseCuBlas
    {
        get => _kernels.UseCuBlas;
        set => _kernels.UseCuBlas = value;
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <inheritdoc/>
    public void Dispose()
    {
        _staging.Dispose();
        _kernels.Dispose();
        _stream.Dispose();
        _device?.Dispose();
    }

    /// <inheritdoc/>
    public void TokenLogprobsForward<T>(in TokenLogprobsForwardArgs<T> args)
        where T : unmanaged
    {
        args.Validate();
        using HostStaging.Call call = _staging.Begin();
        _kernels.TokenLogprobsForward(args with
        {
            Logits = _staging.In(args.Logits),
            Targets = _staging.In(args.Targets),
            Mask = _staging.In(args.Mask),
            Logprobs = _staging.Out(args.Logprobs),
            Entropy = _staging.Out(args.Entropy),
            RowMax = _staging.Out(args.RowMax),
            RowLogSum = _staging.Out(args.RowLogSum),
        });
        Finish();
    }

    /// <inheritdoc/>
    public void TokenLogprobsBackward<T>(in TokenLogprobsBackwardArgs<T> args)
        where T : unmanaged
    {
        args.Validate();
        using HostStaging.Call call = _staging.Begin();
        _kernels.TokenLogprobsBackward(args with
        {
            Logits = _staging.In(args.Logits),
            Targets = _staging.In(args.Targets),
            Mask = _staging.In(args.Mask),
            GradLogprobs = _staging.In(args.GradLogprobs),
            GradEntropy = _staging.In(args.GradEntropy),
            RowMax = _staging.In(args.RowMax),
            RowLogSum = _staging.In(args.RowLogSum),
            Entropy = _staging.In(args.Entropy),
            GradLogits = _staging.Out(args.GradLogits),
        });
        Finish();
    }

    /// <inheritdoc/>
    public void LinearLogprobsForward<T>(in LinearLogprobsForwardArgs<T> args)
        where T : unmanaged
    {
        args.Validate();
        using HostStaging.Call call = _staging.Begin();
        _kernels.LinearLogprobsForward(args with
        {
            Head = Staged(args.Head),
            Logprobs = _staging.Out(args.Logprobs),
            Entropy = _staging.Out(args.Entropy),
            Workspace = _staging.Scratch(args.Workspace),
        });
        Finish();
    }

    /// <inheritdoc/>
    public void LinearLogprobsBackward<T>(in LinearLogprobsBackwardArgs<T> args)
        where T : unmanaged
    {
        args.Validate();
        using HostStaging.Call call = _staging.Begin();
        _kernels.LinearLogprobsBackward(args with
        {
            Head = Staged(args.Head),
            GradLogprobs = _staging.In(args.GradLogprobs),
            GradEntropy = _staging.In(args.GradEntropy),
            Logprobs = _staging.Out(args.Logprobs),
            Entropy = _staging.Out(args.Entropy),
            Gradients = Staged(args.Gradients),
            Workspace = _staging.Scratch(args.Workspace),
        });
        Finish();
    }

    /// <inheritdoc/>
    public void LinearPpo<T>(in LinearPpoArgs<T> args)
        where T : unmanaged
    {
        args.Validate();
        using HostStaging.Call call = _staging.Begin();
        _kernels.LinearPpo(args with
        {
            Head = Staged(args.Head),
            OldLogprobs = _staging.In(args.OldLogprobs),
            Advantages = _staging.In(args.Advantages),
            Weights = _staging.In(args.Weights),
            Logprobs = _staging.Out(args.Logprobs),
            Entropy = _staging.Out(args.Entropy),
            Gradients = Staged(args.Gradients),
            Stats = _staging.Out(args.Stats),
            Workspace = _staging.Scratch(args.Workspace),
        });
        Finish();
    }

    /// <inheritdoc/>
    public void PpoFromLogits<T>(in PpoFromLogitsArgs<T> args)
        where T : unmanaged
    {
        args.Validate();
        using HostStaging.Call call = _staging.Begin();
        _kernels.PpoFromLogits(args with
        {
            Logits = _staging.In(args.Logits),
            Targets = _staging.In(args.Targets),
            OldLogprobs = _staging.In(args.OldLogprobs),
            Advantages = _staging.In(args.Advantages),
            Mask = _staging.In(args.Mask),
            Weights = _staging.In(args.Weights),
            Logprobs = _staging.Out(args.Logprobs),
            Entropy = _staging.Out(args.Entropy),
            GradLogits = _staging.Out(args.GradLogits),
            Stats = _staging.Out(args.Stats),
        });
        Finish();
    }

    /// <inheritdoc/>
    public void PpoClipLoss(in PpoClipLossArgs args)
    {
        args.Validate();
        using HostStaging.Call call = _staging.Begin();
        _kernels.PpoClipLoss(args with
        {
            Logprobs = _staging.In(args.Logprobs),
            OldLogprobs = _staging.In(args.OldLogprobs),
            Advantages = _staging.In(args.Advantages),
            Mask = _staging.In(args.Mask),
            RowWeights = _staging.In(args.RowWeights),
            GradLogprobs = _staging.Out(args.GradLogprobs),
            Stats = _staging.Out(args.Stats),
        });
        Finish();
    }

    /// <inheritdoc/>
    public void ValueClipLoss(in ValueClipLossArgs args)
    {
        args.Validate();
        using HostStaging.Call call = _staging.Begin();
        _kernels.ValueClipLoss(args with
        {
            Values = _staging.In(args.Values),
            OldValues = _staging.In(args.OldValues),
            Returns = _staging.In(args.Returns),
            Mask = _staging.In(args.Mask),
            RowWeights = _staging.In(args.RowWeights),
            GradValues = _staging.Out(args.GradValues),
            Stats = _staging.Out(args.Stats),
        });
        Finish();
    }

    /// <inheritdoc/>
    public void KlEstimate(in KlEstimateArgs args)
    {
        args.Validate();
        using HostStaging.Call call = _staging.Begin();
        _kernels.KlEstimate(args with
        {
            Logprobs = _staging.In(args.Logprobs),
            RefLogprobs = _staging.In(args.RefLogprobs),
            Mask = _staging.In(args.Mask),
            Kl = _staging.Out(args.Kl),
            GradLogprobs = _staging.Out(args.GradLogprobs),
        });
        Finish();
    }

    /// <inheritdoc/>
    public void KlShapedRewards(in KlShapedRewardsArgs args)
    {
        args.Validate();
        using HostStaging.Call call = _staging.Begin();
        _kernels.KlShapedRewards(args with
        {
            Logprobs = _staging.In(args.Logprobs),
            RefLogprobs = _staging.In(args.RefLogprobs),
            Lengths = _staging.In(args.Lengths),
            Scores = _staging.In(args.Scores),
            HasEos = _staging.In(args.HasEos),
            Rewards = _staging.Out(args.Rewards),
            Kl = _staging.Out(args.Kl),
            FinalScores = _staging.Out(args.FinalScores),
        });
        Finish();
    }

    /// <inheritdoc/>
    public void Gae(in GaeArgs args)
    {
        args.Validate();
        using HostStaging.Call call = _staging.Begin();
        _kernels.Gae(args with
        {
            Rewards = _staging.In(args.Rewards),
            Values = _staging.In(args.Values),
            Mask = _staging.In(args.Mask),
            Dones = _staging.In(args.Dones),
            Truncations = _staging.In(args.Truncations),
            TruncationValues = _staging.In(args.TruncationValues),
            LastValues = _staging.In(args.LastValues),
            Advantages = _staging.Out(args.Advantages),
            Returns = _staging.Out(args.Returns),
        });
        Finish();
    }

    /// <inheritdoc/>
    public void MaskedMean(in MaskedMeanArgs args)
    {
        args.Validate();
        using HostStaging.Call call = _staging.Begin();
        _kernels.MaskedMean(args with
        {
            Values = _staging.In(args.Values), Mask = _staging.In(args.Mask), Stats = _staging.Out(args.Stats),
        });
        Finish();
    }

    /// <inheritdoc/>
    public void Whiten(in WhitenArgs args)
    {
        args.Validate();
        using HostStaging.Call call = _staging.Begin();
        _kernels.Whiten(args with
        {
            Values = _staging.In(args.Values),
            Mask = _staging.In(args.Mask),
            GivenStats = _staging.In(args.GivenStats),
            Whitened = _staging.Out(args.Whitened),
        });
        Finish();
    }

    /// <inheritdoc/>
    public void PairwiseLoss(in PairwiseLossArgs args)
    {
        args.Validate();
        using HostStaging.Call call = _staging.Begin();
        _kernels.PairwiseLoss(args with
        {
            Chosen = _staging.In(args.Chosen),
            Rejected = _staging.In(args.Rejected),
            Margins = _staging.In(args.Margins),
            Labels = _staging.In(args.Labels),
            GradChosen = _staging.Out(args.GradChosen),
            GradRejected = _staging.Out(args.GradRejected),
            Stats = _staging.Out(args.Stats),
        });
        Finish();
    }

    /// <inheritdoc/>
    public void RankingLoss(in RankingLossArgs args)
    {
        args.Validate();
        using HostStaging.Call call = _staging.Begin();
        _kernels.RankingLoss(args with
        {
            Rewards = _staging.In(args.Rewards),
            Ranks = _staging.In(args.Ranks),
            GroupOffsets = _staging.In(args.GroupOffsets),
            GradRewards = _staging.Out(args.GradRewards),
            Stats = _staging.Out(args.Stats),
        });
        Finish();
    }

    /// <inheritdoc/>
    public void SegmentPreference(in SegmentPreferenceArgs args)
    {
        args.Validate();
        using HostStaging.Call call = _staging.Begin();
        _kernels.SegmentPreference(args with
        {
            Rewards1 = _staging.In(args.Rewards1),
            Rewards2 = _staging.In(args.Rewards2),
            Labels = _staging.In(args.Labels),
            Probabilities = _staging.Out(args.Probabilities),
            GradRewards1 = _staging.Out(args.GradRewards1),
            GradRewards2 = _staging.Out(args.GradRewards2),
            Stats = _staging.Out(args.Stats),
        });
        Finish();
    }

    /// <inheritdoc/>
    public void Categorical<T>(in CategoricalArgs<T> args)
        where T : unmanaged
    {
        args.Validate();
        using HostStaging.Call call = _staging.Begin();
        _kernels.Categorical(args with
        {
            Logits = _staging.In(args.Logits),
            Sequences = _staging.In(args.Sequences),
            Positions = _staging.In(args.Positions),
            Tokens = _staging.Out(args.Tokens),
            Logprobs = _staging.Out(args.Logprobs),
            Entropy = _staging.Out(args.Entropy),
        });
        Finish();
    }

    /// <inheritdoc/>
    public void GlobalNorm(in GlobalNormArgs args)
    {
        args.Validate();
        using HostStaging.Call call = _staging.Begin();
        _kernels.GlobalNorm(args with { Gradients = _staging.In(args.Gradients), Result = _staging.Out(args.Result) });
        Finish();
    }

    /// <inheritdoc/>
    public void AdamW(in AdamWArgs args)
    {
        args.Validate();
        using HostStaging.Call call = _staging.Begin();
        _kernels.AdamW(args with
        {
            Parameters = _staging.InOut(args.Parameters),
            Gradients = _staging.In(args.Gradients),
            Moment1 = _staging.InOut(args.Moment1),
            Moment2 = _staging.InOut(args.Moment2),
            Ema = _staging.InOut(args.Ema),
            GradScale = _staging.In(args.GradScale),
        });
        Finish();
    }

    /// <inheritdoc/>
    public void RmsProp(in RmsPropArgs args)
    {
        args.Validate();
        using HostStaging.Call call = _staging.Begin();
        _kernels.RmsProp(args with
        {
            Parameters = _staging.InOut(args.Parameters),
            Gradients = _staging.In(args.Gradients),
            MeanSquares = _staging.InOut(args.MeanSquares),
            GradScale = _staging.In(args.GradScale),
        });
        Finish();
    }

    private LinearHead<T> Staged<T>(in LinearHead<T> head)
        where T : unmanaged => head with
        {
            Hidden = _staging.In(head.Hidden),
            Weight = _staging.In(head.Weight),
            Bias = _staging.In(head.Bias),
            Targets = _staging.In(head.Targets),
            Mask = _staging.In(head.Mask),
        };

    private LinearHeadGradients Staged(in LinearHeadGradients gradients) => gradients with
    {
        Hidden = _staging.Out(gradients.Hidden),
        Weight = gradients.Accumulate ? _staging.InOut(gradients.Weight) : _staging.Out(gradients.Weight),
        Bias = gradients.Accumulate ? _staging.InOut(gradients.Bias) : _staging.Out(gradients.Bias),
    };

    private void Finish()
    {
        _staging.CopyBack();
        _kernels.ThrowIfBadInput();
    }
}
