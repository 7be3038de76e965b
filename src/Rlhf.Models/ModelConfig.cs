namespace Rlhf.Models;

/// <summary>A decoder-only transformer as data: everything that its shape and arithmetic depend on.</summary>
/// <remarks>Read by <see cref="ModelConfigReader"/> from a Hugging Face config.json, or made by <see cref="SmallGpt2"/>. Dropout is off always.</remarks>
public sealed record ModelConfig
{
    /// <summary>Architecture; decides parameter names and layouts.</summary>
    public required ModelFamily Family { get; init; }

    /// <summary>Rows of the token embedding (V).</summary>
    public required int VocabSize { get; init; }

    /// <summary>Width of the hidden states (H).</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Number of layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Number of query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Number of key/value heads, a divisor of <see cref="Heads"/>.</summary>
    public required int KvHeads { get; init; }

    /// <summary>Width of a head.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Width inside the MLP.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Positions trained for: a hard limit for GPT-2 (a table), informative for the others (rotary).</summary>
    public required int MaxPositions { get; init; }

    /// <summary>ε of the norms.</summary>
    public required float NormEpsilon { get; init; }

    /// <summary>Nonlinearity of the MLP.</summary>
    public required Activation Activation { get; init; }

    /// <summary>Leading dimensions of each head that rotate; 0 with learned positions.</summary>
    public int RotaryDims { get; init; }

    /// <summary>Base of the rotary angles.</summary>
    public double RopeTheta { get; init; } = 10_000;

    /// <summary>GPT-NeoX: attention and MLP both read the layer's input.</summary>
    public bool ParallelResidual { get; init; }

    /// <summary>Bias on queries, keys and values.</summary>
    public bool QkvBias { get; init; }

    /// <summary>Bias on the attention's output projection.</summary>
    public bool AttentionOutBias { get; init; }

    /// <summary>Bias in the MLP.</summary>
    public bool MlpBias { get; init; }

    /// <summary>Whether attention scores are divided by √<see cref="HeadDim"/> (GPT-2's scale_attn_weights).</summary>
    public bool ScaleAttention { get; init; } = true;

    /// <summary>Whether the language head is the token embedding.</summary>
    public bool TieEmbeddings { get; init; }

    /// <summary>Mistral: a query sees this many keys, itself included (i − j &lt; window); null for all.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>Standard deviation of the normal initialisation.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Padding token, if the model names one.</summary>
    public int? PadTokenId { get; init; }

    /// <summary>First token of a text, if any.</summary>
    public int? BosTokenId { get; init; }

    /// <summary>Tokens that end a text.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>Scalar models: scores are <c>gain · head(hidden) + bias</c> (lm-human-preferences' reward normalisation). Default 1.</summary>
    public float ScoreGain { get; init; } = 1;

    /// <summary>See <see cref="ScoreGain"/>. Default 0.</summary>
    public float ScoreBias { get; init; }

    /// <summary>A GPT-2 of any size with tied embeddings, as for training from scratch.</summary>
    public static ModelConfig SmallGpt2(int vocabSize, int hiddenSize, int layers, int heads, int maxPositions, int? eosTokenId = null, int? padTokenId = null) =>
        new()
        {
            Family = ModelFamily.Gpt2,
            VocabSize = vocabSize,
            HiddenSize = hiddenSize,
            Layers = layers,
            Heads = heads,
            KvHeads = heads,
            HeadDim = hiddenSize / heads,
            IntermediateSize = 4 * hiddenSize,
            MaxPositions = maxPositions,
            NormEpsilon = 1e-5f,
            Activation = Activation.GeluTanh,
            QkvBias = true,
            AttentionOutBias = true,
            MlpBias = true,
            TieEmbeddings = true,
            BosTokenId = eosTokenId,
            EosTokenIds = eosTokenId is { } eos ? [eos] : [],
            PadTokenId = padTokenId,
        };
}
