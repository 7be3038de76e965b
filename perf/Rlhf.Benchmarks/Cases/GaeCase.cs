using Rlhf.Benchmarks.Harness;
using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;
using Reference = Rlhf.Kernels.Reference.Sequence;

namespace Rlhf.Benchmarks.Cases;

/// <summary>Advantages and returns of [B, T] responses.</summary>
internal sealed class GaeCase : KernelCase
{
    private const float Gamma = 1f, Lambda = 0.95f;

    private readonly int _rows, _steps;
    private readonly HostBuffer<float> _rewards, _values, _advantages, _returns;

    public GaeCase(int rows, int steps)
    {
        (_rows, _steps) = (rows, steps);
        _rewards = Normal(1, (long)rows * steps);
        _values = Normal(2, (long)rows * steps);
        _advantages = Zeros<float>((long)rows * steps);
        _returns = Zeros<float>((long)rows * steps);
    }

    public override string Name => "gae";

    public override int[] Shape => [_rows, _steps];

    public override long BytesRead => 8L * _rows * _steps;

    public override long BytesWritten => 8L * _rows * _steps;

    public override string Peer => "TRL's loop of PyTorch operations over time";

    public override void Run(IKernels kernels) => kernels.Gae(new GaeArgs
    {
        Rewards = _rewards.View(_rows, _steps),
        Values = _values.View(_rows, _steps),
        Time = TimeAxis.Cols,
        Gamma = Gamma,
        Lambda = Lambda,
        Advantages = _advantages.View(_rows, _steps),
        Returns = _returns.View(_rows, _steps),
    });

    public override void Validate(IKernels kernels)
    {
        Run(kernels);
        foreach (int row in Sample(_rows))
        {
            long start = (long)row * _steps;
            var (advantages, returns) = Reference.Gae.Compute(
                Doubles(_rewards, start, _steps), Doubles(_values, start, _steps), GaeMaskMode.None, null, null, null, null, 0, Gamma, Lambda);
            for (int t = 0; t < _steps; t++)
            {
                Close($"advantage [{row}, {t}]", _advantages.Span[(int)start + t], advantages[t], 1e-5);
                Close($"return [{row}, {t}]", _returns.Span[(int)start + t], returns[t], 1e-5);
            }
        }
    }
}
