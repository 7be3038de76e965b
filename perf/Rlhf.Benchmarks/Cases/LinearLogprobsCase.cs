using Rlhf.Benchmarks.Harness;
using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Policy;
using Rlhf.Kernels.Reference.Policy;
using Rlhf.Kernels.Reference.Sequence;
using Rlhf.Kernels.Sequence;

namespace Rlhf.Benchmarks.Cases;

/// <summary>The fused head: hidden [N, H] and weight [V, H] to the PPO loss and both gradients; beside its three matrix products alone.</summary>
internal sealed unsafe class LinearLogprobsCase : KernelCase
{
    // A little under the default, so that the whole call stays under 128 MB with the buffers that OpenBLAS takes for itself.
    private const long WorkspaceBytes = 56L << 20;

    private readonly int _rows, _hiddenSize, _vocab;
    private readonly HostBuffer<float> _hidden, _weight, _gradHidden, _gradWeight, _logprobs, _oldLogprobs, _advantages, _stats;
    private readonly HostBuffer<int> _targets;
    private HostBuffer<byte>? _workspace;
    private HostBuffer<float>? _logits;

    public LinearLogprobsCase(int rows, int hiddenSize, int vocab)
    {
        (_rows, _hiddenSize, _vocab) = (rows, hiddenSize, vocab);
        _hidden = Normal(1, (long)rows * hiddenSize);
        _weight = Normal(2, (long)vocab * hiddenSize, 0.05);
        _gradHidden = Zeros<float>(_hidden.Length);
        _gradWeight = Zeros<float>(_weight.Length);
        _targets = Tokens(3, rows, vocab);
        _logprobs = Zeros<float>(rows);
        _oldLogprobs = Normal(4, rows, 0.3);
        _advantages = Normal(5, rows);
        _stats = Zeros<float>(PpoClipStats.Length);
        foreach (ref float old in _oldLogprobs.Span)
        {
            old -= MathF.Log(vocab) + 0.5f;
        }
    }

    public override string Name => "linear_logprobs";

    public override int[] Shape => [_rows, _hiddenSize, _vocab];

    public override long BytesRead => 4 * (_hidden.Length + _weight.Length);

    public override long BytesWritten => 4 * (_hidden.Length + _weight.Length);

    public override string Peer => "eager PyTorch: hidden · weightᵀ, log_softmax, gather, clipped loss, backward to both";

    public override void Run(IKernels kernels)
    {
        // Taken at the first call, so that the measured growth of memory has it.
        _workspace ??= Zeros<byte>(WorkspaceBytes);
        kernels.LinearPpo(new LinearPpoArgs<float>
        {
            Head = new LinearHead<float>
            {
                Hidden = _hidden.View(_rows, _hiddenSize),
                Weight = _weight.View(_vocab, _hiddenSize),
                Targets = _targets.View(_rows),
            },
            OldLogprobs = _oldLogprobs.View(_rows),
            Advantages = _advantages.View(_rows),
            Normalizer = _rows,
            Logprobs = _logprobs.View(_rows),
            Gradients = new LinearHeadGradients
            {
                Hidden = _gradHidden.View(_rows, _hiddenSize),
                Weight = _gradWeight.View(_vocab, _hiddenSize),
            },
            Stats = _stats.View(PpoClipStats.Length),
            Workspace = _workspace.View((int)_workspace.Length),
        });
    }

    public override void Validate(IKernels kernels)
    {
        Run(kernels);
        foreach (int row in Sample(_rows))
        {
            double[] logits = Logits(row);
            double logprob = TokenLogprobs.Forward(logits, _targets.Span[row], default).Logprob;
            Close($"log-prob of row {row}", _logprobs.Span[row], logprob, 1e-5);
            double[] grad = TokenLogprobs.Backward(logits, _targets.Span[row], default, Slope(row, logprob), 0);
            var expected = new double[_hiddenSize];
            for (int v = 0; v < _vocab; v++)
            {
                for (int h = 0; h < _hiddenSize; h++)
                {
                    expected[h] += grad[v] * _weight.Pointer[((long)v * _hiddenSize) + h];
                }
            }

            for (int h = 0; h < _hiddenSize; h++)
            {
                Close($"gradient of hidden [{row}, {h}] times N", _gradHidden.Span[(row * _hiddenSize) + h] * _rows, expected[h] * _rows, 1e-5);
            }
        }

        foreach (int token in Sample(_vocab))
        {
            ValidateWeightRow(token);
        }
    }

    public override IEnumerable<Contestant> Companions(int threads)
    {
        if (!OpenBlas.IsAvailable)
        {
            return [];
        }

        _logits ??= Zeros<float>((long)_rows * _vocab);
        return new[] { 256, 512, _rows }.Select(chunk => Contestant.Of(
            chunk == _rows ? "its three GEMMs, whole" : $"its three GEMMs, {chunk} rows at a time", () => Gemms(chunk)));
    }

    private void Gemms(int chunk)
    {
        float* logits = _logits!.Pointer;
        for (int start = 0; start < _rows; start += chunk)
        {
            int rows = Math.Min(chunk, _rows - start);
            float* hidden = _hidden.Pointer + ((long)start * _hiddenSize), gradHidden = _gradHidden.Pointer + ((long)start * _hiddenSize);
            OpenBlas.Multiply(hidden, false, _weight.Pointer, true, logits, rows, _vocab, _hiddenSize, false);
            OpenBlas.Multiply(logits, false, _weight.Pointer, false, gradHidden, rows, _hiddenSize, _vocab, false);
            OpenBlas.Multiply(logits, true, hidden, false, _gradWeight.Pointer, _vocab, _hiddenSize, rows, start > 0);
        }
    }

    /// <summary>Σ_n d loss / d logit[n, token] · hidden[n], with the row's log-normaliser from its (checked) log-prob.</summary>
    private void ValidateWeightRow(int token)
    {
        var expected = new double[_hiddenSize];
        for (int row = 0; row < _rows; row++)
        {
            int target = _targets.Span[row];
            double logNormalizer = Dot(row, target) - _logprobs.Span[row];
            double probability = Math.Exp(Dot(row, token) - logNormalizer);
            double grad = Slope(row, _logprobs.Span[row]) * ((token == target ? 1 : 0) - probability);
            for (int h = 0; h < _hiddenSize; h++)
            {
                expected[h] += grad * _hidden.Span[(row * _hiddenSize) + h];
            }
        }

        for (int h = 0; h < _hiddenSize; h++)
        {
            Close($"gradient of weight [{token}, {h}] times N", _gradWeight.Pointer[((long)token * _hiddenSize) + h] * _rows, expected[h] * _rows, 2e-5);
        }
    }

    private double Slope(int row, double logprob) => PpoClipLoss.Compute(
        [logprob], Doubles(_oldLogprobs, row, 1), Doubles(_advantages, row, 1), null, null, 1, default, _rows).GradLogprobs[0];

    private double[] Logits(int row)
    {
        var logits = new double[_vocab];
        for (int v = 0; v < _vocab; v++)
        {
            logits[v] = Dot(row, v);
        }

        return logits;
    }

    private double Dot(int row, int token)
    {
        double sum = 0;
        for (int h = 0; h < _hiddenSize; h++)
        {
            sum += (double)_hidden.Pointer[((long)row * _hiddenSize) + h] * _weight.Pointer[((long)token * _hiddenSize) + h];
        }

        return sum;
    }
}
