using System.Text.Json;
using Rlhf.Models;

namespace Rlhf.Cli.Demo;

/// <summary>
/// The demo's true reward: mean AFINN-111 valence (−5 … 5) of a text's words, words without an entry counting 0.
/// Entries of several words are left out.
/// </summary>
internal sealed class ValenceLexicon
{
    private readonly Dictionary<string, int> _valence;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;

    private ValenceLexicon(Dictionary<string, int> valence)
    {
        _valence = valence;
        _lookup = valence.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public int Count => _valence.Count;

    /// <summary>Reads a JSON array of [word, valence].</summary>
    public static ValenceLexicon Load(string file)
    {
        try
        {
            JsonElement[][] entries = JsonSerializer.Deserialize<JsonElement[][]>(File.ReadAllText(file)) ?? [];
            return new ValenceLexicon(entries
                .Where(entry => !entry[0].GetString()!.Contains(' ', StringComparison.Ordinal))
                .ToDictionary(entry => entry[0].GetString()!, entry => entry[1].GetInt32(), StringComparer.OrdinalIgnoreCase));
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException or IndexOutOfRangeException)
        {
            throw new DataFormatException($"{file}: expected a JSON array of [word, valence], {problem.Message}");
        }
    }

    /// <summary>Sum of valences over number of words; 0 for a text without words.</summary>
    public double Score(ReadOnlySpan<char> text)
    {
        int words = 0, sum = 0, start = -1;
        for (int i = 0; i <= text.Length; i++)
        {
            bool inWord = i < text.Length && (char.IsLetter(text[i]) || (text[i] is '\'' or '-' && start >= 0));
            if (inWord && start < 0)
            {
                start = i;
            }
            else if (!inWord && start >= 0)
            {
                words++;
                sum += _lookup.TryGetValue(text[start..i].TrimEnd("'-"), out int valence) ? valence : 0;
                start = -1;
            }
        }

        return words == 0 ? 0 : (double)sum / words;
    }
}
