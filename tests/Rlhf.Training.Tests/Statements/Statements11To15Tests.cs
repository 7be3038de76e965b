using Rlhf.Kernels.Memory;
using Rlhf.Models;
using Rlhf.TestSupport;
using Rlhf.Training.Metrics;
using Rlhf.Training.Ppo;
using Rlhf.Training.Tests.Ppo;

namespace Rlhf.Training.Tests.Statements;

/// <summary>Statements on padding: where a score is read, positions, the padding token.</summary>
internal sealed class Statements11To15Tests
{
    [Test]
    public void Statement11_Score_IsTheHeadAtTheLastRealToken_WhateverElseIsInTheBatch()
    {
        using ScalarModel model = Small.RewardModel();
        using var reward = new RewardModelReward(model);
        Completion[] completions = [new("", [1, 2, 3], "", [4, 5]), new("", [6], "", [7]), new("", [8, 9], "", [10, 11, 12, 13])];
        float[] together = new float[3];
        reward.Score(completions, together);
        for (int i = 0; i < completions.Length; i++)
        {
            int[] ids = [.. completions[i].PromptTokens, .. completions[i].ResponseTokens];
            Assert.That(together[i], Is.EqualTo(Scores(model, ids, mask: null)[^1]).Within(1e-5));
        }
    }

    [Test]
    public void Statement11_Padding_IsToken0UnderMask0_AndChangesNoScore([Values(0, 39)] int padding)
    {
        using ScalarModel model = Small.RewardModel();
        float plain = Scores(model, [5, 6, 7], mask: null)[^1];
        Assert.That(Scores(model, [padding, padding, 5, 6, 7], [0, 0, 1, 1, 1])[^1], Is.EqualTo(plain).Within(1e-5));
    }

    [Test]
    public void Statement12_Score_AtTheLastPositionOfAPaddedSequence_IsThatOfItsLastRealToken()
    {
        const int Pad = 39;
        using ScalarModel model = Small.RewardModel();
        using Pinned<int> ids = Pinned.Of([5, 6, 7, Pad, Pad], 1, 5), row = Pinned.Zeros<int>(1);
        ScalarModel.LastTokenRows(ids, Pad, row);
        float[] all = Scores(model, [5, 6, 7, Pad, Pad], [1, 1, 1, 0, 0]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(row.Span[0], Is.EqualTo(2));
            Assert.That(all[row.Span[0]], Is.EqualTo(Scores(model, [5, 6, 7], mask: null)[^1]).Within(1e-5));
        }
    }

    [Test]
    public void Statement14_Positions_AreTheExclusiveRunningSumOfTheMask()
    {
        using var trl = new TrlFixture("k1_basic");
        int width = trl.Context + trl.Time;
        int[] queries = trl.Integers("queries"), responses = trl.Integers("responses");
        using Pinned<byte> mask = Pinned.Zeros<byte>(trl.Batch, width);
        for (int b = 0; b < trl.Batch; b++)
        {
            for (int l = 0; l < width; l++)
            {
                int token = l < trl.Context ? queries[(b * trl.Context) + l] : responses[(b * trl.Time) + l - trl.Context];
                mask.Span[(b * width) + l] = token == trl.Pad ? (byte)0 : (byte)1;
            }
        }

        using Pinned<int> positions = Pinned.Zeros<int>(trl.Batch, width);
        PositionIds.ExclusiveCumsum(mask, positions);
        Assert.That(positions.ToArray(), Is.EqualTo(trl.Integers("position_ids")));
    }

    [Test]
    public void Statement15_Padding_IsATokenOfItsOwn_OutsideTheVocabulary_AndNeverEos()
    {
        // A padding id that no embedding has: were it ever fed to a model, the run would stop.
        using var run = new TinyPpo(TinyPpo.Config);
        run.Trainer.Train();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(new PpoData { Prompts = [], Decode = _ => "", EosTokenId = 0 }.PadTokenId, Is.Negative);
            Assert.That(run.Policy.Config.VocabSize, Is.EqualTo(TinyPpo.Vocabulary));
            Assert.That(run.Log[MetricNames.ResponseLength], Has.All.InRange(1, 6));
        }
    }

    [TestCase(ResponseLengthRule.StopToken, 3)]
    [TestCase(ResponseLengthRule.FirstPad, 2)]
    public void Statement15_EosThatIsAlsoPadding_CountsOnlyByTheStopTokenRule(ResponseLengthRule rule, int expected)
    {
        using Pinned<int> responses = Pinned.Of([5, 6, 9, 7, 8], 1, 5), lengths = Pinned.Zeros<int>(1);
        ResponseTruncation.Truncate(responses, stopTokenId: 9, padTokenId: 9, responses);
        ResponseTruncation.CountTokens(responses, 9, 9, rule, lengths);
        Assert.That(lengths.Span[0], Is.EqualTo(expected));
    }

    private static float[] Scores(ScalarModel model, int[] ids, byte[]? mask)
    {
        using Pinned<int> tokens = Pinned.Of(ids, 1, ids.Length), positions = Pinned.Zeros<int>(1, ids.Length);
        using Pinned<byte> real = Pinned.Of(mask ?? [.. ids.Select(_ => (byte)1)], 1, ids.Length);
        using Pinned<float> scores = Pinned.Zeros<float>(ids.Length);
        PositionIds.ExclusiveCumsum(real, positions);
        model.Forward(new TokenBatch { InputIds = tokens, Mask = real, Positions = positions }, default, scores);
        return scores.ToArray();
    }
}
