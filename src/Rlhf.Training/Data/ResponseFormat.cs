namespace Rlhf.Training.Data;

/// <summary>How a completion becomes tokens: what stands before and after it, and how long it may be.</summary>
public sealed record ResponseFormat
{
    /// <summary>N+'s summaries: a space, the summary, the end token, at most 53 tokens (169 for the reward model).</summary>
    public static ResponseFormat Tldr(int maxTokens = 53) => new() { LeadingSpace = true, AppendEos = true, MaxTokens = maxTokens };

    /// <summary>Puts a space before a completion that has none. Default false.</summary>
    public bool LeadingSpace { get; init; }

    /// <summary>Appends the end token unless it is there already (TRL's SFT and reward trainers). Default true.</summary>
    public bool AppendEos { get; init; } = true;

    /// <summary>Tokens beyond are cut off, the end token included. Default: no limit.</summary>
    public int MaxTokens { get; init; } = int.MaxValue;

    /// <summary>Tokens of a completion; encoded apart from its prompt, as generation continues it.</summary>
    public TokenText Encode(TextEncoder encoder, string text)
    {
        TokenText encoded = encoder.Encode(LeadingSpace && !text.StartsWith(' ') ? " " + text : text);
        return encoded with { Ids = Finish(encoder, encoded.Ids) };
    }

    internal int[] Finish(TextEncoder encoder, int[] ids)
    {
        if (AppendEos && (ids.Length == 0 || ids[^1] != encoder.EosId))
            ids = [.. ids, encoder.EosId];
        return ids.Length > MaxTokens ? ids[..MaxTokens] : ids;
    }
}
