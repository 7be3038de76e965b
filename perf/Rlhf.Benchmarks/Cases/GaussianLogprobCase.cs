using Rlhf.Benchmarks.Harness;
using Rlhf.Kernels;
using Rlhf.Kernels.Control;
using Rlhf.Kernels.Memory;
using Reference = Rlhf.Kernels.Reference.Control;

namespace Rlhf.Benchmarks.Cases;

/// <summary>Log-prob and entropy of actions [N, A] under a Gaussian policy with deviations for all states, forward and backward.</summary>
internal sealed class GaussianLogprobCase : KernelCase
{
    private readonly int _rows, _cols;
    private readonly HostBuffer<float> _means, _logStds, _actions, _gradLogprobs, _gradEntropy, _logprobs, _entropy, _gradMeans, _gradLogStds;

    public GaussianLogprobCase(int rows, int cols)
    {
        (_rows, _cols) = (rows, cols);
        long count = (long)rows * cols;
        _means = Normal(1, count);
        _logStds = Normal(2, cols, 0.3);
        _actions = Normal(3, count);
        _gradLogprobs = Normal(4, rows, 1.0 / rows);
        _gradEntropy = Normal(5, rows, 0.01 / rows);
        _logprobs = Zeros<float>(rows);
        _entropy = Zeros<float>(rows);
        _gradMeans = Zeros<float>(count);
        _gradLogStds = Zeros<float>(cols);
    }

    public override string Name => "gaussian_logprob";

    public override int[] Shape => [_rows, _cols];

    // Both passes read means and actions.
    public override long BytesRead => (16L * _rows * _cols) + (8L * _rows);

    public override long BytesWritten => (4L * _rows * _cols) + (8L * _rows);

    public override string Peer => "eager PyTorch: Independent(Normal), log_prob and entropy, backward";

    public override void Run(IKernels kernels)
    {
        View<float> means = _means.View(_rows, _cols), logStds = _logStds.View(1, _cols), actions = _actions.View(_rows, _cols);
        kernels.GaussianLogprobForward(new GaussianLogprobForwardArgs
        {
            Means = means, LogStds = logStds, Actions = actions, Logprobs = _logprobs.View(_rows), Entropy = _entropy.View(_rows),
        });
        kernels.GaussianLogprobBackward(new GaussianLogprobBackwardArgs
        {
            Means = means,
            LogStds = logStds,
            Actions = actions,
            GradLogprobs = _gradLogprobs.View(_rows),
            GradEntropy = _gradEntropy.View(_rows),
            GradMeans = _gradMeans.View(_rows, _cols),
            GradLogStds = _gradLogStds.View(1, _cols),
        });
    }

    public override void Validate(IKernels kernels)
    {
        Run(kernels);
        double[] means = Doubles(_means, 0, _means.Length), logStds = Doubles(_logStds, 0, _cols), actions = Doubles(_actions, 0, _actions.Length);
        var (logprobs, entropy) = Reference.GaussianLogprob.Forward(means, logStds, actions, _rows);
        var (gradMeans, gradLogStds) = Reference.GaussianLogprob.Backward(
            means, logStds, actions, Doubles(_gradLogprobs, 0, _rows), Doubles(_gradEntropy, 0, _rows));
        for (int row = 0; row < _rows; row++)
        {
            Close($"log-prob {row}", _logprobs.Span[row], logprobs[row], 2e-6);
            Close($"entropy {row}", _entropy.Span[row], entropy[row], 2e-6);
            Close($"gradient of mean {row}, 0, times rows", _rows * (double)_gradMeans.Span[row * _cols], _rows * gradMeans[row * _cols], 2e-6);
        }

        for (int col = 0; col < _cols; col++)
        {
            Close($"gradient of log-std {col}", _gradLogStds.Span[col], gradLogStds[col], 2e-6);
        }
    }
}
