namespace Rlhf.Training.Data;

/// <summary>
/// Shortens a prompt to a number of tokens as the TL;DR data sets do: the body is cut at its last newline, again and again, and by
/// characters only when it has none; a closing part such as <c>"\n\nTL;DR:"</c> stays.
/// </summary>
/// <param name="MaxTokens">Tokens the whole prompt may have. N+ and TRL: 512.</param>
/// <param name="Suffix">The closing part that is kept, where the prompt ends in it.</param>
public sealed record PromptTruncation(int MaxTokens = 512, string Suffix = "")
{
    /// <summary>The prompt, shortened where it is too long.</summary>
    /// <exception cref="Rlhf.Models.DataFormatException">The suffix alone is too long.</exception>
    public TokenText Apply(TextEncoder encoder, string prompt)
    {
        bool keep = Suffix.Length > 0 && prompt.EndsWith(Suffix, StringComparison.Ordinal);
        string suffix = keep ? Suffix : "";
        string body = prompt[..^suffix.Length];
        TokenText encoded = encoder.Encode(body + suffix);
        while (encoded.Ids.Length > MaxTokens)
        {
            if (body.Length == 0)
                throw new Rlhf.Models.DataFormatException($"prompt suffix '{Suffix}': {encoded.Ids.Length} tokens, expected at most {MaxTokens}");
            int newline = body.LastIndexOf('\n');

            // No character is more than four tokens, so this many can go without cutting too much.
            body = newline >= 0 ? body[..newline] : body[..^((encoded.Ids.Length - MaxTokens + 3) / 4)];
            if (body.Length > 0 && char.IsHighSurrogate(body[^1]))
                body = body[..^1];
            encoded = encoder.Encode(body + suffix);
        }

        return encoded;
    }

    /// <summary>Whether a prompt ends as a prompt must: no trailing space (it would split the next word) and no end token.</summary>
    public static bool EndsWell(TextEncoder encoder, TokenText prompt) =>
        prompt.Ids.Length > 0 && prompt.Ids[^1] != encoder.EosId && !prompt.Text.EndsWith(' ');
}
