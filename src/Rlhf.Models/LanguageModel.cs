using Rlhf.Kernels.Memory;

namespace Rlhf.Models;

/// <summary>
/// A transformer with a head over the vocabulary. The head's product is not run here: kernels take hidden states, <see cref="HeadWeight"/> and
/// <see cref="HeadGradient"/> (with tied embeddings those of the token embedding, so that both gradients add up).
/// </summary>
public sealed class LanguageModel : IDisposable
{
    private readonly Parameter _head;

    private LanguageModel(Transformer transformer)
    {
        Transformer = transformer;
        ModelFamily family = Config.Family;
        _head = Config.TieEmbeddings
            ? transformer.Parameters[0]
            : transformer.Find(ParameterNames.Head(family, HeadKind.Language) + ".weight");
    }

    /// <summary>Layers, parameters, forward and backward.</summary>
    public Transformer Transformer { get; }

    /// <summary>The model as data.</summary>
    public ModelConfig Config => Transformer.Config;

    /// <summary>[V, H] weight of the head.</summary>
    public View<float> HeadWeight => Transformer.Weight(_head);

    /// <summary>[V, H] gradient of the head, for kernels to add to.</summary>
    public View<float> HeadGradient => Transformer.Gradient(_head);

    /// <summary>Reads config.json and the weights of a directory in Hugging Face layout.</summary>
    /// <exception cref="DataFormatException">Missing, malformed or inconsistent; one line naming file and field or tensor (with both shapes).</exception>
    public static LanguageModel Load(string directory)
    {
        Transformer transformer = new(ModelConfigReader.Read(directory), HeadKind.Language);
        try
        {
            ModelFiles.Load(transformer, directory, withHead: true);
            return new LanguageModel(transformer);
        }
        catch
        {
            transformer.Dispose();
            throw;
        }
    }

    /// <summary>A model with random weights (<see cref="WeightInit.Normal"/>).</summary>
    public static LanguageModel Initialize(ModelConfig config, ulong seed)
    {
        Transformer transformer = new(config, HeadKind.Language);
        WeightInit.Normal(transformer, seed);
        return new LanguageModel(transformer);
    }

    /// <summary>A model of its own with the same weights: a frozen reference, for one. Gradients are made only if used.</summary>
    public LanguageModel Clone()
    {
        Transformer copy = new(Config, HeadKind.Language);
        copy.CopyWeightsFrom(Transformer);
        return new LanguageModel(copy);
    }

    /// <summary>Writes config.json and safetensors, atomically.</summary>
    /// <param name="directory">Replaced as a whole if it is an older checkpoint.</param>
    /// <param name="dtype">F32, BF16 or F16.</param>
    /// <param name="alsoWrite">Adds files (the tokenizer) to the directory before it takes its name.</param>
    public void Save(string directory, string dtype = "F32", Action<string>? alsoWrite = null) =>
        ModelFiles.Save(Transformer, Config, directory, dtype, alsoWrite);

    /// <inheritdoc/>
    public void Dispose() => Transformer.Dispose();
}
