using Rlhf.Benchmarks.Harness;
using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Reference.Sequence;
using Rlhf.Kernels.Sampling;

namespace Rlhf.Benchmarks.Cases;

/// <summary>One token a row from logits [N, V], with its log-prob.</summary>
internal sealed class CategoricalCase : KernelCase
{
    private readonly int _rows, _vocab;
    private readonly HostBuffer<float> _logits, _logprobs;
    private readonly HostBuffer<long> _sequences;
    private readonly HostBuffer<int> _positions, _tokens;

    public CategoricalCase(int rows, int vocab)
    {
        (_rows, _vocab) = (rows, vocab);
        _logits = Normal(1, (long)rows * vocab, 3);
        _logprobs = Zeros<float>(rows);
        _sequences = Zeros<long>(rows);
        _positions = Zeros<int>(rows);
        _tokens = Zeros<int>(rows);
        for (int row = 0; row < rows; row++)
        {
            _sequences.Span[row] = row;
        }
    }

    public override string Name => "categorical";

    public override int[] Shape => [_rows, _vocab];

    public override long BytesRead => 4L * _rows * _vocab;

    public override long BytesWritten => 0;

    public override string Peer => "eager PyTorch: softmax, multinomial, log_softmax, gather";

    public override void Run(IKernels kernels) => kernels.Categorical(new CategoricalArgs<float>
    {
        Logits = _logits.View(_rows, _vocab),
        Seed = 1,
        Sequences = _sequences.View(_rows),
        Positions = _positions.View(_rows),
        Tokens = _tokens.View(_rows),
        Logprobs = _logprobs.View(_rows),
    });

    public override void Validate(IKernels kernels)
    {
        Run(kernels);
        if (_rows > 1 && _tokens.Span.ToArray().Distinct().Count() == 1)
        {
            throw new InvalidDataException($"{Name}: every row drew token {_tokens.Span[0]}");
        }

        foreach (int row in Sample(_rows))
        {
            double expected = TokenLogprobs.Forward(Doubles(_logits, (long)row * _vocab, _vocab), _tokens.Span[row], default).Logprob;
            Close($"log-prob of row {row}", _logprobs.Span[row], expected, 2e-6);
        }
    }
}
