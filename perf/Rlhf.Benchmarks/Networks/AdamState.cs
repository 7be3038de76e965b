using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Optimizer;
using Rlhf.Models.Networks;

namespace Rlhf.Benchmarks.Networks;

/// <summary>AdamW over a network's flat weights.</summary>
internal sealed class AdamState(Network network) : IDisposable
{
    private readonly int _count = network.Weights.Rows;
    private readonly HostBuffer<float> _moment1 = new(network.Weights.Rows), _moment2 = new(network.Weights.Rows);
    private int _step;

    public void Step(CpuKernels kernels) => kernels.AdamW(new AdamWArgs
    {
        Parameters = network.Weights,
        Gradients = network.Gradients,
        Moment1 = _moment1.View(_count),
        Moment2 = _moment2.View(_count),
        Step = ++_step,
        // Too small to learn the random labels: later rounds do the arithmetic of the first.
        LearningRate = 1e-6f,
        Beta1 = 0.9f,
        Beta2 = 0.999f,
        Epsilon = 1e-8f,
    });

    public void Dispose()
    {
        _moment1.Dispose();
        _moment2.Dispose();
    }
}
