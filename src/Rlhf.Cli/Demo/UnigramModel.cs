namespace Rlhf.Cli.Demo;

/// <summary>Token frequencies with add-one smoothing: the loss that any language model has to be well under.</summary>
internal static class UnigramModel
{
    /// <summary>Cross-entropy in nats a token of <paramref name="heldOut"/> under the frequencies of <paramref name="train"/>.</summary>
    public static double Loss(ReadOnlySpan<int> train, ReadOnlySpan<int> heldOut, int vocab)
    {
        long[] counts = new long[vocab];
        foreach (int token in train)
        {
            counts[token]++;
        }

        double total = train.Length + vocab, loss = 0;
        foreach (int token in heldOut)
        {
            loss -= Math.Log((counts[token] + 1) / total);
        }

        return heldOut.Length == 0 ? 0 : loss / heldOut.Length;
    }
}
