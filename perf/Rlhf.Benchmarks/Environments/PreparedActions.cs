using Rlhf.Environments;
using Rlhf.Kernels.Memory;

namespace Rlhf.Benchmarks.Environments;

/// <summary>[steps, N, A] actions drawn beforehand, uniform in their box: a policy that costs nothing.</summary>
internal sealed class PreparedActions : IDisposable
{
    private readonly HostBuffer<float> _numbers;
    private readonly int _count, _length, _steps;

    public PreparedActions(ActionSpace space, int count, int steps, ulong seed)
    {
        (_count, _length, _steps) = (count, space.Length, steps);
        _numbers = new HostBuffer<float>((long)steps * count * _length);
        Span<float> all = _numbers.Span;
        for (int i = 0; i < all.Length; i++)
        {
            int axis = i % _length;
            all[i] = space.Low[axis] + ((space.High[axis] - space.Low[axis]) * Philox.Uniform(seed, (ulong)i, 0));
        }
    }

    /// <summary>[steps · N, A], step after step.</summary>
    public View<float> All => _numbers.View(_steps * _count, _length);

    /// <summary>[N, A] of a step.</summary>
    public View<float> Step(int step) => All.SliceRows(step * _count, _count);

    public void Dispose() => _numbers.Dispose();
}
