using Rlhf.Benchmarks.Harness;
using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Reference.Sequence;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Benchmarks.Cases;

/// <summary>Log-probs of selected tokens from logits [N, V], entropy off.</summary>
internal sealed class TokenLogprobsCase : KernelCase
{
    private readonly int _rows, _vocab;
    private readonly HostBuffer<float> _logits, _logprobs;
    private readonly HostBuffer<int> _targets;

    public TokenLogprobsCase(int rows, int vocab)
    {
        (_rows, _vocab) = (rows, vocab);
        _logits = Normal(1, (long)rows * vocab, 3);
        _targets = Tokens(2, rows, vocab);
        _logprobs = Zeros<float>(rows);
    }

    public override string Name => "token_logprobs";

    public override int[] Shape => [_rows, _vocab];

    public override long BytesRead => 4L * _rows * _vocab;

    public override long BytesWritten => 0;

    public override string Peer => "eager PyTorch: log_softmax, gather";

    public override void Run(IKernels kernels) => kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<float>
    {
        Logits = _logits.View(_rows, _vocab),
        Targets = _targets.View(_rows),
        Logprobs = _logprobs.View(_rows),
    });

    public override void Validate(IKernels kernels)
    {
        Run(kernels);
        foreach (int row in Sample(_rows))
        {
            double expected = TokenLogprobs.Forward(Doubles(_logits, (long)row * _vocab, _vocab), _targets.Span[row], default).Logprob;
            Close($"log-prob of row {row}", _logprobs.Span[row], expected, 2e-6);
        }
    }
}
