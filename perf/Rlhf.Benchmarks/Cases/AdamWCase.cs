using Rlhf.Benchmarks.Harness;
using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Optimizer;
using Reference = Rlhf.Kernels.Reference.Optimizer;

namespace Rlhf.Benchmarks.Cases;

/// <summary>One AdamW step over a flat parameter vector [P].</summary>
internal sealed class AdamWCase : KernelCase
{
    private const float LearningRate = 1e-5f, Beta1 = 0.9f, Beta2 = 0.999f, Epsilon = 1e-8f, Decay = 0.01f;

    private readonly int _count;
    private readonly HostBuffer<float> _parameters, _gradients, _moment1, _moment2;

    public AdamWCase(int parameters)
    {
        _count = parameters;
        _parameters = Normal(1, parameters);
        _gradients = Normal(2, parameters, 1e-3);
        _moment1 = Zeros<float>(parameters);
        _moment2 = Zeros<float>(parameters);
    }

    public override string Name => "adamw";

    public override int[] Shape => [_count];

    public override long BytesRead => 16L * _count;

    public override long BytesWritten => 12L * _count;

    public override string Peer => "torch.optim.AdamW(foreach=True), one flat parameter";

    public override void Run(IKernels kernels) => kernels.AdamW(new AdamWArgs
    {
        Parameters = _parameters.View(_count),
        Gradients = _gradients.View(_count),
        Moment1 = _moment1.View(_count),
        Moment2 = _moment2.View(_count),
        Step = 10,
        LearningRate = LearningRate,
        Beta1 = Beta1,
        Beta2 = Beta2,
        Epsilon = Epsilon,
        WeightDecay = Decay,
    });

    public override void Validate(IKernels kernels)
    {
        int part = Math.Min(_count, 1000);
        double[] parameters = Doubles(_parameters, 0, part), moment1 = Doubles(_moment1, 0, part), moment2 = Doubles(_moment2, 0, part);
        Reference.AdamW.Update(
            parameters, Doubles(_gradients, 0, part), moment1, moment2, null, 1, 10, LearningRate, Beta1, Beta2, Epsilon,
            AdamEpsilonForm.Paper, Decay, 0);
        Run(kernels);
        for (int i = 0; i < part; i++)
        {
            Close($"parameter {i}", _parameters.Span[i], parameters[i], 1e-6);
            Close($"first moment {i} times 1000", 1000 * _moment1.Span[i], 1000 * moment1[i], 1e-6);
            Close($"second moment {i} times 1e6", 1e6 * _moment2.Span[i], 1e6 * moment2[i], 1e-6);
        }
    }
}
