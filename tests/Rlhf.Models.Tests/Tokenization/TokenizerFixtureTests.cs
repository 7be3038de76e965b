using System.Text.Json;
using Rlhf.Models.Tests.Checkpoints;
using Rlhf.Models.Tokenization;

namespace Rlhf.Models.Tests.Tokenization;

/// <summary>Published vocabularies against ids computed by other implementations. The vocabularies are not in the repository.</summary>
public sealed class TokenizerFixtureTests
{
    [TestCase("gpt2")]
    [TestCase("llama3")]
    [TestCase("qwen3")]
    public void Encode_GivesTheExpectedIds(string fixture)
    {
        BpeTokenizer tokenizer = Load(fixture);
        using JsonDocument strings = Read(fixture, "strings.json");
        Assert.That(strings.RootElement.GetArrayLength(), Is.GreaterThan(300));
        Assert.Multiple(() =>
        {
            foreach (JsonElement entry in strings.RootElement.EnumerateArray())
            {
                string text = entry.GetProperty("text").GetString()!;
                Assert.That(tokenizer.Encode(text), Is.EqualTo(Ids(entry)), JsonSerializer.Serialize(text));
            }
        });
    }

    [TestCase("strings.json")]
    [TestCase("decode.json")]
    public void Decode_GivesTheExpectedText_AlsoOfInvalidUtf8(string file)
    {
        BpeTokenizer tokenizer = Load("gpt2");
        using JsonDocument cases = Read("gpt2", file);
        Assert.Multiple(() =>
        {
            foreach (JsonElement entry in cases.RootElement.EnumerateArray())
                Assert.That(tokenizer.Decode(Ids(entry)), Is.EqualTo(entry.GetProperty("decoded").GetString()), string.Join(" ", Ids(entry)));
        });
    }

    [TestCase("llama3")]
    [TestCase("qwen3")]
    public void Save_KeepsEveryId_OfAPublishedTokenizer(string fixture)
    {
        BpeTokenizer original = Load(fixture);
        using TestDirectory directory = new();
        original.Save(directory.Path);
        BpeTokenizer saved = BpeTokenizer.Load(directory.Path);
        using JsonDocument strings = Read(fixture, "strings.json");
        Assert.That(saved.VocabSize, Is.EqualTo(original.VocabSize));
        foreach (JsonElement entry in strings.RootElement.EnumerateArray())
            Assert.That(saved.Encode(entry.GetProperty("text").GetString()!), Is.EqualTo(Ids(entry)));
    }

    private static BpeTokenizer Load(string fixture)
    {
        using JsonDocument description = Read(fixture, "case.json");
        Dictionary<string, string> files = description.RootElement.GetProperty("arguments").GetProperty("files").EnumerateObject()
            .ToDictionary(file => file.Name, file => file.Value.GetString()!);
        try
        {
            return TokenizerAssets.Default(TestDirectory.RepositoryRoot).Load(files);
        }
        catch (DataFormatException absent) when (absent.Message.Contains("no file with sha256", StringComparison.Ordinal))
        {
            string reason = $"tokenizers/{fixture} not checked: {absent.Message}";
            TestContext.Progress.WriteLine(reason);
            Assert.Ignore(reason);
            throw;
        }
    }

    private static JsonDocument Read(string fixture, string file) =>
        JsonDocument.Parse(File.ReadAllBytes(TestDirectory.Fixture($"tokenizers/{fixture}/{file}")));

    private static int[] Ids(JsonElement entry) => [.. entry.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
}
