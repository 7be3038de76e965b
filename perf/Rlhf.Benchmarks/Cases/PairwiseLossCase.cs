using Rlhf.Benchmarks.Harness;
using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Preference;
using Reference = Rlhf.Kernels.Reference.Preference;

namespace Rlhf.Benchmarks.Cases;

/// <summary>Bradley–Terry loss over pairs [N] with both gradients.</summary>
internal sealed class PairwiseLossCase : KernelCase
{
    private readonly int _pairs;
    private readonly HostBuffer<float> _chosen, _rejected, _gradChosen, _gradRejected, _stats;

    public PairwiseLossCase(int pairs)
    {
        _pairs = pairs;
        _chosen = Normal(1, pairs);
        _rejected = Normal(2, pairs);
        _gradChosen = Zeros<float>(pairs);
        _gradRejected = Zeros<float>(pairs);
        _stats = Zeros<float>(PreferenceStats.Length);
    }

    public override string Name => "pairwise_loss";

    public override int[] Shape => [_pairs];

    public override long BytesRead => 8L * _pairs;

    public override long BytesWritten => 8L * _pairs;

    public override string Peer => "eager PyTorch: −logsigmoid(chosen − rejected), mean, backward";

    public override void Run(IKernels kernels) => kernels.PairwiseLoss(new PairwiseLossArgs
    {
        Chosen = _chosen.View(_pairs),
        Rejected = _rejected.View(_pairs),
        Normalizer = _pairs,
        GradChosen = _gradChosen.View(_pairs),
        GradRejected = _gradRejected.View(_pairs),
        Stats = _stats.View(PreferenceStats.Length),
    });

    public override void Validate(IKernels kernels)
    {
        Run(kernels);
        var (stats, gradChosen, gradRejected) = Reference.PairwiseLoss.Compute(
            Doubles(_chosen, 0, _pairs), Doubles(_rejected, 0, _pairs), null, null, 0, 0, _pairs);
        Close("loss", PreferenceStats.Read(_stats.View(PreferenceStats.Length)).Loss, stats.Loss, 1e-5);
        for (int i = 0; i < _pairs; i++)
        {
            Close($"gradient of chosen {i} times N", _gradChosen.Span[i] * _pairs, gradChosen[i] * _pairs, 1e-5);
            Close($"gradient of rejected {i} times N", _gradRejected.Span[i] * _pairs, gradRejected[i] * _pairs, 1e-5);
        }
    }
}
