namespace Rlhf.Models.Tokenization;

/// <summary>Pair of token ids → rank of its merge and the id it gives. Open addressing: this lookup is the inner loop of encoding.</summary>
internal sealed class PairTable
{
    /// <summary>No merge joins the pair.</summary>
    public const int None = int.MaxValue;

    private readonly ulong[] _keys;
    private readonly (int Rank, int Id)[] _values;
    private readonly int _shift;

    public PairTable(int capacity)
    {
        int bits = Math.Max(4, 64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)capacity * 2));
        _shift = 64 - bits;
        _keys = new ulong[1 << bits];
        _values = new (int, int)[1 << bits];
        Array.Fill(_keys, ulong.MaxValue);
    }

    public static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    public void Set(int left, int right, int rank, int id)
    {
        int slot = Slot(Key(left, right));
        _keys[slot] = Key(left, right);
        _values[slot] = (rank, id);
    }

    /// <summary>Rank of the merge, or <see cref="None"/>.</summary>
    public int Find(int left, int right, out int id)
    {
        int slot = Slot(Key(left, right));
        (int rank, id) = _values[slot];
        return _keys[slot] == ulong.MaxValue ? None : rank;
    }

    private int Slot(ulong key)
    {
        // Fibonacci hashing; the table is at most half full, so a probe ends after a step or two.
        int slot = (int)((key * 0x9E3779B97F4A7C15) >> _shift);
        while (_keys[slot] != key && _keys[slot] != ulong.MaxValue)
            slot = (slot + 1) & (_keys.Length - 1);
        return slot;
    }
}
