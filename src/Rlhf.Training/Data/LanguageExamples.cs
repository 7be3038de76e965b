using Rlhf.Models;

namespace Rlhf.Training.Data;

/// <summary>Makes examples for the language-model loss from tokenized data sets.</summary>
public static class LanguageExamples
{
    /// <summary>
    /// Documents one after the other, each closed by the end token, cut into blocks of <paramref name="length"/> predictions (TRL's
    /// "wrapped" packing). Neighbouring blocks share one token, so every token but the very first is a target once; the last
    /// block may be shorter.
    /// </summary>
    /// <exception cref="DataFormatException">All documents together have fewer than two tokens.</exception>
    public static IReadOnlyList<LanguageExample> Pack(IReadOnlyList<TokenText> documents, int length, int eosId)
    {
        int[] stream = new int[documents.Sum(document => document.Ids.Length + 1)];
        int end = 0;
        foreach (TokenText document in documents)
        {
            document.Ids.CopyTo(stream, end);
            end += document.Ids.Length;
            if (end == 0 || stream[end - 1] != eosId)
                stream[end++] = eosId;
        }

        List<LanguageExample> blocks = [];
        for (int start = 0; start + 1 < end; start += length)
            blocks.Add(new LanguageExample(stream.AsMemory(start, Math.Min(length + 1, end - start)), 1));
        return blocks.Count > 0 ? blocks : throw new DataFormatException("dataset: fewer than two tokens in all, nothing to predict");
    }

    /// <summary>One example a document, its beginning kept, closed by the end token where there is room.</summary>
    /// <exception cref="DataFormatException">No document has two tokens.</exception>
    public static IReadOnlyList<LanguageExample> Separate(IReadOnlyList<TokenText> documents, int length, int eosId) =>
        Require(documents.Select(document => Cut(document.Ids is [.., int last] && last == eosId ? document.Ids : [.. document.Ids, eosId], 1, length)));

    /// <summary>Prompt and completion as one sequence, its beginning kept; examples whose completion is cut off entirely are left out.</summary>
    /// <param name="pairs">The examples.</param>
    /// <param name="length">Most predictions of an example.</param>
    /// <param name="completionOnly">Only the completion counts in the loss (TRL's default for this type); else the prompt too (N+).</param>
    /// <exception cref="DataFormatException">Nothing is left.</exception>
    public static IReadOnlyList<LanguageExample> Pairs(IReadOnlyList<PromptCompletion> pairs, int length, bool completionOnly) =>
        Require(pairs.Select(pair => Cut([.. pair.Prompt.Ids, .. pair.Completion.Ids], completionOnly ? Math.Max(1, pair.Prompt.Ids.Length) : 1, length)));

    private static LanguageExample Cut(int[] ids, int firstTarget, int length) =>
        new(ids.AsMemory(0, Math.Min(ids.Length, length + 1)), firstTarget);

    private static List<LanguageExample> Require(IEnumerable<LanguageExample> examples)
    {
        List<LanguageExample> kept = [.. examples.Where(example => example.TargetCount > 0)];
        return kept.Count > 0 ? kept : throw new DataFormatException("dataset: no example has a token to predict within max_length");
    }
}
