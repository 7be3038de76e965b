using System.Buffers;

namespace Rlhf.Models.Tokenization;

/// <summary>Finds added tokens in text: the leftmost, and of those that start there the longest.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly SearchValues<char> _firstCharacters;
    private readonly Dictionary<char, AddedToken[]> _byFirstCharacter;

    public AddedTokenMatcher(IEnumerable<AddedToken> tokens)
    {
        _byFirstCharacter = tokens.GroupBy(token => token.Content[0])
            .ToDictionary(group => group.Key, group => group.OrderByDescending(token => token.Content.Length).ToArray());
        _firstCharacters = SearchValues.Create([.. _byFirstCharacter.Keys]);
    }

    /// <summary>Position of the first added token, or -1.</summary>
    public int Find(ReadOnlySpan<char> text, out AddedToken? token)
    {
        for (int from = 0; from < text.Length; from++)
        {
            int step = text[from..].IndexOfAny(_firstCharacters);
            if (step < 0)
                break;
            from += step;
            foreach (AddedToken candidate in _byFirstCharacter[text[from]])
            {
                if (text[from..].StartsWith(candidate.Content, StringComparison.Ordinal))
                {
                    token = candidate;
                    return from;
                }
            }
        }

        token = null;
        return -1;
    }
}
