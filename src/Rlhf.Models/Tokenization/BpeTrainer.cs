using System.Runtime.InteropServices;
using System.Text;

namespace Rlhf.Models.Tokenization;

/// <summary>
/// Learns a byte-level BPE vocabulary with GPT-2's splitting (Sennrich et al. 2016, algorithm 1): the most frequent pair of neighbours
/// inside pieces is merged, again and again. Counts are kept per distinct piece and updated where a merge happens. The result depends
/// on the multiset of documents only: equal counts are broken by the pair's ids, the smaller first.
/// </summary>
/// <param name="vocabSize">Tokens in all: special tokens, 256 bytes, merges. Fewer come out if the text has no more pairs.</param>
/// <param name="specialTokens">Get the ids 0, 1, … in this order; cut out of the documents wherever they are written in them.</param>
/// <param name="minFrequency">A pair seen less often is not merged.</param>
public sealed class BpeTrainer(int vocabSize, IReadOnlyList<string> specialTokens, int minFrequency = 2)
{
    private readonly Gpt2Splitter _splitter = new();

    /// <summary>Trains on documents, read once and not kept.</summary>
    /// <exception cref="ArgumentException">The vocabulary has no room for 256 bytes and the special tokens, or one of these is empty or given twice.</exception>
    public BpeTokenizer Train(IEnumerable<string> documents)
    {
        if (vocabSize < 256 + specialTokens.Count)
            throw new ArgumentException($"vocabSize {vocabSize}, expected at least 256 bytes + {specialTokens.Count} special tokens");
        if (specialTokens.Any(string.IsNullOrEmpty) || specialTokens.Distinct().Count() != specialTokens.Count)
            throw new ArgumentException("a special token is empty or given twice");

        List<AddedToken> added = [.. specialTokens.Select((content, id) => new AddedToken(id, content, Special: true))];
        List<string> tokens = [.. specialTokens];

        // Bytes in the order of their letters, as the published vocabularies have them.
        int[] byteIds = new int[256];
        foreach (byte value in Enumerable.Range(0, 256).Select(value => (byte)value).OrderBy(ByteLevel.Letter))
        {
            byteIds[value] = tokens.Count;
            tokens.Add(ByteLevel.Letter(value).ToString());
        }

        PairCounts counts = CountPairs(documents, added, byteIds);
        List<(string, string)> merges = [];
        Dictionary<string, int> ids = tokens.Select((token, id) => KeyValuePair.Create(token, id)).ToDictionary();
        while (tokens.Count < vocabSize && counts.TryTop(minFrequency, out int left, out int right))
        {
            string joined = tokens[left] + tokens[right];
            merges.Add((tokens[left], tokens[right]));

            // Two ways of merging can spell the same token; it has one id.
            if (!ids.TryGetValue(joined, out int id))
            {
                id = tokens.Count;
                ids.Add(joined, id);
                tokens.Add(joined);
            }

            counts.Merge(left, right, id);
        }

        return new BpeTokenizer(new BpeDefinition("trained tokenizer", ids, merges, added));
    }

    private PairCounts CountPairs(IEnumerable<string> documents, List<AddedToken> added, int[] byteIds)
    {
        Dictionary<string, long> pieces = [];
        Dictionary<string, long>.AlternateLookup<ReadOnlySpan<char>> lookup = pieces.GetAlternateLookup<ReadOnlySpan<char>>();
        AddedTokenMatcher matcher = new(added);
        foreach (string document in documents)
        {
            ReadOnlySpan<char> text = document;
            AddedToken? token;
            do
            {
                int at = matcher.Find(text, out token);
                ReadOnlySpan<char> plain = token is null ? text : text[..at];
                while (!plain.IsEmpty)
                {
                    int length = _splitter.Next(plain);
                    CollectionsMarshal.GetValueRefOrAddDefault(lookup, plain[..length], out _)++;
                    plain = plain[length..];
                }

                text = token is null ? [] : text[(at + token.Content.Length)..];
            }
            while (token is not null);
        }

        PairCounts counts = new();
        foreach ((string piece, long count) in pieces.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            counts.Add([.. Encoding.UTF8.GetBytes(piece).Select(value => byteIds[value])], count);
        return counts;
    }
}
