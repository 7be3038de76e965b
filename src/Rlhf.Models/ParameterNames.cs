namespace Rlhf.Models;

/// <summary>How a family's Hugging Face checkpoint names the parameters of the native model.</summary>
internal static class ParameterNames
{
    private static readonly Dictionary<string, string> Gpt2 = new()
    {
        ["tokens"] = "wte", ["positions"] = "wpe", ["final_norm"] = "ln_f", ["layers"] = "h",
        ["norm1"] = "ln_1", ["qkv"] = "attn.c_attn", ["attention_out"] = "attn.c_proj",
        ["norm2"] = "ln_2", ["up"] = "mlp.c_fc", ["down"] = "mlp.c_proj",
    };

    private static readonly Dictionary<string, string> GptNeoX = new()
    {
        ["tokens"] = "embed_in", ["final_norm"] = "final_layer_norm", ["layers"] = "layers",
        ["norm1"] = "input_layernorm", ["qkv"] = "attention.query_key_value", ["attention_out"] = "attention.dense",
        ["norm2"] = "post_attention_layernorm", ["up"] = "mlp.dense_h_to_4h", ["down"] = "mlp.dense_4h_to_h",
    };

    private static readonly Dictionary<string, string> Llama = new()
    {
        ["tokens"] = "embed_tokens", ["final_norm"] = "norm", ["layers"] = "layers",
        ["norm1"] = "input_layernorm", ["attention_out"] = "self_attn.o_proj",
        ["norm2"] = "post_attention_layernorm", ["down"] = "mlp.down_proj",
    };

    /// <summary>What comes before every name but the head's; some checkpoints leave it out.</summary>
    internal static string Prefix(ModelFamily family) => family switch
    {
        ModelFamily.Gpt2 => "transformer.",
        ModelFamily.GptNeoX => "gpt_neox.",
        _ => "model.",
    };

    internal static string Head(ModelFamily family, HeadKind kind) =>
        kind == HeadKind.Scalar ? "score" : family == ModelFamily.GptNeoX ? "embed_out" : "lm_head";

    /// <summary>Buffers that checkpoints carry and no computation reads.</summary>
    internal static bool IsBuffer(string name) =>
        name.EndsWith(".attn.bias", StringComparison.Ordinal) || name.EndsWith(".attention.bias", StringComparison.Ordinal)
        || name.EndsWith(".masked_bias", StringComparison.Ordinal) || name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal);

    /// <summary>
    /// The checkpoint's parameters within one native parameter. Llama's queries, keys and values, and its gate and up projections, are rows
    /// of one native matrix each.
    /// </summary>
    internal static IEnumerable<Parameter> Split(ModelConfig config, HeadKind kind, string native, int offset, int rows, int cols)
    {
        string[] parts = native.Split('.');
        string suffix = parts[^1];
        if (parts[0] == "head")
            return [Make($"{Head(config.Family, kind)}.{suffix}")];
        Dictionary<string, string> names = config.Family switch { ModelFamily.Gpt2 => Gpt2, ModelFamily.GptNeoX => GptNeoX, _ => Llama };
        string path = Prefix(config.Family) + (parts[0] == "layers" ? $"{names["layers"]}.{parts[1]}." : "");
        string role = parts[^2];
        if (names.TryGetValue(role, out string? name))
            return [Make($"{path}{name}.{suffix}")];
        int queries = config.Heads * config.HeadDim, keys = config.KvHeads * config.HeadDim;
        (string, int)[] pieces = role == "qkv"
            ? [("self_attn.q_proj", queries), ("self_attn.k_proj", keys), ("self_attn.v_proj", keys)]
            : [("mlp.gate_proj", config.IntermediateSize), ("mlp.up_proj", config.IntermediateSize)];
        List<Parameter> split = [];
        foreach ((string piece, int size) in pieces)
        {
            split.Add(suffix == "bias"
                ? new Parameter($"{path}{piece}.{suffix}", [size], offset)
                : new Parameter($"{path}{piece}.{suffix}", [size, cols], offset));
            offset += split[^1].Count;
        }

        return split;

        // The native side has vectors as one row; only a scalar head's weight [1, H] is a matrix of one row.
        Parameter Make(string full) =>
            new(full, suffix == "bias" || (rows == 1 && parts[0] != "head") ? [cols] : [rows, cols], offset);
    }
}
