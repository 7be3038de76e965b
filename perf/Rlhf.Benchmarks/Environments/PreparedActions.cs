using Rlhf.Environments;
using Rlhf.Kernels.Memory;

namespace Rlhf.Benchmarks.Environments;

/// <summary>[steps, N, A] actions drawn beforehand, uniform in their box: a policy that costs nothing.</summary>
internal sealed class PreparedActions : IDisposable
{
    private readonly HostBuffer<float> _numbers;
    private readonly int _count, _length;

    public PreparedActions(ActionSpace space, int count, int steps, ulong seed)
    {
        (_count, _length, Steps) = (count, space.Length, steps);
        _numbers = new HostBuffer<float>((long)steps * count * _length);
        Span<float> all = _numbers.Span;
        for (int i = 0; i < all.Length; i++)
        {
            int axis = i % _length;
            all[i] = space.Low[axis] + ((space.High[axis] - space.Low[axis]) * Philox.Uniform(seed, (ulong)i, 0));
        }
    }

    public int Steps { get; }

    /// <summary>[N, A] of a step.</summary>
    public unsafe View<float> Step(int step) => new(_numbers.Pointer + ((long)step * _count * _length), _count, _length);

    public void Dispose() => _numbers.Dispose();
}
