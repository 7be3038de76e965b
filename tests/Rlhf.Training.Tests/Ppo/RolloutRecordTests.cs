using Rlhf.Models;
using Rlhf.Training.Metrics;
using Rlhf.Training.Ppo;

namespace Rlhf.Training.Tests.Ppo;

/// <summary>A run's responses, written down and replayed by another run.</summary>
internal sealed class RolloutRecordTests
{
    private string _folder = string.Empty;

    private string FilePath => Path.Combine(_folder, RolloutRecord.FileName);

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("rlhf-record").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Replay_OfARunsOwnRecord_GivesTheSameWeightsBitForBit()
    {
        float[] weights;
        List<int[]> drawn;
        using (var log = new RunLog(_folder, rollouts: true))
        using (var run = new TinyPpo(TinyPpo.Config, log: log))
        {
            run.Trainer.Train();
            weights = TinyPpo.Weights(run.Policy.Transformer);
            drawn = run.Log.Responses;
        }

        using var replay = new TinyPpo(TinyPpo.Config, replay: RolloutRecord.Load(FilePath, TinyPpo.Vocabulary));
        replay.Trainer.Train();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(replay.Log.Responses, Is.EqualTo(drawn));
            Assert.That(TinyPpo.Weights(replay.Policy.Transformer), Is.EqualTo(weights));
        }
    }

    [Test]
    public void Replay_TakesTheRecordedTokens_WhateverThePolicyWouldDraw()
    {
        int[][] responses = [.. Enumerable.Range(0, 32).Select(episode => new[] { episode % 16, 2, 3, 4, 5, 6 })];
        File.WriteAllLines(FilePath, responses.Select((tokens, episode) => $$"""{"step": 1, "episode": {{episode}}, "tokens": [{{string.Join(',', tokens)}}]}"""));
        using var replay = new TinyPpo(TinyPpo.Config, replay: RolloutRecord.Load(FilePath, TinyPpo.Vocabulary));
        replay.Trainer.Train();
        Assert.That(replay.Log.Responses, Is.EqualTo(responses));
    }

    [Test]
    public void Replay_NamesWhatTheRecordLacks()
    {
        File.WriteAllLines(FilePath, Enumerable.Range(0, 16).Select(episode => $$"""{"step": 1, "episode": {{episode}}, "tokens": [1, 2]}"""));
        using var replay = new TinyPpo(TinyPpo.Config, replay: RolloutRecord.Load(FilePath, TinyPpo.Vocabulary));
        Assert.That(() => replay.Trainer.Train(), Throws.TypeOf<DataFormatException>().With.Message.Contains("has 2 tokens, expected more"));
        using var other = new TinyPpo(TinyPpo.Config with { TotalEpisodes = 32, PerDeviceTrainBatchSize = 32 }, replay: RolloutRecord.Load(FilePath, TinyPpo.Vocabulary));
        Assert.That(() => other.Trainer.Train(), Throws.TypeOf<DataFormatException>().With.Message.Contains("episode 16 is missing"));
    }

    [TestCase("""{"episode": 0, "tokens": [1, 17]}""", "line 1: field 'tokens[1]': 17, expected a token id from 0 to 16")]
    [TestCase("""{"episode": 0, "tokens": []}""", "line 1: field 'tokens': empty, expected at least one token")]
    [TestCase("""{"episode": 0.5, "tokens": [1]}""", "line 1: field 'episode': 0.5, expected an integer")]
    [TestCase("{\"episode\": 0, \"tokens\": [1]}\n{\"episode\": 0, \"tokens\": [1]}", "line 2: field 'episode': 0 stands in an earlier line, expected each episode once")]
    public void Load_NamesFileLineAndField(string text, string expected)
    {
        File.WriteAllText(FilePath, text);
        Assert.That(() => RolloutRecord.Load(FilePath, TinyPpo.Vocabulary), Throws.TypeOf<DataFormatException>().With.Message.EqualTo($"{FilePath}: {expected}"));
    }
}
