using Rlhf.Models.Tests.Checkpoints;
using Rlhf.Models.Tokenization;

namespace Rlhf.Models.Tests.Tokenization;

public sealed class BpeTrainerTests
{
    [Test]
    public void Train_MergesByFrequency_AndBreaksTiesByIds()
    {
        // "low" ×5, "lower" ×2, "newest" ×6, "widest" ×3, after Sennrich et al.; each word is a piece of its own between line ends.
        string text = string.Join('\n', [.. Enumerable.Repeat("low", 5), .. Enumerable.Repeat("lower", 2), .. Enumerable.Repeat("newest", 6), .. Enumerable.Repeat("widest", 3)]);
        using TestDirectory directory = new();

        new BpeTrainer(256 + 6, []).Train([text]).Save(directory.Path);

        // e s (9) before s t (9): smaller ids first; then es t (9), l o (7), lo w (7), and of n e, e w, w est (6 each) e w.
        Assert.That(File.ReadAllLines(directory.Combine("merges.txt"))[1..], Is.EqualTo(new[] { "e s", "es t", "l o", "lo w", "e w", "n ew" }));
    }

    [TestCase("aaaaaaaa bbbb aaab aab abababab", 5)]
    [TestCase("the then there their them other mother father bother lather", 3)]
    [TestCase("xyxyxyxxyyxxyyyx yxyxyxy xxxxxxxxx", 4)]
    public void Train_GivesTheMergesOfARecount_AfterEveryStep(string text, int repeats)
    {
        string[] documents = [.. Enumerable.Repeat(text, repeats)];
        using TestDirectory directory = new();
        new BpeTrainer(300, []).Train(documents).Save(directory.Path);
        Assert.That(File.ReadAllLines(directory.Combine("merges.txt"))[1..], Is.EqualTo(Recount(documents, 44)));
    }

    [Test]
    public void Train_DoesNotDependOnTheOrderOfDocuments()
    {
        Random random = new(11);
        string[] documents = [.. Enumerable.Range(0, 300).Select(_ => string.Concat(Enumerable.Range(0, 80).Select(_ => "abc de\n"[random.Next(7)])))];
        using TestDirectory directory = new();
        new BpeTrainer(500, ["<s>"]).Train(documents).Save(directory.Combine("1"));
        new BpeTrainer(500, ["<s>"]).Train(documents.Reverse()).Save(directory.Combine("2"));
        Assert.That(File.ReadAllBytes(directory.Combine("2/tokenizer.json")), Is.EqualTo(File.ReadAllBytes(directory.Combine("1/tokenizer.json"))));
    }

    [Test]
    public void Train_ReservesSpecialTokens_AndNeverMergesThem()
    {
        BpeTokenizer tokenizer = new BpeTrainer(300, ["<|endoftext|>", "[PAD]"]).Train(Enumerable.Repeat("ab<|endoftext|>", 50));
        Assert.That(tokenizer.IdToToken(0), Is.EqualTo("<|endoftext|>"));
        Assert.That(tokenizer.IdToToken(1), Is.EqualTo("[PAD]"));
        Assert.That(tokenizer.IsSpecial(1) && !tokenizer.IsSpecial(2));
        Assert.That(tokenizer.VocabSize, Is.EqualTo(2 + 256 + 1), "only a and b were neighbours");
    }

    [Test]
    public void Train_StopsBelowTheMinimumFrequency()
    {
        Assert.That(new BpeTrainer(1000, [], minFrequency: 3).Train(["abc", "abd", "abe"]).VocabSize, Is.EqualTo(257));
        Assert.That(new BpeTrainer(1000, [], minFrequency: 4).Train(["abc", "abd", "abe"]).VocabSize, Is.EqualTo(256));
    }

    [Test]
    public void Train_RefusesWhatCannotBe()
    {
        Assert.That(() => new BpeTrainer(256, ["<s>"]).Train([]), Throws.ArgumentException.With.Message.Contains("at least 256 bytes + 1"));
        Assert.That(() => new BpeTrainer(300, ["<s>", "<s>"]).Train([]), Throws.ArgumentException.With.Message.Contains("given twice"));
        Assert.That(() => new BpeTrainer(300, [""]).Train([]), Throws.ArgumentException.With.Message.Contains("empty"));
    }

    /// <summary>Counts all pairs anew for every merge. Only for ASCII words between single spaces.</summary>
    private static List<string> Recount(string[] documents, int merges)
    {
        // A symbol's order is its id: a byte's is its letter (Ġ, the space, after all ASCII), a merge's comes after all bytes.
        List<string> order = [.. Enumerable.Range('!', '~' - '!' + 1).Select(c => ((char)c).ToString()), "Ġ"];
        List<List<string>> words = [.. documents.SelectMany(document => document.Split(' ').Select((word, i) => (i > 0 ? "Ġ" : "") + word))
            .Select(word => word.Select(c => c.ToString()).ToList())];
        List<string> learned = [];
        while (learned.Count < merges)
        {
            Dictionary<(string Left, string Right), int> counts = [];
            foreach (List<string> word in words)
            {
                for (int i = 0; i + 1 < word.Count; i++)
                    counts[(word[i], word[i + 1])] = counts.GetValueOrDefault((word[i], word[i + 1])) + 1;
            }

            var best = counts.Where(pair => pair.Value >= 2)
                .OrderByDescending(pair => pair.Value).ThenBy(pair => order.IndexOf(pair.Key.Left)).ThenBy(pair => order.IndexOf(pair.Key.Right)).ToList();
            if (best.Count == 0)
                break;
            (string left, string right) = best[0].Key;
            learned.Add($"{left} {right}");
            if (!order.Contains(left + right))
                order.Add(left + right);
            foreach (List<string> word in words)
            {
                for (int i = 0; i + 1 < word.Count; i++)
                {
                    if (word[i] == left && word[i + 1] == right)
                    {
                        word[i] = left + right;
                        word.RemoveAt(i + 1);
                    }
                }
            }
        }

        return learned;
    }
}
