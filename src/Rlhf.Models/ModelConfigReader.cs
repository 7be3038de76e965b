namespace Rlhf.Models;

/// <summary>Reads a Hugging Face config.json.</summary>
/// <remarks>
/// Strict: an unknown architecture or activation, or a setting that changes the arithmetic and is not implemented, is an error that names
/// file and field. Dropout probabilities are left out on purpose: models run without dropout here (llm-rlhf §2, statement 7).
/// </remarks>
public static class ModelConfigReader
{
    /// <summary>Reads <c>config.json</c> of a model directory, or that file itself.</summary>
    /// <exception cref="DataFormatException">Missing, malformed, unknown or inconsistent; one line.</exception>
    public static ModelConfig Read(string path)
    {
        string file = Directory.Exists(path) ? Path.Combine(path, "config.json") : path;
        ConfigFields fields = new(file);
        string type = fields.Text("model_type");
        ModelConfig config = type switch
        {
            "gpt2" => Gpt2(fields),
            "gpt_neox" => GptNeoX(fields),
            "llama" or "qwen2" or "mistral" => Llama(fields, type),
            _ => throw fields.Bad("model_type", "gpt2, gpt_neox, llama, qwen2 or mistral"),
        };
        fields.Refuse("num_labels", fields.Has("num_labels") && fields.Int("num_labels") != 1, "1 (a scalar head) or nothing");
        return config with
        {
            InitializerRange = fields.Positive("initializer_range", 0.02),
            PadTokenId = fields.OptionalInt("pad_token_id"),
            BosTokenId = fields.OptionalInt("bos_token_id"),
            EosTokenIds = fields.Ints("eos_token_id"),
            ScoreGain = (float)fields.Number("score_gain", 1),
            ScoreBias = (float)fields.Number("score_bias", 0),
        };
    }

    private static ModelConfig Gpt2(ConfigFields fields)
    {
        fields.Refuse("add_cross_attention", fields.Flag("add_cross_attention", false), "false");
        fields.Refuse("scale_attn_by_inverse_layer_idx", fields.Flag("scale_attn_by_inverse_layer_idx", false), "false");
        int hidden = fields.Size("n_embd"), heads = fields.Size("n_head");
        return new ModelConfig
        {
            Family = ModelFamily.Gpt2,
            VocabSize = fields.Size("vocab_size"),
            HiddenSize = hidden,
            Layers = fields.Size("n_layer"),
            Heads = heads,
            KvHeads = heads,
            HeadDim = HeadDim(fields, "n_head", hidden, heads),
            IntermediateSize = fields.Size("n_inner", 4 * hidden),
            MaxPositions = fields.Size("n_positions"),
            NormEpsilon = (float)fields.Positive("layer_norm_epsilon", 1e-5),
            Activation = ReadActivation(fields, "activation_function"),
            QkvBias = true,
            AttentionOutBias = true,
            MlpBias = true,
            ScaleAttention = fields.Flag("scale_attn_weights", true),
            TieEmbeddings = fields.Flag("tie_word_embeddings", true),
        };
    }

    private static ModelConfig GptNeoX(ConfigFields fields)
    {
        RefuseRopeScaling(fields);
        int hidden = fields.Size("hidden_size"), heads = fields.Size("num_attention_heads");
        int headDim = HeadDim(fields, "num_attention_heads", hidden, heads);
        // Truncated as the reference does: int(head_size * rotary_pct).
        int rotary = (int)(headDim * fields.Positive("rotary_pct", 0.25));
        fields.Refuse("rotary_pct", rotary is 0 || rotary % 2 != 0 || rotary > headDim, "a share that leaves an even number of dimensions");
        bool attentionBias = fields.Flag("attention_bias", true);
        return new ModelConfig
        {
            Family = ModelFamily.GptNeoX,
            VocabSize = fields.Size("vocab_size"),
            HiddenSize = hidden,
            Layers = fields.Size("num_hidden_layers"),
            Heads = heads,
            KvHeads = heads,
            HeadDim = headDim,
            IntermediateSize = fields.Size("intermediate_size"),
            MaxPositions = fields.Size("max_position_embeddings"),
            NormEpsilon = (float)fields.Positive("layer_norm_eps", 1e-5),
            Activation = ReadActivation(fields, "hidden_act"),
            RotaryDims = rotary,
            RopeTheta = fields.Positive(fields.Has("rope_theta") ? "rope_theta" : "rotary_emb_base", 10_000),
            ParallelResidual = fields.Flag("use_parallel_residual", true),
            QkvBias = attentionBias,
            AttentionOutBias = attentionBias,
            MlpBias = true,
            TieEmbeddings = fields.Flag("tie_word_embeddings", false),
        };
    }

    private static ModelConfig Llama(ConfigFields fields, string type)
    {
        RefuseRopeScaling(fields);
        fields.Refuse("use_sliding_window", type == "qwen2" && fields.Flag("use_sliding_window", false), "false");
        int hidden = fields.Size("hidden_size"), heads = fields.Size("num_attention_heads");
        int headDim = fields.Has("head_dim") ? fields.Size("head_dim") : HeadDim(fields, "num_attention_heads", hidden, heads);
        int kvHeads = fields.Size("num_key_value_heads", heads);
        fields.Refuse("num_key_value_heads", heads % kvHeads != 0, $"a divisor of num_attention_heads = {heads}");
        fields.Refuse("head_dim", headDim % 2 != 0, "an even number");
        bool bias = type == "llama" && fields.Flag("attention_bias", false);
        return new ModelConfig
        {
            Family = type switch { "llama" => ModelFamily.Llama, "qwen2" => ModelFamily.Qwen2, _ => ModelFamily.Mistral },
            VocabSize = fields.Size("vocab_size"),
            HiddenSize = hidden,
            Layers = fields.Size("num_hidden_layers"),
            Heads = heads,
            KvHeads = kvHeads,
            HeadDim = headDim,
            IntermediateSize = fields.Size("intermediate_size"),
            MaxPositions = fields.Size("max_position_embeddings"),
            NormEpsilon = (float)fields.Positive("rms_norm_eps", 1e-6),
            Activation = ReadActivation(fields, "hidden_act"),
            RotaryDims = headDim,
            RopeTheta = fields.Positive("rope_theta", 10_000),
            QkvBias = bias || type == "qwen2",
            AttentionOutBias = bias,
            MlpBias = type == "llama" && fields.Flag("mlp_bias", false),
            TieEmbeddings = fields.Flag("tie_word_embeddings", false),
            SlidingWindow = type == "mistral" && fields.Has("sliding_window") ? fields.Size("sliding_window") : null,
        };
    }

    private static int HeadDim(ConfigFields fields, string headsField, int hidden, int heads)
    {
        fields.Refuse(headsField, hidden % heads != 0, $"a divisor of the hidden size {hidden}");
        return hidden / heads;
    }

    private static void RefuseRopeScaling(ConfigFields fields) =>
        fields.Refuse("rope_scaling", fields.Has("rope_scaling"), "null: scaled rotary positions are not implemented");

    private static Activation ReadActivation(ConfigFields fields, string field) => fields.Text(field) switch
    {
        "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" => Activation.GeluTanh,
        "gelu" => Activation.Gelu,
        "silu" or "swish" => Activation.Silu,
        "relu" => Activation.Relu,
        _ => throw fields.Bad(field, "gelu_new, gelu_pytorch_tanh, gelu_fast, gelu, silu, swish or relu"),
    };
}
