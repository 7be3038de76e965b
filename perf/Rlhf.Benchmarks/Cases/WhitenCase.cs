using Rlhf.Benchmarks.Harness;
using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;
using Reference = Rlhf.Kernels.Reference.Sequence;

namespace Rlhf.Benchmarks.Cases;

/// <summary>Masked whitening of advantages [B, T].</summary>
internal sealed class WhitenCase : KernelCase
{
    private readonly int _rows, _steps;
    private readonly HostBuffer<float> _values, _whitened;
    private readonly HostBuffer<byte> _mask;

    public WhitenCase(int rows, int steps)
    {
        (_rows, _steps) = (rows, steps);
        _values = Normal(1, (long)rows * steps);
        _whitened = Zeros<float>((long)rows * steps);
        _mask = Zeros<byte>((long)rows * steps);
        var random = new Random(2);
        foreach (ref byte counted in _mask.Span)
        {
            counted = random.NextDouble() < 0.8 ? (byte)1 : (byte)0;
        }
    }

    public override string Name => "whiten";

    public override int[] Shape => [_rows, _steps];

    public override long BytesRead => 5L * _rows * _steps;

    public override long BytesWritten => 4L * _rows * _steps;

    public override string Peer => "eager PyTorch: masked mean and variance, scale, fill";

    public override void Run(IKernels kernels) => kernels.Whiten(new WhitenArgs
    {
        Values = _values.View(_rows, _steps),
        Mask = _mask.View(_rows, _steps),
        Unbiased = true,
        ShiftMean = true,
        Whitened = _whitened.View(_rows, _steps),
    });

    public override void Validate(IKernels kernels)
    {
        Run(kernels);
        double[] expected = Reference.Whiten.Compute(
            Doubles(_values, 0, _values.Length), [.. _mask.Span.ToArray().Select(counted => counted != 0)], unbiased: true, shiftMean: true);
        for (int i = 0; i < expected.Length; i++)
        {
            Close($"element {i}", _whitened.Span[i], expected[i], 1e-5);
        }
    }
}
