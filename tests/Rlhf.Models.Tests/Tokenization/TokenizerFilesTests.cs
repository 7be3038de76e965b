using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Models.Tests.Checkpoints;
using Rlhf.Models.Tokenization;

namespace Rlhf.Models.Tests.Tokenization;

public sealed class TokenizerFilesTests
{
    private static readonly BpeTokenizer Tiny = new BpeTrainer(260, ["<s>"]).Train(["abab abab"]);

    [TestCase("model.type", "\"Unigram\"", "model.type is Unigram")]
    [TestCase("model.dropout", "0.1", "model.dropout")]
    [TestCase("model.byte_fallback", "true", "model.byte_fallback")]
    [TestCase("model.end_of_word_suffix", "\"</w>\"", "model.end_of_word_suffix")]
    [TestCase("model.merges", "[\"a b c\"]", "model.merges[0]")]
    [TestCase("model.merges", "[\"a zz\"]", "merge 'a zz'")]
    [TestCase("model.merges", "7", "tokenizer.json")]
    [TestCase("model.vocab", "{\"a\":5}", "for byte 0x00, expected all 256")]
    [TestCase("model.vocab", "{\"a\":\"0\"}", "token 'a' has no integer id")]
    [TestCase("model.vocab", "{\"a\":99999999}", "id 99999999")]
    [TestCase("model.vocab", "{\"a\":1,\"b\":1}", "have the same id 1")]
    [TestCase("model.vocab", "null", "field 'vocab' is missing")]
    [TestCase("model", "null", "field 'model' is missing")]
    [TestCase("normalizer", "{\"type\":\"Lowercase\"}", "normalizer.type is Lowercase")]
    [TestCase("pre_tokenizer", "{\"type\":\"Metaspace\"}", "pre_tokenizer is Metaspace")]
    [TestCase("pre_tokenizer", "null", "pre_tokenizer is missing")]
    [TestCase("pre_tokenizer", "{\"type\":\"ByteLevel\",\"add_prefix_space\":true}", "add_prefix_space")]
    [TestCase("pre_tokenizer", "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":\"x+\"},\"behavior\":\"Isolated\",\"invert\":false},{\"type\":\"ByteLevel\",\"use_regex\":false}]}", "Split.pattern x+ is not supported")]
    [TestCase("added_tokens", "[{\"id\":0,\"content\":\"<s>\",\"lstrip\":true}]", "added_tokens[0].lstrip")]
    [TestCase("added_tokens", "[{\"id\":3,\"content\":\"<s>\"}]", "already taken")]
    [TestCase("added_tokens", "[{\"content\":\"<s>\"}]", "field 'id' is missing")]
    public void Load_RefusesUnsupportedJson_NamingTheField(string field, string value, string reason)
    {
        using TestDirectory directory = new();
        Tiny.Save(directory.Path);
        string path = directory.Combine("tokenizer.json");
        JsonNode root = JsonNode.Parse(File.ReadAllText(path))!;
        string[] steps = field.Split('.');
        (steps.Length == 1 ? root : root[steps[0]]!)[steps[^1]] = JsonNode.Parse(value);
        File.WriteAllText(path, root.ToJsonString());
        AssertRefused(() => BpeTokenizer.Load(directory.Path), path, reason);
    }

    [Test]
    public void Load_AcceptsMergesAsPairs()
    {
        using TestDirectory directory = new();
        Tiny.Save(directory.Path);
        string path = directory.Combine("tokenizer.json");
        JsonNode root = JsonNode.Parse(File.ReadAllText(path))!;
        root["model"]!["merges"] = new JsonArray([.. root["model"]!["merges"]!.AsArray().Select(merge => new JsonArray([.. merge!.GetValue<string>().Split(' ').Select(side => JsonValue.Create(side))]))]);
        File.WriteAllText(path, root.ToJsonString());
        Assert.That(BpeTokenizer.Load(path).Encode("abab abab<s>"), Is.EqualTo(Tiny.Encode("abab abab<s>")));
    }

    [Test]
    public void Load_RefusesMissingAndMalformedFiles()
    {
        using TestDirectory directory = new();
        AssertRefused(() => BpeTokenizer.Load(directory.Path), directory.Path, "expected tokenizer.json, vocab.json + merges.txt or encoder.json + vocab.bpe");
        AssertRefused(() => BpeTokenizer.Load(directory.Combine("none.json")), directory.Path, "file not found");
        Tiny.Save(directory.Path);
        string merges = directory.Combine("merges.txt");
        File.WriteAllText(merges, "#version: 0.2\na b\na  b\n");
        AssertRefused(() => BpeTokenizer.Load(directory.Combine("vocab.json"), merges), merges, "line 3");
        string vocabulary = directory.File("broken.json", "{\"a\":"u8.ToArray());
        AssertRefused(() => BpeTokenizer.Load(vocabulary, merges), vocabulary, "not valid JSON");
        string surrogate = directory.File("surrogate.json", "{\"\\ud800\":1}"u8.ToArray());
        AssertRefused(() => BpeTokenizer.Load(surrogate, merges), surrogate, "not valid Unicode");
    }

    [Test]
    public void Load_ReadsOrThrowsDataFormatException_AfterTruncationsAndBitFlips()
    {
        using TestDirectory directory = new();
        Tiny.Save(directory.Path);
        byte[] good = File.ReadAllBytes(directory.Combine("tokenizer.json"));
        Random random = new(21);
        for (int round = 0; round < 600; round++)
        {
            byte[] content = round % 3 == 0 ? good[..random.Next(good.Length)] : [.. good];
            if (round % 3 != 0)
                content[random.Next(content.Length)] ^= (byte)(1 << random.Next(8));
            string path = directory.File("fuzz.json", content);
            try
            {
                BpeTokenizer.Load(path).Encode("abab <s>");
            }
            catch (DataFormatException error)
            {
                Assert.That(error.Message, Does.StartWith(path).And.Not.Contain("\n"));
            }
        }
    }

    [Test]
    public void Assets_FindFilesByContent_WhateverTheirName()
    {
        using TestDirectory directory = new();
        Tiny.Save(directory.Combine("deep/down"));
        File.Move(directory.Combine("deep/down/tokenizer.json"), directory.Combine("deep/renamed.json"));
        directory.File("tokenizer.json", Encoding.UTF8.GetBytes("{}"));
        string hash = Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(directory.Combine("deep/renamed.json"))));
        TokenizerAssets assets = new(directory.Combine("absent"), directory.Path);

        BpeTokenizer found = assets.Load(new Dictionary<string, string> { ["models/tokenizer.json"] = hash });

        Assert.That(found.Encode("abab"), Is.EqualTo(Tiny.Encode("abab")));
        AssertRefused(() => assets.Load(new Dictionary<string, string> { ["x.json"] = new string('0', 64) }), "x.json: no file with sha256 0000", directory.Path);
    }

    private static void AssertRefused(TestDelegate load, string start, string reason)
    {
        DataFormatException? error = Assert.Throws<DataFormatException>(load);
        Assert.That(error!.Message, Does.StartWith(start).And.Contain(reason).And.Not.Contain("\n"));
    }
}
