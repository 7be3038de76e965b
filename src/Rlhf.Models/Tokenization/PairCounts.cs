using System.Runtime.InteropServices;

namespace Rlhf.Models.Tokenization;

/// <summary>
/// Counts of neighbouring symbols over a set of weighted words, kept up to date while pairs are merged. The most frequent pair comes
/// from a heap whose entries may be stale: a count that fell is corrected when it reaches the top, one that rose is entered anew.
/// </summary>
internal sealed class PairCounts
{
    private readonly List<int[]> _words = [];
    private readonly List<int> _lengths = [];
    private readonly List<long> _weights = [];
    private readonly Dictionary<ulong, long> _counts = [];
    private readonly Dictionary<ulong, HashSet<int>> _places = [];
    private readonly PriorityQueue<ulong, (long NegatedCount, ulong Pair)> _heap = new();
    private readonly HashSet<ulong> _risen = [];

    /// <summary>Adds a word that occurs <paramref name="weight"/> times. The array is taken over.</summary>
    public void Add(int[] symbols, long weight)
    {
        int word = _words.Count;
        _words.Add(symbols);
        _lengths.Add(symbols.Length);
        _weights.Add(weight);
        for (int i = 0; i + 1 < symbols.Length; i++)
            Change(PairTable.Key(symbols[i], symbols[i + 1]), weight, word);
    }

    /// <summary>The most frequent pair, the smaller ids first among equals; false if none occurs <paramref name="atLeast"/> times.</summary>
    public bool TryTop(long atLeast, out int left, out int right)
    {
        EnterRisen();
        while (_heap.TryDequeue(out ulong pair, out (long NegatedCount, ulong Pair) priority))
        {
            long count = _counts.GetValueOrDefault(pair);
            if (count < Math.Max(1, atLeast))
                continue;
            if (count != -priority.NegatedCount)
            {
                _heap.Enqueue(pair, (-count, pair));
                continue;
            }

            (left, right) = ((int)(pair >> 32), (int)pair);
            return true;
        }

        (left, right) = (0, 0);
        return false;
    }

    /// <summary>Replaces every occurrence of a pair by one symbol.</summary>
    public void Merge(int left, int right, int merged)
    {
        if (!_places.Remove(PairTable.Key(left, right), out HashSet<int>? words))
            return;
        foreach (int word in words)
            MergeWord(word, left, right, merged);
        _counts.Remove(PairTable.Key(left, right));
    }

    private void MergeWord(int word, int left, int right, int merged)
    {
        int[] symbols = _words[word];
        int length = _lengths[word];
        long weight = _weights[word];
        int kept = 0;
        for (int i = 0; i < length; i++)
        {
            if (i + 1 >= length || symbols[i] != left || symbols[i + 1] != right)
            {
                symbols[kept++] = symbols[i];
                continue;
            }

            // Symbols left of `kept` are already merged, so a run of pairs counts its new neighbours once.
            if (kept > 0)
            {
                Change(PairTable.Key(symbols[kept - 1], left), -weight, word);
                Change(PairTable.Key(symbols[kept - 1], merged), weight, word);
            }

            if (i + 2 < length)
            {
                Change(PairTable.Key(right, symbols[i + 2]), -weight, word);
                Change(PairTable.Key(merged, symbols[i + 2]), weight, word);
            }

            symbols[kept++] = merged;
            i++;
        }

        _lengths[word] = kept;
    }

    private void Change(ulong pair, long by, int word)
    {
        CollectionsMarshal.GetValueRefOrAddDefault(_counts, pair, out _) += by;
        if (by < 0)
            return;
        ref HashSet<int>? words = ref CollectionsMarshal.GetValueRefOrAddDefault(_places, pair, out _);
        (words ??= []).Add(word);
        _risen.Add(pair);
    }

    private void EnterRisen()
    {
        foreach (ulong pair in _risen)
        {
            if (_counts.TryGetValue(pair, out long count) && count > 0)
                _heap.Enqueue(pair, (-count, pair));
        }

        _risen.Clear();
    }
}
