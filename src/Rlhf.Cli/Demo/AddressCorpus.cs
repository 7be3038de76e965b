using System.Text.RegularExpressions;
using Rlhf.Models;

namespace Rlhf.Cli.Demo;

/// <summary>
/// The State of the Union addresses, one text file each, split by address: every tenth is held out, whole, from
/// tokenizer, language model and prompts.
/// </summary>
internal sealed partial class AddressCorpus
{
    private const int HeldOutEvery = 10, HeldOutPhase = 4;

    private AddressCorpus(IReadOnlyList<string> train, IReadOnlyList<string> heldOut)
    {
        Train = train;
        HeldOut = heldOut;
    }

    public IReadOnlyList<string> Train { get; }

    public IReadOnlyList<string> HeldOut { get; }

    /// <summary>Reads all <c>.txt</c> files of a folder in the order of their names (which begin with the year).</summary>
    public static AddressCorpus Load(string directory)
    {
        string[] files = Directory.Exists(directory) ? Directory.GetFiles(directory, "*.txt") : [];
        if (files.Length < HeldOutEvery)
        {
            throw new DataFormatException($"{directory}: {files.Length} .txt files, expected the State of the Union addresses (more than {HeldOutEvery})");
        }

        Array.Sort(files, StringComparer.Ordinal);
        ILookup<bool, string> texts = files
            .Select((file, index) => (HeldOut: index % HeldOutEvery == HeldOutPhase, Text: Normalize(File.ReadAllText(file))))
            .ToLookup(item => item.HeldOut, item => item.Text);
        return new AddressCorpus([.. texts[false]], [.. texts[true]]);
    }

    /// <summary>The first words of every sentence that is long enough to go on from there, in order, each opening once.</summary>
    public static IReadOnlyList<string> Openings(IEnumerable<string> texts, int minWords, int maxWords)
    {
        var openings = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (string text in texts)
        {
            foreach (string sentence in SentenceEnd().Split(text))
            {
                string[] words = sentence.Split(' ', StringSplitOptions.RemoveEmptyEntries);

                // Lengths vary from sentence to sentence, so that batches really are padded.
                int take = minWords + (openings.Count % (maxWords - minWords + 1));
                if (words.Length >= take + 8 && char.IsUpper(words[0][0]))
                {
                    string opening = string.Join(' ', words.Take(take));
                    if (seen.Add(opening))
                    {
                        openings.Add(opening);
                    }
                }
            }
        }

        return openings;
    }

    private static string Normalize(string text) => WhiteSpace().Replace(text, " ").Trim();

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();

    [GeneratedRegex(@"(?<=[.!?])\s+(?=[A-Z])")]
    private static partial Regex SentenceEnd();
}
