using Rlhf.Kernels.Memory;

namespace Rlhf.Models;

/// <summary>Random weights as Hugging Face initialises them, reproducible from a seed whatever the platform.</summary>
public static class WeightInit
{
    /// <summary>
    /// Weights normal with the config's standard deviation, biases 0, norms 1; GPT-2's residual projections are scaled by 1/√(2·layers)
    /// (Radford et al. 2019, §2.3). A scalar head stays as it is.
    /// </summary>
    public static void Normal(Transformer model, ulong seed)
    {
        foreach (Parameter parameter in model.Parameters)
        {
            Span<float> weight = Values(model, parameter);
            if (parameter.Name.StartsWith("score.", StringComparison.Ordinal))
                continue;
            if (parameter.Name.EndsWith(".bias", StringComparison.Ordinal))
                weight.Clear();
            else if (parameter.Shape.Count == 1)
                weight.Fill(1);
            else
                Fill(weight, seed, parameter.Offset, model.Config.InitializerRange * Scale(model.Config, parameter.Name));
        }
    }

    /// <summary>Scalar head: normal with deviation 1/√(H + 1), bias 0 (lm-human-preferences; N+), or all zero (LMHP's value head).</summary>
    public static void ScalarHead(Transformer model, ulong seed, bool zero)
    {
        foreach (Parameter parameter in model.Parameters)
        {
            if (!parameter.Name.StartsWith("score.", StringComparison.Ordinal))
                continue;
            if (zero || parameter.Shape.Count == 1)
                Values(model, parameter).Clear();
            else
                Fill(Values(model, parameter), seed, parameter.Offset, 1 / Math.Sqrt(model.Config.HiddenSize + 1));
        }
    }

    private static double Scale(ModelConfig config, string name) =>
        config.Family == ModelFamily.Gpt2 && name.EndsWith(".c_proj.weight", StringComparison.Ordinal) ? 1 / Math.Sqrt(2.0 * config.Layers) : 1;

    private static unsafe Span<float> Values(Transformer model, Parameter parameter) => new(model.Weight(parameter).Pointer, parameter.Count);

    /// <summary>Box–Muller over Philox: element i of the model is a function of seed and i alone.</summary>
    private static void Fill(Span<float> values, ulong seed, int offset, double deviation)
    {
        for (int i = 0; i < values.Length; i++)
        {
            (uint a, uint b, _, _) = Philox.Generate(seed, (ulong)(offset + i), 0);
            double radius = Math.Sqrt(-2 * Math.Log((a + 1.0) / 4294967296.0));
            values[i] = (float)(deviation * radius * Math.Cos(2 * Math.PI * (b / 4294967296.0)));
        }
    }
}
