using Rlhf.Kernels.Memory;

namespace Rlhf.Training.Data;

/// <summary>
/// An endless order over a data set: every epoch a fresh permutation. Which example stands at a position is a function of seed and
/// position alone, so resuming needs only the position.
/// </summary>
public sealed class ShuffledOrder
{
    private readonly int[] _permutation;
    private readonly ulong _seed;
    private long _epoch = -1;

    /// <summary>The order over <paramref name="count"/> examples (at least 1) that belongs to a seed.</summary>
    public ShuffledOrder(int count, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        _permutation = new int[count];
        _seed = seed;
    }

    /// <summary>Index of the example at a position, from 0.</summary>
    public int this[long position]
    {
        get
        {
            (long epoch, long index) = Math.DivRem(position, _permutation.Length);
            if (epoch != _epoch)
                Shuffle(epoch);
            return _permutation[index];
        }
    }

    /// <summary>Indices of <paramref name="count"/> examples from a position on.</summary>
    public int[] Take(long position, int count)
    {
        int[] indices = new int[count];
        for (int i = 0; i < count; i++)
            indices[i] = this[position + i];
        return indices;
    }

    private void Shuffle(long epoch)
    {
        for (int i = 0; i < _permutation.Length; i++)
            _permutation[i] = i;
        for (int i = _permutation.Length - 1; i > 0; i--)
        {
            // 64 random bits onto i + 1 values: the bias is below 2^-32.
            (uint low, uint high, _, _) = Philox.Generate(_seed, (ulong)i, (ulong)epoch);
            int j = (int)Math.BigMul((ulong)high << 32 | low, (ulong)i + 1, out _);
            (_permutation[i], _permutation[j]) = (_permutation[j], _permutation[i]);
        }

        _epoch = epoch;
    }
}
