namespace Rlhf.Models.Tokenization;

/// <summary>What the files of a byte-level BPE tokenizer say, checked to be consistent.</summary>
internal sealed class BpeDefinition
{
    // Far above any published vocabulary; keeps one absurd id from allocating gigabytes.
    private const int MaxVocabulary = 1 << 24;

    /// <param name="source">How errors name the files.</param>
    /// <param name="vocabulary">Token in the byte alphabet → id, without tokens that exist only as added ones.</param>
    /// <param name="merges">Pairs of tokens in the byte alphabet, by rank.</param>
    /// <param name="added">Tokens matched in the text.</param>
    public BpeDefinition(string source, Dictionary<string, int> vocabulary, List<(string Left, string Right)> merges, List<AddedToken> added)
    {
        Source = source;
        Vocabulary = vocabulary;
        Merges = merges;
        Added = added;
        Tokens = CollectTokens();
        ByteIds = CollectByteIds();
        MergeIds = merges.ConvertAll(MergeOf);
    }

    public string Source { get; }

    public Dictionary<string, int> Vocabulary { get; }

    public List<(string Left, string Right)> Merges { get; }

    public List<AddedToken> Added { get; }

    /// <summary>Token by id; null where no token has the id.</summary>
    public string?[] Tokens { get; }

    /// <summary>Id of each single byte.</summary>
    public int[] ByteIds { get; }

    /// <summary>The merges as ids.</summary>
    public List<(int Left, int Right, int Result)> MergeIds { get; }

    public PieceSplitter Splitter { get; init; } = new Gpt2Splitter();

    public bool NormalizesToNfc { get; init; }

    /// <summary>Whether a piece that is a token as a whole is taken whole, even if no merges lead to it.</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>JSON of the post-processor. It adds tokens around sequences, which is the caller's business here; kept for saving.</summary>
    public string? PostProcessor { get; init; }

    private string?[] CollectTokens()
    {
        string?[] tokens = [];
        foreach ((string token, int id) in Vocabulary.Concat(Added.Select(token => KeyValuePair.Create(token.Content, token.Id))))
        {
            if (id is < 0 or >= MaxVocabulary)
                throw new DataFormatException($"{Source}: token '{token}' has id {id}, expected 0 to {MaxVocabulary - 1}");
            if (id >= tokens.Length)
                Array.Resize(ref tokens, Math.Max(id + 1, Math.Min(2 * tokens.Length, MaxVocabulary)));
            if (tokens[id] is { } other && other != token)
                throw new DataFormatException($"{Source}: tokens '{other}' and '{token}' have the same id {id}");
            tokens[id] = token;
        }

        return tokens[..(Array.FindLastIndex(tokens, token => token is not null) + 1)];
    }

    private int[] CollectByteIds()
    {
        int[] ids = new int[256];
        for (int value = 0; value < 256; value++)
        {
            string letter = ByteLevel.Letter((byte)value).ToString();
            if (!Vocabulary.TryGetValue(letter, out ids[value]))
                throw new DataFormatException($"{Source}: no token '{letter}' for byte 0x{value:X2}, expected all 256 (not a byte-level vocabulary?)");
        }

        return ids;
    }

    private (int Left, int Right, int Result) MergeOf((string Left, string Right) merge)
    {
        if (Vocabulary.TryGetValue(merge.Left, out int left) && Vocabulary.TryGetValue(merge.Right, out int right)
            && Vocabulary.TryGetValue(merge.Left + merge.Right, out int result))
            return (left, right, result);
        throw new DataFormatException($"{Source}: merge '{merge.Left} {merge.Right}': '{merge.Left}', '{merge.Right}' or their join is not in the vocabulary");
    }
}
