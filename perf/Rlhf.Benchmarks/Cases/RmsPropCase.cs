using Rlhf.Benchmarks.Harness;
using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Optimizer;
using Reference = Rlhf.Kernels.Reference.Optimizer;

namespace Rlhf.Benchmarks.Cases;

/// <summary>One RMSProp step over a flat parameter vector [P], in PyTorch's form.</summary>
internal sealed class RmsPropCase : KernelCase
{
    private const float LearningRate = 1e-5f, Decay = 0.99f, Epsilon = 1e-5f;

    private readonly int _count;
    private readonly HostBuffer<float> _parameters, _gradients, _squares;

    public RmsPropCase(int parameters)
    {
        _count = parameters;
        _parameters = Normal(1, parameters);
        _gradients = Normal(2, parameters, 1e-3);
        _squares = Zeros<float>(parameters);
    }

    public override string Name => "rms_prop";

    public override int[] Shape => [_count];

    public override long BytesRead => 12L * _count;

    public override long BytesWritten => 8L * _count;

    public override string Peer => "torch.optim.RMSprop(foreach=True), one flat parameter";

    public override void Run(IKernels kernels) => kernels.RmsProp(new RmsPropArgs
    {
        Parameters = _parameters.View(_count),
        Gradients = _gradients.View(_count),
        MeanSquares = _squares.View(_count),
        LearningRate = LearningRate,
        Decay = Decay,
        Epsilon = Epsilon,
        EpsilonForm = RmsPropEpsilonForm.OutsideRoot,
    });

    public override void Validate(IKernels kernels)
    {
        int part = Math.Min(_count, 1000);
        double[] parameters = Doubles(_parameters, 0, part), squares = Doubles(_squares, 0, part);
        Reference.RmsProp.Update(parameters, Doubles(_gradients, 0, part), squares, 1, LearningRate, Decay, Epsilon, RmsPropEpsilonForm.OutsideRoot);
        Run(kernels);
        for (int i = 0; i < part; i++)
        {
            Close($"parameter {i}", _parameters.Span[i], parameters[i], 1e-6);
            Close($"mean square {i} times 1e6", 1e6 * _squares.Span[i], 1e6 * squares[i], 1e-6);
        }
    }
}
