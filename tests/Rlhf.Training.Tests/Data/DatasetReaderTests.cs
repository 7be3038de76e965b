using Rlhf.Models;
using Rlhf.Training.Data;

namespace Rlhf.Training.Tests.Data;

[TestFixture]
internal sealed class DatasetReaderTests
{
    private readonly TextEncoder _encoder = Small.Encoder();
    private TemporaryDirectory _directory = null!;

    [SetUp]
    public void SetUp() => _directory = new TemporaryDirectory();

    [TearDown]
    public void TearDown() => _directory.Dispose();

    private DatasetReader Reader => new(_encoder, new ResponseFormat());

    [Test]
    public void Texts_ReadsTextIdsAndPlainFiles()
    {
        string lines = _directory.Lines("a.jsonl", """{"text": "the cat"}""", "", """{"input_ids": [5, 0]}""");
        string plain = _directory.Combine("b.txt");
        File.WriteAllText(plain, "the\ndog");

        IReadOnlyList<TokenText> texts = Reader.Texts(lines, plain);

        Assert.Multiple(() =>
        {
            Assert.That(texts, Has.Count.EqualTo(3));
            Assert.That(_encoder.Decode(texts[0].Ids), Is.EqualTo("the cat"));
            Assert.That(texts[1].Ids, Is.EqualTo(new[] { 5, 0 }));
            Assert.That(texts[2].Text, Is.EqualTo("the\ndog"));
        });
    }

    [Test]
    public void Preferences_ReadsPromptMarginAndClosesBothCompletions()
    {
        string path = _directory.Lines("p.jsonl", """{"prompt": "the", "chosen": " cat", "rejected": " dog", "margin": 0.5}""", """{"chosen": "a", "rejected": "b"}""");

        IReadOnlyList<Preference> preferences = Reader.Preferences(path);

        Assert.Multiple(() =>
        {
            Assert.That(preferences[0].Margin, Is.EqualTo(0.5f));
            Assert.That(preferences[0].Chosen.Ids[^1], Is.EqualTo(_encoder.EosId));
            Assert.That(_encoder.Decode(preferences[0].Rejected.Ids.AsSpan()[..^1]), Is.EqualTo(" dog"));
            Assert.That(preferences[1].Prompt.Ids, Is.Empty);
            Assert.That(preferences[1].Margin, Is.Zero);
        });
    }

    [Test]
    public void Rankings_ReadsAllCompletionsWithTheirRanks()
    {
        string path = _directory.Lines("r.jsonl", """{"prompt": "the", "completions": [" cat", " dog", " mat"], "ranks": [2, 1, 2]}""");

        Ranking ranking = Reader.Rankings(path)[0];

        Assert.Multiple(() =>
        {
            Assert.That(ranking.Ranks, Is.EqualTo(new[] { 2, 1, 2 }));
            Assert.That(ranking.Completions.Select(completion => completion.Text), Is.EqualTo(new[] { " cat", " dog", " mat" }));
        });
    }

    [Test]
    public void Encode_KeepsAForgedEndOfTextAsPlainText()
    {
        string path = _directory.Lines("t.jsonl", """{"text": "the <|endoftext|> cat"}""");

        Assert.That(Reader.Texts(path)[0].Ids, Has.No.Member(_encoder.EosId));
    }

    [TestCase("""{"text": 3}""", "line 2", "'text'", "number")]
    [TestCase("""{"txt": "a"}""", "line 2", "'text'", "'txt'")]
    [TestCase("""{"input_ids": [1, 300]}""", "line 2", "'input_ids'", "token id 300")]
    [TestCase("""{"input_ids": [1, 2.5]}""", "line 2", "'input_ids[1]'", "2.5")]
    [TestCase("""{"text": "a" """, "line 2", "malformed JSON", "byte")]
    [TestCase("[1]", "line 2", "array", "object")]
    [TestCase("""{"text": "\ud800"}""", "line 2", "'text'", "surrogate")]
    public void Texts_NamesFileLineAndField_WhenALineIsBad(string line, params string[] parts)
    {
        string path = _directory.Lines("bad.jsonl", """{"text": "fine"}""", line);

        var error = Assert.Throws<DataFormatException>(() => Reader.Texts(path));

        Assert.Multiple(() =>
        {
            Assert.That(error!.Message, Does.StartWith(path + ": "));
            Assert.That(error!.Message, Does.Not.Contain("\n"));
            foreach (string part in parts)
                Assert.That(error!.Message, Does.Contain(part));
        });
    }

    [TestCase("""{"prompt": "a", "completions": ["b"], "ranks": [1]}""", "'completions'")]
    [TestCase("""{"prompt": "a", "completions": ["b", "c"], "ranks": [1]}""", "'ranks'")]
    [TestCase("""{"prompt": "a", "completions": ["b", 1], "ranks": [1, 2]}""", "'completions[1]'")]
    public void Rankings_NamesTheField_WhenALineIsBad(string line, string field)
    {
        string path = _directory.Lines("bad.jsonl", line);

        Assert.That(() => Reader.Rankings(path), Throws.TypeOf<DataFormatException>().With.Message.Contains($"line 1: field {field}"));
    }

    [Test]
    public void Preferences_NamesTheMargin_WhenItIsNoNumber()
    {
        string path = _directory.Lines("bad.jsonl", """{"chosen": "a", "rejected": "b", "margin": "big"}""");

        Assert.That(() => Reader.Preferences(path), Throws.TypeOf<DataFormatException>().With.Message.Contains("'margin'"));
    }

    [Test]
    public void Prompts_NamesTheFile_WhenThereIsNoExample()
    {
        string path = _directory.Lines("empty.jsonl", "", " ");

        Assert.That(() => Reader.Prompts(path), Throws.TypeOf<DataFormatException>().With.Message.EqualTo($"{path}: no examples, the data set is empty"));
    }

    [Test]
    public void Prompts_NamesTheFile_WhenItIsMissing() =>
        Assert.That(
            () => Reader.Prompts("/nowhere/prompts.jsonl"),
            Throws.TypeOf<DataFormatException>().With.Message.EqualTo("/nowhere/prompts.jsonl: no such file"));

    [Test]
    public void Prompts_NamesTheFile_WhenItIsNotText()
    {
        string path = _directory.Combine("binary.jsonl");
        File.WriteAllBytes(path, [0xff, 0xfe, 0x80, 0x00]);

        Assert.That(() => Reader.Prompts(path), Throws.TypeOf<DataFormatException>().With.Message.StartsWith(path));
    }
}
