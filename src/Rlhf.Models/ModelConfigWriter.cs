using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Models;

/// <summary>Writes a config.json that Hugging Face's classes, and <see cref="ModelConfigReader"/>, read back as the same model.</summary>
public static class ModelConfigWriter
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>The text of config.json.</summary>
    /// <param name="config">The model.</param>
    /// <param name="head">Decides the architecture's class name and the label entries.</param>
    /// <param name="dtype">Storage type of the weights, F32, BF16 or F16, as <c>torch_dtype</c>.</param>
    public static string Write(ModelConfig config, HeadKind head, string dtype = "F32")
    {
        JsonObject json = config.Family switch
        {
            ModelFamily.Gpt2 => Gpt2(config),
            ModelFamily.GptNeoX => GptNeoX(config),
            _ => Llama(config),
        };
        string name = config.Family switch
        {
            ModelFamily.Gpt2 => "GPT2" + (head == HeadKind.Language ? "LMHeadModel" : "ForSequenceClassification"),
            var family => family + (head == HeadKind.Language ? "ForCausalLM" : "ForSequenceClassification"),
        };
        json["architectures"] = new JsonArray(name);
        json["vocab_size"] = config.VocabSize;
        json["initializer_range"] = config.InitializerRange;
        json["tie_word_embeddings"] = config.TieEmbeddings;
        json["torch_dtype"] = dtype switch { "BF16" => "bfloat16", "F16" => "float16", _ => "float32" };
        json["pad_token_id"] = config.PadTokenId;
        json["bos_token_id"] = config.BosTokenId;
        json["eos_token_id"] = config.EosTokenIds.Count switch
        {
            0 => null,
            1 => config.EosTokenIds[0],
            _ => new JsonArray([.. config.EosTokenIds.Select(id => JsonValue.Create(id))]),
        };
        if (head == HeadKind.Scalar)
        {
            json["id2label"] = new JsonObject { ["0"] = "LABEL_0" };
            json["label2id"] = new JsonObject { ["LABEL_0"] = 0 };
            json["score_gain"] = config.ScoreGain;
            json["score_bias"] = config.ScoreBias;
        }

        return json.ToJsonString(Indented) + "\n";
    }

    private static JsonObject Gpt2(ModelConfig config) => new()
    {
        ["model_type"] = "gpt2",
        ["n_embd"] = config.HiddenSize,
        ["n_layer"] = config.Layers,
        ["n_head"] = config.Heads,
        ["n_inner"] = config.IntermediateSize,
        ["n_positions"] = config.MaxPositions,
        ["layer_norm_epsilon"] = Shortest(config.NormEpsilon),
        ["activation_function"] = Name(config.Activation),
        ["scale_attn_weights"] = config.ScaleAttention,
        ["attn_pdrop"] = 0.0,
        ["embd_pdrop"] = 0.0,
        ["resid_pdrop"] = 0.0,
    };

    private static JsonObject GptNeoX(ModelConfig config)
    {
        JsonObject json = Common(config, "gpt_neox");
        json["layer_norm_eps"] = Shortest(config.NormEpsilon);
        json["rotary_pct"] = (double)config.RotaryDims / config.HeadDim;
        json["rotary_emb_base"] = config.RopeTheta;
        json["use_parallel_residual"] = config.ParallelResidual;
        json["attention_bias"] = config.QkvBias;
        return json;
    }

    private static JsonObject Llama(ModelConfig config)
    {
        JsonObject json = Common(config, config.Family.ToString().ToLowerInvariant());
        json["num_key_value_heads"] = config.KvHeads;
        json["head_dim"] = config.HeadDim;
        json["rms_norm_eps"] = Shortest(config.NormEpsilon);
        json["rope_theta"] = config.RopeTheta;
        if (config.Family == ModelFamily.Llama)
        {
            json["attention_bias"] = config.QkvBias;
            json["mlp_bias"] = config.MlpBias;
        }

        if (config.Family == ModelFamily.Mistral)
            json["sliding_window"] = config.SlidingWindow;
        if (config.Family == ModelFamily.Qwen2)
            json["use_sliding_window"] = false;
        return json;
    }

    private static JsonObject Common(ModelConfig config, string type) => new()
    {
        ["model_type"] = type,
        ["hidden_size"] = config.HiddenSize,
        ["num_hidden_layers"] = config.Layers,
        ["num_attention_heads"] = config.Heads,
        ["intermediate_size"] = config.IntermediateSize,
        ["max_position_embeddings"] = config.MaxPositions,
        ["hidden_act"] = Name(config.Activation),
        ["attention_dropout"] = 0.0,
    };

    // 1e-05, not the float's 9.99999974737875e-06.
    private static double Shortest(float value) => double.Parse(value.ToString());

    private static string Name(Activation activation) => activation switch
    {
        Activation.GeluTanh => "gelu_new",
        Activation.Gelu => "gelu",
        Activation.Silu => "silu",
        _ => "relu",
    };
}
