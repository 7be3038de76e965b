using System.Text.Json.Nodes;
using Rlhf.Models.Tests.Checkpoints;

namespace Rlhf.Models.Tests.Models;

public sealed class ModelConfigTests
{
    [TestCase("gpt2", "model_type", "\"bert\"", "field 'model_type' is \"bert\", expected gpt2, gpt_neox, llama, qwen2 or mistral")]
    [TestCase("gpt2", "activation_function", "\"mish\"", "field 'activation_function' is \"mish\"")]
    [TestCase("gpt2", "n_embd", "-4", "field 'n_embd' is -4, expected a positive integer")]
    [TestCase("gpt2", "n_head", "5", "field 'n_head' is 5, expected a divisor of the hidden size 48")]
    [TestCase("gpt2", "n_layer", "\"two\"", "field 'n_layer' is \"two\"")]
    [TestCase("gpt2", "scale_attn_by_inverse_layer_idx", "true", "field 'scale_attn_by_inverse_layer_idx' is true, expected false")]
    [TestCase("llama_gqa_sharded", "rope_scaling", "{\"type\":\"linear\",\"factor\":2}", "field 'rope_scaling'")]
    [TestCase("llama_gqa_sharded", "num_key_value_heads", "4", "field 'num_key_value_heads' is 4, expected a divisor")]
    [TestCase("llama_gqa_sharded", "hidden_size", null, "field 'hidden_size' is missing")]
    [TestCase("qwen2_tied", "use_sliding_window", "true", "field 'use_sliding_window' is true, expected false")]
    [TestCase("pythia", "rotary_pct", "0.2", "field 'rotary_pct' is 0.2")]
    [TestCase("gpt2", "num_labels", "3", "field 'num_labels' is 3")]
    public void Read_NamesFileAndField_OfWhatItDoesNotUnderstand(string name, string field, string? value, string expected)
    {
        using TestDirectory directory = new();
        JsonObject json = JsonNode.Parse(File.ReadAllText(TestDirectory.Fixture($"models/{name}/checkpoint/config.json")))!.AsObject();
        json.Remove(field);
        if (value is not null)
            json[field] = JsonNode.Parse(value);
        string file = directory.File("config.json", System.Text.Encoding.UTF8.GetBytes(json.ToJsonString()));
        Assert.That(
            () => ModelConfigReader.Read(directory.Path), Throws.TypeOf<DataFormatException>().With.Message.StartsWith(file).And.Message.Contains(expected));
    }

    [TestCase("{ \"model_type\": \"gpt2\",,", "not valid JSON, line 1")]
    [TestCase("[1]", "expected a JSON object")]
    public void Read_RefusesMalformedJson(string text, string expected)
    {
        using TestDirectory directory = new();
        directory.File("config.json", System.Text.Encoding.UTF8.GetBytes(text));
        Assert.That(() => ModelConfigReader.Read(directory.Path), Throws.TypeOf<DataFormatException>().With.Message.Contains(expected));
    }

    [Test]
    public void Read_NamesAMissingFile()
    {
        using TestDirectory directory = new();
        Assert.That(() => ModelConfigReader.Read(directory.Path), Throws.TypeOf<DataFormatException>().With.Message.Contains("config.json: cannot be read"));
    }

    [Test]
    public void Written_ConfigReadsBackAsTheSameModel(
        [ValueSource(typeof(SmallModels), nameof(SmallModels.Names))] string name, [Values] HeadKind head)
    {
        using TestDirectory directory = new();
        ModelConfig config = SmallModels.All[name] with { PadTokenId = 3, BosTokenId = 1, NormEpsilon = 1e-6f, ScoreGain = head == HeadKind.Scalar ? 2.5f : 1 };
        directory.File("config.json", System.Text.Encoding.UTF8.GetBytes(ModelConfigWriter.Write(config, head)));
        Assert.That(ModelConfigReader.Read(directory.Path) with { EosTokenIds = config.EosTokenIds }, Is.EqualTo(config with { MaxPositions = 96 }));
    }

    [Test]
    public void Written_ConfigKeepsSeveralEndTokens()
    {
        using TestDirectory directory = new();
        ModelConfig config = SmallModels.All["gpt2"] with { EosTokenIds = [4, 9] };
        directory.File("config.json", System.Text.Encoding.UTF8.GetBytes(ModelConfigWriter.Write(config, HeadKind.Language)));
        Assert.That(ModelConfigReader.Read(directory.Path).EosTokenIds, Is.EqualTo(new[] { 4, 9 }));
    }
}
