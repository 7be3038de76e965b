using Rlhf.Kernels.Memory;

namespace Rlhf.Training.Ppo;

/// <summary>Cuts sampled responses at their first stop token and counts what is left.</summary>
public static class ResponseTruncation
{
    /// <summary>Copies responses and makes everything after the first stop token padding.</summary>
    /// <param name="responses">[B, T] sampled tokens.</param>
    /// <param name="stopTokenId">Left out: nothing is cut.</param>
    /// <param name="padTokenId">What stands after the cut.</param>
    /// <param name="truncated">[B, T] result; may be the memory of <paramref name="responses"/>.</param>
    /// <param name="truncateAfter">Stop tokens before this position do not count (lm-human-preferences: 16 of 24). Default 0.</param>
    public static void Truncate(
        ReadOnlyView<int> responses, int? stopTokenId, int padTokenId, View<int> truncated, int truncateAfter = 0)
    {
        Require.Shape<int>(truncated, responses.Rows, responses.Cols);
        for (int b = 0; b < responses.Rows; b++)
        {
            bool stopped = false;
            for (int t = 0; t < responses.Cols; t++)
            {
                int token = responses[b, t];
                truncated[b, t] = stopped ? padTokenId : token;
                stopped |= t >= truncateAfter && token == stopTokenId;
            }
        }
    }

    /// <summary>Counts the real tokens of truncated responses; TRL's sequence_length is this minus one, so −1 for a row of padding.</summary>
    /// <param name="truncated">[B, T].</param>
    /// <param name="stopTokenId">The stop token of the truncation.</param>
    /// <param name="padTokenId">The padding token.</param>
    /// <param name="rule">Whether a stop token that is also the padding token counts.</param>
    /// <param name="lengths">[B] result, 0 … T.</param>
    public static void CountTokens(
        ReadOnlyView<int> truncated, int? stopTokenId, int padTokenId, ResponseLengthRule rule, View<int> lengths)
    {
        Require.Shape<int>(lengths, truncated.Rows, 1);
        for (int b = 0; b < truncated.Rows; b++)
        {
            int length = 0;
            while (length < truncated.Cols && truncated[b, length] != padTokenId)
                length++;

            bool stopIsPad = rule == ResponseLengthRule.StopToken && stopTokenId == padTokenId && length < truncated.Cols;
            lengths[b] = stopIsPad ? length + 1 : length;
        }
    }

    /// <summary>Marks the responses that hold a token.</summary>
    /// <param name="responses">[B, T].</param>
    /// <param name="token">What is looked for; left out: every response passes.</param>
    /// <param name="contains">[B] result.</param>
    public static void MarkContaining(ReadOnlyView<int> responses, int? token, View<byte> contains)
    {
        Require.Shape<byte>(contains, responses.Rows, 1);
        for (int b = 0; b < responses.Rows; b++)
        {
            bool found = token is null;
            for (int t = 0; t < responses.Cols && !found; t++)
                found = responses[b, t] == token;

            contains[b] = found ? (byte)1 : (byte)0;
        }
    }
}
