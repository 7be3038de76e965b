using Rlhf.Kernels.Memory;
using Rlhf.TestSupport;

namespace Rlhf.Models.Tests.Models;

/// <summary>Tiny models with every branch of the native code taken by one of them, and weights large enough to matter.</summary>
internal static class SmallModels
{
    private static readonly ModelConfig Gpt2 = ModelConfig.SmallGpt2(50, 24, 2, 3, 96);

    private static readonly ModelConfig NeoX = Gpt2 with
    {
        Family = ModelFamily.GptNeoX, RotaryDims = 4, ParallelResidual = true, Activation = Activation.Gelu, TieEmbeddings = false,
    };

    private static readonly ModelConfig Llama = Gpt2 with
    {
        Family = ModelFamily.Llama, Heads = 4, KvHeads = 2, HeadDim = 10, RotaryDims = 10, IntermediateSize = 40, Activation = Activation.Silu,
        QkvBias = false, AttentionOutBias = false, MlpBias = false, TieEmbeddings = false,
    };

    internal static Dictionary<string, ModelConfig> All { get; } = new()
    {
        ["gpt2"] = Gpt2,
        ["gpt2 relu, unscaled"] = Gpt2 with { Activation = Activation.Relu, ScaleAttention = false },
        ["neox parallel"] = NeoX,
        ["neox sequential"] = NeoX with { ParallelResidual = false, TieEmbeddings = true },
        ["llama, head_dim apart"] = Llama,
        ["llama with biases"] = Llama with { QkvBias = true, AttentionOutBias = true, MlpBias = true },
        ["qwen2 tied"] = Llama with { Family = ModelFamily.Qwen2, QkvBias = true, TieEmbeddings = true },
        ["mistral, window 5"] = Llama with { Family = ModelFamily.Mistral, KvHeads = 1, SlidingWindow = 5 },
    };

    internal static IEnumerable<string> Names => All.Keys;

    internal static LanguageModel Make(string name, int seed = 1) => Make(All[name], seed);

    internal static LanguageModel Make(ModelConfig config, int seed = 1)
    {
        LanguageModel model = LanguageModel.Initialize(config, (ulong)seed);
        foreach (Parameter parameter in model.Transformer.Parameters)
        {
            View<float> weight = model.Transformer.Weight(parameter);
            float[] noise = Data.Normal(seed + parameter.Offset, parameter.Count, parameter.Shape.Count == 2 ? 0.3 : 0.1);
            for (int i = 0; i < noise.Length; i++)
                weight[i / parameter.Cols, i % parameter.Cols] += noise[i];
        }

        return model;
    }
}
