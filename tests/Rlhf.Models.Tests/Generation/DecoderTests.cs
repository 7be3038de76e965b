using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Models.Generation;
using Rlhf.Models.Tests.Models;
using Rlhf.TestSupport;

namespace Rlhf.Models.Tests.Generation;

public sealed class DecoderTests
{
    [Test]
    public void Step_MatchesAFullForward_AtEveryLength([ValueSource(typeof(SmallModels), nameof(SmallModels.Names))] string name)
    {
        using LanguageModel model = SmallModels.Make(name);
        const int length = 70, prompt = 35;
        using Pinned<int> ids = Pinned.Of(Data.Integers(3, length, 50), 1, length);
        double[] full = PlainHead.Logits(model.Transformer.Forward(new TokenBatch { InputIds = ids }), model.HeadWeight);
        using Decoder decoder = new(model, 1, length);
        using Pinned<int> start = Pinned.Of(ids.Span[..prompt].ToArray(), 1, prompt);
        ReadOnlyView<float> logits = decoder.Prefill(new TokenBatch { InputIds = start });
        for (int t = prompt; t < length; t++)
        {
            Assert.That(Close.Worst(Close.Doubles(logits), [.. full.AsSpan((t - 1) * 50, 50).ToArray().Select(v => (float)v)], 1e-4, 1e-4), Is.Null, $"after {t} tokens");
            logits = decoder.Step([ids.Span[t]]);
        }
    }

    [Test]
    public void Keep_ContinuesTheNamedSequences_InTheGivenOrder()
    {
        using LanguageModel model = SmallModels.Make("llama, head_dim apart");
        using Pinned<int> ids = Pinned.Of(Data.Integers(3, 4 * 6, 50), 4, 6);
        using Decoder all = new(model, 4, 20), some = new(model, 4, 20);
        all.Prefill(new TokenBatch { InputIds = ids });
        some.Prefill(new TokenBatch { InputIds = ids });
        some.Keep([3, 0, 2]);
        some.Step([13, 10, 12]);
        some.Keep([2, 0]);
        all.Step([10, 11, 12, 13]);
        double[] expected = Close.Doubles(all.Step([20, 21, 22, 23])), actual = Close.Doubles(some.Step([22, 23]));
        Assert.That(some.Running, Is.EqualTo(2));
        Assert.That(Close.Worst(actual, [.. expected[100..200].Select(v => (float)v)], 1e-4, 1e-4), Is.Null);
    }

    [Test]
    public void Decoder_FollowsWeightUpdates_AndOutlivesADisposedModel()
    {
        LanguageModel model = SmallModels.Make("gpt2");
        using Pinned<int> ids = Pinned.Of([1, 2, 3], 1, 3);
        using Decoder decoder = new(model, 1, 8);
        TokenBatch batch = new() { InputIds = ids };
        double[] before = Close.Doubles(decoder.Prefill(batch));
        model.HeadWeight[7, 0] += 1;
        Assert.That(Close.Doubles(decoder.Prefill(batch)), Is.Not.EqualTo(before));
        model.Dispose();
        Assert.That(Close.Doubles(decoder.Step([4])), Has.None.NaN);
    }

    [Test]
    public void Misuse_IsNamed()
    {
        using LanguageModel model = SmallModels.Make("gpt2");
        using Decoder decoder = new(model, 2, 4);
        using Pinned<int> three = Pinned.Of([1, 2, 3], 1, 3), wide = Pinned.Of(new int[6], 3, 2);
        using Pinned<byte> nothing = Pinned.Zeros<byte>(1, 3);
        Assert.Multiple(() =>
        {
            Assert.That(() => decoder.Prefill(new TokenBatch { InputIds = wide }), Throws.ArgumentException.With.Message.EqualTo("prompts [3, 2] do not fit a decoder of [2, 4]"));
            Assert.That(() => decoder.Prefill(new TokenBatch { InputIds = three, Mask = nothing }), Throws.ArgumentException.With.Message.EqualTo("prompt 0 has no token"));
            decoder.Prefill(new TokenBatch { InputIds = three });
            Assert.That(() => decoder.Step([1, 2]), Throws.ArgumentException.With.Message.EqualTo("2 tokens for 1 running sequences"));
            Assert.That(() => decoder.Step([50]), Throws.ArgumentException.With.Message.StartsWith("token id 50 at running sequence 0"));
            Assert.That(() => decoder.Keep([1]), Throws.ArgumentException.With.Message.StartsWith("cannot keep sequence 1 of 1"));
            decoder.Step([1]);
            Assert.That(() => decoder.Step([1]), Throws.ArgumentException.With.Message.Contains("filled the cache of 4 tokens"));
        });
    }

    [Test]
    public void Generator_ReportsTheLogprobsOfItsTokens_AndPadsAfterTheEnd()
    {
        using LanguageModel model = SmallModels.Make("gpt2");
        using Pinned<int> prompt = Pinned.Of(Data.Integers(9, 6, 50), 2, 3);
        using Generator generator = new(model);
        TokenBatch batch = new() { InputIds = prompt };
        GenerationResult free = generator.Generate(batch, new GreedySampler(), new GenerationOptions { MaxNewTokens = 6 });
        int stop = free.Sequence(0)[1];
        GenerationResult result = generator.Generate(batch, new GreedySampler(), new GenerationOptions { MaxNewTokens = 6, StopTokens = [stop], PadToken = 49 });
        int length = result.Lengths[0];
        int[] whole = [.. prompt.Span[..3], .. result.Sequence(0)];
        using Pinned<int> ids = Pinned.Of(whole, 1, whole.Length);
        double[] logits = PlainHead.Logits(model.Transformer.Forward(new TokenBatch { InputIds = ids }), model.HeadWeight);
        Assert.Multiple(() =>
        {
            Assert.That(result.Sequence(0)[^1], Is.EqualTo(stop));
            Assert.That(result.Tokens[length..result.Columns], Is.All.EqualTo(49));
            for (int t = 0; t < length; t++)
            {
                double[] row = logits[((2 + t) * 50)..((3 + t) * 50)];
                double logprob = row[result.Sequence(0)[t]] - Math.Log(row.Sum(Math.Exp));
                Assert.That(result.SequenceLogprobs(0)[t], Is.EqualTo(logprob).Within(1e-4));
            }
        });
    }

    [Test]
    public void CategoricalSampler_DrawsTheSameTokens_WhateverTheBatch_AndOthersForOtherSequences()
    {
        using LanguageModel model = SmallModels.Make("gpt2");
        // One prompt five times: only the sequences' identities tell the draws apart.
        using Pinned<int> prompts = Pinned.Of(Enumerable.Repeat(new[] { 4, 8, 15 }, 5).SelectMany(row => row).ToArray(), 5, 3);
        using CpuKernels kernels = new();
        CategoricalSampler sampler = new(kernels, seed: 11) { Temperature = 2 };
        GenerationOptions options = new() { MaxNewTokens = 12, StopTokens = [3, 5, 7] };
        using Generator wide = new(model, maxBatch: 5), narrow = new(model, maxBatch: 2);
        GenerationResult together = wide.Generate(new TokenBatch { InputIds = prompts }, sampler, options);
        GenerationResult apart = narrow.Generate(new TokenBatch { InputIds = prompts }, sampler, options);
        Assert.Multiple(() =>
        {
            Assert.That(apart.Tokens, Is.EqualTo(together.Tokens));
            Assert.That(apart.Logprobs, Is.EqualTo(together.Logprobs).Within(1e-4f));
            Assert.That(Enumerable.Range(0, 5).Select(i => string.Join(' ', together.Sequence(i).ToArray())).Distinct().Count(), Is.EqualTo(5));
        });
    }
}
