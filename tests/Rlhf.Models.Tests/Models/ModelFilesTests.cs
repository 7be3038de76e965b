using System.Text.Json.Nodes;
using Rlhf.Kernels.Memory;
using Rlhf.Models.Tests.Checkpoints;
using Rlhf.TestSupport;

namespace Rlhf.Models.Tests.Models;

public sealed class ModelFilesTests
{
    [Test]
    public void Save_ThenLoad_GivesTheSameWeights([ValueSource(typeof(SmallModels), nameof(SmallModels.Names))] string name)
    {
        using TestDirectory directory = new();
        using LanguageModel model = SmallModels.Make(name);
        model.Save(directory.Combine("out"));
        using LanguageModel loaded = LanguageModel.Load(directory.Combine("out"));
        Assert.Multiple(() =>
        {
            Assert.That(loaded.Transformer.Parameters.Select(p => p.Name), Is.EqualTo(model.Transformer.Parameters.Select(p => p.Name)));
            Assert.That(Close.Doubles(loaded.Transformer.Weights), Is.EqualTo(Close.Doubles(model.Transformer.Weights)));
        });
    }

    [Test]
    public void Save_OfAScalarModel_KeepsHeadGainAndBias([Values] bool headBias)
    {
        using TestDirectory directory = new();
        using LanguageModel layers = SmallModels.Make("neox parallel");
        using ScalarModel model = ScalarModel.FromLayers(layers.Transformer, seed: 4, headBias: headBias);
        (model.Gain, model.Bias) = (0.5f, -2f);
        model.Save(directory.Combine("out"));
        using ScalarModel loaded = ScalarModel.Load(directory.Combine("out"));
        Assert.That(Scores(loaded), Is.EqualTo(Scores(model)));
    }

    [Test]
    public void Load_NamesFileTensorAndBothShapes_WhenTheConfigDisagrees()
    {
        using TestDirectory directory = new();
        string folder = Copy(directory, "gpt2", json => json["vocab_size"] = 258);
        Assert.That(
            () => LanguageModel.Load(folder),
            Throws.TypeOf<DataFormatException>().With.Message.Contains("model.safetensors: tensor 'transformer.wte.weight' has shape [257, 48], config.json asks for [258, 48]"));
    }

    [Test]
    public void Load_NamesAMissingTensor()
    {
        using TestDirectory directory = new();
        string folder = Copy(directory, "gpt2", json => json["n_layer"] = 3);
        Assert.That(() => LanguageModel.Load(folder), Throws.TypeOf<DataFormatException>().With.Message.Contains("tensor 'transformer.h.2.ln_1.weight' [48] is missing"));
    }

    [Test]
    public void Load_NamesATensorThatBelongsNowhere()
    {
        using TestDirectory directory = new();
        string folder = Copy(directory, "gpt2", json => json["n_layer"] = 1);
        Assert.That(() => LanguageModel.Load(folder), Throws.TypeOf<DataFormatException>().With.Message.Contains("belongs to no parameter of this model"));
    }

    [Test]
    public void Load_OfARewardModelAsALanguageModel_IsRefused() =>
        Assert.That(
            () => LanguageModel.Load(TestDirectory.Fixture("models/llama_rm/checkpoint")), Throws.TypeOf<DataFormatException>().With.Message.Contains("'lm_head.weight'"));

    [Test]
    public void Clone_HasItsOwnWeights()
    {
        using LanguageModel model = SmallModels.Make("gpt2");
        using LanguageModel copy = model.Clone();
        Assert.That(Close.Doubles(copy.Transformer.Weights), Is.EqualTo(Close.Doubles(model.Transformer.Weights)));
        copy.HeadWeight[0, 0] += 1;
        Assert.That(copy.HeadWeight[0, 0], Is.Not.EqualTo(model.HeadWeight[0, 0]));
    }

    [Test]
    public void FromLayers_StartsTheHeadNormalOrZero()
    {
        ModelConfig wide = ModelConfig.SmallGpt2(20, 1024, 1, 4, 8);
        using LanguageModel layers = LanguageModel.Initialize(wide, 1);
        using ScalarModel normal = ScalarModel.FromLayers(layers.Transformer, seed: 4);
        using ScalarModel zero = ScalarModel.FromLayers(layers.Transformer, seed: 4, zeroHead: true);
        double[] head = Close.Doubles(normal.Transformer.Weight(normal.Transformer.Find("score.weight")));
        Assert.Multiple(() =>
        {
            Assert.That(head.Sum(w => w * w), Is.EqualTo(1024.0 / 1025).Within(0.15));
            Assert.That(head.Average(), Is.EqualTo(0).Within(4 / 32.0 / 32));
            Assert.That(Close.Doubles(zero.Transformer.Weight(zero.Transformer.Find("score.weight"))), Is.All.Zero);
            Assert.That(zero.Transformer.Weight(zero.Transformer.Find("transformer.wte.weight"))[3, 5], Is.EqualTo(layers.HeadWeight[3, 5]));
        });
    }

    [Test]
    public void Initialize_ScalesGpt2ResidualProjections_AndDependsOnTheSeed()
    {
        ModelConfig config = ModelConfig.SmallGpt2(500, 96, 8, 4, 16);
        using LanguageModel model = LanguageModel.Initialize(config, 1), same = LanguageModel.Initialize(config, 1), other = LanguageModel.Initialize(config, 2);
        Assert.Multiple(() =>
        {
            Assert.That(Deviation("transformer.h.3.mlp.c_fc.weight"), Is.EqualTo(0.02).Within(2).Percent);
            Assert.That(Deviation("transformer.h.3.mlp.c_proj.weight"), Is.EqualTo(0.02 / 4).Within(2).Percent);
            Assert.That(Deviation("transformer.h.3.attn.c_proj.bias"), Is.Zero);
            Assert.That(model.Transformer.Weight(model.Transformer.Find("transformer.ln_f.weight"))[0, 7], Is.EqualTo(1));
            Assert.That(same.HeadWeight[4, 4], Is.EqualTo(model.HeadWeight[4, 4]));
            Assert.That(other.HeadWeight[4, 4], Is.Not.EqualTo(model.HeadWeight[4, 4]));
        });

        double Deviation(string name)
        {
            double[] values = Close.Doubles(model.Transformer.Weight(model.Transformer.Find(name)));
            return Math.Sqrt(values.Average(w => w * w));
        }
    }

    [Test]
    public void ScalarBackward_GivesTheHeadBiasItsGradient_TimesTheGain()
    {
        using LanguageModel layers = SmallModels.Make("gpt2");
        using ScalarModel model = ScalarModel.FromLayers(layers.Transformer, seed: 4, headBias: true);
        model.Gain = 3;
        using Pinned<int> ids = Pinned.Of([1, 2, 3], 1, 3);
        using Pinned<float> scores = Pinned.Zeros<float>(3), grads = Pinned.Of([1f, 0.5f, 0.25f]);
        model.Forward(new TokenBatch { InputIds = ids }, default, scores, keep: true);
        model.Backward(grads);
        Assert.That(model.Transformer.Gradient(model.Transformer.Find("score.bias"))[0], Is.EqualTo(5.25f).Within(1e-6));
    }

    private static double[] Scores(ScalarModel model)
    {
        using Pinned<int> ids = Pinned.Of([1, 2, 3, 4], 1, 4);
        using Pinned<float> scores = Pinned.Zeros<float>(4);
        model.Forward(new TokenBatch { InputIds = ids }, default, scores);
        return Close.Doubles(scores.View);
    }

    private static string Copy(TestDirectory directory, string name, Action<JsonObject> change)
    {
        string source = TestDirectory.Fixture($"models/{name}/checkpoint");
        foreach (string file in Directory.GetFiles(source))
            File.Copy(file, directory.Combine(Path.GetFileName(file)));
        JsonObject json = JsonNode.Parse(File.ReadAllText(Path.Combine(source, "config.json")))!.AsObject();
        change(json);
        File.WriteAllText(directory.Combine("config.json"), json.ToJsonString());
        return directory.Path;
    }
}
