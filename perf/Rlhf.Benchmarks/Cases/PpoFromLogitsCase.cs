using Rlhf.Benchmarks.Harness;
using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Reference.Policy;
using Rlhf.Kernels.Reference.Sequence;

namespace Rlhf.Benchmarks.Cases;

/// <summary>Log-prob and clipped PPO loss from logits [N, V], forward and backward; with entropy as a metric or without.</summary>
internal sealed class PpoFromLogitsCase : KernelCase
{
    private readonly int _rows, _vocab;
    private readonly bool _withEntropy;
    private readonly HostBuffer<float> _logits, _grad, _logprobs, _oldLogprobs, _advantages, _entropy, _stats;
    private readonly HostBuffer<int> _targets;

    public PpoFromLogitsCase(int rows, int vocab, bool withEntropy)
    {
        (_rows, _vocab, _withEntropy) = (rows, vocab, withEntropy);
        _logits = Normal(1, (long)rows * vocab, 3);
        _targets = Tokens(2, rows, vocab);
        _grad = Zeros<float>((long)rows * vocab);
        _logprobs = Zeros<float>(rows);
        _oldLogprobs = Normal(3, rows, 0.1);
        _advantages = Normal(4, rows);
        _entropy = Zeros<float>(rows);
        _stats = Zeros<float>(PpoClipStats.Length);
        for (int row = 0; row < rows; row++)
        {
            // Near the present policy, as old log-probs are.
            _oldLogprobs.Span[row] += (float)Forward(row).Logprob;
        }
    }

    public override string Name => _withEntropy ? "ppo_from_logits_entropy" : "ppo_from_logits";

    public override int[] Shape => [_rows, _vocab];

    public override long BytesRead => 4L * _rows * _vocab;

    public override long BytesWritten => 4L * _rows * _vocab;

    public override string Peer => "eager PyTorch: log_softmax, gather, clipped loss, backward"
        + (_withEntropy ? "; entropy by softmax and logsumexp without gradient" : "");

    public override void Run(IKernels kernels) => kernels.PpoFromLogits(new PpoFromLogitsArgs<float>
    {
        Logits = _logits.View(_rows, _vocab),
        Targets = _targets.View(_rows),
        OldLogprobs = _oldLogprobs.View(_rows),
        Advantages = _advantages.View(_rows),
        Normalizer = _rows,
        Logprobs = _logprobs.View(_rows),
        Entropy = _withEntropy ? _entropy.View(_rows) : default,
        GradLogits = _grad.View(_rows, _vocab),
        Stats = _stats.View(PpoClipStats.Length),
    });

    public override void Validate(IKernels kernels)
    {
        Run(kernels);
        foreach (int row in Sample(_rows))
        {
            var (logprob, entropy) = Forward(row);
            Close($"log-prob of row {row}", _logprobs.Span[row], logprob, 2e-6);
            if (_withEntropy)
            {
                Close($"entropy of row {row}", _entropy.Span[row], entropy, 1e-5);
            }

            double slope = PpoClipLoss.Compute(
                [logprob], Doubles(_oldLogprobs, row, 1), Doubles(_advantages, row, 1), null, null, 1, default, _rows).GradLogprobs[0];
            double[] expected = TokenLogprobs.Backward(Row(row), _targets.Span[row], default, slope, 0);
            double[] actual = Doubles(_grad, (long)row * _vocab, _vocab);
            for (int j = 0; j < _vocab; j++)
            {
                Close($"gradient of logit [{row}, {j}] times N", actual[j] * _rows, expected[j] * _rows, 1e-5);
            }
        }
    }

    private double[] Row(int row) => Doubles(_logits, (long)row * _vocab, _vocab);

    private (double Logprob, double Entropy) Forward(int row) => TokenLogprobs.Forward(Row(row), _targets.Span[row], default);
}
