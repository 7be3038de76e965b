namespace Rlhf.Models.Tokenization;

/// <summary>
/// Applies merges to the bytes of one piece: always the pair of lowest rank, the leftmost of equal ones, until none is left
/// (Sennrich et al. 2016). Short pieces are scanned; long ones (a thousand spaces, a base64 blob) go through a queue, so that the cost
/// stays O(n log n).
/// </summary>
internal sealed class BpeMerger(PairTable merges, int[] byteIds)
{
    private const int ScanLimit = 64;

    /// <summary>Appends the ids of one piece.</summary>
    public void Encode(ReadOnlySpan<byte> piece, List<int> ids)
    {
        if (piece.Length <= ScanLimit)
            Scan(piece, ids);
        else
            Queue(piece, ids);
    }

    private void Scan(ReadOnlySpan<byte> piece, List<int> ids)
    {
        Span<int> symbols = stackalloc int[ScanLimit];
        Span<int> ranks = stackalloc int[ScanLimit];
        int count = piece.Length;
        for (int i = 0; i < count; i++)
            symbols[i] = byteIds[piece[i]];
        for (int i = 0; i + 1 < count; i++)
            ranks[i] = merges.Find(symbols[i], symbols[i + 1], out _);

        while (count > 1)
        {
            int best = 0;
            for (int i = 1; i + 1 < count; i++)
            {
                if (ranks[i] < ranks[best])
                    best = i;
            }

            if (ranks[best] == PairTable.None)
                break;
            merges.Find(symbols[best], symbols[best + 1], out int merged);
            symbols[best] = merged;
            count--;
            symbols[(best + 2)..(count + 1)].CopyTo(symbols[(best + 1)..]);
            if (best + 1 < count)
                ranks[(best + 2)..(count + 1)].CopyTo(ranks[(best + 1)..]);
            if (best + 1 < count)
                ranks[best] = merges.Find(merged, symbols[best + 1], out _);
            if (best > 0)
                ranks[best - 1] = merges.Find(symbols[best - 1], merged, out _);
        }

        ids.AddRange(symbols[..count]);
    }

    private void Queue(ReadOnlySpan<byte> piece, List<int> ids)
    {
        int[] symbols = new int[piece.Length];
        int[] next = new int[piece.Length];
        int[] previous = new int[piece.Length];
        PriorityQueue<(int Left, int Right, int Position), (int Rank, int Position)> queue = new();
        for (int i = 0; i < symbols.Length; i++)
        {
            symbols[i] = byteIds[piece[i]];
            next[i] = i + 1;
            previous[i] = i - 1;
        }

        for (int i = 0; i + 1 < symbols.Length; i++)
            Enqueue(i);

        while (queue.TryDequeue(out (int Left, int Right, int Position) pair, out _))
        {
            // An entry is stale once either side was merged into something else; a merged-away symbol is marked -1.
            int at = pair.Position;
            int right = next[at];
            if (symbols[at] != pair.Left || right >= symbols.Length || symbols[right] != pair.Right)
                continue;
            merges.Find(pair.Left, pair.Right, out symbols[at]);
            symbols[right] = -1;
            next[at] = next[right];
            if (next[at] < symbols.Length)
            {
                previous[next[at]] = at;
                Enqueue(at);
            }

            if (previous[at] >= 0)
                Enqueue(previous[at]);
        }

        for (int i = 0; i < symbols.Length; i = next[i])
            ids.Add(symbols[i]);

        void Enqueue(int at)
        {
            int rank = merges.Find(symbols[at], symbols[next[at]], out _);
            if (rank != PairTable.None)
                queue.Enqueue((symbols[at], symbols[next[at]], at), (rank, at));
        }
    }
}
