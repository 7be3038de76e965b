using System.Text;
using Rlhf.Models.Tests.Checkpoints;
using Rlhf.Models.Tokenization;

namespace Rlhf.Models.Tests.Tokenization;

public sealed class BpeTokenizerTests
{
    private static readonly string[] Special = ["<|endoftext|>", "[PAD]"];

    private static readonly string[] Corpus =
        [.. Enumerable.Repeat("the cat sat on the mat, the cat's hat; the 1234 rats don't. été naïve 日本語 \U0001F600\U0001F600 \t\r\n\n  x", 5), "a<|endoftext|>b"];

    private static readonly BpeTokenizer Trained = new BpeTrainer(400, Special).Train(Corpus);

    [Test]
    public void Decode_InvertsEncode_OnAnyText()
    {
        Random random = new(7);
        for (int round = 0; round < 500; round++)
        {
            StringBuilder text = new();
            for (int i = random.Next(200); i > 0; i--)
            {
                text.Append(random.Next(4) switch
                {
                    0 => new Rune(random.Next(0x20, 0x7F)).ToString(),
                    1 => Corpus[0][..random.Next(1, 20)],
                    2 => " \n\t'"[random.Next(4)].ToString(),
                    _ => new Rune(random.Next(2) == 0 ? random.Next(0xE000, 0x110000) : random.Next(0xD800)).ToString(),
                });
            }

            Assert.That(Trained.Decode(Trained.Encode(text.ToString())), Is.EqualTo(text.ToString()));
        }
    }

    [Test]
    public void Encode_GivesSameIds_FromTheCacheAndWithoutIt()
    {
        BpeTokenizer fresh = new BpeTrainer(400, Special).Train(Corpus);
        int[] first = fresh.Encode(Corpus[0]);
        Assert.That(fresh.Encode(Corpus[0]), Is.EqualTo(first));
        Assert.That(first, Has.Length.LessThan(Encoding.UTF8.GetByteCount(Corpus[0]) / 2));
    }

    [Test]
    public void Encode_MergesLongPiecesAsShortOnes()
    {
        // Above 64 bytes another algorithm is used; a single piece of letters of every length crosses the border.
        string alphabet = "thecasonm";
        Random random = new(3);
        using TestDirectory directory = new();
        Trained.Save(directory.Path);
        string[] merges = File.ReadAllLines(directory.Combine("merges.txt"))[1..];
        for (int length = 40; length < 140; length++)
        {
            string piece = string.Concat(Enumerable.Range(0, length).Select(_ => alphabet[random.Next(alphabet.Length)]));
            Assert.That(Trained.Encode(piece), Is.EqualTo(ByDefinition(merges, piece)), piece);
        }
    }

    [Test]
    public void Encode_TakesAMillionLetters_InOnePiece()
    {
        string text = new('a', 1_000_000);
        Assert.That(Trained.Decode(Trained.Encode(text)), Is.EqualTo(text));
    }

    [Test]
    public void Encode_RecognisesAddedTokens_UnlessToldNotTo()
    {
        int[] ids = Trained.Encode("cat<|endoftext|>[PAD][PAD");
        int[] plain = Trained.Encode("<|endoftext|>", recognizeAdded: false);
        Assert.Multiple(() =>
        {
            Assert.That(ids, Does.Contain(0).And.Contain(1));
            Assert.That(ids.Count(id => id == 1), Is.EqualTo(1));
            Assert.That(plain, Does.Not.Contain(0));
            Assert.That(Trained.Decode(plain), Is.EqualTo("<|endoftext|>"));
            Assert.That(Trained.Decode(ids), Is.EqualTo("cat<|endoftext|>[PAD][PAD"));
            Assert.That(Trained.Decode(ids, skipSpecial: true), Is.EqualTo("cat[PAD"));
        });
    }

    [Test]
    public void Encode_TakesTheLongestOfAddedTokens_ThatStartAtOnePlace()
    {
        BpeTokenizer tokenizer = new BpeTrainer(300, ["<a", "<a>", "a>b"]).Train([]);
        Assert.That(tokenizer.Encode("<a>b"), Is.EqualTo(new[] { 1, tokenizer.TokenToId("b")!.Value }));
        Assert.That(tokenizer.Encode("<<a"), Is.EqualTo(new[] { tokenizer.TokenToId("<")!.Value, 0 }));
    }

    [Test]
    public void Encode_GivesTheReplacementCharacter_ForAnUnpairedSurrogate() =>
        Assert.That(Trained.Decode(Trained.Encode("a\uD83Db")), Is.EqualTo("a\uFFFDb"));

    [Test]
    public void Encode_GivesNothing_ForNothing() => Assert.That(Trained.Encode(""), Is.Empty);

    [TestCase(-1)]
    [TestCase(100_000)]
    public void Decode_RefusesIdsOutOfRange(int id) =>
        Assert.That(() => Trained.Decode([id]), Throws.TypeOf<DataFormatException>().With.Message.Contains($"no token has id {id}, expected 0 to {Trained.VocabSize - 1}"));

    [Test]
    public void TokenToIdAndIdToToken_AreInverse()
    {
        for (int id = 0; id < Trained.VocabSize; id++)
            Assert.That(Trained.TokenToId(Trained.IdToToken(id)), Is.EqualTo(id));
        Assert.That(Trained.TokenToId("no such token"), Is.Null);
    }

    [Test]
    public void Encode_IsTheSame_FromManyThreads()
    {
        BpeTokenizer fresh = new BpeTrainer(400, Special).Train(Corpus);
        int[] expected = Trained.Encode(Corpus[0]);
        Assert.That(ParallelEnumerable.Range(0, 200).WithDegreeOfParallelism(4).All(_ => fresh.Encode(Corpus[0]).SequenceEqual(expected)));
    }

    [Test]
    public void Load_GivesTheSameIds_FromEveryFileForm()
    {
        using TestDirectory directory = new();
        Trained.Save(directory.Path);
        BpeTokenizer fromJson = BpeTokenizer.Load(directory.Path);
        BpeTokenizer fromPair = BpeTokenizer.Load(directory.Combine("vocab.json"), directory.Combine("merges.txt"));
        File.Delete(directory.Combine("tokenizer.json"));
        BpeTokenizer fromDirectory = BpeTokenizer.Load(directory.Path);
        File.Move(directory.Combine("vocab.json"), directory.Combine("encoder.json"));
        File.Move(directory.Combine("merges.txt"), directory.Combine("vocab.bpe"));
        BpeTokenizer fromOpenAiNames = BpeTokenizer.Load(directory.Path);

        int[] expected = Trained.Encode(Corpus[0] + Corpus[^1]);
        foreach (BpeTokenizer loaded in new[] { fromJson, fromPair, fromDirectory, fromOpenAiNames })
        {
            Assert.That(loaded.Encode(Corpus[0] + Corpus[^1]), Is.EqualTo(expected));
            Assert.That(loaded.VocabSize, Is.EqualTo(Trained.VocabSize));
        }

        Assert.That(fromJson.AddedTokens, Is.EqualTo(Trained.AddedTokens));
    }

    /// <summary>The definition, without any of the shortcuts: in each round the pair that was learned first, leftmost.</summary>
    private static int[] ByDefinition(string[] merges, string piece)
    {
        List<string> symbols = [.. Encoding.UTF8.GetBytes(piece).Select(value => ByteLevel.Letter(value).ToString())];
        while (true)
        {
            int rank = int.MaxValue, place = -1;
            for (int i = 0; i + 1 < symbols.Count; i++)
            {
                int found = Array.IndexOf(merges, $"{symbols[i]} {symbols[i + 1]}");
                if (found >= 0 && found < rank)
                    (rank, place) = (found, i);
            }

            if (place < 0)
                return [.. symbols.Select(symbol => Trained.TokenToId(symbol)!.Value)];
            symbols[place] += symbols[place + 1];
            symbols.RemoveAt(place + 1);
        }
    }
}
